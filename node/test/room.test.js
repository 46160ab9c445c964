import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlreadyExistsError, getSupportedRtpCapabilities, InvalidStateError, UnsupportedError } from 'sluice';
import { mediaCodecs, next, startRoom, startWorker } from './support.js';

test('a room tells the capabilities that clients load', async (t) => {
  const worker = await startWorker(t);
  const seen = next(worker.observer, 'newroom');
  const room = await worker.createRouter({ mediaCodecs, appData: { floor: 2 } });
  assert.equal((await seen)[0], room);
  assert.deepEqual(room.appData, { floor: 2 });
  const [opus, vp8, rtx] = room.rtpCapabilities.codecs;
  assert.deepEqual(opus, {
    kind: 'audio',
    mimeType: 'audio/opus',
    preferredPayloadType: 100,
    clockRate: 48000,
    channels: 2,
    parameters: {},
    rtcpFeedback: [
      { type: 'nack', parameter: '' },
      { type: 'transport-cc', parameter: '' },
    ],
  });
  assert.equal(vp8.mimeType, 'video/VP8');
  assert.ok(!('channels' in vp8));
  assert.deepEqual(rtx.parameters, { apt: vp8.preferredPayloadType });
  assert.ok(
    room.rtpCapabilities.headerExtensions.some(
      ({ kind, uri, preferredId, direction }) =>
        kind === 'video' && uri === 'urn:ietf:params:rtp-hdrext:sdes:mid' && preferredId === 1 && direction === 'sendrecv',
    ),
  );
});

test('the supported capabilities are what a worker routes', async (t) => {
  const worker = await startWorker(t);
  const supported = getSupportedRtpCapabilities();
  const room = await worker.createRoom({ mediaCodecs: supported.codecs });
  const routed = room.rtpCapabilities.codecs.filter(({ mimeType }) => !/rtx$/.test(mimeType));
  const fixed = supported.codecs.map((codec, i) => ({ preferredPayloadType: routed[i].preferredPayloadType, ...codec }));
  // RED names what it carries by the room's number.
  const red = fixed.find(({ mimeType }) => mimeType === 'audio/red');
  red.parameters = { [`${routed[0].preferredPayloadType}/${routed[0].preferredPayloadType}`]: '' };
  assert.deepEqual(routed, fixed);
  assert.deepEqual(room.rtpCapabilities.headerExtensions, supported.headerExtensions);
  supported.codecs.length = 0;
  assert.notEqual(getSupportedRtpCapabilities().codecs.length, 0);
});

test('a bad codec is refused with its field', async (t) => {
  const worker = await startWorker(t);
  const refused = [
    [{ mediaCodecs: 'opus' }, TypeError, 'mediaCodecs'],
    [{ mediaCodecs: [{ ...mediaCodecs[0], kind: 'smell' }] }, TypeError, 'mediaCodecs[0].kind'],
    [{ mediaCodecs: [mediaCodecs[0], { ...mediaCodecs[1], clockRate: '90k' }] }, TypeError, 'mediaCodecs[1].clockRate'],
    [{ mediaCodecs: [{ ...mediaCodecs[0], parameters: { a: [] } }] }, TypeError, 'mediaCodecs[0].parameters.a'],
    [{ mediaCodecs: [{ kind: 'video', mimeType: 'video/MPEG1', clockRate: 90000 }] }, UnsupportedError, 'mediaCodecs[0].mimeType'],
    [{ mediaCodecs, appData: 'x' }, TypeError, 'appData'],
  ];
  for (const [options, kind, field] of refused) {
    await assert.rejects(worker.createRoom(options), (error) => {
      assert.ok(error instanceof kind, error.stack);
      assert.equal(error.field, field);
      return true;
    });
  }
});

test('a room closes what is in it, and the worker forgets it', async (t) => {
  const { worker, room } = await startRoom(t);
  const peer = await room.createPeer({ name: 'Ada' });
  await peer.createWebRtcTransport();
  const transport = await room.createWebRtcTransport();
  const closed = next(transport, 'routerclose');
  room.close();
  await closed;
  await assert.rejects(room.createPeer(), InvalidStateError);
  const { counts, network } = await worker.dump();
  assert.deepEqual(counts, {
    rooms: 0,
    peers: 0,
    transports: 0,
    producers: 0,
    consumers: 0,
    dataProducers: 0,
    dataConsumers: 0,
    observers: 0,
  });
  assert.equal(network.usernameFragments, 0);
});

test('what a closed room was asked for before is rejected, and nothing of it stays', async (t) => {
  const { worker, room } = await startRoom(t);
  const pending = room.createPeer();
  room.close();
  await assert.rejects(pending, InvalidStateError);
  assert.equal((await worker.dump()).counts.peers, 0);
});

test('peers have ids and names of their own', async (t) => {
  const { room } = await startRoom(t);
  const ada = await room.createPeer({ id: 'ada', name: 'Ada', appData: { age: 36 } });
  assert.equal(ada.id, 'ada');
  assert.equal(ada.name, 'Ada');
  assert.equal(ada.subscription, 'manual');
  assert.deepEqual(ada.appData, { age: 36 });
  assert.deepEqual((await ada.dump()).transportIds, []);
  await assert.rejects(room.createPeer({ id: 'ada' }), AlreadyExistsError);
  await assert.rejects(room.createPeer({ name: 'Ada' }), AlreadyExistsError);
  await assert.rejects(room.createPeer({ subscription: 'some' }), { name: 'TypeError', field: 'subscription' });
  await assert.rejects(room.createPeer({ id: 'no spaces' }), { name: 'TypeError', field: 'peerId' });
  ada.close();
  await room.createPeer({ id: 'ada', name: 'Ada' });
});
