// Layers, priorities, scores, traces and limits: what a controller may ask, and how it is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScalabilityMode } from 'sluice';
import * as wire from '../dist/wire/index.js';
import { audioParameters, next, startRoom, videoParameters } from './support.js';

const simulcast = () => ({ ...videoParameters(), encodings: ['q', 'h', 'f'].map((rid) => ({ rid, scalabilityMode: 'L1T3' })) });

async function startCall(t, rtpParameters = simulcast(), kind = 'video', options = {}) {
  const { room } = await startRoom(t);
  const [from, to] = await Promise.all([room.createWebRtcTransport(), room.createWebRtcTransport()]);
  const producer = await from.produce({ kind, rtpParameters });
  const consumer = await to.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities, ...options });
  return { room, from, to, producer, consumer };
}

test('a producer of several encodings is simulcast, and so are its consumers', async (t) => {
  const { producer, consumer } = await startCall(t);
  assert.equal(producer.type, 'simulcast');
  assert.equal(consumer.type, 'simulcast');
  assert.equal(consumer.rtpParameters.encodings.length, 1);
  assert.equal(consumer.rtpParameters.encodings[0].scalabilityMode, 'L3T3');
  assert.equal((await producer.dump()).type, 'simulcast');
});

test('preferred layers hold within what the producer has', async (t) => {
  const { consumer } = await startCall(t, simulcast(), 'video', { preferredLayers: { spatialLayer: 1, temporalLayer: 2 } });
  assert.equal(consumer.preferredLayers.spatialLayer, 1);
  await consumer.setPreferredLayers({ spatialLayer: 0, temporalLayer: 0 });
  assert.deepEqual(consumer.preferredLayers, { spatialLayer: 0, temporalLayer: 0 });
  await consumer.setPreferredLayers({ spatialLayer: 9 });
  assert.equal(consumer.preferredLayers.spatialLayer, 2);
  assert.equal(consumer.currentLayers, undefined);
});

test('a consumer without layers has none to prefer', async (t) => {
  const { consumer } = await startCall(t, audioParameters(), 'audio');
  assert.equal(consumer.type, 'simple');
  await consumer.setPreferredLayers({ spatialLayer: 1, temporalLayer: 1 });
  assert.equal(consumer.preferredLayers, undefined);
});

test('the priority is 1 to 255, and 1 when unset', async (t) => {
  const { consumer } = await startCall(t);
  assert.equal(consumer.priority, 1);
  await consumer.setPriority(255);
  assert.equal(consumer.priority, 255);
  await consumer.unsetPriority();
  assert.equal(consumer.priority, 1);
  for (const priority of [0, 256, 1.5, '3', undefined]) {
    await assert.rejects(consumer.setPriority(priority), { name: 'TypeError', field: 'priority' });
  }
});

test('bad layers are refused with their field', async (t) => {
  const { room, to, producer, consumer } = await startCall(t);
  await assert.rejects(consumer.setPreferredLayers(), { name: 'TypeError', field: 'preferredLayers' });
  await assert.rejects(consumer.setPreferredLayers({}), { name: 'TypeError', field: 'preferredLayers.spatialLayer' });
  await assert.rejects(consumer.setPreferredLayers({ spatialLayer: 0, temporalLayer: -1 }), { field: 'preferredLayers.temporalLayer' });
  const consume = (options) => to.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities, ...options });
  await assert.rejects(consume({ preferredLayers: 2 }), { name: 'TypeError', field: 'preferredLayers' });
  await assert.rejects(consume({ ignoreDtx: 'yes' }), { name: 'TypeError', field: 'ignoreDtx' });
});

test('a consumer explains itself', async (t) => {
  const { producer, consumer } = await startCall(t, simulcast(), 'video', { paused: true });
  const why = await consumer.explain();
  assert.equal(why.consumerId, consumer.id);
  assert.equal(why.producerId, producer.id);
  assert.equal(why.type, 'simulcast');
  assert.equal(why.forwarding, false);
  assert.equal(why.paused.consumer, true);
  assert.equal(why.priority, 1);
  assert.ok(Array.isArray(why.streams));
});

test('audio has NACK and RTX by default where the client has them, and not when asked to do without', async (t) => {
  const { room, to, producer, consumer } = await startCall(t, audioParameters(), 'audio');
  const types = ({ rtpParameters }) => rtpParameters.codecs.map(({ mimeType }) => mimeType);
  assert.deepEqual(types(consumer), ['audio/opus', 'audio/rtx']);
  assert.ok(consumer.rtpParameters.encodings[0].rtx.ssrc);
  const without = await to.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities, enableRtx: false });
  assert.deepEqual(types(without), ['audio/opus']);
  assert.ok(!without.rtpParameters.codecs[0].rtcpFeedback.some(({ type }) => type === 'nack'));
});

test('bitrates of a transport are limited, and told by its stats', async (t) => {
  const { to } = await startCall(t);
  await to.setMaxIncomingBitrate(1_500_000);
  await to.setMaxOutgoingBitrate(2_000_000);
  await to.setMinOutgoingBitrate(100_000);
  let [stat] = await to.getStats();
  assert.equal(stat.maxIncomingBitrate, 1_500_000);
  assert.equal(stat.maxOutgoingBitrate, 2_000_000);
  assert.equal(stat.minOutgoingBitrate, 100_000);
  await assert.rejects(to.setMinOutgoingBitrate(2_000_001), { name: 'TypeError', field: 'bitrate' });
  await assert.rejects(to.setMaxOutgoingBitrate(99_999), { name: 'TypeError', field: 'bitrate' });
  await assert.rejects(to.setMaxOutgoingBitrate(-1), { name: 'TypeError', field: 'bitrate' });
  await to.setMaxOutgoingBitrate(0);
  [stat] = await to.getStats();
  assert.ok(!('maxOutgoingBitrate' in stat));
  for (const name of [
    'rtpRecvBitrate',
    'rtpSendBitrate',
    'rtxRecvBitrate',
    'rtxSendBitrate',
    'probationSendBitrate',
    'probationBytesSent',
  ]) {
    assert.equal(stat[name], 0, name);
  }
});

test('streams tell scores and bitrates by layer', async (t) => {
  const { consumer, producer } = await startCall(t);
  const stats = [...(await consumer.getStats()), ...(await producer.getStats())];
  assert.ok(stats.length > 1);
  for (const stat of stats) {
    assert.equal(typeof stat.score, 'number');
    assert.equal(typeof stat.rtxPacketsDiscarded, 'number');
    assert.equal(typeof stat.bitrateByLayer, 'object');
  }
});

test('only what an object can trace may be traced', async (t) => {
  const { to, producer, consumer } = await startCall(t);
  await producer.enableTraceEvent(['rtp', 'keyframe', 'nack', 'pli', 'fir', 'sr']);
  await consumer.enableTraceEvent(['rtp', 'keyframe', 'nack', 'pli', 'fir']);
  await to.enableTraceEvent(['probation', 'bwe']);
  await producer.enableTraceEvent();
  await assert.rejects(consumer.enableTraceEvent(['rtp', 'sr']), { name: 'TypeError', field: 'types[1]' });
  await assert.rejects(to.enableTraceEvent(['rtp']), { name: 'TypeError', field: 'types[0]' });
  await assert.rejects(producer.enableTraceEvent(['smell']), { name: 'TypeError', field: 'types[0]' });
  await assert.rejects(producer.enableTraceEvent('rtp'), { name: 'TypeError', field: 'types' });
});

test('what the worker tells of a producer is kept and told on', async (t) => {
  const { producer } = await startCall(t);
  const tell = async (name, event) => {
    const told = Promise.all([next(producer, name), next(producer.observer, name)]);
    producer.handleEvent(event);
    const [[mine], [theirs]] = await told;
    assert.deepEqual(mine, theirs);
    return mine;
  };
  const scores = [new wire.ProducerScoreT(0, 11, 'q', 9), new wire.ProducerScoreT(1, 12, null, 0)];
  await tell('score', new wire.ProducerScoreChangeT(producer.id, scores));
  assert.deepEqual(producer.score, [
    { encodingIdx: 0, ssrc: 11, rid: 'q', score: 9 },
    { encodingIdx: 1, ssrc: 12, score: 0 },
  ]);
  assert.deepEqual(await tell('videoorientationchange', new wire.VideoOrientationChangeT(producer.id, true, false, 270)), {
    camera: true,
    flip: false,
    rotation: 270,
  });
  const info = '{"ssrc":11}';
  const trace = new wire.TraceEventT(wire.ObjectKind.PRODUCER, producer.id, wire.TraceType.KEYFRAME, 5n, false, info);
  assert.deepEqual(await tell('trace', trace), { type: 'keyframe', timestamp: 5, direction: 'in', info: { ssrc: 11 } });
});

test('what the worker tells of a consumer is kept and told on', async (t) => {
  const { consumer, to } = await startCall(t);
  const scored = next(consumer, 'score');
  consumer.handleEvent(new wire.ConsumerScoreChangeT(consumer.id, new wire.ConsumerScoreT(7, 8, [8, 0, 10])));
  const score = { score: 7, producerScore: 8, producerScores: [8, 0, 10] };
  assert.deepEqual(await scored, [score]);
  assert.deepEqual(consumer.score, score);
  const changed = next(consumer.observer, 'layerschange');
  consumer.handleEvent(new wire.LayersChangeT(consumer.id, new wire.ConsumerLayersT(2, 0)));
  assert.deepEqual(await changed, [{ spatialLayer: 2, temporalLayer: 0 }]);
  assert.deepEqual(consumer.currentLayers, { spatialLayer: 2, temporalLayer: 0 });
  const stopped = next(consumer, 'layerschange');
  consumer.handleEvent(new wire.LayersChangeT(consumer.id, null));
  assert.deepEqual(await stopped, [undefined]);
  assert.equal(consumer.currentLayers, undefined);
  const traced = next(consumer, 'trace');
  consumer.handleEvent(new wire.TraceEventT(wire.ObjectKind.CONSUMER, consumer.id, wire.TraceType.PLI, 6n, true, ''));
  assert.deepEqual(await traced, [{ type: 'pli', timestamp: 6, direction: 'out', info: {} }]);
  const estimated = next(to.observer, 'trace');
  to.handleEvent(new wire.TraceEventT(wire.ObjectKind.TRANSPORT, to.id, wire.TraceType.BWE, 7n, true, '{}'));
  assert.equal((await estimated)[0].type, 'bwe');
});

test('scalability modes are read by their names', () => {
  const modes = {
    L1T3: [1, 3, false],
    L3T2_KEY: [3, 2, true],
    S2T3: [2, 3, false],
    L3T3_KEY_SHIFT: [3, 3, true],
    '': [1, 1, false],
    L0T3: [1, 1, false],
    nonsense: [1, 1, false],
  };
  for (const [mode, [spatialLayers, temporalLayers, ksvc]] of Object.entries(modes)) {
    assert.deepEqual(parseScalabilityMode(mode), { spatialLayers, temporalLayers, ksvc }, mode);
  }
  assert.deepEqual(parseScalabilityMode(undefined), { spatialLayers: 1, temporalLayers: 1, ksvc: false });
});
