// An app with an unmodified mediasoup-client, which is our example, in real browsers: it produces and consumes through the Node controller.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Chromium, Firefox, missingChromium, missingFirefox } from './lib/browsers.js';
import { Program } from './lib/programs.js';
import { ROOT } from './lib/server.js';
import { until } from './lib/wait.js';

const PLAYS_WITHIN_MS = 20_000;
/** Lines of the smallest encoding. */
const SMALL_HEIGHT = 120;
const EXAMPLE = join(ROOT, 'examples/mediasoup-client');

/**
 * What the app receives, by kind. Runs in the page.
 * @returns {Promise<{ handler: string, own: number, tracks: { id: string, kind: string, frames: number, height: number, samples: number, packets: number }[] }>}
 */
async function received() {
  const app = /** @type {any} */ (window).app;
  const tracks = [];
  for (const { consumer } of app.consumers.values()) {
    for (const stats of (await consumer.getStats()).values()) {
      if (stats.type !== 'inbound-rtp') continue;
      tracks.push({
        id: consumer.id,
        kind: consumer.kind,
        frames: stats.framesDecoded ?? 0,
        height: stats.frameHeight ?? 0,
        samples: stats.totalSamplesReceived ?? 0,
        packets: stats.packetsReceived,
      });
    }
  }
  return { handler: app.device?.handlerName, own: app.producers.length, tracks };
}

/** @typedef {import('./lib/browsers.js').Page} Page */

/** Until as much of each kind plays, and goes on playing. @param {string} name @param {Page} page @param {number} each */
async function plays(name, page, each) {
  const before = new Map((await page.evaluate(received)).tracks.map((track) => [track.id, track]));
  /** @type {any} */
  let now;
  await until(
    `${name} to play ${each} of each kind`,
    async () => {
      now = await page.evaluate(received);
      const count = (/** @type {string} */ kind) =>
        now.tracks.filter((/** @type {any} */ track) => {
          const { frames = 0, packets = 0 } = before.get(track.id) ?? {};
          return (
            track.kind === kind && (kind === 'video' ? track.frames >= frames + 10 : track.samples > 0 && track.packets > packets + 20)
          );
        }).length;
      return count('video') === each && count('audio') === each;
    },
    { within: PLAYS_WITHIN_MS, seen: () => now },
  );
  return now;
}

/** @param {import('node:test').TestContext} t @param {object} [workerSettings] @returns {Promise<any>} */
async function startExample(t, workerSettings) {
  const { startServer } = await import(pathToFileURL(join(EXAMPLE, 'server.js')).href);
  const server = await startServer({ workerSettings });
  t.after(() => server.close());
  return server;
}

/** @param {import('node:test').TestContext} t @param {Chromium | Firefox} browser @param {number} port @returns {Promise<Page>} */
async function open(t, browser, port) {
  t.after(() => browser.close());
  const page = /** @type {Page} */ (/** @type {unknown} */ ((await browser.page()).page));
  await page.goto(`http://localhost:${port}/`);
  return page;
}

describe('mediasoup-client', { skip: missingChromium() || false }, () => {
  it('in Chromium: simulcast and Opus are produced and consumed, layers are switched, ICE restarts, tracks end', async (t) => {
    const server = await startExample(t, { listen: [{ ip: '127.0.0.1' }] });
    const [ada, bob] = await Promise.all([
      open(t, await Chromium.start({ devices: 'fake30' }), server.port),
      open(t, await Chromium.start({ devices: 'fake30' }), server.port),
    ]);
    const { handler } = await plays('Ada', ada, 1);
    await plays('Bob', bob, 1);
    assert.equal(handler, 'Chrome111');
    const [member] = [...server.members];
    const types = [...member.producers.values()].map(({ kind, type, rtpParameters }) => [kind, type, rtpParameters.encodings.length]);
    assert.deepEqual(types.sort(), [
      ['audio', 'simple', 1],
      ['video', 'simulcast', 3],
    ]);

    const video = (await ada.evaluate(received)).tracks.find(({ kind }) => kind === 'video');
    assert.ok(video);
    // How many encodings a busy machine's browser sends is its own affair, but not which of them is watched.
    const lines = (/** @type {string} */ what, /** @type {(height: number) => boolean} */ fits) =>
      until(what, async () => (await ada.evaluate(received)).tracks.some(({ kind, height }) => kind === 'video' && fits(height)), {
        within: PLAYS_WITHIN_MS,
        seen: () => ada.evaluate(received),
      });
    const prefer = (/** @type {number} */ spatialLayer) =>
      ada.evaluate((options) => /** @type {any} */ (window).app.request('setPreferredLayers', options), {
        consumerId: video.id,
        spatialLayer,
      });
    await lines('a larger picture', (height) => height > SMALL_HEIGHT);
    await prefer(0);
    await lines('the smallest picture', (height) => height === SMALL_HEIGHT);
    await prefer(2);
    await lines('a larger picture again', (height) => height > SMALL_HEIGHT);

    await ada.evaluate(async () => {
      const { request, send, receive } = /** @type {any} */ (window).app;
      for (const transport of [send, receive]) {
        await transport.restartIce({ iceParameters: await request('restartIce', { transportId: transport.id }) });
      }
    });
    await plays('Ada, after her ICE restarts', ada, 1);
    await plays('Bob, after Ada’s ICE restarts', bob, 1);

    // A track that ends, and one that comes.
    await ada.evaluate(async () => {
      const { producers, request } = /** @type {any} */ (window).app;
      const index = producers.findIndex((/** @type {any} */ producer) => producer.kind === 'video');
      const [producer] = producers.splice(index, 1);
      producer.close();
      await request('closeProducer', { producerId: producer.id });
    });
    await until('Bob to lose the picture', async () => (await bob.evaluate(received)).tracks.length === 1);
    await ada.evaluate(async () => {
      const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
      await /** @type {any} */ (window).app.use(camera.getVideoTracks()[0]);
    });
    await plays('Bob, after Ada’s new track', bob, 1);
    await until('each to have a consumer of each', async () => (await server.worker.dump()).counts.consumers === 4);
    await bob.goto('about:blank');
    await until('Bob’s objects to be gone', async () => {
      const { peers, transports, producers, consumers } = (await server.worker.dump()).counts;
      return JSON.stringify([peers, transports, producers, consumers]) === '[1,2,2,0]';
    });
  });

  it('produces and consumes data: strings, binary and empty messages, and a channel that ends', async (t) => {
    const server = await startExample(t, { listen: [{ ip: '127.0.0.1' }] });
    const [ada, bob] = await Promise.all([open(t, await Chromium.start(), server.port), open(t, await Chromium.start(), server.port)]);
    const chatOpen = (/** @type {Page} */ page) =>
      page.evaluate(() => {
        const { chat, dataConsumers } = /** @type {any} */ (window).app;
        const [one] = dataConsumers.values();
        return chat?.readyState === 'open' && one?.readyState === 'open';
      });
    await until('both to have open channels', async () => (await chatOpen(ada)) && (await chatOpen(bob)), { within: PLAYS_WITHIN_MS });
    await bob.evaluate(() => {
      const w = /** @type {any} */ (window);
      w.heard = [];
      const [one] = w.app.dataConsumers.values();
      one.on('message', (/** @type {any} */ message) => w.heard.push(typeof message === 'string' ? message : [...new Uint8Array(message)]));
    });
    await ada.evaluate(() => {
      const { chat } = /** @type {any} */ (window).app;
      for (const message of ['hello', new Uint8Array([1, 2, 3]).buffer, '', new ArrayBuffer(0), 'x'.repeat(200_000)]) chat.send(message);
    });
    const heard = await until('Bob to hear it all', () =>
      bob.evaluate(() => {
        const { heard } = /** @type {any} */ (window);
        return heard.length === 5 && heard;
      }),
    );
    assert.deepEqual(heard.slice(0, 4), ['hello', [1, 2, 3], '', []]);
    assert.equal(heard[4].length, 200_000);
    const transports = await Promise.all([...server.members].map(({ peer }) => peer.dump()));
    assert.equal(transports.length, 2);
    await ada.evaluate(async () => {
      const { chat, request } = /** @type {any} */ (window).app;
      chat.close();
      await request('closeDataProducer', { dataProducerId: chat.id }).catch(() => {}); // the worker may have heard of it first
    });
    await until('Bob’s channel to close', () => bob.evaluate(() => /** @type {any} */ (window).app.dataConsumers.size === 0));
    const { dataProducers, dataConsumers } = (await server.worker.dump()).counts;
    assert.deepEqual([dataProducers, dataConsumers], [1, 1]);
  });

  it('in Firefox and Chromium together: each produces and consumes', { skip: missingFirefox() || false }, async (t) => {
    const server = await startExample(t);
    const fox = await open(t, await Firefox.start(), server.port);
    const ada = await open(t, await Chromium.start(), server.port);
    const { handler } = await plays('Firefox', fox, 1);
    await plays('Chromium', ada, 1);
    assert.equal(handler, 'Firefox120');
    const ends = [...server.members].map(({ producers, consumers }) => [
      [...producers.values()].map(({ type }) => type).sort(),
      [...consumers.values()].map(({ type }) => type).sort(),
    ]);
    assert.deepEqual(ends, Array(2).fill(Array(2).fill(['simple', 'simulcast'])));
  });

  it('is the package as npm has it, and the example starts with one command', async (t) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'node_modules/mediasoup-client/package.json'), 'utf8'));
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages['node_modules/mediasoup-client'];
    assert.equal(manifest.version, '3.24.1');
    assert.equal(lock.version, manifest.version);
    assert.match(lock.integrity, /^sha512-/);
    const example = Program.start(t, process.execPath, [join(EXAMPLE, 'main.js')], { PORT: '0' });
    const url = await until('the example to say its address', () => /open (\S+) in two tabs/.exec(example.output)?.[1], {
      within: PLAYS_WITHIN_MS,
      seen: () => example.output,
    });
    assert.match(await (await fetch(url)).text(), /mediasoup-client with Sluice/);
    assert.match(await (await fetch(`${url}/client.js`)).text(), /Chrome111/);
    await example.stop();
    assert.equal(example.child.exitCode, 0, example.output);
  });
});
