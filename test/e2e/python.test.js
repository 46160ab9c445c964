// The conference example in Python: the same page, the same signaling, and Chromium calls through it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Fixture, withChromium } from './lib/fixture.js';
import { assertMediaFlows, describeMedia } from './lib/media.js';
import { allSeeAll } from './lib/participant.js';
import { ROOT } from './lib/server.js';

const WATCH_S = 5;
const program = [join(ROOT, '.tools/python/bin/python'), join(ROOT, 'examples/python-conference/server.py')];

describe('a call through the conference server in Python', withChromium, () => {
  const call = Fixture.use({ program, fps: 20 });

  it('three people see and hear each other, and one who leaves is gone', async (t) => {
    const people = await call.joinAll(t, call.room(), ['Ada', 'Bob', 'Cleo']);
    await allSeeAll(people);
    const measured = await assertMediaFlows(people, WATCH_S);
    t.diagnostic(describeMedia(measured));
    const [gone, ...rest] = people;
    await gone?.close();
    await allSeeAll(rest);
    assert.deepEqual(
      people.flatMap(({ complaints }) => complaints),
      [],
    );
  });
});
