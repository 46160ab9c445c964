// What Chromium sends: between two pages of one browser that encrypts nothing (--disable-webrtc-encryption, which builds of its
// stable channel ignore), through a relay that sees every packet.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { Capture, isRtp, openSocket, payloadType } from './capture.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--allow-loopback-in-peer-connection',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream=fps=30',
  '--disable-webrtc-encryption',
];

const EXTENSIONS = {
  'dependency-descriptor': 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  'video-layers-allocation': 'http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00',
  'abs-capture-time': 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'rtp-stream-id': 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
};

/**
 * @typedef {object} Case
 * @property {string} codec
 * @property {string} [fmtp] what the codec's parameters must contain
 * @property {RTCRtpEncodingParameters[]} [encodings]
 * @property {boolean} [descriptor] with the dependency descriptor
 * @property {number} [width]
 * @property {number} [height]
 * @property {string} [audio] fmtp to ask for
 */
const rid = (/** @type {string} */ name, /** @type {number} */ scale, /** @type {number} */ maxBitrate) => ({
  rid: name,
  scaleResolutionDownBy: scale,
  maxBitrate,
  scalabilityMode: 'L1T3',
});
/** Large enough for three spatial layers, as Chromium makes none below 240 by 135. @param {string} scalabilityMode */
const three = (scalabilityMode) => ({ width: 960, height: 540, encodings: [{ scalabilityMode, maxBitrate: 900_000 }] });
/** @type {Record<string, Case>} */
export const CASES = {
  'chromium-vp8-l1t3': { codec: 'video/VP8', encodings: [{ scalabilityMode: 'L1T3', maxBitrate: 150_000 }] },
  'chromium-vp8-simulcast': {
    codec: 'video/VP8',
    width: 960,
    height: 540,
    encodings: [rid('q', 4, 60_000), rid('h', 2, 150_000), rid('f', 1, 450_000)],
  },
  'chromium-vp9-l1t3': { codec: 'video/VP9', encodings: [{ scalabilityMode: 'L1T3', maxBitrate: 150_000 }] },
  'chromium-vp9-l3t3': { codec: 'video/VP9', ...three('L3T3') },
  'chromium-vp9-l3t3-key': { codec: 'video/VP9', descriptor: true, ...three('L3T3_KEY') },
  'chromium-vp9-s3t3': { codec: 'video/VP9', descriptor: true, ...three('S3T3') },
  'chromium-av1-l1t3': { codec: 'video/AV1', descriptor: true, encodings: [{ scalabilityMode: 'L1T3', maxBitrate: 150_000 }] },
  'chromium-av1-l2t2': { codec: 'video/AV1', descriptor: true, encodings: [{ scalabilityMode: 'L2T2', maxBitrate: 250_000 }] },
  'chromium-av1-plain': { codec: 'video/AV1', encodings: [{ maxBitrate: 150_000 }] },
  'chromium-h264': { codec: 'video/H264', fmtp: 'packetization-mode=1', encodings: [{ maxBitrate: 200_000 }] },
  'chromium-h264-l1t3': {
    codec: 'video/H264',
    fmtp: 'packetization-mode=1',
    descriptor: true,
    encodings: [{ scalabilityMode: 'L1T3', maxBitrate: 200_000 }],
  },
  'chromium-opus': { codec: 'audio/opus', audio: 'minptime=10;useinbandfec=1;stereo=1;usedtx=1' },
  'chromium-red': { codec: 'audio/red' },
};

/** Runs in the page that sends. @param {Case & { uris: string[] }} options */
async function offer({ codec, fmtp, encodings, width = 640, height = 360, uris }) {
  const kind = codec.startsWith('audio/') ? 'audio' : 'video';
  const constraints = kind === 'audio' ? { audio: true } : { video: { width, height, frameRate: 30 } };
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  const pc = new RTCPeerConnection();
  globalThis.pc = pc;
  const transceiver = pc.addTransceiver(stream.getTracks()[0], { direction: 'sendonly', sendEncodings: encodings ?? [] });
  const all = RTCRtpSender.getCapabilities(kind).codecs;
  const wanted = all.filter((c) => c.mimeType.toLowerCase() === codec.toLowerCase() && (c.sdpFmtpLine ?? '').includes(fmtp ?? ''));
  // RED goes with the codec it carries.
  const others = all.filter((c) => /rtx|opus/.test(c.mimeType));
  transceiver.setCodecPreferences([wanted[0], ...others.filter((c) => c !== wanted[0])]);
  globalThis.negotiate(transceiver, uris);
  await pc.setLocalDescription();
  await globalThis.gathered(pc);
  return pc.localDescription.sdp;
}

/** Runs in the page that receives. @param {{ sdp: string, uris: string[] }} options */
async function answer({ sdp, uris }) {
  const pc = new RTCPeerConnection();
  globalThis.pc = pc;
  await pc.setRemoteDescription({ type: 'offer', sdp });
  globalThis.negotiate(pc.getTransceivers()[0], uris);
  await pc.setLocalDescription();
  await globalThis.gathered(pc);
  return pc.localDescription.sdp;
}

/** Runs in both before. */
function helpers() {
  globalThis.negotiate = (transceiver, uris) => {
    const all = transceiver.getHeaderExtensionsToNegotiate();
    for (const extension of all) {
      if (/dependency-descriptor|layers-allocation|abs-capture/.test(extension.uri))
        extension.direction = uris.includes(extension.uri) ? 'sendrecv' : 'stopped';
    }
    transceiver.setHeaderExtensionsToNegotiate(all);
  };
  globalThis.gathered = async (pc) => {
    while (pc.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20));
  };
}

/** The description with one candidate, on `port`. @param {string} sdp @param {number} port */
function through(sdp, port) {
  const lines = sdp.split('\r\n').filter((line) => !line.startsWith('a=candidate:'));
  const last = lines.findLastIndex((line) => line.startsWith('a=')) + 1;
  lines.splice(last, 0, `a=candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host generation 0`);
  return lines.join('\r\n');
}

/** The port of a description's UDP candidate on the loopback address. @param {string} sdp */
function portOf(sdp) {
  const line = sdp.split('\r\n').find((text) => /^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 /i.test(text));
  if (!line) throw new Error('no candidate on the loopback address');
  return Number(line.split(' ')[5]);
}

/** A page receives no simulcast, so it is told of one stream, and the sender that it takes all. @param {string} sdp */
function withoutSimulcast(sdp) {
  return sdp
    .split('\r\n')
    .filter((line) => !/^a=(rid|simulcast):/.test(line))
    .join('\r\n');
}
/** @param {string} sdp @param {string} offered */
function withSimulcast(sdp, offered) {
  const rids = [...offered.matchAll(/^a=rid:(\S+) send/gm)].map((match) => match[1]);
  if (rids.length === 0) return sdp;
  return `${sdp}${rids.map((name) => `a=rid:${name} recv\r\n`).join('')}a=simulcast:recv ${rids.join(';')}\r\n`;
}

/** The start bitrate is high enough for all layers from the first frame on. @param {string} sdp @param {string} fmtp */
function tuned(sdp, fmtp) {
  return sdp.replace(/^(a=fmtp:\d+ (?!apt=).*)$/gm, (line) => `${line.trimEnd()}${fmtp}\r`);
}

/** @param {string[]} names @param {string} folder @param {number} seconds of each */
export async function recordChromium(names, folder, seconds = 4) {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>record</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS });
  try {
    for (const name of names) await record(browser, `http://127.0.0.1:${server.address().port}/`, name, folder, seconds);
  } finally {
    await browser.close();
    server.close();
  }
}

async function record(browser, url, name, folder, seconds) {
  const options = CASES[name];
  const uris = Object.entries(EXTENSIONS)
    .filter(([extension]) => options.descriptor || extension !== 'dependency-descriptor')
    .map(([, uri]) => uri);
  const context = await browser.newContext();
  await context.addInitScript(helpers);
  const [sender, receiver] = [await context.newPage(), await context.newPage()];
  await Promise.all([sender.goto(url), receiver.goto(url)]);
  const [towardReceiver, towardSender] = [await openSocket(), await openSocket()];

  const offered = await sender.evaluate(offer, { ...options, uris });
  if (/^a=fingerprint/m.test(offered)) throw new Error('this Chromium encrypts whatever it is told');
  const shown = withoutSimulcast(through(offered, towardSender.address().port));
  const answered = await receiver.evaluate(answer, { sdp: shown, uris });

  const type = Number(answered.match(/^m=\w+ \d+ \S+ (\d+)/m)[1]);
  const ids = Object.entries(EXTENSIONS).map(([key, uri]) => {
    const line = answered.split('\r\n').find((text) => text.startsWith('a=extmap:') && text.endsWith(uri));
    return [key, line?.match(/^a=extmap:(\d+)/)[1]];
  });
  const encoding = options.encodings?.map((one) => one.scalabilityMode ?? '').join(' ') ?? '';
  const capture = new Capture(`${folder}/${name}.rtp`, {
    from: `Chromium ${browser.version()} ${encoding}`.trim(),
    codec: options.codec,
    'payload-type': type,
    ...Object.fromEntries(ids),
  });
  // What arrives at one socket leaves by the other, so each page sees one address of the other.
  const [senderPort, receiverPort] = [portOf(offered), portOf(answered)];
  towardReceiver.on('message', (packet) => {
    towardSender.send(packet, receiverPort, '127.0.0.1');
    if (isRtp(packet) && payloadType(packet) === type) capture.add(packet);
  });
  towardSender.on('message', (packet) => towardReceiver.send(packet, senderPort, '127.0.0.1'));

  const fmtp = options.audio ? `;${options.audio}` : ';x-google-start-bitrate=1500';
  await sender.evaluate(
    (sdp) => globalThis.pc.setRemoteDescription({ type: 'answer', sdp }),
    tuned(withSimulcast(through(answered, towardReceiver.address().port), offered), fmtp),
  );
  for (let i = 0; i < seconds * 10 && !capture.full; ++i) await new Promise((resolve) => setTimeout(resolve, 100));
  await context.close();
  towardReceiver.close();
  towardSender.close();
  capture.save();
}
