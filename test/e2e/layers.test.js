// Layers as real encoders make them and a real decoder takes them: VP8 simulcast, VP9 SVC, AV1, H264, by offer and answer.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { decoderTroubles, walkLayers } from './lib/layer_walk.js';
import { publications, PLENTY } from './lib/publications.js';
import { Stage } from './lib/stage.js';
import { sleep } from './lib/wait.js';

/** @import { Published } from './lib/publications.js' */

/** Ten rounds through nine layers take a minute: a regular run goes fewer. */
const rounds = (/** @type {number} */ regularly) => (FULL ? 10 : regularly);
const WATCH_MS = 3_000;

/** @param {import('node:test').TestContext} t @param {Published} published */
async function watch(t, { codec, publication, ladder }) {
  const stage = await Stage.start({ codec, publication, pinned: PLENTY });
  t.after(() => stage.close());
  await stage.untilWatched();
  const height = Math.max(...ladder.heights);
  await stage.untilSending({ encodings: publication.encodings.length, height, fps: publication.fps });
  return stage;
}

describe('layers of real encoders', withChromium, () => {
  for (const [name, published, times] of /** @type {const} */ ([
    ['VP8 simulcast of three encodings, each L1T3', publications.vp8Simulcast, rounds(2)],
    ['VP9 L3T3', publications.vp9Svc, rounds(1)],
    ['VP9 L3T3_KEY', publications.vp9Key, rounds(1)],
    ['AV1 L1T3', publications.av1, rounds(2)],
  ])) {
    it(`${name}: the viewer is switched through all layers ${times === 1 ? 'once' : `${times} times`}`, async (t) => {
      const stage = await watch(t, published);
      await stage.untilWatchedAt(published.publication); // the highest comes by itself
      t.diagnostic(await walkLayers(stage, published.ladder, times));
    });
  }

  for (const [name, published] of /** @type {const} */ ([
    ['VP8', publications.vp8],
    ['H264', publications.h264],
  ])) {
    it(`${name} without layers plays without trouble`, async (t) => {
      const stage = await watch(t, published);
      await stage.untilWatchedAt(published.publication); // the highest comes by itself
      const before = (await stage.viewer.sample()).received.video;
      await sleep(WATCH_MS);
      const after = (await stage.viewer.sample()).received.video;
      assert.deepEqual(decoderTroubles(before, after), []);
      assert.ok(after.framesDecoded - before.framesDecoded > (WATCH_MS / 1_000) * publications.vp8.publication.fps * 0.9);
      assert.ok(after.qpSum > before.qpSum);
    });
  }
});
