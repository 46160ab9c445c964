// Plain transports: RTP over real sockets, in and out, with every rule that their options have.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { PlainTransport, UnsupportedError } from 'sluice';
import { next, startRoom, startWorker, mediaCodecs } from './support.js';

const opus = (ssrc) => ({
  codecs: [{ mimeType: 'audio/opus', payloadType: 96, clockRate: 48000, channels: 2 }],
  ...(ssrc === undefined ? {} : { encodings: [{ ssrc }] }),
});

/** A bound UDP socket on loopback that keeps what it receives. */
async function openSocket(t) {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => socket.close());
  const waiting = [];
  socket.on('message', (message, from) => {
    const index = waiting.findIndex(({ wanted }) => wanted(message));
    if (index >= 0) waiting.splice(index, 1)[0].resolve({ message, from });
  });
  return {
    port: socket.address().port,
    send: (bytes, tuple) => new Promise((resolve) => socket.send(bytes, tuple.localPort, tuple.localAddress, resolve)),
    /** The next datagram that is wanted. */
    receive: (wanted = () => true) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no such datagram')), 5_000);
        waiting.push({ wanted, resolve: (datagram) => (clearTimeout(timer), resolve(datagram)) });
      }),
  };
}

function rtpPacket({ ssrc, number = 1, payloadType = 96, payload = Buffer.from([0xf8, 1, 2, 3]) }) {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType;
  header.writeUInt16BE(number, 2);
  header.writeUInt32BE(number * 960, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

/** RFC 3550 §6.4.2, without report blocks. */
function receiverReport(ssrc) {
  const packet = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}

const isRtp = (message) => message[1] < 192 || message[1] > 223;

/** How many descriptors the worker's process has open, once it has done all that was asked before. */
async function descriptors(worker) {
  await worker.dump();
  return readdirSync(`/proc/${worker.pid}/fd`).length;
}

test('a plain transport listens on loopback by default and tells where', async (t) => {
  const { worker, room } = await startRoom(t);
  const seen = next(room.observer, 'newtransport');
  const before = await descriptors(worker);
  const transport = await room.createPlainTransport({ appData: { from: 'ffmpeg' } });
  assert.equal((await seen)[0], transport);
  assert.ok(transport instanceof PlainTransport);
  assert.deepEqual(transport.appData, { from: 'ffmpeg' });
  assert.equal(transport.rtcpMux, true);
  assert.equal(transport.comedia, false);
  assert.deepEqual({ ...transport.tuple, localPort: 0 }, { localAddress: '127.0.0.1', localPort: 0, protocol: 'udp' });
  assert.ok(transport.tuple.localPort >= 10000 && transport.tuple.localPort <= 59999);
  assert.equal(transport.rtcpTuple, undefined);
  assert.equal(transport.srtpParameters, undefined);
  const [stat] = await transport.getStats();
  assert.equal(stat.type, 'plain-rtp-transport');
  assert.deepEqual([stat.rtcpMux, stat.comedia, stat.tuple], [true, false, transport.tuple]);
  assert.equal('iceState' in stat, false);
  assert.equal((await transport.dump()).type, 'plain');
  assert.equal(await descriptors(worker), before + 1);
  transport.close();
  assert.equal(await descriptors(worker), before);
});

test('WebRTC candidates never name the socket of a plain transport', async (t) => {
  const { room } = await startRoom(t);
  const plain = await room.createPlainTransport({ rtcpMux: false });
  const { iceCandidates } = await room.createWebRtcTransport();
  assert.equal(iceCandidates.length, 1);
  assert.notEqual(iceCandidates[0].port, plain.tuple.localPort);
  assert.notEqual(iceCandidates[0].port, plain.rtcpTuple.localPort);
});

test('without rtcpMux RTCP has the port after that of RTP', async (t) => {
  const { room } = await startRoom(t);
  const transport = await room.createPlainTransport({ rtcpMux: false });
  assert.equal(transport.tuple.localPort % 2, 0);
  assert.equal(transport.rtcpTuple.localPort, transport.tuple.localPort + 1);
});

test('listenInfo says the port, the range, the announced address and the flags', async (t) => {
  const { worker, room } = await startRoom(t);
  const free = await openSocket(t);
  const taken = room.createPlainTransport({ listenInfo: { protocol: 'udp', ip: '127.0.0.1', port: free.port } });
  await assert.rejects(taken, { name: 'AlreadyExistsError', field: 'listenInfo.port' });
  const range = { min: 41000, max: 41100 };
  const ranged = await room.createPlainTransport({
    listenInfo: {
      protocol: 'udp',
      ip: '127.0.0.1',
      announcedAddress: 'media.example.org',
      port: free.port,
      portRange: range,
      flags: { ipv6Only: false, udpReusePort: false },
      sendBufferSize: 100_000,
      recvBufferSize: 200_000,
    },
  });
  assert.equal(ranged.tuple.localAddress, 'media.example.org');
  assert.ok(ranged.tuple.localPort >= range.min && ranged.tuple.localPort <= range.max);
  const socket = (await worker.dump()).sockets.find(({ local }) => local.endsWith(`:${ranged.tuple.localPort}`));
  assert.deepEqual([socket.sendBuffer, socket.receiveBuffer], [100_000, 200_000]);
  const rtcp = await room.createPlainTransport({
    rtcpMux: false,
    listenInfo: { ip: '127.0.0.1', portRange: range },
    rtcpListenInfo: { ip: '127.0.0.1', portRange: { min: 42000, max: 42100 } },
  });
  assert.ok(rtcp.rtcpTuple.localPort >= 42000 && rtcp.rtcpTuple.localPort <= 42100);
  const { localPort } = ranged.tuple;
  ranged.close();
  const shared = { ip: '127.0.0.1', port: localPort, flags: { udpReusePort: true } };
  await room.createPlainTransport({ listenInfo: shared });
  await room.createPlainTransport({ listenInfo: shared });
});

test('an option that cannot be is refused by its field, and leaves no socket open', async (t) => {
  const { worker, room } = await startRoom(t);
  const before = await descriptors(worker);
  const refused = [
    [{ listenInfo: {} }, 'TypeError', 'listenInfo.ip'],
    [{ listenInfo: { ip: 'localhost' } }, 'TypeError', 'listenInfo.ip'],
    [{ listenInfo: { ip: '203.0.113.77' } }, 'TypeError', 'listenInfo.ip'],
    [{ listenInfo: { ip: '127.0.0.1', protocol: 'sctp' } }, 'TypeError', 'listenInfo.protocol'],
    [{ listenInfo: { ip: '127.0.0.1', protocol: 'tcp' } }, 'UnsupportedError', 'listenInfo.protocol'],
    [{ listenInfo: { ip: '0.0.0.0' } }, 'TypeError', 'listenInfo.announcedAddress'],
    [{ listenInfo: { ip: '127.0.0.1', port: 70000 } }, 'TypeError', 'listenInfo.port'],
    [{ listenInfo: { ip: '127.0.0.1', portRange: { min: 0, max: 10 } } }, 'TypeError', 'listenInfo.portRange.min'],
    [{ listenInfo: { ip: '127.0.0.1', portRange: { min: 2000, max: 1000 } } }, 'TypeError', 'listenInfo.portRange'],
    [{ listenInfo: { ip: '::', announcedAddress: 'x', flags: { ipv6Only: false } } }, 'UnsupportedError', 'listenInfo.flags.ipv6Only'],
    [{ rtcpMux: false, listenInfo: { ip: '127.0.0.1' }, rtcpListenInfo: { ip: '::1' } }, 'TypeError', 'rtcpListenInfo.ip'],
    [{ rtcpMux: 'yes' }, 'TypeError', 'rtcpMux'],
    [{ comedia: 1 }, 'TypeError', 'comedia'],
    [{ enableSrtp: true, srtpCryptoSuite: 'ROT13' }, 'TypeError', 'srtpCryptoSuite'],
    [{ enableSctp: true }, 'UnsupportedError', 'enableSctp'],
    [{ appData: 3 }, 'TypeError', 'appData'],
  ];
  for (const [options, name, field] of refused) {
    await assert.rejects(room.createPlainTransport(options), (error) => {
      assert.equal(error instanceof TypeError ? 'TypeError' : error.name, name, `${JSON.stringify(options)}: ${error.message}`);
      if (field !== 'appData') assert.equal(error.field, field, error.message);
      return true;
    });
  }
  await assert.rejects(room.createPlainTransport({ enableSctp: true }), UnsupportedError);
  assert.equal(await descriptors(worker), before);
});

test('connect wants exactly what the transport does not know', async (t) => {
  const { room } = await startRoom(t);
  const plain = await room.createPlainTransport();
  const split = await room.createPlainTransport({ rtcpMux: false });
  const comedia = await room.createPlainTransport({ comedia: true });
  const srtp = await room.createPlainTransport({ enableSrtp: true });
  const key = (size) => Buffer.alloc(size, 7).toString('base64');
  const refused = [
    [plain, {}, 'ip'],
    [plain, { ip: 'localhost', port: 5000 }, 'ip'],
    [plain, { ip: '::1', port: 5000 }, 'ip'],
    [plain, { ip: '127.0.0.1' }, 'port'],
    [plain, { ip: '127.0.0.1', port: 0 }, 'port'],
    [plain, { ip: '127.0.0.1', port: 99999 }, 'port'],
    [plain, { ip: '127.0.0.1', port: 5000, rtcpPort: 5001 }, 'rtcpPort'],
    [plain, { ip: '127.0.0.1', port: 5000, srtpParameters: { cryptoSuite: 'AEAD_AES_128_GCM', keyBase64: key(28) } }, 'srtpParameters'],
    [split, { ip: '127.0.0.1', port: 5000 }, 'rtcpPort'],
    [split, { ip: '127.0.0.1', port: 5000, rtcpPort: 0 }, 'rtcpPort'],
    [comedia, { ip: '127.0.0.1' }, 'ip'],
    [comedia, { port: 5000 }, 'port'],
    [comedia, { rtcpPort: 5000 }, 'rtcpPort'],
    [srtp, { ip: '127.0.0.1', port: 5000 }, 'srtpParameters'],
    [srtp, { ip: '127.0.0.1', port: 5000, srtpParameters: {} }, 'srtpParameters.cryptoSuite'],
    [srtp, { ip: '127.0.0.1', port: 5000, srtpParameters: { cryptoSuite: 'X', keyBase64: key(30) } }, 'srtpParameters.cryptoSuite'],
    [
      srtp,
      { ip: '127.0.0.1', port: 5000, srtpParameters: { cryptoSuite: 'AEAD_AES_256_GCM', keyBase64: key(30) } },
      'srtpParameters.keyBase64',
    ],
    [
      srtp,
      { ip: '127.0.0.1', port: 5000, srtpParameters: { cryptoSuite: 'AEAD_AES_128_GCM', keyBase64: 'no base64' } },
      'srtpParameters.keyBase64',
    ],
  ];
  for (const [transport, options, field] of refused) {
    await assert.rejects(transport.connect(options), { field }, JSON.stringify(options));
    assert.equal(transport.tuple.remoteIp, undefined);
  }
  await plain.connect({ ip: '127.0.0.1', port: 5000 });
  assert.deepEqual([plain.tuple.remoteIp, plain.tuple.remotePort], ['127.0.0.1', 5000]);
  await assert.rejects(plain.connect({ ip: '127.0.0.1', port: 5000 }), { name: 'InvalidStateError' });
  await split.connect({ ip: '127.0.0.1', port: 5000, rtcpPort: 5002 });
  assert.deepEqual([split.tuple.remotePort, split.rtcpTuple.remotePort], [5000, 5002]);
});

test('SRTP: each side has its key, and the other end decides the suite', async (t) => {
  const { room } = await startRoom(t);
  const sizes = { AES_CM_128_HMAC_SHA1_80: 30, AES_CM_128_HMAC_SHA1_32: 30, AEAD_AES_128_GCM: 28, AEAD_AES_256_GCM: 44 };
  for (const [srtpCryptoSuite, size] of Object.entries(sizes)) {
    const { srtpParameters } = await room.createPlainTransport({ enableSrtp: true, srtpCryptoSuite });
    assert.equal(srtpParameters.cryptoSuite, srtpCryptoSuite);
    assert.equal(Buffer.from(srtpParameters.keyBase64, 'base64').length, size);
  }
  const transport = await room.createPlainTransport({ enableSrtp: true });
  const first = transport.srtpParameters;
  assert.equal(first.cryptoSuite, 'AES_CM_128_HMAC_SHA1_80');
  const keyBase64 = Buffer.alloc(44, 1).toString('base64');
  await transport.connect({ ip: '127.0.0.1', port: 5000, srtpParameters: { cryptoSuite: 'AEAD_AES_256_GCM', keyBase64 } });
  assert.equal(transport.srtpParameters.cryptoSuite, 'AEAD_AES_256_GCM');
  assert.notEqual(transport.srtpParameters.keyBase64, first.keyBase64);
});

test('RTP goes from one plain transport to another, its source learned by comedia', async (t) => {
  const { room } = await startRoom(t);
  const from = await room.createPlainTransport({ comedia: true });
  const to = await room.createPlainTransport();
  const [publisher, viewer, stranger] = await Promise.all([openSocket(t), openSocket(t), openSocket(t)]);
  await to.connect({ ip: '127.0.0.1', port: viewer.port });
  const producer = await from.produce({ kind: 'audio', rtpParameters: opus() });
  const consumer = await to.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities });
  const told = [];
  from.observer.on('tuple', (tuple) => told.push(tuple.remotePort));
  const learned = next(from, 'tuple');
  const received = viewer.receive(isRtp);
  await publisher.send(rtpPacket({ ssrc: 1234 }), from.tuple);
  assert.equal((await learned)[0].remotePort, publisher.port);
  assert.equal(from.tuple.remotePort, publisher.port);
  assert.deepEqual(told, [publisher.port]);
  const { message, from: sender } = await received;
  assert.equal(sender.port, to.tuple.localPort);
  assert.equal(message.readUInt32BE(8), consumer.rtpParameters.encodings[0].ssrc);
  assert.equal(message[1] & 127, consumer.rtpParameters.codecs[0].payloadType);
  assert.deepEqual([...message.subarray(-4)], [0xf8, 1, 2, 3]);

  // From elsewhere: dropped and counted, and the tuple stays.
  await stranger.send(rtpPacket({ ssrc: 1234, number: 2 }), from.tuple);
  const again = viewer.receive(isRtp);
  await publisher.send(rtpPacket({ ssrc: 1234, number: 2 }), from.tuple);
  await again;
  const [stat] = await from.getStats();
  assert.deepEqual(stat.dropped, { 'unknown-source': 1 });
  assert.equal(stat.tuple.remotePort, publisher.port);
  assert.equal((await producer.getStats())[0].packetCount, 2);
});

test('without rtcpMux RTP and RTCP are learned apart and answered apart', async (t) => {
  const { room } = await startRoom(t);
  const from = await room.createPlainTransport({ comedia: true, rtcpMux: false });
  const [rtp, rtcp] = await Promise.all([openSocket(t), openSocket(t)]);
  await from.produce({ kind: 'audio', rtpParameters: opus(77) });
  const tuple = next(from, 'tuple');
  const rtcpTuple = next(from, 'rtcptuple');
  await rtp.send(rtpPacket({ ssrc: 77 }), from.tuple);
  await rtcp.send(receiverReport(77), from.rtcpTuple);
  assert.equal((await tuple)[0].remotePort, rtp.port);
  assert.equal((await rtcpTuple)[0].remotePort, rtcp.port);
  const { message, from: sender } = await rtcp.receive((bytes) => bytes[1] === 201);
  assert.equal(sender.port, from.rtcpTuple.localPort);
  assert.equal(message.readUInt32BE(8), 77); // a block on the publisher's stream
});

test('a peer can have a plain transport, and closing the peer closes its socket', async (t) => {
  const worker = await startWorker(t);
  const room = await worker.createRoom({ mediaCodecs });
  const before = await descriptors(worker);
  const peer = await room.createPeer({ name: 'camera' });
  const transport = await peer.createPlainTransport({ rtcpMux: false });
  const producer = await transport.produce({ kind: 'audio', rtpParameters: opus(5) });
  assert.equal(await descriptors(worker), before + 2);
  assert.equal((await transport.dump()).peerId, peer.id);
  const closed = Promise.all([next(transport, 'peerclose'), next(producer, 'transportclose')]);
  peer.close();
  await closed;
  assert.equal(await descriptors(worker), before);
  const other = await room.createPlainTransport();
  room.close();
  assert.equal(other.closed, true);
  assert.equal(await descriptors(worker), before);
});

test('a thousand plain transports come and go without leaving a descriptor', async (t) => {
  const { worker, room } = await startRoom(t);
  const before = await descriptors(worker);
  for (let round = 0; round < 10; ++round) {
    const transports = await Promise.all(Array.from({ length: 100 }, () => room.createPlainTransport()));
    assert.equal(new Set(transports.map(({ tuple }) => tuple.localPort)).size, 100);
    for (const transport of transports) transport.close();
  }
  assert.equal(await descriptors(worker), before);
  assert.equal((await worker.dump()).network.sockets, 0);
});

test('a negotiated transport takes no tracks but by descriptions', async (t) => {
  const { room } = await startRoom(t);
  const peer = await room.createPeer({ subscription: 'all' });
  await peer.createOffer();
  await assert.rejects(peer.transport.produce({ kind: 'audio', rtpParameters: opus(1) }), {
    name: 'InvalidStateError',
    field: 'transportId',
  });
});
