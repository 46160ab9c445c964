// A viewer is led through all layers of what it watches, again and again, and each step is judged by the frames that came out of the
// decoder: how soon they were those of the layer, and how long the picture stood still meanwhile.

import assert from 'node:assert/strict';
import { longestGap } from './quality.js';
import { sleep } from './wait.js';

/** @import { Stage } from './stage.js' */
/** @import { SeenFrame } from './stage_page.js' */

/** What layer choices look like at the viewer: one height for each spatial layer, one rate for each temporal one. */
/** @typedef {{ heights: number[], fps: number[] }} Ladder */
/** @typedef {{ spatialLayer: number, temporalLayer: number }} Layers */

const LONGEST_GAP_MS = 300;
/** Three frames of the lowest rate prove it; before them a key frame has to be asked for and made. */
const ARRIVED_WITHIN_MS = 1_500;
/** In each layer, for its figures. */
const STAY_MS = 200;
/** How far media time may move against arrival: what the jitter buffer and a busy machine do. */
const CLOCK_SLACK_MS = 200;
const TICKS_PER_MS = 90;

/**
 * Once through all, in an order that has steps up and down, small and large, in each dimension.
 * @param {Ladder} ladder @returns {Layers[]}
 */
export function allLayers({ heights, fps }) {
  const all = heights.flatMap((_, spatialLayer) => fps.map((_rate, temporalLayer) => ({ spatialLayer, temporalLayer })));
  return all.map((_, index) => /** @type {Layers} */ (all[(index * 4) % all.length])); // 4 has no divisor in common with 3 or 9
}

/**
 * @param {Stage} stage  the viewer watches the highest layer
 * @param {Ladder} ladder
 * @param {number} rounds  through all layers
 * @returns {Promise<string>} the figures, for people
 */
export async function walkLayers(stage, ladder, rounds) {
  const consumer = stage.consumers.video;
  assert.ok(consumer);
  const before = (await stage.viewer.sample()).received.video;
  /** @type {string[]} */
  const wrong = [];
  /** @type {number[]} */
  const arrivals = [];
  /** @type {SeenFrame[]} */
  const frames = [];
  /** @type {Map<string, { frames: number, qp: number }>} */
  const decoded = new Map();
  let from = 'the highest';
  for (const to of Array(rounds).fill(allLayers(ladder)).flat()) {
    const name = `${to.spatialLayer}/${to.temporalLayer}`;
    const height = ladder.heights[to.spatialLayer] ?? 0;
    const interval = 1_000 / (ladder.fps[to.temporalLayer] ?? 0);
    await stage.viewer.startFrames();
    const asked = performance.now();
    await consumer.setPreferredLayers(to);
    const arrived = await stage.viewer.untilLayer({ height, interval, within: ARRIVED_WITHIN_MS });
    arrivals.push(performance.now() - asked);
    const first = (await stage.viewer.sample()).received.video;
    await sleep(Math.max(STAY_MS, interval * 1.5));
    const last = (await stage.viewer.sample()).received.video;
    const seen = await stage.viewer.frames();
    frames.push(...seen.slice(frames.length ? 1 : 0));
    const gap = longestGap(seen);
    const step = `${from} → ${name}`;
    if (!arrived)
      wrong.push(`${step}: not there after ${ARRIVED_WITHIN_MS} ms (${describeFrames(seen)}; ${JSON.stringify(await consumer.explain())})`);
    if (gap > LONGEST_GAP_MS) wrong.push(`${step}: the picture stood still for ${Math.round(gap)} ms`);
    if (last.framesDecoded <= first.framesDecoded || last.qpSum <= first.qpSum) wrong.push(`${step}: nothing was decoded afterwards`);
    try {
      assert.deepEqual(consumer.currentLayers, to);
    } catch {
      wrong.push(`${step}: layerschange told ${JSON.stringify(consumer.currentLayers)}`);
    }
    const sum = decoded.get(name) ?? { frames: 0, qp: 0 };
    decoded.set(name, { frames: sum.frames + last.framesDecoded - first.framesDecoded, qp: sum.qp + last.qpSum - first.qpSum });
    from = name;
  }
  wrong.push(...decoderTroubles(before, (await stage.viewer.sample()).received.video), ...clockTroubles(frames));
  const quantizers = [...decoded].sort().map(([name, { frames: count, qp }]) => `${name}: ${(qp / count).toFixed(0)}`);
  const figures = `${arrivals.length} switches, median ${median(arrivals)} ms, longest gap ${Math.round(longestGap(frames))} ms; quantizers ${quantizers.join(', ')}`;
  assert.deepEqual(wrong, [], figures);
  return figures;
}

/**
 * What a decoder that was given something undecodable, or numbers with gaps, would leave behind.
 * @param {any} before @param {any} after  `inbound-rtp` of the viewer @returns {string[]}
 */
export function decoderTroubles(before, after) {
  const counters = ['pliCount', 'firCount', 'nackCount', 'packetsLost', 'packetsDiscarded', 'framesDropped'];
  const grown = counters.filter((counter) => after[counter] > before[counter]);
  const troubles = grown.map((counter) => `${counter} grew from ${before[counter]} to ${after[counter]}`);
  if (after.decoderImplementation !== before.decoderImplementation) troubles.push(`the decoder became ${after.decoderImplementation}`);
  return troubles;
}

/** Timestamps go on through all switches as if there were one stream. @param {SeenFrame[]} frames @returns {string[]} */
function clockTroubles(frames) {
  const first = frames[0];
  if (!first) return ['no frame was seen'];
  const lags = frames.map(({ at, rtp }) => at - first.at - ((rtp - first.rtp) | 0) / TICKS_PER_MS);
  const spread = Math.max(...lags) - Math.min(...lags);
  const back = frames.findIndex(({ rtp }, index) => index > 0 && ((rtp - (frames[index - 1]?.rtp ?? 0)) | 0) <= 0);
  return [
    ...(back > 0 ? [`timestamps went from ${frames[back - 1]?.rtp} to ${frames[back]?.rtp}`] : []),
    ...(spread > CLOCK_SLACK_MS ? [`media time moved by ${Math.round(spread)} ms against arrival`] : []),
  ];
}

/** @param {SeenFrame[]} frames */
function describeFrames(frames) {
  return frames
    .slice(-6)
    .map(
      ({ height, rtp }, index, last) =>
        `${height} lines after ${Math.round(((rtp - (last[index - 1]?.rtp ?? rtp)) | 0) / TICKS_PER_MS)} ms`,
    )
    .join(', ');
}

/** @param {number[]} values */
function median(values) {
  return Math.round([...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN);
}
