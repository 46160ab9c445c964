// One person in a call: a page of a browser, joined by the link that joins at once.

import { until } from './wait.js';

/** @typedef {import('./browsers.js').Chromium | import('./browsers.js').Firefox} Browser */

export class Participant {
  /**
   * @param {string} name
   * @param {any} page
   * @param {() => Promise<void>} close
   */
  constructor(name, page, close) {
    this.name = name;
    /** Playwright's or Puppeteer's page. */
    this.page = page;
    this.close = close;
    /** What the page's console said of errors. @type {string[]} */
    this.complaints = [];
    page.on('console', (/** @type {any} */ message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (/** @type {Error} */ error) => this.complaints.push(String(error)));
  }

  /**
   * @param {Browser} browser
   * @param {string} base   the server's address
   * @param {string} room
   * @param {string} name
   * @param {{ query?: Record<string, string | number>, context?: object, init?: () => void }} [options]
   *   the query is for the page (options.js there), the context for the browser; init runs in the page before its scripts
   */
  static async join(browser, base, room, name, { query = {}, context, init } = {}) {
    const { page, close } = await /** @type {any} */ (browser).page(context);
    const participant = new Participant(name, page, close);
    if (init) await ('addInitScript' in page ? page.addInitScript(init) : page.evaluateOnNewDocument(init));
    const parameters = new URLSearchParams({
      room,
      name,
      width: '320',
      height: '180',
      fps: '10', // half the drawing of 20, where nobody judges how smooth it is
      ...Object.fromEntries(Object.entries(query).map(([key, value]) => [key, String(value)])),
    });
    await page.goto(`${base}/?${parameters}&join`);
    return participant;
  }

  /** @returns {Promise<any>} `sluice.state()` of server/public/main.js */
  state() {
    return this.page.evaluate(() => /** @type {any} */ (window).sluice?.state());
  }

  /** @returns {Promise<any[]>} what arrives of each other participant (lib/probe.js) */
  sample() {
    return this.page.evaluate(() => /** @type {any} */ (window).e2e.sample());
  }

  /**
   * What the browser says of the pair that carries its call: the protocols, and where the server is reached.
   * @returns {Promise<{ local: string, remote: string, address: string, port: number }>}
   */
  selectedPair() {
    return this.page.evaluate(async () => {
      const reports = [...(await /** @type {any} */ (window).sluice.pc.getStats()).values()];
      const transport = reports.find((each) => each.type === 'transport');
      const pair = reports.find(
        (each) => each.type === 'candidate-pair' && (transport ? each.id === transport.selectedCandidatePairId : each.selected),
      );
      const [local, remote] = [pair?.localCandidateId, pair?.remoteCandidateId].map((id) => reports.find((each) => each.id === id));
      return { local: local?.protocol, remote: remote?.protocol, address: remote?.address, port: remote?.port };
    });
  }

  /**
   * @param {string} what
   * @param {(state: any) => unknown} holds
   * @param {number} [within] milliseconds
   */
  async until(what, holds, within = 8_000) {
    /** @type {any} */
    let last;
    await until(
      `${this.name}: ${what}`,
      async () => {
        last = await this.state().catch(() => null); // between two documents while it reloads
        return last && holds(last);
      },
      { within, seen: () => ({ state: last, complaints: this.complaints }) },
    );
  }

  /** Until exactly these others are here, each with picture and sound. @param {string[]} names @param {number} [within] */
  sees(names, within = 10_000) {
    return this.until(
      `sees and hears ${names.join(', ') || 'nobody'}`,
      ({ peers }) =>
        same(
          peers.map((/** @type {any} */ peer) => peer.name),
          names,
        ) && peers.every((/** @type {any} */ peer) => peer.hasVideo && peer.hasAudio),
      within,
    );
  }

  /** Whom the tiles on the screen show. @returns {Promise<string[]>} */
  tiles() {
    return this.page.evaluate(() => [...document.querySelectorAll('article.tile:not(.self) .name')].map((name) => name.textContent ?? ''));
  }

  /** @param {string} selector */
  click(selector) {
    return this.page.click(selector);
  }
}

/** @param {string[]} names @param {string[]} others */
function same(names, others) {
  return names.length === others.length && [...names].sort().every((name, index) => name === [...others].sort()[index]);
}

/**
 * Until each of them sees and hears all the others.
 * @param {Participant[]} participants
 * @param {number} [within]
 */
export async function allSeeAll(participants, within) {
  await Promise.all(
    participants.map((each) =>
      each.sees(
        participants.filter((other) => other !== each).map(({ name }) => name),
        within,
      ),
    ),
  );
}
