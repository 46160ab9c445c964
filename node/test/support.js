// What the tests share: a worker on loopback only, codecs, parameters as mediasoup-client sends them, recorded offers.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createWorker } from 'sluice';

export const mediaCodecs = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
];

/** Closed when the test ends, however it ends. */
export async function startWorker(t, settings = {}) {
  const worker = await createWorker({ listen: [{ ip: '127.0.0.1' }], ...settings });
  t.after(() => worker.close());
  return worker;
}

export async function startRoom(t) {
  const worker = await startWorker(t);
  return { worker, room: await worker.createRoom({ mediaCodecs }) };
}

/** The next event of this name, as the array of its arguments. */
export function next(emitter, name, timeout = 5_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} within ${timeout} ms`)), timeout);
    emitter.once(name, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

/** Offers recorded from browsers. */
export function recordedOffer(name) {
  return readFileSync(fileURLToPath(new URL(`../../test/negotiate/offers/${name}.sdp`, import.meta.url)), 'utf8');
}

export const fingerprint = {
  algorithm: 'sha-256',
  value: Array.from({ length: 32 }, (_, i) => (i + 160).toString(16).toUpperCase()).join(':'),
};

export const audioParameters = () => ({
  mid: 'AUDIO',
  codecs: [
    {
      mimeType: 'audio/opus',
      payloadType: 111,
      clockRate: 48000,
      channels: 2,
      parameters: { useinbandfec: 1, usedtx: 1, foo: '222.222', bar: '333' },
      rtcpFeedback: [{ type: 'transport-cc' }],
    },
  ],
  headerExtensions: [
    { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 10 },
    { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 12 },
  ],
  encodings: [{ ssrc: 11111111 }],
  rtcp: { cname: 'FOOBAR' },
});

export const videoParameters = () => ({
  mid: 'VIDEO',
  codecs: [
    {
      mimeType: 'video/VP8',
      payloadType: 112,
      clockRate: 90000,
      rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'goog-remb' }],
    },
    { mimeType: 'video/rtx', payloadType: 113, clockRate: 90000, parameters: { apt: 112 } },
  ],
  headerExtensions: [
    { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 10 },
    { uri: 'urn:3gpp:video-orientation', id: 13 },
  ],
  encodings: [{ ssrc: 22222222, rtx: { ssrc: 22222223 } }],
  rtcp: { cname: 'FOOBAR' },
});
