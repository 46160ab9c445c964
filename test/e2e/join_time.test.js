// How long it takes from joining to the first picture of somebody who is there already (docs/join-time.md), and where it goes.
//
// SLUICE_E2E=full holds the goal, and wants a machine to itself. A regular run tells the figures, and fails only where something was
// waited for that should have come by itself.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fixture, withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { timeline } from './lib/timeline.js';
import { until } from './lib/wait.js';

const JOINS = FULL ? 9 : 3;
const SETS = FULL ? 3 : 1;
const LIMIT_MS = FULL ? 400 : 1_500;
/** In the order in which they usually come. */
const MOMENTS = [
  'WebSocket open',
  'joined',
  'own offer sent',
  'own offer answered',
  'offer of the others',
  'others answered',
  'ICE connected',
  'DTLS connected',
  'first packet',
  'first picture decoded',
  'first picture shown',
];

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

describe('the time to join', withChromium, () => {
  const call = Fixture.use();

  for (const [what, query] of /** @type {const} */ ([
    ['with camera and microphone', {}],
    ['only to watch', { audio: '0', video: '0' }],
  ])) {
    it(`${what}: the first picture is decoded within ${LIMIT_MS} ms (median of ${JOINS})`, async (t) => {
      const room = call.room();
      const ada = await call.join(t, room, 'Ada', { query: { fps: 30 } });
      await ada.until('sends', ({ connection }) => connection === 'connected');
      /** @type {Record<string, number>[]} */
      let joins = [];
      const decoded = () => joins.map((join) => join['first picture decoded'] ?? NaN);
      // Whatever else the machine does makes it slower, never faster: a set under the limit proves it.
      for (let set = 0; set < SETS && !(median(decoded()) < LIMIT_MS); set++) {
        joins = [];
        for (let round = 0; round < JOINS; round++) {
          const late = await call.join(t, room, `Late ${round}`, { query, init: timeline });
          /** @type {any} */
          let moments;
          await until(
            'the first picture',
            async () => {
              moments = await late.page.evaluate(() => /** @type {any} */ (window).timeline);
              return moments['first picture shown'];
            },
            { seen: () => moments },
          );
          joins.push(Object.fromEntries(MOMENTS.map((name) => [name, moments[name] - moments.begins])));
          await late.close();
          await ada.until('is alone again', ({ peers }) => peers.length === 0);
        }
      }
      for (const name of MOMENTS) {
        const times = joins.map((join) => join[name] ?? NaN).filter(Number.isFinite);
        if (times.length > 0)
          t.diagnostic(`${Math.round(median(times)).toString().padStart(5)} ms  ${name}  (${times.map(Math.round).join(', ')})`);
      }
      assert.ok(median(decoded()) < LIMIT_MS, `the median of ${decoded().map(Math.round).join(', ')} ms is not under ${LIMIT_MS} ms`);
    });
  }
});
