// People without a camera or microphone, or who refuse them: they join, watch and listen, and are told.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chromium } from './lib/browsers.js';
import { Fixture, withChromium } from './lib/fixture.js';
import { until } from './lib/wait.js';

describe('devices', withChromium, () => {
  const call = Fixture.use();

  it('who refuses camera and microphone is told, watches and listens', async (t) => {
    const refusing = await Chromium.start({ devices: 'refused' });
    t.after(() => refusing.close());
    const room = call.room();
    const ada = await call.join(t, room, 'Ada');
    const watcher = await call.join(t, room, 'Watcher', { browser: refusing });
    const told = await until('a message', () => watcher.page.locator('#toasts').textContent());
    assert.match(told, /may not use your camera and microphone/);
    assert.match(told, /still join, watch and listen/);
    await watcher.sees(['Ada']);
    const { me } = await watcher.state();
    assert.deepEqual([me.audio, me.video], [false, false]);
    await ada.until(
      'the watcher is shown without picture and sound',
      ({ peers }) => peers.length === 1 && !peers[0].audio && !peers[0].video && !peers[0].hasVideo,
    );
    const [before] = await watcher.sample();
    await until('moving pictures and sound', async () => {
      const [now] = await watcher.sample();
      return now.framesDecoded > before.framesDecoded + 15 && now.audioPackets > before.audioPackets + 20;
    });
  });

  it('two watchers without devices, alone in a room, are simply there', async (t) => {
    const room = call.room();
    const people = await Promise.all(['Ada', 'Bob'].map((name) => call.join(t, room, name, { query: { audio: 0, video: 0 } })));
    for (const each of people)
      await each.until(
        'the other one, and a connection that is fine',
        ({ peers, connection }) => peers.length === 1 && connection === 'connected',
      );
    // Someone with a camera comes: both see them. Then one of the two finds a camera.
    const cleo = await call.join(t, room, 'Cleo');
    for (const each of people)
      await each.until('Cleo’s picture', ({ peers }) =>
        peers.some((/** @type {any} */ peer) => peer.name === 'Cleo' && peer.hasVideo && peer.hasAudio),
      );
    await people[0]?.click('#cam');
    await cleo.until('Ada’s picture', ({ peers }) =>
      peers.some((/** @type {any} */ peer) => peer.name === 'Ada' && peer.hasVideo && !peer.audio),
    );
  });

  it('who has a microphone and no camera is told so on the way in', async (t) => {
    const poor = await Chromium.start({ devices: 'none' });
    t.after(() => poor.close());
    const { page, close } = await poor.page();
    t.after(close);
    await page.goto(`${call.server.url}/?room=${call.room()}`);
    const notice = page.locator('#entry-notice');
    await notice.waitFor({ state: 'visible' });
    assert.match((await notice.textContent()) ?? '', /No camera/);
    await page.fill('#name', 'Poor');
    await page.click('#join');
    await until('in the call', () => page.evaluate(() => /** @type {any} */ (window).sluice.state().connection === 'connected'));
  });
});
