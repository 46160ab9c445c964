// Is it a call: pictures move and sound arrives, every second, everywhere.

import assert from 'node:assert/strict';
import { sleep } from './wait.js';

/** @import { Participant } from './participant.js' */

const SETTLE_MS = 2_000;
const LONGEST_FREEZE_MS = 500;
/** Of 64×36, within a quarter of a second: the fake camera's figure changes more than this. */
const FEW_PIXELS = 10;

/**
 * Watches for some seconds and asserts, for every viewer, every other participant and every second: frames were decoded, audio
 * was received, the pixels changed, and after the first two seconds no picture stood still for more than 500 ms.
 * @param {Participant[]} participants
 * @param {number} seconds
 * @returns {Promise<Measured>}
 */
export async function assertMediaFlows(participants, seconds) {
  /** @type {Map<string, any>} */
  let before = new Map();
  const began = performance.now();
  /** @type {Measured} */
  const measured = { seconds, slowestFps: Infinity, freezes: 0, freezeSeconds: 0, longestGapMs: 0, lost: 0, concealed: 0 };
  let first = before;
  for (let second = 0; second <= seconds; second++) {
    if (second * 1_000 === SETTLE_MS)
      await Promise.all(participants.map(({ page }) => page.evaluate(() => /** @type {any} */ (window).e2e.startGaps())));
    await sleep(began + second * 1_000 - performance.now());
    const now = await sampleAll(participants, participants.length - 1);
    for (const [way, sample] of now) {
      const last = before.get(way);
      if (last) compare(`${way}, second ${second}`, last, sample, second * 1_000 > SETTLE_MS, measured);
    }
    if (second === 0) first = now;
    before = now;
  }
  for (const [way, sample] of before) {
    measured.lost += sample.packetsLost - (first.get(way)?.packetsLost ?? 0);
    measured.concealed += sample.audioConcealed - (first.get(way)?.audioConcealed ?? 0);
  }
  return measured;
}

/** @typedef {{ seconds: number, slowestFps: number, freezes: number, freezeSeconds: number, longestGapMs: number, lost: number, concealed: number }} Measured */

/** @param {Participant[]} participants @param {number} others @returns {Promise<Map<string, any>>} by "who ← whom" */
async function sampleAll(participants, others) {
  const samples = await Promise.all(
    participants.map(async (viewer) => {
      const all = await viewer.sample();
      assert.equal(all.length, others, `${viewer.name} has ${all.length} others in the room`);
      return all.map((sample) => /** @type {const} */ ([`${viewer.name} ← ${sample.name}`, sample]));
    }),
  );
  return new Map(samples.flat());
}

/**
 * @param {string} when
 * @param {any} last
 * @param {any} now
 * @param {boolean} settled
 * @param {Measured} measured
 */
function compare(when, last, now, settled, measured) {
  const seconds = (now.at - last.at) / 1_000;
  const decoded = now.framesDecoded - last.framesDecoded;
  assert.ok(decoded > 0, `${when}: no frame was decoded (${now.framesDecoded} in all)`);
  assert.ok(now.audioSamples > last.audioSamples, `${when}: no audio samples`);
  assert.ok(now.audioPackets > last.audioPackets, `${when}: no audio packets`);
  assert.ok(now.picturesShown > last.picturesShown, `${when}: no picture was shown`);
  assert.ok(now.changedPixels > FEW_PIXELS, `${when}: the picture stands still (${now.changedPixels} pixels changed)`);
  if (!settled) return;
  const freezes = now.freezeCount - last.freezeCount;
  const frozen = now.freezeSeconds - last.freezeSeconds;
  assert.ok(frozen * 1_000 <= LONGEST_FREEZE_MS * Math.max(1, freezes), `${when}: ${freezes} freezes of ${frozen.toFixed(2)} s together`);
  assert.ok(now.longestGap <= LONGEST_FREEZE_MS, `${when}: ${Math.round(now.longestGap)} ms between two pictures`);
  measured.slowestFps = Math.min(measured.slowestFps, decoded / seconds);
  measured.freezes += freezes;
  measured.freezeSeconds += frozen;
  measured.longestGapMs = Math.max(measured.longestGapMs, now.longestGap);
}

/** @param {Measured} measured */
export function describeMedia({ seconds, slowestFps, freezes, freezeSeconds, longestGapMs, lost, concealed }) {
  return `${seconds} s: slowest second ${slowestFps.toFixed(1)} fps, ${freezes} freezes (${freezeSeconds.toFixed(2)} s), longest gap ${Math.round(longestGapMs)} ms, ${lost} packets lost, ${concealed} audio samples concealed`;
}
