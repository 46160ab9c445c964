// Who is here and what they show: leaving, muting, the camera, coming back by reload.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fixture, withChromium } from './lib/fixture.js';
import { allSeeAll } from './lib/participant.js';
import { until } from './lib/wait.js';

/** @param {any} state @param {string} name */
const peer = (state, name) => state.peers.find((/** @type {any} */ each) => each.name === name);

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
    await until('new frames of Ada', async () => (await bob.sample())[0].framesDecoded > before.framesDecoded + 20, { within: 4_000 });
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
});
