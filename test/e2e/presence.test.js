// Who is here and what they show: leaving, muting, the camera, coming back by reload.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fixture, withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { allSeeAll } from './lib/participant.js';
import { until } from './lib/wait.js';

/** In the second nobody gets a section that is new. */
const ROUNDS = FULL ? 4 : 2;

/** @param {any} state @param {string} name */
const peer = (state, name) => state.peers.find((/** @type {any} */ each) => each.name === name);

/** In the page: a microphone that hears a voice. (The fake one beeps for 20 ms twice a second, and echo cancellation takes even that.) */
function speakAllTheTime() {
  const { mediaDevices } = navigator;
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    const context = new AudioContext();
    const [voice, mouth] = [new OscillatorNode(context, { frequency: 220 }), context.createMediaStreamDestination()];
    voice.connect(mouth);
    voice.start();
    return new MediaStream([...stream.getVideoTracks(), ...mouth.stream.getAudioTracks()]);
  };
}

describe('presence', withChromium, () => {
  const call = Fixture.use();

  it('who leaves, by the button or by closing the page, is gone from every screen', async (t) => {
    const [ada, bob, cleo, dora] = await call.joinAll(t, call.room(), ['Ada', 'Bob', 'Cleo', 'Dora']);
    assert.ok(ada && bob && cleo && dora);
    await allSeeAll([ada, bob, cleo, dora]);
    await dora.click('#leave');
    await Promise.all([ada, bob, cleo].map((each) => each.until('Dora is gone', ({ peers }) => peers.length === 2, 3_000)));
    assert.deepEqual((await ada.tiles()).sort(), ['Bob', 'Cleo']);
    assert.equal((await dora.state()).phase, 'left');
    await cleo.page.close();
    await Promise.all([ada, bob].map((each) => each.until('Cleo is gone', ({ peers }) => peers.length === 1, 3_000)));
    assert.deepEqual(await ada.tiles(), ['Bob']);
    assert.deepEqual(await bob.tiles(), ['Ada']);
    await allSeeAll([ada, bob]);
    await dora.click('#rejoin');
    await allSeeAll([ada, bob, dora]);
  });

  it('a muted microphone and a camera switched off show everywhere, and come back', async (t) => {
    const [ada, bob] = await call.joinAll(t, call.room(), ['Ada', 'Bob']);
    assert.ok(ada && bob);
    await allSeeAll([ada, bob]);
    const badge = () => bob.page.locator('article.tile:not(.self) .muted-badge').isVisible();

    await ada.click('#mic');
    await bob.until('Ada is muted', (state) => !peer(state, 'Ada').audio, 2_000);
    assert.ok(await badge(), 'the tile shows no muted microphone');
    await ada.click('#mic');
    await bob.until('Ada speaks again', (state) => peer(state, 'Ada').audio, 2_000);
    await until('the badge to go', async () => !(await badge()));

    await ada.click('#cam');
    await bob.until('Ada’s camera is off', (state) => !peer(state, 'Ada').video && !peer(state, 'Ada').hasVideo, 2_000);
    assert.ok(await bob.page.locator('article.tile:not(.self) .avatar').isVisible(), 'no initials where the picture was');
    const before = (await bob.sample())[0];
    await ada.click('#cam');
    await bob.until('Ada’s camera is on again', (state) => peer(state, 'Ada').video && peer(state, 'Ada').hasVideo, 4_000);
    await until('new frames of Ada', async () => (await bob.sample())[0].framesDecoded > before.framesDecoded + 10, { within: 4_000 });
    assert.ok((await bob.sample())[0].audioPackets > before.audioPackets, 'sound stopped with the camera');
  });

  it('a reload rejoins, once', async (t) => {
    const [ada, bob] = await call.joinAll(t, call.room(), ['Ada', 'Bob']);
    assert.ok(ada && bob);
    await allSeeAll([ada, bob]);
    const { peer_id: first } = (await bob.state()).me;
    await bob.page.reload();
    await bob.until('a new participation', ({ me }) => me?.peer_id && me.peer_id !== first);
    await allSeeAll([ada, bob]);
    assert.deepEqual(await ada.tiles(), ['Bob']);
  });

  it('an invited person enters a name, joins by the button, and a reload then joins by itself', async (t) => {
    const room = call.room();
    const ada = await call.join(t, room, 'Ada');
    const { page, close } = await call.chromium.page();
    t.after(close);
    await page.goto(`${call.server.url}/?room=${room}&width=320&height=180`);
    await page.fill('#name', 'Émile & <b>Zoë</b>');
    await page.click('#join');
    await ada.sees(['Émile & <b>Zoë</b>']);
    await page.reload();
    await ada.until('the first of them left', ({ peers }) => peers.length <= 1);
    await ada.sees(['Émile & <b>Zoë</b>']);
  });

  it('people who come and go all at once leave everyone with the right tiles and no error', async (t) => {
    const room = call.room();
    const staying = await call.joinAll(t, room, ['Ada', 'Bob']);
    for (let round = 1; round <= ROUNDS; round++) {
      const passing = await call.joinAll(t, room, [`Cleo ${round}`, `Dora ${round}`, `Ed ${round}`]);
      const [cleo, dora, ed] = passing;
      assert.ok(cleo && dora && ed);
      // One goes before anything can have settled, one presses buttons in the middle of it, one goes when all is well.
      await cleo.until('is in the room', ({ phase }) => phase === 'joined');
      await Promise.all([cleo.click('#leave'), dora.click('#cam')]);
      await dora.click('#cam');
      await allSeeAll([...staying, dora, ed]);
      await Promise.all([dora.click('#leave'), ed.page.close()]);
    }
    await allSeeAll(staying);
    for (const each of staying) {
      assert.equal((await each.tiles()).length, 1);
      assert.deepEqual(each.complaints, []);
      assert.equal(await each.page.evaluate(() => /** @type {any} */ (window).e2e.connections), 1, 'it had to start over');
      const sections = await each.page.evaluate(() => /** @type {any} */ (window).sluice.pc.getTransceivers().length);
      assert.ok(sections <= 2 + 2 * 4, `${sections} sections: those of people who left are not used again`);
    }
  });

  it('who speaks is marked, and the statistics show what arrives', async (t) => {
    const room = call.room();
    const ada = await call.join(t, room, 'Ada', { init: speakAllTheTime });
    const bob = await call.join(t, room, 'Bob');
    await allSeeAll([ada, bob]);
    await bob.until('Ada speaks', (state) => peer(state, 'Ada').speaking, 4_000);
    await ada.click('#mic');
    await bob.until('Ada is silent', (state) => !peer(state, 'Ada').speaking, 3_000);
    await bob.click('#stats');
    const statistics = () => bob.page.locator('article.tile:not(.self) .stats').innerText();
    await until('statistics of the picture', async () => /320×180 · \d+ fps/.test(await statistics()) && /VP8/.test(await statistics()), {
      seen: statistics,
    });
  });
});
