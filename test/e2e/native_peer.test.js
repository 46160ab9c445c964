// The native peer (examples/native) with other implementations of WebRTC: Chromium and aiortc, either side offering. Video is VP8, audio
// PCMU, both ways, and a data channel echoes.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { Chromium, missingChromium } from './lib/browsers.js';
import { FULL } from './lib/full.js';
import { NativePeer, nativeExample } from './lib/native_peer.js';
import { missingPrograms } from './lib/programs.js';
import { ROOT } from './lib/server.js';
import { until } from './lib/wait.js';

const START_MS = 20_000;
const ENOUGH_FRAMES = 30;
const AIORTC = join(ROOT, 'test/e2e/lib/aiortc_peer.py');

const missing = (nativeExample('peer') ? '' : 'examples/native are not built (scripts/run --build-only)') || missingPrograms('ffmpeg');
const missingAiortc = () =>
  spawnSync('/usr/bin/python3', ['-c', 'import aiortc']).status === 0 || process.env.CI ? '' : 'not installed: python3-aiortc';

describe('a native peer', { skip: missing || false }, () => {
  let directory = '';
  let video = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-native-'));
    video = join(directory, 'video.ivf');
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=30', '-t', '3'];
    const made = spawnSync('ffmpeg', [
      '-v',
      'error',
      ...source,
      '-c:v',
      'libvpx',
      '-g',
      '30',
      '-b:v',
      '300k',
      '-deadline',
      'realtime',
      video,
    ]);
    assert.equal(made.status, 0, String(made.stderr));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const nativeOffers of [true, false]) {
    it(
      `talks to Chromium, ${nativeOffers ? 'offering' : 'answering'}: PCMU, VP8 and data both ways`,
      { skip: missingChromium() || false },
      async (t) => {
        const server = createServer((_, response) => response.end('<!doctype html>')).listen(0, '127.0.0.1');
        t.after(() => server.close());
        await new Promise((resolve) => server.once('listening', resolve));
        const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
        const chromium = await Chromium.start();
        t.after(() => chromium.close());
        const { page } = await chromium.page();
        await page.goto(`http://127.0.0.1:${port}/`);
        const native = new NativePeer(t, ['--video', video, '--address', '127.0.0.1', ...(nativeOffers ? ['--offer'] : [])]);
        await page.exposeFunction('toNative', (/** @type {any} */ message) => native.send(message));
        await page.evaluate(startPage, nativeOffers);
        native.listen((message) => void page.evaluate((m) => /** @type {any} */ (window).fromNative(m), message));
        /** @type {any} */
        let seen = {};
        const look = async () => {
          seen = await page.evaluate(() => /** @type {any} */ (window).look());
          return (
            seen.framesDecoded > ENOUGH_FRAMES && seen.audioPackets > ENOUGH_FRAMES && seen.echo === 'hello' && seen.sent > ENOUGH_FRAMES
          );
        };
        await until('Chromium to decode the native peer', look, {
          within: START_MS,
          seen: () => `${JSON.stringify(seen)}\n${native.output}`,
        });
        await until(
          'the native peer to receive frames',
          () => /50 frames of video/.test(native.output) && /50 frames of audio/.test(native.output),
          {
            within: START_MS,
            seen: () => native.output,
          },
        );
        assert.equal(seen.audioCodec, 'audio/PCMU');
        assert.equal(seen.videoCodec, 'video/VP8');
      },
    );

    it(
      `talks to aiortc, ${nativeOffers ? 'offering' : 'answering'}: PCMU, VP8 and data both ways`,
      { skip: missingAiortc() || false },
      async (t) => {
        const native = new NativePeer(t, ['--video', video, '--no-trickle', ...(nativeOffers ? ['--offer'] : [])]);
        const child = spawn('/usr/bin/python3', [AIORTC, nativeOffers ? 'answer' : 'offer'], { stdio: 'pipe' });
        t.after(() => child.kill());
        let errors = '';
        child.stderr.on('data', (data) => (errors += data));
        /** @type {any} */
        let seen = {};
        createInterface({ input: child.stdout }).on('line', (line) => {
          const message = JSON.parse(line);
          if (message.seen) seen = message.seen;
          else native.send(message);
        });
        native.listen((message) => child.stdin.write(`${JSON.stringify(message)}\n`));
        await until(
          'aiortc to decode the native peer',
          () => seen.video > ENOUGH_FRAMES && seen.audio > ENOUGH_FRAMES && seen.echo === 'hello',
          {
            within: START_MS,
            seen: () => `${JSON.stringify(seen)}\n${native.output}\n${errors}`,
          },
        );
        await until(
          'the native peer to receive frames',
          () => /50 frames of video/.test(native.output) && /50 frames of audio/.test(native.output),
          {
            within: START_MS,
            seen: () => native.output,
          },
        );
      },
    );
  }

  it('sends a file to another over a data channel: checksums equal, memory bounded', () => {
    const megabytes = FULL ? 100 : 10;
    const sent = spawnSync(nativeExample('send_file'), [String(megabytes)], { encoding: 'utf8' });
    assert.equal(sent.status, 0, sent.stdout + sent.stderr);
    const [first, second] = [...sent.stdout.matchAll(/(\d+) bytes, checksum (\w+)/g)];
    assert.equal(Number(first?.[1]), megabytes * 1_000_000);
    assert.equal(first?.[2], second?.[2]);
    const memory = Number(/(\d+) KiB of memory/.exec(sent.stdout)?.[1]);
    assert.ok(memory < 60_000, sent.stdout); // both ends, and the program itself
    console.log(sent.stdout.trim());
  });

  it('is the order of events that two peers in one process print', () => {
    const ran = spawnSync(nativeExample('data_channel'), { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    const expected = spawnSync('cat', [join(ROOT, 'examples/native/data_channel.expected')], { encoding: 'utf8' });
    assert.equal(ran.stdout, expected.stdout);
  });
});

/** In the page: a connection with the fake devices, whose signaling goes through `toNative` and `fromNative`. @param {boolean} nativeOffers */
async function startPage(nativeOffers) {
  /** @type {any} */
  const w = window;
  const pc = new RTCPeerConnection();
  w.pc = pc;
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
  let echo = '';
  const useChannel = (/** @type {RTCDataChannel} */ channel) => {
    channel.onmessage = (event) => (echo = event.data);
    const send = () => channel.send('hello');
    if (channel.readyState === 'open') send();
    else channel.onopen = send;
  };
  pc.ondatachannel = (event) => useChannel(event.channel);
  pc.ontrack = (event) => {
    const element = document.createElement(event.track.kind === 'video' ? 'video' : 'audio');
    element.autoplay = true;
    element.muted = event.track.kind === 'video';
    element.srcObject = new MediaStream([event.track]);
    document.body.append(element);
  };
  pc.onicecandidate = (event) => w.toNative(event.candidate ? event.candidate.toJSON() : { candidate: '' });
  // Candidates and descriptions in the order in which they come.
  let last = Promise.resolve();
  w.fromNative = (/** @type {any} */ message) => {
    last = last.then(async () => {
      if (!message.sdp) return pc.addIceCandidate(message.candidate ? message : undefined);
      await pc.setRemoteDescription(message);
      if (message.type !== 'offer') return;
      await pc.setLocalDescription();
      w.toNative(pc.localDescription?.toJSON());
    });
    return last;
  };
  w.look = async () => {
    const out = { framesDecoded: 0, audioPackets: 0, sent: 0, echo, audioCodec: '', videoCodec: '', state: pc.connectionState };
    const stats = await pc.getStats();
    for (const s of stats.values()) {
      if (s.type === 'inbound-rtp' && s.kind === 'video') {
        out.framesDecoded = s.framesDecoded;
        out.videoCodec = stats.get(s.codecId)?.mimeType;
      }
      if (s.type === 'inbound-rtp' && s.kind === 'audio') {
        out.audioPackets = s.packetsReceived;
        out.audioCodec = stats.get(s.codecId)?.mimeType;
      }
      if (s.type === 'outbound-rtp' && s.kind === 'video') out.sent = s.framesSent;
    }
    return out;
  };
  if (nativeOffers) return;
  useChannel(pc.createDataChannel('echo'));
  await pc.setLocalDescription();
  w.toNative(pc.localDescription?.toJSON());
}
