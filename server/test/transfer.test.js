// Files on data channels, without a browser: the page's sender and receivers over channels that are slow or lose messages.
import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { FileReceiver } from '../public/file_receiver.js';
import { FileSender } from '../public/file_sender.js';
import { PIECE, Ranges, readControl, readPiece, writePiece } from '../public/transfer_format.js';

globalThis.crypto ??= webcrypto; // as browsers have it

const bytesOf = (size) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

/** A room: what the sender sends reaches each receiver through a queue like the worker's, at a pace of its own. */
function startRoom(t, file, paces, { queueLimit = 2_000_000 } = {}) {
  const room = { receivers: new Map(), dropped: {}, most: {} };
  const members = Object.entries(paces).map(([peer, bytesPerTick]) => ({ peer, bytesPerTick, queue: [], queued: 0, credit: 0 }));
  const send = (data) => {
    for (const member of members) {
      const size = typeof data === 'string' ? data.length : data.byteLength;
      if (member.queued + size > queueLimit) {
        room.dropped[member.peer] = (room.dropped[member.peer] ?? 0) + 1;
        continue;
      }
      member.queue.push(data);
      member.queued += size;
      room.most[member.peer] = Math.max(room.most[member.peer] ?? 0, member.queued);
    }
    return true;
  };
  room.sender = new FileSender(7, file, { send, hasRoom: () => true }, Object.keys(paces));
  const deliver = (peer, data) => {
    const piece = readPiece(data);
    if (piece) return room.receivers.get(peer)?.piece(piece);
    const control = readControl(data);
    if (control.type === 'file') {
      const receiver = new FileReceiver(control, (message) =>
        setImmediate(() => room.sender[message.type === 'no' ? 'lost' : 'got'](peer, message)),
      );
      room.receivers.set(peer, receiver);
    } else if (control.type === 'end') {
      room.receivers.get(peer)?.end(control.sha256);
    }
  };
  const timer = setInterval(() => {
    for (const member of members) {
      member.credit = Math.min(member.credit + member.bytesPerTick, 1e9);
      while (member.credit > 0 && member.queue.length > 0) {
        const data = member.queue.shift();
        const size = typeof data === 'string' ? data.length : data.byteLength;
        member.queued -= size;
        member.credit -= size;
        deliver(member.peer, data);
      }
      if (member.queue.length === 0) member.credit = Math.min(member.credit, 0);
    }
  }, 5);
  t.after(() => clearInterval(timer));
  room.ended = new Promise((resolve) => room.sender.addEventListener('ended', resolve));
  return room;
}

async function holds(receiver, bytes) {
  assert.equal(receiver.state, 'done');
  assert.equal(receiver.checked, true);
  assert.deepEqual(new Uint8Array(await receiver.blob.arrayBuffer()), bytes);
}

test('a file arrives whole at everyone, and no queue grows past what the sender keeps ahead', async (t) => {
  const bytes = bytesOf(5_000_001);
  const room = startRoom(t, new File([bytes], 'a.bin'), { ada: 200_000, bob: 150_000, eve: 1e9 });
  await room.ended;
  assert.equal(room.sender.state, 'sent');
  assert.equal(room.sender.arrived, 3);
  for (const receiver of room.receivers.values()) await holds(receiver, bytes);
  assert.deepEqual(room.dropped, {});
  assert.ok(Math.max(...Object.values(room.most)) < 1_300_000, JSON.stringify(room.most));
});

test('a slow receiver loses pieces, holds nobody up, and has the whole file in the end', async (t) => {
  const bytes = bytesOf(8_000_000);
  const room = startRoom(t, new File([bytes], 'a.bin'), { fast: 400_000, slow: 12_000 });
  const first = new Promise((resolve) => {
    const poll = setInterval(() => room.receivers.get('fast')?.state === 'done' && (clearInterval(poll), resolve(undefined)), 5);
  });
  await first;
  assert.notEqual(room.receivers.get('slow').state, 'done');
  await room.ended;
  assert.ok(room.dropped.slow > 10, JSON.stringify(room.dropped));
  assert.ok(room.most.slow <= 2_000_000);
  for (const receiver of room.receivers.values()) await holds(receiver, bytes);
});

test('an empty file arrives, one that is too large is refused', async (t) => {
  const room = startRoom(t, new File([], 'empty.txt'), { ada: 1e9 });
  await room.ended;
  assert.equal(room.receivers.get('ada').blob.size, 0);
  const answers = [];
  const large = new FileReceiver({ transfer: 1, name: 'x', size: 300 << 20 }, (message) => answers.push(message));
  assert.equal(large.state, 'failed');
  assert.equal(answers[0].type, 'no');
});

test('what a sender says is not believed', () => {
  const receiver = new FileReceiver({ transfer: 1, name: '../../etc/\u0000passwd', size: 10, mime: 'text/html' }, () => {});
  assert.equal(receiver.name, '.._.._etc__passwd');
  receiver.piece({ offset: 5, bytes: new Uint8Array(6) }); // beyond the end
  assert.equal(receiver.progress, 0);
  receiver.fail('enough');
  assert.equal(readPiece(new ArrayBuffer(12)), null);
  assert.equal(readPiece(new ArrayBuffer(13 + PIECE)), null);
  assert.equal(readPiece('text'), null);
  assert.equal(readControl('{"transfer":"x"}'), null);
  assert.equal(readControl('nonsense'), null);
  assert.deepEqual(readPiece(writePiece(9, 77, new Uint8Array([1]))), { transfer: 9, offset: 77, bytes: new Uint8Array([1]) });
});

test('a wrong checksum is told', async () => {
  const receiver = new FileReceiver({ transfer: 1, name: 'x', size: 3 }, () => {});
  receiver.piece({ offset: 0, bytes: new Uint8Array([1, 2, 3]) });
  const ended = new Promise((resolve) => receiver.addEventListener('ended', resolve));
  receiver.end('00');
  await ended;
  assert.equal(receiver.state, 'failed');
  assert.equal(receiver.checked, false);
});

test('ranges join, and never count a byte twice', () => {
  const ranges = new Ranges();
  assert.equal(ranges.add(10, 20), true);
  assert.equal(ranges.add(0, 5), true);
  assert.deepEqual(ranges.missing(30), [
    [5, 10],
    [20, 30],
  ]);
  assert.equal(ranges.add(15, 25), false);
  assert.equal(ranges.add(5, 10), true);
  assert.equal(ranges.contiguous, 20);
  assert.equal(ranges.bytes, 20);
  assert.deepEqual(ranges.list, [[0, 20]]);
});
