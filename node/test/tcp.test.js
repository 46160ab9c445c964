import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { UnsupportedError } from 'sluice';
import { mediaCodecs, recordedOffer, startWorker } from './support.js';

const both = { listen: [{ ip: '127.0.0.1' }, { protocol: 'tcp', ip: '127.0.0.1', announcedAddress: 'sfu.example' }] };

async function startTcpRoom(t) {
  const worker = await startWorker(t, both);
  return { worker, room: await worker.createRoom({ mediaCodecs }) };
}

const protocols = ({ iceCandidates }) => iceCandidates.map(({ protocol }) => protocol);

test('a worker that listens on TCP offers it, after UDP', async (t) => {
  const { room } = await startTcpRoom(t);
  const [udp, tcp] = (await room.createWebRtcTransport()).iceCandidates;
  assert.deepEqual(
    { ...tcp, port: 0, priority: 0 },
    {
      foundation: 'tcp1',
      priority: 0,
      ip: 'sfu.example',
      address: 'sfu.example',
      protocol: 'tcp',
      port: 0,
      type: 'host',
      tcpType: 'passive',
    },
  );
  assert.equal(udp.tcpType, undefined);
  assert.ok(tcp.priority < udp.priority);
});

test('a transport offers the protocols that it is told to, preferred as it is told to', async (t) => {
  const { room } = await startTcpRoom(t);
  assert.deepEqual(protocols(await room.createWebRtcTransport({ enableTcp: false })), ['udp']);
  assert.deepEqual(protocols(await room.createWebRtcTransport({ enableUdp: false })), ['tcp']);
  const { iceCandidates } = await room.createWebRtcTransport({ enableUdp: true, enableTcp: true, preferTcp: true });
  const [udp, tcp] = iceCandidates;
  assert.ok(tcp.priority > udp.priority);
  await assert.rejects(room.createWebRtcTransport({ enableUdp: false, enableTcp: false }), { name: 'TypeError', field: 'enableUdp' });
  await assert.rejects(room.createWebRtcTransport({ enableTcp: 1 }), { name: 'TypeError', field: 'enableTcp' });
});

test('a protocol that the worker does not listen on is refused by name', async (t) => {
  const worker = await startWorker(t);
  const room = await worker.createRoom({ mediaCodecs });
  assert.deepEqual(protocols(await room.createWebRtcTransport()), ['udp']);
  await assert.rejects(
    room.createWebRtcTransport({ enableTcp: true }),
    (error) => error instanceof UnsupportedError && error.field === 'enableTcp' && /does not listen on TCP/.test(error.message),
  );
  const tcpOnly = await startWorker(t, { listen: [{ protocol: 'tcp', ip: '127.0.0.1' }] });
  const other = await tcpOnly.createRoom({ mediaCodecs });
  assert.deepEqual(protocols(await other.createWebRtcTransport()), ['tcp']);
  await assert.rejects(other.createWebRtcTransport({ enableUdp: true }), UnsupportedError);
});

test('the answer to an offer names the TCP candidate', async (t) => {
  const { room } = await startTcpRoom(t);
  const peer = await room.createPeer({ name: 'Ada' });
  await peer.setRemoteDescription({ type: 'offer', sdp: recordedOffer('chromium-audio-video') });
  const { sdp } = await peer.createAnswer();
  assert.match(sdp, /\r\na=candidate:tcp1 1 tcp \d+ sfu\.example \d+ typ host tcptype passive\r\n/);
});

test('the dump of a worker counts its TCP connections', async (t) => {
  const { worker, room } = await startTcpRoom(t);
  const [, { port }] = (await room.createWebRtcTransport()).iceCandidates;
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.end('GET / HTTP/1.1\r\n\r\n');
  await once(socket, 'close');
  const { sockets } = await worker.dump();
  assert.equal(sockets[1].protocol, 'tcp');
  assert.equal(sockets[1].announced, 'sfu.example');
  assert.equal(sockets[1].connectionsAccepted, 1);
  assert.equal(sockets[1].connectionsOpen, 0);
  assert.deepEqual(sockets[1].connectionsEnded, { 'frame-too-long': 1 });
});
