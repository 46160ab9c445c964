// The chat and the files of the conference page, as tests drive and read them.

import { until } from './wait.js';

/** @typedef {import('./participant.js').Participant} Participant */

/** Until each of them has a channel of its own, and one of everyone else's. @param {...Participant} people */
export async function chatReady(...people) {
  for (const who of people) {
    await until(
      `${who.name}: the data channels`,
      () =>
        who.page.evaluate(
          (/** @type {number} */ others) => /** @type {any} */ (window).sluice?.call?.channels.ready(others),
          people.length - 1,
        ),
      { within: 15_000, seen: () => who.page.evaluate(() => /** @type {any} */ (window).sluice?.call?.channels.describe()) },
    );
  }
}

/** What the log shows, one "name: text" an entry. @param {Participant} who @returns {Promise<string[]>} */
export function chatOf(who) {
  return who.page.evaluate(() => {
    let author = '';
    return [...document.querySelectorAll('#chat-log .chat-entry')].map((entry) => {
      author = entry.querySelector('.chat-author')?.textContent ?? author;
      return `${author}: ${entry.querySelector('.chat-text, .file-body')?.textContent}`;
    });
  });
}

/** As somebody who types. @param {Participant} who @param {string} text */
export async function say(who, text) {
  if (await who.page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('#chat')).hidden)) await who.click('#chat-toggle');
  await who.page.evaluate((/** @type {string} */ words) => {
    const input = /** @type {HTMLTextAreaElement} */ (document.querySelector('#chat-input'));
    input.value = words;
    input.dispatchEvent(new Event('input'));
  }, text);
  await who.click('#chat-send');
}

/**
 * A file of that many bytes, as if dropped on the page; the name of what went wrong, if anything did.
 * @param {Participant} who @param {string} name @param {number} size
 */
export function fileFrom(who, name, size) {
  return who.page.evaluate(
    async (/** @type {{ name: string, size: number }} */ { name, size }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(size)], name));
      document.querySelector('#call')?.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    { name, size },
  );
}

/**
 * Sends bytes that are different everywhere.
 * @param {Participant} who @param {string} name @param {number} size
 * @returns {Promise<string>} their SHA-256 in hexadecimal
 */
export function sendFile(who, name, size) {
  return who.page.evaluate(
    async (/** @type {{ name: string, size: number }} */ { name, size }) => {
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, size)));
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      /** @type {any} */ (window).sluice.files.send(new File([bytes], name));
      return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    },
    { name, size },
  );
}

/** The file that came last. @param {Participant} who @returns {Promise<any>} */
export function receivedFile(who) {
  return who.page.evaluate(async () => {
    const w = /** @type {any} */ (window);
    const file = w.sluice.files?.last;
    if (!file) return null;
    const { state, why, checked, progress, blob, name } = file;
    if (blob && !file.sum) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
      file.sum = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    return { name, state, why, checked, progress, sha256: file.sum };
  });
}

/** A page that takes its time with every message, so that its receive window fills. @param {Participant} who */
export function slowDown(who) {
  return who.page.evaluate(() => {
    const w = /** @type {any} */ (window);
    const { channels } = w.sluice.call;
    channels.addEventListener('message', (/** @type {CustomEvent} */ { detail }) => {
      if (detail.label !== 'sluice.files') return;
      const until = performance.now() + 80;
      while (performance.now() < until); // a machine that is busy with something else
    });
  });
}

/** From now on each of them knows when its last file ended. @param {...Participant} people */
export async function noteEnds(...people) {
  for (const who of people) {
    await who.page.evaluate(() => {
      const w = /** @type {any} */ (window);
      w.sluice.files.addEventListener('file', (/** @type {CustomEvent} */ { detail }) =>
        detail.receiver?.addEventListener('ended', () => (w.fileEndedAt = Date.now())),
      );
    });
  }
}

/** UNIX ms. @param {Participant} who @returns {Promise<number>} */
export function endOf(who) {
  return who.page.evaluate(() => /** @type {any} */ (window).fileEndedAt);
}
