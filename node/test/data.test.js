// Data producers and consumers on WebRTC transports: options, streams, and what closes with what. (Messages go through real clients
// in test/e2e, and through synthetic ones in test/scenario.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlreadyExistsError, InvalidStateError, LimitExceededError } from 'sluice';
import { next, startRoom } from './support.js';

test('a transport with enableSctp tells the client what it takes', async (t) => {
  const { room } = await startRoom(t);
  const plain = await room.createWebRtcTransport();
  assert.equal(plain.sctpParameters, undefined);
  assert.equal(plain.sctpState, undefined);
  const transport = await room.createWebRtcTransport({ enableSctp: true });
  assert.deepEqual(transport.sctpParameters, { port: 5000, OS: 1024, MIS: 1024, maxMessageSize: 262144 });
  assert.equal(transport.sctpState, 'new');
  const [stat] = await transport.getStats();
  assert.equal(stat.sctpState, 'new');
  const other = await room.createWebRtcTransport({ enableSctp: true, numSctpStreams: { OS: 10, MIS: 20 }, maxSctpMessageSize: 1000 });
  assert.deepEqual(other.sctpParameters, { port: 5000, OS: 10, MIS: 20, maxMessageSize: 1000 });
  transport.close();
  assert.equal(transport.sctpState, 'closed');

  const field = (name) => (error) => error instanceof TypeError && error.field === name;
  await assert.rejects(room.createWebRtcTransport({ enableSctp: 1 }), field('enableSctp'));
  await assert.rejects(room.createWebRtcTransport({ enableSctp: true, numSctpStreams: { OS: 0, MIS: 1 } }), field('numSctpStreams.OS'));
  await assert.rejects(room.createWebRtcTransport({ enableSctp: true, maxReceiveMessageSize: 1e9 }), field('maxReceiveMessageSize'));
  await assert.rejects(room.createWebRtcTransport({ enableSctp: true, sctpSendBufferSize: 'x' }), field('sctpSendBufferSize'));
});

test('streams are numbered: the client’s by the client, the worker’s by the worker', async (t) => {
  const { room } = await startRoom(t);
  const from = await room.createWebRtcTransport({ enableSctp: true });
  const to = await room.createWebRtcTransport({ enableSctp: true });
  const sctpStreamParameters = { streamId: 5, maxRetransmits: 3 };
  const dataProducer = await from.produceData({ sctpStreamParameters, label: 'chat', protocol: 'json' });
  assert.equal(dataProducer.type, 'sctp');
  assert.deepEqual(dataProducer.sctpStreamParameters, { streamId: 5, ordered: false, maxRetransmits: 3 });
  const first = await to.consumeData({ dataProducerId: dataProducer.id });
  const second = await to.consumeData({ dataProducerId: dataProducer.id, ordered: true });
  assert.deepEqual(first.sctpStreamParameters, { streamId: 0, ordered: false, maxRetransmits: 3 });
  assert.deepEqual(second.sctpStreamParameters, { streamId: 1, ordered: true });
  assert.deepEqual([first.label, first.protocol], ['chat', 'json']);
  assert.equal((await first.dump()).sctpStreamParameters.maxRetransmits, 3);

  await assert.rejects(from.produceData({ sctpStreamParameters }), AlreadyExistsError);
  await assert.rejects(from.produceData({}), (error) => error.field === 'sctpStreamParameters');
  const without = await room.createWebRtcTransport();
  await assert.rejects(without.produceData({ sctpStreamParameters }), InvalidStateError);
  await assert.rejects(
    to.consumeData({ dataProducerId: dataProducer.id, maxRetransmits: 1, maxPacketLifeTime: 1 }),
    (error) => error.field === 'maxRetransmits',
  );
  assert.throws(() => dataProducer.send('x'), InvalidStateError);

  const closed = next(first, 'dataproducerclose');
  dataProducer.close();
  await closed;
  assert.equal(second.closed, true);
});

test('what waits for a client that is not there is bounded, and told', async (t) => {
  const { room } = await startRoom(t);
  const direct = await room.createDirectTransport();
  const dataProducer = await direct.produceData();
  const transport = await room.createWebRtcTransport({ enableSctp: true, sctpPerStreamSendQueueLimit: 10_000 });
  const dataConsumer = await transport.consumeData({ dataProducerId: dataProducer.id });
  assert.equal(await dataConsumer.getBufferedAmount(), 0);
  await dataConsumer.send('hello');
  const waiting = await dataConsumer.getBufferedAmount();
  assert.ok(waiting >= 5 && waiting < 200);
  const full = next(dataConsumer, 'sctpsendbufferfull');
  for (let i = 0; i < 20; ++i) dataProducer.send(Buffer.alloc(1_000));
  await full;
  await assert.rejects(dataConsumer.send(Buffer.alloc(5_000)), LimitExceededError);
  const low = next(dataConsumer, 'bufferedamountlow');
  await dataConsumer.setBufferedAmountLowThreshold(1_000_000);
  const [amount] = await low;
  assert.ok(amount > 5_000 && amount <= 10_000);
  const [stat] = await dataConsumer.getStats();
  assert.ok(stat.dropped['queue-full'] >= 11);
});

test('a peer that negotiates has its data channels made by its client', async (t) => {
  const { room } = await startRoom(t);
  const peer = await room.createPeer({ produceData: false });
  const made = next(peer.observer, 'newtransport');
  await peer.createOffer();
  await made;
  await assert.rejects(peer.transport.produceData({ sctpStreamParameters: { streamId: 1 } }), InvalidStateError);
});
