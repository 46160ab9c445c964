// What a call carries beside media: chat between browsers of both kinds, and a file to three browsers, one of them slow.
//
// SLUICE_E2E=full sends 100 MB, else a tenth of that.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Firefox, missingFirefox } from './lib/browsers.js';
import { chatOf, chatReady, endOf, fileFrom, noteEnds, receivedFile, say, sendFile, slowDown } from './lib/data_page.js';
import { Fixture, withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { processorSeconds, residentBytes } from './lib/processes.js';
import { takePicture } from './lib/screenshots.js';
import { sleep, until } from './lib/wait.js';

const MEGABYTES = FULL ? 100 : 10;
/** The queues of three viewers, 2 MB each, with SCTP's own and what the allocator keeps. */
const MEMORY_MB = 48;

/** Data alone: a camera would only take the machine's time. */
const quiet = { query: { audio: 'off', video: 'off' } };

describe('data in a call', withChromium, () => {
  const call = Fixture.use();

  it('chat goes between Chromium and Firefox both ways, with the sender’s name', { skip: missingFirefox() || false }, async (t) => {
    const firefox = await Firefox.start();
    t.after(() => firefox.close());
    const room = call.room();
    const ada = await call.join(t, room, 'Ada', quiet);
    const fox = await call.join(t, room, 'Fox', { browser: firefox, ...quiet });
    await chatReady(ada, fox);
    await say(ada, 'Grüße aus Chromium 🦦');
    await until('Firefox to read it', async () => (await chatOf(fox)).includes('Ada: Grüße aus Chromium 🦦'), { seen: () => chatOf(fox) });
    await say(fox, 'and back');
    await until('Chromium to read it', async () => (await chatOf(ada)).includes('Fox: and back'), { seen: () => chatOf(ada) });
    // Who comes later has a channel of everyone's, and everyone of theirs.
    const cleo = await call.join(t, room, 'Cleo', quiet);
    await chatReady(ada, fox, cleo);
    await say(cleo, 'hello both');
    await say(fox, 'hello Cleo');
    for (const [who, line] of /** @type {const} */ ([
      [ada, 'Cleo: hello both'],
      [fox, 'Cleo: hello both'],
      [cleo, 'Fox: hello Cleo'],
      [ada, 'Fox: hello Cleo'],
    ]))
      await until(`${who.name} to read “${line}”`, async () => (await chatOf(who)).includes(line), { seen: () => chatOf(who) });
    assert.deepEqual(
      [ada, fox, cleo].flatMap(({ complaints }) => complaints),
      [],
    );
  });

  it(`${MEGABYTES} MB reach three browsers whole, and the worker's memory is bounded`, async (t) => {
    const room = call.room();
    const people = await Promise.all(['Ada', 'Bob', 'Cleo', 'Dora'].map((name) => call.join(t, room, name, quiet)));
    const [ada, ...others] = /** @type {[any, ...any[]]} */ (people);
    await chatReady(...people);
    const before = residentBytes(call.server.workerPid);
    const cpuBefore = processorSeconds(call.server.workerPid);
    const startedAt = performance.now();
    const sum = await sendFile(ada, 'otter.bin', MEGABYTES * 1_000_000);
    let most = 0;
    await until(
      'everyone to have it',
      async () => {
        most = Math.max(most, residentBytes(call.server.workerPid));
        return (await Promise.all(others.map((who) => receivedFile(who)))).every((file) => file?.state === 'done');
      },
      { within: 150_000, every: 100, seen: () => Promise.all(people.map((who) => receivedFile(who))) },
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = processorSeconds(call.server.workerPid) - cpuBefore;
    for (const who of others) {
      const file = await receivedFile(who);
      assert.equal(file.checked, true, `${who.name}: the checksum`);
      assert.equal(file.sha256, sum, `${who.name}: the bytes`);
    }
    await until('the sender to know', async () => (await chatOf(ada)).some((line) => /at all 3, checksums ok/.test(line)), {
      seen: () => chatOf(ada),
    });
    const grown = (most - before) / 1e6;
    t.diagnostic(
      `${MEGABYTES} MB to three in ${seconds.toFixed(1)} s; the worker: ${((1000 * cpu) / (MEGABYTES * 3)).toFixed(1)} ms of CPU per MB sent, ` +
        `${grown.toFixed(1)} MB more memory at most`,
    );
    assert.ok(grown < MEMORY_MB, `the worker grew by ${grown.toFixed(1)} MB`);
  });

  it('a slow receiver holds up neither the others nor the worker’s memory, and has it all in the end', async (t) => {
    const room = call.room();
    const people = await Promise.all(['Ada', 'Bob', 'Slow'].map((name) => call.join(t, room, name, quiet)));
    const [ada, bob, slow] = /** @type {[any, any, any]} */ (people);
    await chatReady(...people);
    await noteEnds(bob, slow);
    await slowDown(slow);
    const before = residentBytes(call.server.workerPid);
    await sendFile(ada, 'otter.bin', FULL ? 8_000_000 : 4_000_000);
    let most = 0;
    await until(
      'both to have it',
      async () => {
        most = Math.max(most, residentBytes(call.server.workerPid));
        return (await receivedFile(bob))?.state === 'done' && (await receivedFile(slow))?.state === 'done';
      },
      { within: 90_000, every: 100, seen: () => receivedFile(slow) },
    );
    for (const who of [bob, slow]) assert.equal((await receivedFile(who)).checked, true, who.name);
    // By the pages' own clocks: a page that is busy answers late.
    const later = ((await endOf(slow)) - (await endOf(bob))) / 1000;
    const grown = (most - before) / 1e6;
    t.diagnostic(`the slow one had it ${later.toFixed(1)} s after Bob; ${grown.toFixed(1)} MB more memory`);
    assert.ok(later > 2, `Bob waited for the slow one: ${later.toFixed(1)} s`);
    assert.ok(grown < MEMORY_MB, `the worker grew by ${grown.toFixed(1)} MB`);
  });

  it('looks as it should: messages and files, wide and narrow, light and dark', async (t) => {
    const room = call.room();
    const ada = await call.join(t, room, 'Ada Lovelace', { query: { width: 640, height: 360 } });
    const bob = await call.join(t, room, 'Bob');
    await chatReady(ada, bob);
    await say(bob, 'Hi Ada! Can you send me the slides?');
    await until('the badge', () => ada.page.evaluate(() => document.querySelector('#chat-unread')?.textContent === '1'));
    await takePicture(ada.page, 'chat-unread');
    await ada.click('#chat-toggle');
    await say(ada, 'Sure, one moment. They are a little long, but the second half is only pictures of otters.');
    await sendFile(ada, 'otters-2026.pdf', 1_234_567);
    await sendFile(bob, 'notes.txt', 2_400);
    await until('both files', async () => (await chatOf(ada)).filter((line) => /checksum ok/.test(line)).length === 2, {
      within: 20_000,
      seen: () => chatOf(ada),
    });
    await fileFrom(bob, 'too-large.iso', 300 * 1024 * 1024);
    const looks = /** @type {const} */ ([
      ['wide-light', { width: 1280, height: 800 }, 'light'],
      ['wide-dark', { width: 1280, height: 800 }, 'dark'],
      ['narrow-light', { width: 390, height: 844 }, 'light'],
      ['narrow-dark', { width: 390, height: 844 }, 'dark'],
    ]);
    for (const [look, size, colorScheme] of FULL ? looks : [looks[0], looks[3]]) {
      await ada.page.setViewportSize(size);
      await ada.page.emulateMedia({ colorScheme });
      if (FULL) await sleep(350); // transitions
      const overflow = await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${look}: ${overflow} px wider than the window`);
      await takePicture(ada.page, `chat-${look}`);
    }
  });
});
