// Tokens as people meet them: the page lets in, or says in a sentence why not.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Fixture, withChromium } from './lib/fixture.js';
import { ROOT } from './lib/server.js';
import { takePicture } from './lib/screenshots.js';
import { sleep } from './lib/wait.js';

const folder = mkdtempSync(join(tmpdir(), 'sluice-tokens-'));
const secret = join(folder, 'secret');
writeFileSync(secret, randomBytes(48).toString('base64'));
after(() => rmSync(folder, { recursive: true }));

/** What the server forgives clocks that differ, and then some. */
const GRACE_MS = 5_500;

/** By the command that people use. @param {string} room @param {string} identity @param {string[]} more */
function token(room, identity, ...more) {
  const command = [
    join(ROOT, 'server/dist/main.js'),
    'token',
    '--token-secret-file',
    secret,
    '--room',
    room,
    '--identity',
    identity,
    ...more,
  ];
  return spawnSync(process.execPath, command, { encoding: 'utf8' }).stdout.trim();
}

describe('the page where entering takes a token', withChromium, () => {
  const call = Fixture.use({ options: ['--tokens', 'required', '--token-secret-file', secret] });

  it('lets in by the link, keeps its token in the address bar, and shares the link without it', async (t) => {
    const room = call.room();
    const people = [
      await call.join(t, room, 'Ada', { query: { token: token(room, 'ada', '--name', 'Ada Lovelace') } }),
      await call.join(t, room, 'Bob', { query: { token: token(room, 'bob') } }),
    ];
    await people[1]?.sees(['Ada Lovelace']);
    await people[0]?.sees(['Bob']);
    const ada = people[0]?.page;
    assert.match(await ada.evaluate(() => location.href), /token=/);
    assert.doesNotMatch(await ada.evaluate(() => document.querySelector('.invite-link input')?.getAttribute('value') ?? ''), /token/);
    await ada.reload();
    await people[0]?.sees(['Bob']);
  });

  it('says why somebody is not let in, and what to do', async (t) => {
    const room = call.room();
    const expired = token(room, 'eve', '--valid-for', '1s');
    const expires = performance.now() + 1_000 + GRACE_MS;
    for (const [index, [query, sentence]] of /** @type {const} */ ([
      [{}, 'This call is by invitation: open the link that you were sent.'],
      [
        { token: 'rubbish' },
        'Your invitation is not valid here: its link may be incomplete, or meant for another server. Ask for a new link.',
      ],
      [{ token: token('elsewhere', 'eve') }, 'Your invitation is for another room than this one.'],
      [{ token: expired }, 'Your invitation has expired. Ask for a new link.'],
    ]).entries()) {
      if ('token' in query && query.token === expired) await sleep(expires - performance.now());
      const eve = await call.join(t, room, 'Eve', { query });
      await eve.page.waitForSelector('#refusal:not([hidden])');
      assert.equal(await eve.page.textContent('#refusal'), sentence);
      const inView = await eve.page.evaluate(() => {
        const { top, bottom } = /** @type {HTMLElement} */ (document.querySelector('#refusal')).getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      });
      assert.ok(inView, 'the sentence is not in view');
      await takePicture(eve.page, `refused-${index + 1}`);
    }
  });

  it('who may only watch sees the others, is shown no camera button, and is not seen', async (t) => {
    const room = call.room();
    const ada = await call.join(t, room, 'Ada', { query: { token: token(room, 'ada') } });
    const viewer = await call.join(t, room, 'Viewer', { query: { token: token(room, 'viewer', '--no-publish') } });
    await viewer.sees(['Ada']);
    await ada.until('shows the viewer without a picture', ({ peers }) => peers.length === 1 && !peers[0].hasVideo && !peers[0].video);
    for (const button of ['#mic', '#cam']) assert.equal(await viewer.page.isVisible(button), false);
    assert.equal(
      await viewer.page.evaluate(
        () => /** @type {any} */ (window).sluice.pc.getSenders().filter((/** @type {any} */ each) => each.track).length,
      ),
      0,
    );
    await takePicture(viewer.page, 'watching');
    assert.deepEqual([...ada.complaints, ...viewer.complaints], []);
  });
});
