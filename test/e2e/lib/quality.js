// How well a viewer of a stage sees and hears over some seconds, and what it cost in retransmissions: figures for a judge.

import { sleep } from './wait.js';

/** @import { Stage } from './stage.js' */

/**
 * NACK messages for video; the packets that NACK messages named, as our worker counted them; PLI and FIR.
 * @typedef {{ videoNacks: number, videoPackets: number, audioPackets: number, keyFrames: number }} Asked
 */

/**
 * Shares are 0 to 1, times ms unless they say otherwise.
 * @typedef {object} Quality
 * @property {number} seconds
 * @property {number} fps                 decoded, over all
 * @property {number} sentFps             encoded by the publisher in the layer that has most of them
 * @property {number} slowestSecondFps
 * @property {number} longestGap          between two decoded frames
 * @property {number} freezes             by the browser's count
 * @property {number} frozenSeconds       by the browser's count
 * @property {string} size                of the last frame
 * @property {number} keyFrames           decoded
 * @property {number} concealed           share of audio samples that were made up, silence not counted
 * @property {number} concealmentEvents
 * @property {Asked} viewerAsked          of the worker
 * @property {Asked} workerAsked          of the publisher
 * @property {{ byWorker: number, byPublisher: number }} resent  packets
 * @property {Record<string, number>} lostOnTheWay   packets, by leg and direction (with a network)
 * @property {Record<string, number>} overtaken      likewise
 */

/** @param {Stage} stage @param {number} seconds @returns {Promise<Quality>} */
export async function measureQuality(stage, seconds) {
  const before = await look(stage);
  await stage.viewer.startFrames();
  const began = performance.now();
  let last = before.viewer;
  let slowestSecondFps = Infinity;
  for (let second = 1; second <= seconds; second++) {
    await sleep(began + second * 1_000 - performance.now());
    const now = await stage.viewer.sample();
    const frames = now.received.video.framesDecoded - last.received.video.framesDecoded;
    slowestSecondFps = Math.min(slowestSecondFps, (frames * 1_000) / (now.at - last.at));
    last = now;
  }
  const frames = await stage.viewer.frames();
  const after = await look(stage);
  return summarize(before, after, { slowestSecondFps, longestGap: longestGap(frames) });
}

/** @param {import('./stage_page.js').SeenFrame[]} frames @returns {number} ms between two of them */
export function longestGap(frames) {
  return frames.reduce((longest, { at }, index) => Math.max(longest, at - (frames[index - 1]?.at ?? at)), 0);
}

/** @typedef {Awaited<ReturnType<typeof look>>} Look */

/** @param {Stage} stage */
async function look(stage) {
  const [viewer, publisher, network, ...streams] = await Promise.all([
    stage.viewer.sample(),
    stage.publisher.sample(),
    stage.network?.counts() ?? {},
    ...['audio', 'video'].flatMap((kind) => [stage.producers[kind]?.getStats() ?? [], stage.consumers[kind]?.getStats() ?? []]),
  ]);
  const [audioIn = [], audioOut = [], videoIn = [], videoOut = []] = streams;
  return { viewer, publisher, network, worker: { audioIn, audioOut, videoIn, videoOut } };
}

/** @param {Look} before @param {Look} after @param {{ slowestSecondFps: number, longestGap: number }} seen @returns {Quality} */
function summarize(before, after, seen) {
  const [audio, video] = [grown(before, after, 'audio'), grown(before, after, 'video')];
  const seconds = (after.viewer.at - before.viewer.at) / 1_000;
  /** @param {(look: Look) => number} count */
  const more = (count) => count(after) - count(before);
  /** @param {Look} look @param {keyof Look['worker']} which @returns {any[]} */
  const streams = (look, which) => look.worker[which];
  /** @param {keyof Look['worker']} which @param {string} field */
  const worker = (which, field) => more((look) => streams(look, which).reduce((sum, stream) => sum + (stream[field] ?? 0), 0));
  /** @param {string} field */
  const sent = (field) =>
    more(({ publisher }) => [publisher.sent.audio, ...publisher.sent.video].reduce((sum, stream) => sum + (stream?.[field] ?? 0), 0));
  const sentFrames = after.publisher.sent.video.map(
    (/** @type {any} */ layer) =>
      layer.framesEncoded - (before.publisher.sent.video.find((/** @type {any} */ old) => old.id === layer.id)?.framesEncoded ?? 0),
  );
  return {
    seconds,
    fps: video('framesDecoded') / seconds,
    sentFps: Math.max(...sentFrames) / ((after.publisher.at - before.publisher.at) / 1_000),
    ...seen,
    freezes: video('freezeCount'),
    frozenSeconds: video('totalFreezesDuration'),
    size: `${after.viewer.received.video.frameWidth}x${after.viewer.received.video.frameHeight}`,
    keyFrames: video('keyFramesDecoded'),
    concealed: (audio('concealedSamples') - audio('silentConcealedSamples')) / Math.max(1, audio('totalSamplesReceived')),
    concealmentEvents: audio('concealmentEvents'),
    viewerAsked: {
      videoNacks: video('nackCount'),
      videoPackets: worker('videoOut', 'nackPacketCount'),
      audioPackets: worker('audioOut', 'nackPacketCount'),
      keyFrames: video('pliCount') + video('firCount'),
    },
    workerAsked: {
      videoNacks: worker('videoIn', 'nackCount'),
      videoPackets: worker('videoIn', 'nackPacketCount'),
      audioPackets: worker('audioIn', 'nackPacketCount'),
      keyFrames: worker('videoIn', 'pliCount') + worker('videoIn', 'firCount'),
    },
    resent: {
      byWorker: worker('videoOut', 'packetsRetransmitted') + worker('audioOut', 'packetsRetransmitted'),
      byPublisher: sent('retransmittedPacketsSent'),
    },
    lostOnTheWay: onTheWay(before.network, after.network, 'lost'),
    overtaken: onTheWay(before.network, after.network, 'overtaken'),
  };
}

/** By how much a counter of the viewer's stream has grown. @param {Look} before @param {Look} after @param {'audio' | 'video'} kind */
function grown(before, after, kind) {
  return (/** @type {string} */ field) => (after.viewer.received[kind]?.[field] ?? 0) - (before.viewer.received[kind]?.[field] ?? 0);
}

/** @param {any} before @param {any} after @param {'lost' | 'overtaken'} field @returns {Record<string, number>} */
function onTheWay(before, after, field) {
  return Object.fromEntries(
    Object.keys(after).flatMap((leg) =>
      ['toHost', 'toHub'].map((way) => [`${leg} ${way}`, after[leg][way][field] - (before[leg]?.[way][field] ?? 0)]),
    ),
  );
}

/** One line for people. @param {Quality} quality */
export function describeQuality(quality) {
  const { fps, sentFps, slowestSecondFps, longestGap: gap, freezes, frozenSeconds, concealed, viewerAsked, workerAsked, resent } = quality;
  return [
    `${quality.seconds.toFixed(0)} s of ${quality.size}: ${fps.toFixed(1)} of ${sentFps.toFixed(1)} fps decoded, ${slowestSecondFps.toFixed(1)} in the slowest second`,
    `longest gap ${Math.round(gap)} ms, ${freezes} freezes (${frozenSeconds.toFixed(2)} s), ${(concealed * 100).toFixed(2)} % of audio concealed`,
    `viewer asked for ${viewerAsked.videoPackets} + ${viewerAsked.audioPackets} packets and ${viewerAsked.keyFrames} key frames, worker for ${workerAsked.videoPackets} + ${workerAsked.audioPackets} and ${workerAsked.keyFrames}`,
    `resent ${resent.byWorker} by the worker, ${resent.byPublisher} by the publisher; ${quality.keyFrames} key frames`,
  ].join('; ');
}
