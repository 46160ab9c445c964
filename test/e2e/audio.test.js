// Audio as a real browser makes and plays it: RED to who takes it and plain Opus to who does not, and Opus repeated without RTX, which
// browsers have none of for audio.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createWorker, workerBin } from 'sluice';
import { audioPage } from './lib/audio_page.js';
import { Chromium } from './lib/browsers.js';
import { withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { missingNetwork, Network } from './lib/network.js';
import { sleep, until } from './lib/wait.js';

/** @import { Heard } from './lib/audio_page.js' */

const opus = /** @type {const} */ ({ kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 });
const MEDIA_CODECS = [opus, { ...opus, mimeType: 'audio/red' }];
const RED = ['red', 'opus'];
const OPUS = ['opus'];
const SECONDS = FULL ? 10 : 6;
const SETTLE_MS = 3_000;
const SAMPLES_A_SECOND = 48_000;
const LOSSY = { loss: 5, delay: 25, jitter: 0 };
/** The goal is 1 %; a regular run is short, and its machine may be doing other things. */
const MOST_CONCEALED = FULL ? 0.01 : 0.03;

const network = missingNetwork();
const [SPEAKER, LISTENERS] = ['speaker', 'listeners'];

/**
 * Chromium refuses a description in which audio has a second SSRC for RTX.
 * @param {string} sdp of audio only
 */
function withoutRtxOfAudio(sdp) {
  const repairs = [...sdp.matchAll(/^a=ssrc-group:FID \d+ (\d+)/gm)].map(([, ssrc]) => ssrc);
  const named = repairs.length ? new RegExp(`^a=ssrc:(${repairs.join('|')}) .*\r\n`, 'gm') : /^$/;
  return sdp.replace(/^a=ssrc-group:FID .*\r\n/gm, '').replace(named, '');
}

describe('audio', withChromium, () => {
  /** @type {(() => unknown)[]} */
  const closers = [];
  /** @type {Network | null} */
  let net = null;
  /** @type {import('sluice').Worker} */
  let worker;
  /** @type {Chromium} */
  let speakers;
  /** @type {Chromium} */
  let listeners;

  before(async () => {
    if (!network) {
      const made = (net = await Network.start(SPEAKER, LISTENERS));
      closers.push(() => made.close());
    }
    worker = await createWorker({
      logLevel: 'warn',
      listen: [{ ip: net?.address ?? '127.0.0.1' }],
      workerBin: net?.atHub(workerBin) ?? workerBin,
    });
    closers.push(async () => {
      const gone = new Promise((resolve) => worker.once('subprocessclose', () => resolve(undefined)));
      worker.close();
      await gone;
    });
    const start = async (/** @type {string} */ host) => {
      const browser = await Chromium.start({
        runner: net ? (program) => String(net?.at(host, program)) : undefined,
        flags: ['--mute-audio'],
      });
      closers.push(() => browser.close());
      return browser;
    };
    [speakers, listeners] = await Promise.all([start(SPEAKER), start(LISTENERS)]);
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** A speaker with these codecs, and listeners with these. @param {import('node:test').TestContext} t @param {string[]} spoken @param {Record<string, string[]>} taken */
  async function call(t, spoken, taken) {
    const room = await worker.createRoom({ mediaCodecs: MEDIA_CODECS });
    const open = async (/** @type {Chromium} */ browser) => {
      const { page, close } = await browser.page();
      t.after(close);
      await page.addInitScript(audioPage);
      await page.route('http://localhost/**', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
      await page.goto('http://localhost/');
      return page;
    };
    const ends = await Promise.all(
      Object.entries(taken).map(async ([name, codecs]) => {
        const page = await open(listeners);
        const peer = await room.createPeer({ name, subscription: 'all' });
        /** @type {import('sluice').Consumer[]} */
        const consumers = [];
        peer.on('newconsumer', (consumer) => consumers.push(consumer));
        peer.on('negotiationneeded', async () => {
          await peer.setLocalDescription();
          const offer = { sdp: withoutRtxOfAudio(peer.localDescription?.sdp ?? ''), codecs };
          const sdp = await page.evaluate((what) => /** @type {any} */ (window).voice.answer(what), offer);
          await peer.setRemoteDescription({ type: 'answer', sdp });
        });
        return {
          name,
          consumers,
          /** @returns {Promise<Heard>} */
          heard: () => page.evaluate(() => /** @type {any} */ (window).voice.heard()),
        };
      }),
    );
    const page = await open(speakers);
    const peer = await room.createPeer({ name: SPEAKER, subscription: 'manual' });
    const sdp = await page.evaluate((codecs) => /** @type {any} */ (window).voice.publish(codecs), spoken);
    await peer.setRemoteDescription({ type: 'offer', sdp });
    await peer.setLocalDescription();
    await page.evaluate((answer) => /** @type {any} */ (window).voice.accept(answer), peer.localDescription?.sdp ?? '');
    for (const end of ends)
      await until(`${end.name} hears something`, async () => (await end.heard()).packets > 50, { within: 15_000, seen: end.heard });
    return ends;
  }

  /** @param {Awaited<ReturnType<typeof call>>} ends @param {import('node:test').TestContext} t */
  async function listen(ends, t) {
    await sleep(SETTLE_MS);
    const before = await Promise.all(ends.map((end) => end.heard()));
    await sleep(SECONDS * 1_000);
    const after = await Promise.all(ends.map((end) => end.heard()));
    return Promise.all(
      ends.map(async ({ name, consumers }, i) => {
        const [from, to] = [/** @type {Heard} */ (before[i]), /** @type {Heard} */ (after[i])];
        const samples = to.samples - from.samples;
        const [stats] = (await consumers[0]?.getStats()) ?? [];
        const out = {
          name,
          codecs: consumers[0]?.rtpParameters.codecs.map(({ mimeType }) => mimeType.toLowerCase()),
          played: to.codec,
          samples,
          concealed: (to.concealed - from.concealed) / samples,
          asked: stats?.nackPacketCount ?? 0,
          resent: stats?.packetsRetransmitted ?? 0,
        };
        t.diagnostic(JSON.stringify(out));
        return out;
      }),
    );
  }

  it('RED is heard by who takes it, and as Opus by who does not', async (t) => {
    const heard = await listen(await call(t, RED, { 'with RED': RED, without: OPUS }), t);
    for (const { name, codecs, samples, concealed } of heard) {
      assert.ok(samples > SECONDS * SAMPLES_A_SECOND * 0.95, `${name}: ${samples} samples`);
      assert.ok(concealed < MOST_CONCEALED, `${name}: ${(concealed * 100).toFixed(2)} % concealed`);
      assert.equal(codecs?.[0], name === 'with RED' ? 'audio/red' : 'audio/opus');
    }
  });

  it(`Opus, and the Opus out of RED, is whole at ${LOSSY.loss} % loss, without RTX`, { skip: network || false }, async (t) => {
    t.after(() => net?.setAll({ loss: 0, delay: 0, jitter: 0 }));
    const calls = [await call(t, OPUS, { 'of Opus': OPUS }), await call(t, RED, { 'of RED': OPUS })];
    await net?.set(LISTENERS, { toHost: LOSSY, toHub: LOSSY });
    for (const { name, resent, concealed } of await listen(calls.flat(), t)) {
      assert.ok(resent > SECONDS, `${name}: hardly anything was sent again`);
      assert.ok(concealed < MOST_CONCEALED, `${name}: ${(concealed * 100).toFixed(2)} % concealed`);
    }
  });
});
