// Calls of two and four in Chromium: everyone decodes everyone's moving picture and receives everyone's sound.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chromium } from './lib/browsers.js';
import { Fixture, withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { assertMediaFlows, describeMedia } from './lib/media.js';
import { allSeeAll } from './lib/participant.js';
import { processorSeconds } from './lib/processes.js';
import { until } from './lib/wait.js';

const WATCH_S = FULL ? 15 : 8;
/** The local network is no limit: feedback on arrivals lifts the estimate above what the picture takes (without it, it sinks below 100 kbit/s). */
const ENOUGH_BPS = 400_000;
const LATE_JOINS = FULL ? 5 : 3;
const LATE_LIMIT_MS = 1_000;

describe('a call in Chromium', withChromium, () => {
  const call = Fixture.use({ fps: 20 });

  it(`two people in two browser processes see and hear each other for ${WATCH_S} s without a freeze`, async (t) => {
    const room = call.room();
    const other = await Chromium.start();
    t.after(() => other.close());
    const picture = { width: 640, height: 360, fps: 30 };
    const people = [
      await call.join(t, room, 'Ada', { query: picture }),
      await call.join(t, room, 'Bob', { query: picture, browser: other }),
    ];
    await allSeeAll(people);
    const measured = await assertMediaFlows(people, WATCH_S);
    t.diagnostic(describeMedia(measured));
    for (const { name, page } of people) {
      const sending = await page.evaluate(() => /** @type {any} */ (window).e2e.sending());
      assert.ok(sending.availableBitrate > ENOUGH_BPS, `${name} believes it may send ${sending.availableBitrate} bit/s`);
      assert.equal(sending.frameWidth, picture.width, `${name} sends a smaller picture`);
    }
    assert.deepEqual(
      people.flatMap(({ complaints }) => complaints),
      [],
    );
  });

  it(`four people see and hear each other for ${WATCH_S} s without a freeze`, async (t) => {
    const people = await call.joinAll(t, call.room(), ['Ada', 'Bob', 'Cleo', 'Dora']);
    await allSeeAll(people);
    const busyBefore = processorSeconds(call.server.workerPid);
    const measured = await assertMediaFlows(people, WATCH_S);
    const busy = (processorSeconds(call.server.workerPid) - busyBefore) / WATCH_S;
    t.diagnostic(`${describeMedia(measured)}; the worker used ${(100 * busy).toFixed(1)} % of a core`);
    assert.deepEqual(
      people.flatMap(({ complaints }) => complaints),
      [],
    );
  });

  it(`who comes late sees everyone within a second of the connection (median of ${LATE_JOINS})`, async (t) => {
    const room = call.room();
    const [names, query] = [['Ada', 'Bob', 'Cleo'], { fps: 10 }];
    await allSeeAll(await Promise.all(names.map((name) => call.join(t, room, name, { query }))));
    const times = [];
    for (let round = 1; round <= LATE_JOINS; round++) {
      const late = await call.join(t, room, `Late ${round}`, { query });
      await late.sees(names);
      const slowest = await until('the first picture of everyone', () =>
        late.page.evaluate(() => {
          const { e2e } = /** @type {any} */ (window);
          const waits = Object.values(e2e.firstFrames()).map((at) => at - e2e.iceConnectedAt);
          return waits.length === 3 && waits.every(Number.isFinite) && Math.max(...waits);
        }),
      );
      times.push(slowest);
      await late.click('#leave');
    }
    const sorted = [...times].sort((a, b) => a - b);
    t.diagnostic(`from ICE connected to everyone's first picture: ${times.map(Math.round).join(', ')} ms`);
    assert.ok(
      (sorted[Math.floor(LATE_JOINS / 2)] ?? Infinity) <= LATE_LIMIT_MS,
      `the median is over ${LATE_LIMIT_MS} ms: ${times.map(Math.round).join(', ')}`,
    );
  });
});
