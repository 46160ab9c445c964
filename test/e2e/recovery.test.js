// What goes wrong in real life: the WebSocket drops, the worker dies. The call goes on by itself.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fixture, withChromium } from './lib/fixture.js';
import { FULL } from './lib/full.js';
import { allSeeAll } from './lib/participant.js';
import { isRunning } from './lib/processes.js';
import { Proxy } from './lib/proxy.js';
import { Server } from './lib/server.js';
import { sleep, until } from './lib/wait.js';

/** @import { Participant } from './lib/participant.js' */

const OUTAGE_MS = 2_500;
/** What docs/operations.md promises of a worker that dies; three browsers on two cores may keep the server waiting for its turn. */
const KNOWN_WITHIN_MS = FULL ? 100 : 1_000;
const RECOVERED_WITHIN_MS = 3_000;

/** How many RTCPeerConnections each has made. @param {Participant[]} people @returns {Promise<number[]>} */
const connections = (people) => Promise.all(people.map(({ page }) => page.evaluate(() => /** @type {any} */ (window).e2e.connections)));

describe('recovery', withChromium, () => {
  const call = Fixture.use({ fps: 20 });

  it('a dropped WebSocket is resumed: media flows meanwhile, and what was missed is caught up', async (t) => {
    const room = call.room();
    const wire = new Proxy(call.server.port);
    t.after(() => wire.close());
    const base = `http://localhost:${await wire.open()}`;
    const ada = await call.join(t, room, 'Ada');
    const bob = await call.join(t, room, 'Bob', { base });
    await allSeeAll([ada, bob]);
    const { peer_id: id } = (await bob.state()).me;
    const made = await connections([bob]);

    wire.cut();
    await bob.until('says that it reconnects', ({ connection }) => connection === 'reconnecting', 2_000);
    const [before] = await bob.sample();
    await ada.click('#mic');
    const cleo = await call.join(t, room, 'Cleo');
    await cleo.sees(['Ada', 'Bob']);
    await sleep(OUTAGE_MS);
    const [after] = await bob.sample();
    assert.ok(
      after.framesDecoded - before.framesDecoded > OUTAGE_MS / 100,
      `media stood still: ${after.framesDecoded - before.framesDecoded} frames in the outage`,
    );
    assert.deepEqual(await ada.tiles(), ['Bob', 'Cleo']);

    wire.mend();
    await bob.until('is connected again', ({ connection }) => connection === 'connected', 6_000);
    await allSeeAll([ada, bob, cleo]);
    const state = await bob.state();
    assert.equal(state.me.peer_id, id, 'it is another participation');
    assert.deepEqual(await connections([bob]), made, 'it is another RTCPeerConnection');
    assert.equal(state.peers.find((/** @type {any} */ peer) => peer.name === 'Ada').audio, false, 'missed that Ada was muted');
    await cleo.click('#leave');
    await bob.until('hears of what happens now', ({ peers }) => peers.length === 1, 3_000);
  });

  it('a worker that is killed is replaced at once, and everyone finds back within 3 s', async (t) => {
    const people = await call.joinAll(t, call.room(), ['Ada', 'Bob', 'Cleo']);
    await allSeeAll(people);
    const killed = call.server.workerPid;
    assert.ok(killed > 0, 'the server has no worker');
    const said = call.server.output.length;
    const killedAt = Date.now();
    process.kill(killed, 'SIGKILL');
    // On the new connections, whose counters begin at nothing.
    const seesAgain = async (/** @type {Participant} */ each) => {
      const [made] = await connections([each]);
      const sample = (made ?? 0) > 1 ? await each.sample() : [];
      return (
        sample.length === people.length - 1 && sample.every(({ framesDecoded, audioPackets }) => framesDecoded > 0 && audioPackets > 0)
      );
    };
    await Promise.all(
      people.map((each) => until(`${each.name} to see everyone again`, () => seesAgain(each), { within: 15_000, every: 20 })),
    );
    const recoveredAt = Date.now();
    const log = call.server.output.slice(said);
    const timeOf = (/** @type {RegExp} */ line) => Date.parse(line.exec(log)?.[1] ?? '') - killedAt;
    const [told, replaced] = [timeOf(/^(\S+) error .*SIGKILL.*; starting another$/m), timeOf(/^(\S+) info {2}worker \d+ took its place$/m)];
    t.diagnostic(
      `the server knew after ${told} ms, had another worker after ${replaced} ms, and all saw each other after ${recoveredAt - killedAt} ms`,
    );
    assert.ok(told >= 0 && told < KNOWN_WITHIN_MS, `the server heard of it after ${told} ms: ${log}`);
    assert.ok(recoveredAt - killedAt < RECOVERED_WITHIN_MS, `it took ${recoveredAt - killedAt} ms`);
    await allSeeAll(people);
    for (const [index, sample] of (await Promise.all(people.map((each) => each.sample()))).entries()) {
      await until('moving pictures', async () =>
        (await people[index]?.sample())?.every((now, at) => now.framesDecoded > sample[at].framesDecoded),
      );
    }
    assert.equal(isRunning(killed), false);
    assert.ok(call.server.workerPid > 0 && call.server.workerPid !== killed);
  });

  it('a server that comes back after a restart finds everyone again', async (t) => {
    const first = await Server.start();
    t.after(() => first.stop());
    const wire = new Proxy(first.port);
    t.after(() => wire.close());
    const base = `http://localhost:${await wire.open()}`;
    const room = call.room();
    const people = [await call.join(t, room, 'Ada', { base }), await call.join(t, room, 'Bob', { base })];
    await allSeeAll(people);
    wire.cut();
    await first.stop();
    const second = await Server.start();
    t.after(() => second.stop());
    wire.mend(second.port);
    await until('a second RTCPeerConnection everywhere', async () => (await connections(people)).every((made) => made > 1), {
      within: 15_000,
    });
    await allSeeAll(people);
  });

  it('the server stops on SIGTERM with a call in it, and leaves no process behind', async (t) => {
    const people = await call.joinAll(t, call.room(), ['Ada', 'Bob']);
    await allSeeAll(people);
    const worker = call.server.workerPid;
    await call.server.stop();
    assert.equal(isRunning(call.server.pid), false);
    await until('the worker to end', () => !isRunning(worker), { within: 3_000 });
    await people[0]?.until('says that it reconnects', ({ connection }) => connection === 'reconnecting', 3_000);
  });
});
