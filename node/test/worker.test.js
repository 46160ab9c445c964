import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorker, InvalidStateError, observer, version, WorkerClosedError, WorkerDiedError, workerBin } from 'sluice';
import { mediaCodecs, next, startRoom, startWorker } from './support.js';

test('a worker starts, tells of itself and ends', async () => {
  const seen = next(observer, 'newworker');
  const worker = await createWorker({ listen: [{ ip: '127.0.0.1' }], appData: { color: 'blue' } });
  assert.equal((await seen)[0], worker);
  assert.ok(worker.pid > 0);
  assert.deepEqual(worker.appData, { color: 'blue' });
  assert.equal(worker.closed, false);
  const dump = await worker.dump();
  assert.equal(dump.process.pid, worker.pid);
  assert.deepEqual(dump.roomIds, []);
  const usage = await worker.getResourceUsage();
  assert.equal(Object.keys(usage).length, 16);
  assert.ok(usage.ru_maxrss > 1000);
  const stats = await worker.getStats();
  assert.deepEqual([stats.rooms, stats.peers, stats.transports, stats.dropped], [0, 0, [], {}]);
  assert.deepEqual(
    stats.tracks.map(({ type, kind }) => `${kind} ${type}`),
    ['audio inbound-rtp', 'audio outbound-rtp', 'video inbound-rtp', 'video outbound-rtp'],
  );
  assert.ok(stats.process.residentMemory > 1_000_000);
  assert.ok(stats.loop.wakeUps > 0);
  const [udp, tcp] = stats.sockets;
  assert.deepEqual([udp.protocol, udp.sockets, tcp.protocol, tcp.sockets], ['udp', 1, 'tcp', 0]);
  assert.equal(udp.sendBatch.counts.length, udp.sendBatch.bounds.length + 1);
  const events = [];
  worker.observer.on('close', () => events.push('close'));
  worker.on('died', () => events.push('died'));
  const gone = next(worker, 'subprocessclose');
  worker.close();
  worker.close();
  assert.equal(worker.closed, true);
  await gone;
  assert.equal(worker.subprocessClosed, true);
  assert.equal(worker.died, false);
  assert.deepEqual(events, ['close']);
});

test('the module says its version and which binary it runs', () => {
  assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.match(workerBin, /sluice-worker$/);
});

test('settings are updated one by one', async (t) => {
  const worker = await startWorker(t, { logTags: ['ice'] });
  await worker.updateSettings({ logLevel: 'debug' });
  await worker.updateSettings({ logTags: ['rtp', 'dtls'] });
  await worker.updateSettings();
  await assert.rejects(worker.updateSettings({ logLevel: 'loud' }), { name: 'TypeError', field: 'logLevel' });
});

test('what is asked of a closed worker is rejected', async (t) => {
  const worker = await startWorker(t);
  worker.close();
  await assert.rejects(worker.dump(), InvalidStateError);
  await assert.rejects(worker.createRoom({ mediaCodecs }), InvalidStateError);
  await assert.rejects(worker.getResourceUsage(), InvalidStateError);
  await assert.rejects(worker.getStats(), InvalidStateError);
});

test('requests under way when a worker is closed are rejected', async (t) => {
  const worker = await startWorker(t);
  const pending = worker.dump();
  worker.close();
  await assert.rejects(pending, WorkerClosedError);
});

test('closing a worker closes all that is in it at once', async (t) => {
  const { worker, room } = await startRoom(t);
  const peer = await room.createPeer();
  const transport = await peer.createWebRtcTransport();
  const events = [];
  room.on('workerclose', () => events.push('workerclose'));
  peer.on('routerclose', () => events.push('routerclose'));
  transport.on('peerclose', () => events.push('peerclose'));
  for (const [name, object] of Object.entries({ room, peer, transport })) object.observer.on('close', () => events.push(name));
  worker.close();
  assert.deepEqual(events, ['peerclose', 'transport', 'routerclose', 'peer', 'workerclose', 'room']);
  assert.ok(room.closed && peer.closed && transport.closed);
});

test('a worker killed by SIGKILL is told of within 100 ms, and all its requests are rejected', async (t) => {
  const times = [];
  // The best of some: the machine may be busy with other things.
  while (times.length < 5 && !(Math.min(...times) < 100)) {
    const { worker, room } = await startRoom(t);
    const peer = await room.createPeer();
    const requests = [];
    process.kill(worker.pid, 'SIGSTOP');
    for (let i = 0; i < 50; i++) requests.push(room.dump(), peer.createOffer(), worker.getResourceUsage());
    const settled = Promise.allSettled(requests);
    const died = next(worker, 'died');
    const start = performance.now();
    process.kill(worker.pid, 'SIGKILL');
    const [error] = await died;
    times.push(performance.now() - start);
    assert.ok(error instanceof WorkerDiedError);
    assert.equal(error.signal, 'SIGKILL');
    assert.equal(error.pid, worker.pid);
    assert.ok(worker.died && worker.closed && room.closed && peer.closed);
    for (const { status, reason } of await settled) {
      assert.equal(status, 'rejected');
      assert.ok(reason instanceof WorkerClosedError);
    }
  }
  assert.ok(Math.min(...times) < 100, `it took ${times.map(Math.round)} ms`);
});

test('a listener that throws breaks nothing, and is told of', async (t) => {
  const { worker, room } = await startRoom(t);
  const problems = [];
  room.observer.on('close', () => {
    throw new Error('mine');
  });
  room.observer.on('listenererror', (name, error) => problems.push([name, error.message]));
  room.close();
  assert.deepEqual(problems, [['close', 'mine']]);
  await worker.dump();
});
