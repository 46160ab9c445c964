import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlreadyExistsError, Consumer, InvalidStateError, NotFoundError, UnsupportedError } from 'sluice';
import { audioParameters, fingerprint, next, startRoom, videoParameters } from './support.js';

async function startPair(t) {
  const { worker, room } = await startRoom(t);
  const [from, to] = await Promise.all([room.createWebRtcTransport(), room.createWebRtcTransport()]);
  return { worker, room, from, to };
}

test('a WebRTC transport has what a client needs to connect', async (t) => {
  const { room } = await startRoom(t);
  const seen = next(room.observer, 'newtransport');
  const transport = await room.createWebRtcTransport({ iceConsentTimeout: 10, appData: { side: 'send' } });
  assert.equal((await seen)[0], transport);
  assert.equal(transport.iceRole, 'controlled');
  assert.equal(transport.iceState, 'new');
  assert.equal(transport.dtlsState, 'new');
  assert.equal(transport.iceSelectedTuple, undefined);
  assert.equal(transport.dtlsRemoteCert, undefined);
  assert.equal(transport.iceParameters.iceLite, true);
  const [candidate] = transport.iceCandidates;
  assert.deepEqual(
    { ...candidate, port: 0, priority: 0 },
    { foundation: 'udp0', priority: 0, ip: '127.0.0.1', address: '127.0.0.1', protocol: 'udp', port: 0, type: 'host' },
  );
  assert.ok(candidate.port >= 10000 && candidate.port <= 59999);
  assert.equal(transport.dtlsParameters.role, 'auto');
  assert.match(transport.dtlsParameters.fingerprints[0].value, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  const [stat] = await transport.getStats();
  assert.equal(stat.type, 'webrtc-transport');
  assert.equal(stat.transportId, transport.id);
  assert.equal(stat.bytesReceived, 0);
  assert.equal((await transport.dump()).roomId, room.id);
});

test('connecting decides the DTLS role', async (t) => {
  const { from, to } = await startPair(t);
  await from.connect({ dtlsParameters: { role: 'client', fingerprints: [fingerprint] } });
  assert.equal(from.dtlsParameters.role, 'server');
  await assert.rejects(to.connect({ dtlsParameters: { role: 'chicken', fingerprints: [fingerprint] } }), {
    name: 'TypeError',
    field: 'dtlsParameters.role',
  });
  await assert.rejects(to.connect({ dtlsParameters: { fingerprints: [] } }), { name: 'TypeError', field: 'dtlsParameters.fingerprints' });
  await assert.rejects(to.connect({}), { name: 'TypeError', field: 'dtlsParameters' });
  await assert.rejects(to.connect(), { name: 'TypeError' });
});

test('an ICE restart gives new credentials', async (t) => {
  const { from } = await startPair(t);
  const before = from.iceParameters;
  const after = await from.restartIce();
  assert.notEqual(after.usernameFragment, before.usernameFragment);
  assert.deepEqual(from.iceParameters, after);
});

test('a producer keeps the parameters of its client', async (t) => {
  const { from } = await startPair(t);
  const seen = next(from.observer, 'newproducer');
  const producer = await from.produce({ kind: 'audio', rtpParameters: audioParameters(), appData: { mic: true } });
  assert.equal((await seen)[0], producer);
  assert.equal(producer.kind, 'audio');
  assert.equal(producer.type, 'simple');
  assert.equal(producer.paused, false);
  assert.deepEqual(producer.rtpParameters.codecs[0].parameters, { useinbandfec: 1, usedtx: 1, foo: '222.222', bar: '333' });
  assert.deepEqual(producer.rtpParameters.encodings, [{ ssrc: 11111111, dtx: false }]);
  assert.equal(producer.consumableRtpParameters.codecs[0].payloadType, 100);
  const events = [];
  producer.observer.on('pause', () => events.push('pause'));
  producer.observer.on('resume', () => events.push('resume'));
  await producer.pause();
  await producer.pause();
  assert.equal(producer.paused, true);
  await producer.resume();
  assert.deepEqual(events, ['pause', 'resume']);
  assert.deepEqual((await producer.dump()).rtpParameters.mid, 'AUDIO');
  assert.ok(Array.isArray(await producer.getStats()));
});

test('bad RTP parameters are refused with their field', async (t) => {
  const { from } = await startPair(t);
  const broken = (change) => {
    const rtpParameters = videoParameters();
    change(rtpParameters);
    return { kind: 'video', rtpParameters };
  };
  const refused = [
    [{ rtpParameters: videoParameters() }, TypeError, 'kind'],
    [{ kind: 'video' }, TypeError, 'rtpParameters'],
    [broken((p) => delete p.codecs), TypeError, 'rtpParameters.codecs'],
    [broken((p) => (p.codecs[0].payloadType = 300)), TypeError, 'rtpParameters.codecs[0].payloadType'],
    [broken((p) => (p.codecs[1].parameters.apt = 111)), TypeError, 'rtpParameters.codecs[1].parameters.apt'],
    [broken((p) => (p.encodings[0].rtx = {})), TypeError, 'rtpParameters.encodings[0].rtx.ssrc'],
    [broken((p) => (p.headerExtensions[0].uri = 7)), TypeError, 'rtpParameters.headerExtensions[0].uri'],
    [broken((p) => (p.rtcp.reducedSize = 'yes')), TypeError, 'rtpParameters.rtcp.reducedSize'],
  ];
  for (const [options, kind, field] of refused) {
    await assert.rejects(from.produce(options), (error) => {
      assert.ok(error instanceof kind, error.stack);
      assert.equal(error.field, field);
      return true;
    });
  }
  const unknown = broken((p) => (p.codecs = [{ mimeType: 'video/H264', payloadType: 100, clockRate: 90000 }]));
  await assert.rejects(from.produce(unknown), UnsupportedError);
});

test('ids and SSRCs are taken once only', async (t) => {
  const { from } = await startPair(t);
  await from.produce({ id: 'mine', kind: 'audio', rtpParameters: audioParameters() });
  await assert.rejects(from.produce({ id: 'mine', kind: 'video', rtpParameters: videoParameters() }), AlreadyExistsError);
  await assert.rejects(from.produce({ kind: 'audio', rtpParameters: { ...audioParameters(), mid: 'OTHER' } }), {
    name: 'TypeError',
    field: 'rtpParameters.encodings[0].ssrc',
  });
});

test('a consumer has the parameters that its client needs', async (t) => {
  const { room, from, to } = await startPair(t);
  const producer = await from.produce({ kind: 'video', rtpParameters: videoParameters() });
  assert.equal(await room.canConsume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities }), true);
  const seen = next(to.observer, 'newconsumer');
  const consumer = await to.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities, paused: true, appData: { tile: 1 } });
  assert.equal((await seen)[0], consumer);
  assert.ok(consumer instanceof Consumer);
  assert.equal(consumer.producerId, producer.id);
  assert.equal(consumer.kind, 'video');
  assert.equal(consumer.type, 'simple');
  assert.equal(consumer.paused, true);
  assert.equal(consumer.producerPaused, false);
  const { mid, codecs, encodings, headerExtensions, rtcp } = consumer.rtpParameters;
  assert.equal(mid, '0');
  assert.deepEqual(
    codecs.map(({ mimeType, payloadType, parameters }) => [mimeType, payloadType, parameters]),
    [
      ['video/VP8', 101, {}],
      ['video/rtx', 102, { apt: 101 }],
    ],
  );
  assert.equal(encodings.length, 1);
  assert.ok(encodings[0].ssrc > 0 && encodings[0].rtx.ssrc > 0);
  assert.ok(headerExtensions.length > 0);
  assert.equal(rtcp.cname, 'FOOBAR');
  const [stat] = await consumer.getStats();
  assert.equal(stat.type, 'outbound-rtp');
  assert.equal(stat.ssrc, encodings[0].ssrc);
  assert.equal(stat.rtxSsrc, encodings[0].rtx.ssrc);
  assert.equal(stat.kind, 'video');
  await consumer.requestKeyFrame();
  await consumer.resume();
  assert.equal(consumer.paused, false);
});

test('mid and retransmission can be chosen', async (t) => {
  const { room, from, to } = await startPair(t);
  const { id: producerId } = await from.produce({ kind: 'video', rtpParameters: videoParameters() });
  const options = { producerId, rtpCapabilities: room.rtpCapabilities };
  const plain = await to.consume({ ...options, mid: 'cam', enableRtx: false });
  assert.equal(plain.rtpParameters.mid, 'cam');
  assert.equal(plain.rtpParameters.encodings[0].rtx, undefined);
  await assert.rejects(to.consume({ ...options, mid: 'cam' }), AlreadyExistsError);
});

test('what cannot be consumed is refused', async (t) => {
  const { room, from, to } = await startPair(t);
  const { id: producerId } = await from.produce({ kind: 'audio', rtpParameters: audioParameters() });
  const deaf = { codecs: room.rtpCapabilities.codecs.filter(({ kind }) => kind === 'video') };
  assert.equal(await room.canConsume({ producerId, rtpCapabilities: deaf }), false);
  await assert.rejects(to.consume({ producerId, rtpCapabilities: deaf }), UnsupportedError);
  await assert.rejects(to.consume({ producerId: 'nobody', rtpCapabilities: room.rtpCapabilities }), NotFoundError);
  await assert.rejects(to.consume({ producerId }), { name: 'TypeError', field: 'rtpCapabilities' });
  await assert.rejects(to.consume({ producerId, rtpCapabilities: { codecs: [{}] } }), {
    name: 'TypeError',
    field: 'rtpCapabilities.codecs[0].kind',
  });
  await assert.rejects(room.canConsume({ rtpCapabilities: deaf }), { name: 'TypeError', field: 'producerId' });
});

test('a consumer follows its producer', async (t) => {
  const { room, from, to } = await startPair(t);
  const producer = await from.produce({ kind: 'audio', rtpParameters: audioParameters() });
  const consumer = await to.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities });
  const observed = [];
  for (const name of ['pause', 'resume', 'close']) consumer.observer.on(name, () => observed.push(name));
  let event = next(consumer, 'producerpause');
  await producer.pause();
  await event;
  assert.equal(consumer.producerPaused, true);
  assert.equal(consumer.paused, false);
  await consumer.pause();
  event = next(consumer, 'producerresume');
  await producer.resume();
  await event;
  assert.deepEqual(observed, ['pause']);
  await consumer.resume();
  assert.deepEqual(observed, ['pause', 'resume']);
  event = next(consumer, 'producerclose');
  producer.close();
  await event;
  assert.equal(consumer.closed, true);
  assert.deepEqual(observed, ['pause', 'resume', 'close']);
  await assert.rejects(consumer.dump(), InvalidStateError);
  await assert.rejects(producer.getStats(), InvalidStateError);
});

test('closing a transport closes what it carries, and its consumers elsewhere', async (t) => {
  const { worker, room, from, to } = await startPair(t);
  const producer = await from.produce({ kind: 'audio', rtpParameters: audioParameters() });
  const consumer = await to.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities });
  const events = [];
  producer.on('transportclose', () => events.push('transportclose'));
  const elsewhere = next(consumer, 'producerclose');
  from.close();
  assert.equal(producer.closed, true);
  assert.deepEqual(events, ['transportclose']);
  await elsewhere;
  assert.equal(from.iceState, 'closed');
  assert.equal(from.dtlsState, 'closed');
  to.close();
  await assert.rejects(to.getStats(), InvalidStateError);
  const { counts } = await worker.dump();
  assert.deepEqual(counts, {
    rooms: 1,
    peers: 0,
    transports: 0,
    producers: 0,
    consumers: 0,
    dataProducers: 0,
    dataConsumers: 0,
    observers: 0,
  });
});
