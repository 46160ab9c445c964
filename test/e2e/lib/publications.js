// What is published on a stage, and what the room routes for it.
//
// Sizes: two browsers, one of which encodes, share two cores with the worker. libwebrtc sends three encodings or spatial layers only
// from 960x540 on (fewer below), so that is what layers are tested with; 720p is for where the issue of the day demands it.

/** @import { Publication } from './stage_page.js' */
/** @typedef {{ codec: import('sluice').RtpCodecCapability, publication: Publication, ladder: import('./layer_walk.js').Ladder }} Published */

const T3 = [7.5, 15, 30];
const video = /** @type {const} */ ({ kind: 'video', clockRate: 90000 });
const VP8 = /** @type {const} */ ({ ...video, mimeType: 'video/VP8' });
const VP9 = /** @type {const} */ ({ ...video, mimeType: 'video/VP9', parameters: { 'profile-id': 0 } });
const AV1 = /** @type {const} */ ({ ...video, mimeType: 'video/AV1', parameters: { profile: 0 } });
const H264 = /** @type {const} */ ({
  ...video,
  mimeType: 'video/H264',
  parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
});

/** Three RIDs, smallest first, each of three temporal layers. @param {number} width @param {number} height @param {number[]} bitrates @returns {Published} */
function simulcast(width, height, bitrates) {
  const encodings = ['q', 'h', 'f'].map((rid, index) => ({
    rid,
    scaleResolutionDownBy: 4 >> index,
    maxBitrate: bitrates[index],
    scalabilityMode: 'L1T3',
  }));
  return {
    codec: VP8,
    publication: { codec: 'VP8', width, height, fps: 30, encodings },
    ladder: { heights: [height / 4, height / 2, height], fps: T3 },
  };
}

/** @param {string} scalabilityMode @returns {Published} */
function vp9(scalabilityMode) {
  const encodings = [{ scalabilityMode, maxBitrate: 1_800_000 }];
  // A quarter of the height is a whole and even number: an encoder would round an odd one up.
  return {
    codec: VP9,
    publication: { codec: 'VP9', fmtp: 'profile-id=0', width: 1024, height: 576, fps: 30, encodings },
    ladder: { heights: [144, 288, 576], fps: T3 },
  };
}

/** @param {typeof VP8 | typeof AV1 | typeof H264} codec @param {string} fmtp @param {string} [scalabilityMode] @returns {Published} */
function single(codec, fmtp, scalabilityMode) {
  const encodings = [{ maxBitrate: 800_000, ...(scalabilityMode ? { scalabilityMode } : {}) }];
  return {
    codec,
    publication: { codec: codec.mimeType.slice('video/'.length), fmtp, width: 640, height: 360, fps: 30, encodings },
    ladder: { heights: [360], fps: scalabilityMode === 'L1T3' ? T3 : [30] },
  };
}

export const publications = {
  vp8: single(VP8, ''),
  vp8Simulcast: simulcast(960, 540, [200_000, 500_000, 1_200_000]),
  vp8Simulcast720: simulcast(1280, 720, [150_000, 500_000, 2_000_000]),
  vp9Svc: vp9('L3T3'),
  vp9Key: vp9('L3T3_KEY'),
  av1: single(AV1, 'profile=0', 'L1T3'),
  h264: single(H264, 'packetization-mode=1;profile-level-id=42e01f'),
};

/** Enough for all layers of any of them, from the beginning. bps */
export const PLENTY = 4_000_000;
