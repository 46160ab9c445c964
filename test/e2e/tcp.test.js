// Calls that have only TCP: the UDP candidates are taken out of what the server says before the browser sees them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWorker } from 'sluice';
import { Firefox, missingFirefox } from './lib/browsers.js';
import { Fixture, withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { assertMediaFlows, describeMedia } from './lib/media.js';
import { allSeeAll } from './lib/participant.js';
import { until } from './lib/wait.js';

const WATCH_S = FULL ? 10 : 6;

/** Runs in the page before its scripts. */
function withoutUdp() {
  const { prototype } = /** @type {any} */ (window).RTCPeerConnection;
  const { setRemoteDescription } = prototype;
  prototype.setRemoteDescription = function (/** @type {any} */ { type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: sdp?.replace(/^a=candidate:\S+ \d+ udp .*\r\n/gim, '') });
  };
}

describe('a call by TCP alone', withChromium, () => {
  const call = Fixture.use({ fps: 20, options: ['--log-level', 'debug'] });

  it('two people in Chromium see and hear each other without a freeze', async (t) => {
    const room = call.room();
    const people = [await call.join(t, room, 'Ada', { init: withoutUdp }), await call.join(t, room, 'Bob', { init: withoutUdp })];
    await allSeeAll(people, 15_000);
    t.diagnostic(describeMedia(await assertMediaFlows(people, WATCH_S)));
    for (const each of people) {
      const { local, remote } = await each.selectedPair();
      assert.deepEqual([local, remote], ['tcp', 'tcp'], `${each.name} is not connected by TCP`);
    }
    assert.match(call.server.output, /ICE selected \S+ by tcp/);
    assert.doesNotMatch(call.server.output, /ICE selected \S+ by udp/);
    await people[0]?.click('#leave');
    await people[1]?.sees([]);
  });

  it('one with TCP and one with UDP share a room', async (t) => {
    const room = call.room();
    const people = [await call.join(t, room, 'Ada', { init: withoutUdp }), await call.join(t, room, 'Bob')];
    await allSeeAll(people, 15_000);
    t.diagnostic(describeMedia(await assertMediaFlows(people, 5)));
    assert.equal((await people[0]?.selectedPair())?.remote, 'tcp');
    assert.equal((await people[1]?.selectedPair())?.remote, 'udp'); // both were offered
  });

  it('a person in Firefox and one in Chromium', { skip: missingFirefox() || false }, async (t) => {
    const firefox = await Firefox.start();
    t.after(() => firefox.close());
    const room = call.room();
    const people = [
      await call.join(t, room, 'Fox', { browser: firefox, init: withoutUdp }),
      await call.join(t, room, 'Ada', { init: withoutUdp }),
    ];
    await allSeeAll(people, 20_000);
    t.diagnostic(describeMedia(await assertMediaFlows(people, 5)));
    assert.equal((await people[0]?.selectedPair())?.remote, 'tcp');
  });

  it('the controller is told by iceSelectedTuple, and of the end of the connection at once', async (t) => {
    const worker = await createWorker({
      listen: [{ ip: '127.0.0.1' }, { protocol: 'tcp', ip: '127.0.0.1' }],
    });
    t.after(() => worker.close());
    const room = await worker.createRoom({ mediaCodecs: [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 }] });
    const peer = await room.createPeer({ name: 'Ada' });
    /** @type {any} */
    let transport;
    peer.observer.on('newtransport', (made) => (transport = made));
    const { page, close } = await call.chromium.page();
    t.after(close);
    await page.addInitScript(withoutUdp);
    await page.goto(call.server.url);
    const offer = await page.evaluate(async () => {
      const pc = new RTCPeerConnection();
      Object.assign(window, { pc });
      for (const track of (await navigator.mediaDevices.getUserMedia({ audio: true })).getTracks()) pc.addTrack(track);
      await pc.setLocalDescription();
      return { type: /** @type {const} */ ('offer'), sdp: pc.localDescription?.sdp ?? '' };
    });
    await peer.setRemoteDescription(offer);
    await peer.setLocalDescription(await peer.createAnswer());
    await page.evaluate((answer) => /** @type {any} */ (window).pc.setRemoteDescription(answer), {
      type: /** @type {const} */ ('answer'),
      sdp: peer.localDescription?.sdp ?? '',
    });
    await until('DTLS', () => transport?.dtlsState === 'connected');
    assert.equal(transport.iceSelectedTuple.protocol, 'tcp');
    const [stats] = await transport.getStats();
    assert.equal(stats.iceSelectedTuple.protocol, 'tcp');
    const { sockets } = /** @type {any} */ (await worker.dump());
    assert.ok(sockets[1].connectionsOpen >= 1); // one for each local address that Chromium tries
    await page.evaluate(() => /** @type {any} */ (window).pc.close());
    await until('the end of the connection', () => transport.iceState === 'disconnected' || transport.iceState === 'closed', {
      within: 5_000,
    });
  });
});
