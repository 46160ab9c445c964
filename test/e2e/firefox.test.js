// A person in Firefox and one in Chromium in the same call.

import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Firefox, missingFirefox } from './lib/browsers.js';
import { Fixture, withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { assertMediaFlows, describeMedia } from './lib/media.js';
import { allSeeAll } from './lib/participant.js';
import { takePicture } from './lib/screenshots.js';

const WATCH_S = FULL ? 8 : 5;

describe('Firefox', { skip: withChromium.skip || missingFirefox() || false }, () => {
  const call = Fixture.use({ fps: 20 });

  it('joins a call with Chromium; both see and hear each other, whoever came first', async (t) => {
    const firefox = await Firefox.start();
    t.after(() => firefox.close());
    const room = call.room();
    const ada = await call.join(t, room, 'Ada');
    const fox = await call.join(t, room, 'Fox', { browser: firefox });
    await allSeeAll([ada, fox], 15_000);
    const cleo = await call.join(t, room, 'Cleo');
    await allSeeAll([ada, fox, cleo], 15_000);
    t.diagnostic(describeMedia(await assertMediaFlows([ada, fox, cleo], WATCH_S)));
    await takePicture(fox.page, 'firefox-3');
    const heard = (await ada.sample()).find(({ name }) => name === 'Fox');
    assert.ok(heard.audioEnergy > 0, 'Firefox’s tone is silence in Chromium');
    await cleo.click('#leave');
    await fox.sees(['Ada']);
    // Firefox lets a page that goes away send nothing more: the socket's close code has to tell.
    await fox.page.reload();
    await ada.until('the old Fox is gone', ({ peers }) => peers.length < 2, 3_000);
    await allSeeAll([ada, fox], 15_000);
  });
});
