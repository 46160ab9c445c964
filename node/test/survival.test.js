// Much under way at once, and a controller that does not read. (Killed workers and controllers: worker.test.js, start.test.js.)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WorkerClosedError } from 'sluice';
import { next, startRoom, startWorker, videoParameters } from './support.js';

test('ten thousand requests in flight are answered in their order', async (t) => {
  const { worker, room } = await startRoom(t);
  const transport = await room.createDirectTransport();
  const order = [];
  const ask = async (number) => {
    await (number % 2 ? transport.getStats() : worker.getResourceUsage());
    order.push(number);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: 10_000 }, (_, number) => ask(number)));
  t.diagnostic(`they took ${Math.round(performance.now() - start)} ms`);
  assert.equal(order.length, 10_000);
  for (const parity of [0, 1]) {
    const same = order.filter((number) => number % 2 === parity);
    assert.deepEqual(
      same,
      [...same].sort((a, b) => a - b),
    );
  }
});

test('ten thousand requests in flight are rejected when the worker is killed', async (t) => {
  const worker = await startWorker(t);
  process.kill(worker.pid, 'SIGSTOP');
  const settled = Promise.allSettled(Array.from({ length: 10_000 }, () => worker.getResourceUsage()));
  const died = next(worker, 'died');
  process.kill(worker.pid, 'SIGKILL');
  for (const { status, reason } of await settled) assert.ok(status === 'rejected' && reason instanceof WorkerClosedError);
  await died;
});

test('a controller that does not read loses packets and nothing else', { timeout: 30_000 }, async (t) => {
  const { worker, room } = await startRoom(t);
  const source = await room.createPlainTransport({ comedia: true });
  const producer = await source.produce({ kind: 'video', rtpParameters: { ...videoParameters(), headerExtensions: [] } });
  const direct = await room.createDirectTransport();
  const consumer = await direct.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities });
  let heard = 0;
  consumer.on('rtp', () => heard++);
  // This blocks the event loop for as long as the flood takes.
  const flood = fileURLToPath(new URL('../../test/conformance/flood.py', import.meta.url));
  execFileSync('python3', [flood, String(source.tuple.localPort), '22222222', '112', '30000']);
  const [{ packetCount }] = await producer.getStats();
  const { dropped } = await consumer.explain();
  const [transport] = await direct.getStats();
  await worker.dump();
  const lost = [...Object.values(dropped), ...Object.values(transport.dropped)].reduce((sum, count) => sum + count, 0);
  t.diagnostic(`${packetCount} packets came in, ${heard} were heard, ${lost} dropped: ${JSON.stringify(transport.dropped)}`);
  assert.ok(packetCount > 20_000, 'the flood was too thin');
  assert.ok(heard > 1_000 && heard < packetCount);
  assert.ok(heard + lost >= packetCount);
  assert.equal(worker.closed, false);
});
