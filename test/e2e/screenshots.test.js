// Every screen of the page fits, narrow and wide, light and dark. SLUICE_E2E=full takes pictures of them for people to look at, into
// test-results/.

import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Fixture, withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { allSeeAll } from './lib/participant.js';
import { takePicture } from './lib/screenshots.js';
import { sleep } from './lib/wait.js';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };
const TOAST_MS = 3_600;
const LOOKS = /** @type {const} */ ([
  ['wide-light', WIDE, 'light'],
  ['wide-dark', WIDE, 'dark'],
  ['narrow-light', NARROW, 'light'],
  ['narrow-dark', NARROW, 'dark'],
]);

/** @param {import('playwright-core').Page} page @param {string} what */
async function shoot(page, what) {
  for (const [look, size, colorScheme] of FULL ? LOOKS : [LOOKS[0], LOOKS[3]]) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    if (FULL) await sleep(350); // transitions
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${what}, ${look}: ${overflow} px wider than the window`);
    await takePicture(page, `${what}-${look}`);
  }
}

describe('screenshots', withChromium, () => {
  const call = Fixture.use();

  it('of the entry, of calls of 1, 2 and 4, with statistics, and of the end', async (t) => {
    const room = call.room();
    const { page, close } = await call.chromium.page();
    t.after(close);
    await page.goto(`${call.server.url}/`);
    await page.fill('#name', 'Ada Lovelace');
    await page.waitForFunction(() => /** @type {HTMLVideoElement} */ (document.querySelector('#preview-video')).videoWidth > 0);
    await shoot(page, 'entry');

    const ada = await call.join(t, room, 'Ada Lovelace', { query: { width: 640, height: 360 } });
    await ada.until('in the call', ({ connection }) => connection === 'connected');
    await shoot(ada.page, 'call-1');
    const bob = await call.join(t, room, 'Bob');
    await allSeeAll([ada, bob]);
    if (FULL) await sleep(TOAST_MS); // “Bob joined” goes
    await shoot(ada.page, 'call-2');

    const [cleo, dora] = await call.joinAll(t, room, ['Cleopatra Wellington-Smythe', 'Dora']);
    assert.ok(cleo && dora);
    await allSeeAll([ada, bob, cleo, dora]);
    await cleo.click('#mic');
    await dora.click('#cam');
    await ada.until('Dora’s camera is off', ({ peers }) => peers.some((/** @type {any} */ peer) => peer.name === 'Dora' && !peer.video));
    if (FULL) await sleep(TOAST_MS);
    await shoot(ada.page, 'call-4');
    await ada.click('#stats');
    if (FULL) await sleep(2_200); // two samples make a rate
    await shoot(ada.page, 'call-4-statistics');
    await ada.click('#leave');
    await shoot(ada.page, 'left');
  });
});
