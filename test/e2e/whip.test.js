// WHIP and WHEP with real clients: GStreamer, aiortc and Chromium publish, aiortc, Firefox and Chromium watch, and the page's users meet
// them.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Firefox, missingFirefox } from './lib/browsers.js';
import { Fixture, withChromium } from './lib/fixture.js';
import { Program } from './lib/programs.js';
import { ROOT } from './lib/server.js';
import { until } from './lib/wait.js';
import { whipPage } from './lib/whip_page.js';

const GST = join(dirname(fileURLToPath(import.meta.url)), 'lib', 'whip_gst.py');
const AIORTC = join(dirname(fileURLToPath(import.meta.url)), 'lib', 'whip_aiortc.py');
const APP = join(dirname(fileURLToPath(import.meta.url)), 'lib', 'mediasoup_app.js');
const NEVER_CONNECTS = join(ROOT, 'test/negotiate/offers/chromium-sendonly-gathered.sdp');
const PYTHON = '/usr/bin/python3'; // Debian's own: its packages have GStreamer's bindings
/** RFC 7675 §5.1: 30 s; and what a busy machine adds. */
const CONSENT_MS = 45_000;

function missingGst() {
  const check =
    "import gi; gi.require_version('Gst','1.0'); gi.require_version('GstWebRTC','1.0'); from gi.repository import Gst, GstWebRTC";
  const found = spawnSync(PYTHON, ['-c', `${check}; Gst.init(None); assert Gst.ElementFactory.find('nicesrc')`], { stdio: 'ignore' });
  return found.status === 0 || process.env.CI ? '' : "GStreamer's webrtcbin is not installed (scripts/setup)";
}

/** aiortc connects to no loopback address either, and Firefox's tests know when there is another. */
function missingAiortc() {
  const found = spawnSync(PYTHON, ['-c', 'import aiortc'], { stdio: 'ignore' });
  return found.status === 0 || process.env.CI ? missingFirefox() : 'python3-aiortc is not installed (scripts/setup)';
}
const withGst = { skip: missingGst() || false };

describe('WHIP and WHEP', withChromium, () => {
  const call = Fixture.use();
  /** @type {Program | null} */
  let killed = null;
  let killedAt = 0;
  after(() => killed?.stop());

  /**
   * A page of Chromium that speaks WHIP and WHEP.
   * @param {import('node:test').TestContext} t
   */
  async function page(t) {
    const { page, close } = await call.chromium.page();
    t.after(close);
    await page.addInitScript(whipPage);
    await page.goto(`${call.server.url}/health`);
    /** @param {string} name @param {unknown[]} args */
    const http = (name, ...args) =>
      page.evaluate(
        ([name, args]) => /** @type {any} */ (window).http[/** @type {string} */ (name)](.../** @type {any} */ (args)),
        [name, args],
      );
    return { page, http, seen: () => page.evaluate(() => /** @type {any} */ (window).http.seen) };
  }

  /** @param {import('node:test').TestContext} t @param {string} room @param {string} name */
  function gstreamer(t, room, name) {
    return Program.start(t, PYTHON, [GST, `${call.server.url}/whip/${room}?name=${name}`]);
  }

  /** Until every section got something new since now. @param {any} viewer */
  async function flows(viewer, what = 'what is watched') {
    /** @type {any[]} */
    const before = await viewer.http('inbound');
    /** @type {any[]} */
    let now = [];
    await until(
      `${what} to flow`,
      async () => {
        now = await viewer.http('inbound');
        return now.every(({ kind, ssrc, frames, samples, packets }, index) => {
          const old = before[index].ssrc === ssrc ? before[index] : { frames: 0, samples: 0, packets: 0 };
          return kind === 'video' ? frames > old.frames + 20 : packets > old.packets + 20 && samples > old.samples;
        });
      },
      { within: 15_000, seen: () => ({ before, now }) },
    );
    return now;
  }

  it('a GStreamer publisher is killed, another never connects: the test at the end sees their sessions end', withGst, async () => {
    const room = 'killed';
    killed = new Program(
      spawn(PYTHON, [GST, `${call.server.url}/whip/${room}?name=Doomed`], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    await until('it to connect', () => killed?.output.includes('state connected'), { within: 20_000, seen: () => killed?.output });
    killed.child.kill('SIGKILL');
    killedAt = performance.now();
    const ghost = await fetch(`${call.server.url}/whip/${room}?name=Ghost`, {
      method: 'POST',
      body: readFileSync(NEVER_CONNECTS),
      headers: { 'Content-Type': 'application/sdp' },
    });
    assert.equal(ghost.status, 201);
  });

  it('the page sees and hears a WHIP publisher of GStreamer, which trickles, and which leaves by DELETE', withGst, async (t) => {
    const room = call.room();
    const ada = await call.join(t, room, 'Ada');
    const camera = gstreamer(t, room, 'Studio');
    await ada.sees(['Studio'], 20_000);
    assert.match(camera.output, /POST 201/);
    assert.match(camera.output, /PATCH 204/);
    const bob = await call.join(t, room, 'Bob');
    await bob.sees(['Ada', 'Studio']); // the encoder makes a key frame when it is asked, and else every 100 s
    await camera.stop();
    assert.match(camera.output, /DELETE 200/);
    await ada.sees(['Bob']);
    assert.deepEqual([...ada.complaints, ...bob.complaints], []);
  });

  it('a viewer in Chromium watches the page’s users, whoever comes, goes, and comes again', async (t) => {
    const room = call.room();
    const viewer = await page(t);
    const early = await viewer.http('watch', `/whep/${room}`, { audio: 1, video: 1 });
    assert.equal(early.status, 409);
    const ada = await call.join(t, room, 'Ada');
    await ada.until('sends', ({ connection }) => connection === 'connected');
    await call.join(t, room, 'Bob');
    await ada.sees(['Bob']);
    const { status, streams } = await viewer.http('watch', `/whep/${room}`, { audio: 2, video: 3 });
    assert.equal(status, 201);
    assert.equal(streams.length, 5);
    await until('Ada and Bob to be seen', async () => {
      const [, , first, second] = await viewer.http('inbound');
      return first.frames > 10 && second.frames > 10;
    });
    await call.join(t, room, 'Cleo');
    await until('Cleo, who came later, in the section that was left', async () => (await viewer.http('inbound'))[4].frames > 10, {
      within: 15_000,
      seen: () => viewer.http('inbound'),
    });
    await ada.click('#leave');
    await until('Ada to be gone', async () => {
      const [, , before] = await viewer.http('inbound');
      await new Promise((resolve) => setTimeout(resolve, 500));
      return (await viewer.http('inbound'))[2].frames === before.frames;
    });
    await call.join(t, room, 'Dora');
    const now = await flows(viewer, 'Dora, in Ada’s place, and all the others,');
    assert.ok(now.filter(({ kind }) => kind === 'video').every(({ rtx }) => rtx !== undefined));
    assert.equal(await viewer.http('end'), 200);
  });

  it('a viewer is told of layers and viewers, and takes the layer it chose', async (t) => {
    const room = call.room();
    const [camera, viewer] = [await page(t), await page(t)];
    const rids = ['q', 'h', 'f'];
    const published = await camera.http('publish', `/whip/${room}?name=Layers`, { rids, width: 960, height: 540 });
    assert.equal(published.status, 201, published.detail);
    assert.equal((await viewer.http('watch', `/whep/${room}`, { audio: 1, video: 1 })).status, 201);
    await viewer.http('events', ['active', 'inactive', 'layers', 'viewercount']);
    await until(
      'all layers to be told',
      async () => {
        const last = (await viewer.seen()).filter((/** @type {any} */ { name }) => name === 'layers').at(-1)?.data['1'] ?? [];
        return rids.every((wanted) => last.some((/** @type {any} */ { rid, bitrate }) => rid === wanted && bitrate > 0));
      },
      { within: 30_000, seen: viewer.seen },
    );
    for (const [rid, height] of /** @type {const} */ ([
      ['q', 135],
      ['f', 540],
      ['h', 270],
    ])) {
      assert.equal(await viewer.http('choose', { mediaId: '1', rid }), 200);
      await until(`a picture ${height} high`, async () => (await viewer.http('inbound'))[1].height === height, {
        within: 15_000,
        seen: () => viewer.http('inbound'),
      });
    }
    assert.equal(await viewer.http('choose', {}), 200);
    const told = (await viewer.seen()).map((/** @type {any} */ { name }) => name);
    assert.ok(told.includes('active') && told.includes('viewercount') && !told.includes('inactive'));
    assert.equal(await camera.http('end'), 200);
    await until('inactive to be told', async () => (await viewer.seen()).some((/** @type {any} */ { name }) => name === 'inactive'));
  });

  it('both ends restart ICE by PATCH, and what flows goes on', async (t) => {
    const room = call.room();
    const [camera, viewer] = [await page(t), await page(t)];
    assert.equal((await camera.http('publish', `/whip/${room}`, {})).status, 201);
    assert.equal((await viewer.http('watch', `/whep/${room}`, { audio: 1, video: 1 })).status, 201);
    await flows(viewer);
    for (const end of [camera, viewer]) {
      const before = await end.http('path');
      assert.deepEqual(await end.http('restartIce'), { status: 200, changed: true });
      await until('the new pair', async () => {
        const { state, ufrag } = await end.http('path');
        return state === 'connected' && ufrag !== before.ufrag;
      });
      await flows(viewer, 'after the restart');
    }
  });

  it('aiortc publishes and watches; neither trickles, nor keeps extension ids apart', { skip: missingAiortc() || false }, async (t) => {
    const room = call.room();
    const ada = await call.join(t, room, 'Ada');
    const camera = Program.start(t, PYTHON, [AIORTC, 'publish', `${call.server.url}/whip/${room}?name=Snake`]);
    await ada.sees(['Snake'], 20_000);
    const viewer = Program.start(t, PYTHON, [AIORTC, 'watch', `${call.server.url}/whep/${room}`]);
    await until(
      'the viewer to hear and see',
      () => [...viewer.output.matchAll(/^frames (\d+) (\d+)$/gm)].some(([, audio, video]) => Number(audio) > 50 && Number(video) > 20),
      { within: 20_000, seen: () => viewer.output },
    );
    await viewer.stop();
    await camera.stop();
    for (const { output } of [viewer, camera]) assert.match(output, /POST 201[^]*state connected[^]*DELETE 200/);
    await ada.until('is alone', ({ peers }) => peers.length === 0, 5_000);
    assert.deepEqual(ada.complaints, []);
  });

  it('a viewer in Firefox watches a publisher in Chromium, and restarts ICE', { skip: missingFirefox() || false }, async (t) => {
    const room = call.room();
    const camera = await page(t);
    assert.equal((await camera.http('publish', `/whip/${room}`, {})).status, 201);
    const firefox = await Firefox.start();
    t.after(() => firefox.close());
    const { page: tab } = await firefox.page();
    await tab.evaluateOnNewDocument(whipPage);
    await tab.goto(`${call.server.url}/health`);
    const http = (/** @type {string} */ name, /** @type {unknown[]} */ ...args) =>
      tab.evaluate((name, args) => /** @type {any} */ (window).http[name](.../** @type {any} */ (args)), name, /** @type {any} */ (args));
    const watched = await http('watch', `/whep/${room}`, { audio: 1, video: 1 });
    assert.equal(watched.status, 201, watched.detail);
    const plays = async () => {
      /** @type {any[]} */
      const before = await http('inbound');
      /** @type {any[]} */
      let now = [];
      await until(
        'Firefox to play both',
        async () => {
          now = await http('inbound');
          return now[0].packets > before[0].packets + 20 && now[1].frames > before[1].frames + 20;
        },
        { within: 15_000, seen: () => ({ before, now }) },
      );
    };
    await plays();
    assert.deepEqual(await http('restartIce'), { status: 200, changed: true });
    await plays();
    assert.equal(await http('end'), 200);
  });

  it('a publisher that closes its connection without DELETE has left at once', async (t) => {
    const room = call.room();
    const ada = await call.join(t, room, 'Ada');
    const camera = await page(t);
    assert.equal((await camera.http('publish', `/whip/${room}?name=Short`, {})).status, 201);
    await ada.sees(['Short']);
    await camera.http('close');
    await ada.until('is alone', ({ peers }) => peers.length === 0, 3_000);
  });

  it('a WHIP publisher, a user of the page and an app with mediasoup-client meet in one room', withGst, async (t) => {
    const room = call.room();
    const ada = await call.join(t, room, 'Ada');
    gstreamer(t, room, 'Studio');
    const { page: app, close } = await call.chromium.page();
    t.after(close);
    await app.goto(`${call.server.url}/health`);
    const bundle = await build({ entryPoints: [APP], bundle: true, format: 'iife', write: false });
    await app.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
    await app.evaluate(
      ([url, room]) => /** @type {any} */ (window).meet(url, room, 'App'),
      [`${call.server.url.replace('http', 'ws')}/signaling`, room],
    );
    await ada.sees(['Studio', 'App'], 20_000);
    /** @type {any[]} */
    let tracks = [];
    await until(
      'the app to see and hear both',
      async () => {
        tracks = await app.evaluate(() => /** @type {any} */ (window).tracks());
        const playing = (/** @type {string} */ kind) =>
          tracks.filter((each) => each.kind === kind && (kind === 'audio' ? each.packets : each.frames) > 20);
        return playing('video').length === 2 && playing('audio').length === 2;
      },
      { within: 20_000, seen: () => tracks },
    );
    assert.deepEqual(ada.complaints, []);
  });

  it('the sessions of the killed publisher, and of the one that never connected, have ended after 30 s', withGst, async (t) => {
    const ada = await call.join(t, 'killed', 'Ada');
    await ada.until('is alone', ({ phase, peers }) => phase === 'joined' && peers.length === 0, CONSENT_MS);
    t.diagnostic(`${((performance.now() - killedAt) / 1000).toFixed(1)} s after it was killed`);
  });
});
