// Plain transports with the programs that people use them with: ffmpeg and GStreamer send to a room and receive from it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createWorker } from 'sluice';
import { Chromium, missingChromium } from './lib/browsers.js';
import { Program, freePortPair, missingPrograms } from './lib/programs.js';
import { ROOT } from './lib/server.js';
import { until } from './lib/wait.js';

/** How long programs may take to start and to bring a key frame, ms. */
const START_MS = 20_000;
const ENOUGH_FRAMES = 40;

/** @type {import('sluice').RtpCodecCapability[]} */
const mediaCodecs = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
];
const vp8 = { mimeType: 'video/VP8', payloadType: 96, clockRate: 90000 };
const opus = { mimeType: 'audio/opus', payloadType: 97, clockRate: 48000, channels: 2 };

/** @param {import('node:test').TestContext} t */
async function startRoom(t) {
  const worker = await createWorker({ listen: [{ ip: '127.0.0.1' }] });
  t.after(() => worker.close());
  return worker.createRoom({ mediaCodecs });
}

describe('ffmpeg', { skip: missingPrograms('ffmpeg') || false }, () => {
  it('publishes VP8 and Opus into a room, and Chromium decodes both', { skip: missingChromium() || false }, async (t) => {
    const example = Program.start(t, process.execPath, [join(ROOT, 'examples/plain-ffmpeg/main.js')], { PORT: '0' });
    const url = await until('the example to say its address', () => /watch at (\S+)/.exec(example.output)?.[1], {
      within: START_MS,
      seen: () => example.output,
    });
    const chromium = await Chromium.start();
    t.after(() => chromium.close());
    const { page } = await chromium.page();
    await page.goto(url);
    /** @type {any} */
    let seen = {};
    await until(
      'Chromium to decode ffmpeg',
      async () => {
        seen = await page.evaluate(inboundOf);
        return seen.framesDecoded > ENOUGH_FRAMES && seen.totalSamplesReceived > 48_000;
      },
      { within: START_MS, seen: () => ({ seen, said: example.output }) },
    );
    assert.equal(seen.frameWidth, 640);
    assert.ok(seen.audioPackets > 40);
    assert.match(example.output, /video comes from 127\.0\.0\.1:\d+/);
    t.diagnostic(JSON.stringify(seen));
    await example.stop();
    assert.equal(example.child.exitCode, 0, example.output);
  });

  it('publishes without telling its SSRC, and another ffmpeg receives and decodes it', async (t) => {
    const room = await startRoom(t);
    const folder = mkdtempSync(join(tmpdir(), 'sluice-plain-'));
    t.after(() => rmSync(folder, { recursive: true }));
    /** @param {import('sluice').MediaKind} kind @param {typeof vp8} codec */
    const track = async (kind, codec) => {
      const from = await room.createPlainTransport({ comedia: true, rtcpMux: false });
      const producer = await from.produce({ kind, rtpParameters: { codecs: [codec] } });
      const to = await room.createPlainTransport({ rtcpMux: false });
      const port = await freePortPair();
      await to.connect({ ip: '127.0.0.1', port, rtcpPort: port + 1 });
      const consumer = await to.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities });
      return { from, to, producer, consumer, port };
    };
    const video = await track('video', vp8);
    const audio = await track('audio', opus);
    const sdp = [
      'v=0',
      'o=- 0 0 IN IP4 127.0.0.1',
      's=room',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=video ${video.port} RTP/AVP ${video.consumer.rtpParameters.codecs[0]?.payloadType}`,
      `a=rtpmap:${video.consumer.rtpParameters.codecs[0]?.payloadType} VP8/90000`,
      `m=audio ${audio.port} RTP/AVP ${audio.consumer.rtpParameters.codecs[0]?.payloadType}`,
      `a=rtpmap:${audio.consumer.rtpParameters.codecs[0]?.payloadType} opus/48000/2`,
      '',
    ];
    writeFileSync(join(folder, 'room.sdp'), sdp.join('\r\n'));
    const receiver = Program.start(t, 'ffmpeg', [
      ...['-hide_banner', '-nostdin', '-protocol_whitelist', 'file,udp,rtp', '-analyzeduration', '3M', '-probesize', '5M'],
      ...['-i', join(folder, 'room.sdp'), '-t', '3', '-f', 'null', '-'],
    ]);
    /** @param {{ from: import('sluice').PlainTransport }} track */
    const to = ({ from }) => `rtp://127.0.0.1:${from.tuple.localPort}?rtcpport=${from.rtcpTuple?.localPort}&pkt_size=1200`;
    Program.start(t, 'ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin'],
      ...['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=20', '-re', '-f', 'lavfi', '-i', 'sine=440:sample_rate=48000'],
      ...['-map', '0:v', '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '400k', '-g', '20'],
      ...['-payload_type', '96', '-f', 'rtp', to(video)],
      ...['-map', '1:a', '-c:a', 'libopus', '-ac', '2', '-payload_type', '97', '-f', 'rtp', to(audio)],
    ]);
    await until('the receiving ffmpeg to have seen 3 s', () => receiver.child.exitCode !== null, {
      within: START_MS + 5_000,
      seen: () => receiver.output,
    });
    assert.equal(receiver.child.exitCode, 0, receiver.output);
    const frames = Number(/frame= *(\d+)[^\r\n]*(?!.*frame=)/s.exec(receiver.output.slice(receiver.output.lastIndexOf('frame=')))?.[1]);
    assert.ok(frames > ENOUGH_FRAMES, receiver.output);
    assert.match(receiver.output, /Video: vp8.*320x240/);
    assert.match(receiver.output, /Audio: opus, 48000 Hz/);
    const [outbound] = await video.consumer.getStats();
    assert.ok((outbound?.packetCount ?? 0) > ENOUGH_FRAMES);
    const [stat] = await video.from.getStats();
    assert.deepEqual(stat?.dropped, {});
    t.diagnostic(`${frames} frames decoded`);
  });
});

/** What GStreamer calls each suite, and how long key and salt are. */
const suites = {
  AES_CM_128_HMAC_SHA1_80: { cipher: 'aes-128-icm', auth: 'hmac-sha1-80', size: 30 },
  AES_CM_128_HMAC_SHA1_32: { cipher: 'aes-128-icm', auth: 'hmac-sha1-32', rtcpAuth: 'hmac-sha1-80', size: 30 },
  AEAD_AES_128_GCM: { cipher: 'aes-128-gcm', auth: 'null', size: 28 },
  AEAD_AES_256_GCM: { cipher: 'aes-256-gcm', auth: 'null', size: 44 },
};

describe('GStreamer', { skip: missingPrograms('gst-launch-1.0') || false }, () => {
  for (const [cryptoSuite, suite] of /** @type {[import('sluice').SrtpCryptoSuite, any][]} */ (Object.entries(suites))) {
    it(`publishes and receives with ${cryptoSuite}`, async (t) => {
      const room = await startRoom(t);
      const srtp = { enableSrtp: true, srtpCryptoSuite: cryptoSuite };
      const from = await room.createPlainTransport({ comedia: true, ...srtp });
      const key = randomBytes(suite.size);
      await from.connect({ srtpParameters: { cryptoSuite, keyBase64: key.toString('base64') } });
      const video = await from.produce({ kind: 'video', rtpParameters: { codecs: [vp8], encodings: [{ ssrc: 2222 }] } });
      const audio = await from.produce({ kind: 'audio', rtpParameters: { codecs: [opus], encodings: [{ ssrc: 1111 }] } });

      const to = await room.createPlainTransport(srtp);
      const port = await freePortPair();
      const unused = { cryptoSuite, keyBase64: randomBytes(suite.size).toString('base64') }; // the receiver sends nothing
      await to.connect({ ip: '127.0.0.1', port, srtpParameters: unused });
      const consumer = await to.consume({ producerId: video.id, rtpCapabilities: room.rtpCapabilities });
      const { ssrc } = consumer.rtpParameters.encodings?.[0] ?? {};
      const ourKey = Buffer.from(to.srtpParameters?.keyBase64 ?? '', 'base64').toString('hex');
      const rtcpAuth = suite.rtcpAuth ?? suite.auth;
      const caps = [
        ...['application/x-srtp', 'media=(string)video', 'clock-rate=(int)90000', 'encoding-name=(string)VP8'],
        ...[`payload=(int)${consumer.rtpParameters.codecs[0]?.payloadType}`, `ssrc=(uint)${ssrc}`, `srtp-key=(buffer)${ourKey}`],
        ...[`srtp-cipher=(string)${suite.cipher}`, `srtp-auth=(string)${suite.auth}`],
        ...[`srtcp-cipher=(string)${suite.cipher}`, `srtcp-auth=(string)${rtcpAuth}`],
      ];
      const decode = 'srtpdec ! rtpjitterbuffer latency=50 ! rtpvp8depay ! vp8dec ! identity name=decoded silent=false ! fakesink';
      const receiver = Program.start(t, 'gst-launch-1.0', [
        '-v',
        ...`udpsrc address=127.0.0.1 port=${port} caps=${caps.join(',')} ! ${decode}`.split(' '),
      ]);

      const protect = [
        `srtpenc key=${key.toString('hex')}`,
        `rtp-cipher=${suite.cipher} rtp-auth=${suite.auth} rtcp-cipher=${suite.cipher} rtcp-auth=${rtcpAuth}`,
      ].join(' ');
      // One socket for both tracks: comedia learns one source.
      const sink = `funnel name=out ! udpsink host=127.0.0.1 port=${from.tuple.localPort}`;
      const raw = 'video/x-raw,width=320,height=240,framerate=20/1';
      const sendVideo = `videotestsrc is-live=true ! ${raw} ! vp8enc deadline=1 keyframe-max-dist=20 ! rtpvp8pay pt=96 ssrc=2222 mtu=1200`;
      const sendAudio = 'audiotestsrc is-live=true ! audio/x-raw,channels=2 ! opusenc ! rtpopuspay pt=97 ssrc=1111';
      const sender = Program.start(t, 'gst-launch-1.0', [
        '-q',
        ...`${sendVideo} ! ${protect} ! out. ${sendAudio} ! ${protect} ! out. ${sink}`.split(' '),
      ]);

      const frame = /\(decoded:sink\) \(115200 bytes/g; // 320x240 in I420
      await until('GStreamer to decode what GStreamer sends', () => receiver.count(frame) > ENOUGH_FRAMES, {
        within: START_MS,
        seen: () => ({ receiver: receiver.output.slice(-500), sender: sender.output }),
      });
      const [inbound] = await audio.getStats();
      assert.ok((inbound?.packetCount ?? 0) > ENOUGH_FRAMES);
      const [stat] = await from.getStats();
      assert.deepEqual(stat?.dropped, {});
      assert.equal(stat?.tuple.remoteIp, '127.0.0.1');
    });
  }
});

/** Runs in the page: what of the example's two tracks has arrived. */
async function inboundOf() {
  const pc = /** @type {any} */ (window).pc;
  const reports = pc ? [...(await pc.getStats()).values()].filter((/** @type {any} */ each) => each.type === 'inbound-rtp') : [];
  const video = reports.find((/** @type {any} */ each) => each.kind === 'video');
  const audio = reports.find((/** @type {any} */ each) => each.kind === 'audio');
  return {
    framesDecoded: video?.framesDecoded ?? 0,
    frameWidth: video?.frameWidth ?? 0,
    freezeCount: video?.freezeCount ?? 0,
    totalSamplesReceived: audio?.totalSamplesReceived ?? 0,
    audioPackets: audio?.packetsReceived ?? 0,
    concealedSamples: (audio?.concealedSamples ?? 0) - (audio?.silentConcealedSamples ?? 0),
  };
}
