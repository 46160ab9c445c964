// Direct transports: messages, RTP and RTCP of this process through a real worker.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidStateError, LimitExceededError } from 'sluice';
import { next, startRoom } from './support.js';

const opus = (ssrc) => ({
  codecs: [{ mimeType: 'audio/opus', payloadType: 96, clockRate: 48000, channels: 2 }],
  encodings: [{ ssrc }],
});

function rtpPacket(ssrc, number, payload) {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = 96;
  header.writeUInt16BE(number, 2);
  header.writeUInt32BE(number * 960, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

async function startDirect(t) {
  const { worker, room } = await startRoom(t);
  const transports = [];
  room.observer.on('newtransport', (transport) => transports.push(transport));
  const transport = await room.createDirectTransport({ maxMessageSize: 500_000, appData: { of: 'test' } });
  assert.deepEqual(transports, [transport]);
  return { worker, room, transport };
}

test('messages of every kind go from a data producer to data consumers', async (t) => {
  const { transport, room } = await startDirect(t);
  const made = [];
  transport.observer.on('newdataproducer', (dataProducer) => made.push(dataProducer));
  transport.observer.on('newdataconsumer', (dataConsumer) => made.push(dataConsumer));
  const dataProducer = await transport.produceData({ label: 'chat', protocol: 'json', appData: { a: 1 } });
  assert.equal(dataProducer.type, 'direct');
  assert.equal(dataProducer.sctpStreamParameters, undefined);
  const other = await room.createDirectTransport();
  const dataConsumer = await other.consumeData({ dataProducerId: dataProducer.id, subchannels: [7, 5] });
  assert.equal(dataConsumer.label, 'chat');
  assert.equal(dataConsumer.protocol, 'json');
  assert.deepEqual(dataConsumer.subchannels, [5, 7]);
  assert.equal(dataConsumer.dataProducerId, dataProducer.id);
  assert.deepEqual(made, [dataProducer]);

  const received = [];
  const all = new Promise((resolve) =>
    dataConsumer.on('message', (message, ppid) => {
      received.push([message, ppid]);
      if (message.equals(Buffer.from('last'))) resolve();
    }),
  );
  const large = Buffer.alloc(500_000, 'xyz');
  dataProducer.send('hello');
  dataProducer.send(Buffer.from([1, 2]));
  dataProducer.send('');
  dataProducer.send(Buffer.alloc(0));
  dataProducer.send('for others', undefined, [6]);
  dataProducer.send('for 5', undefined, [5, 6]);
  dataProducer.send('needs 9', undefined, [5], 9);
  dataProducer.send('not 7', undefined, [], undefined, 7);
  dataProducer.send(large);
  dataProducer.send('last');
  await all;
  assert.deepEqual(received.slice(0, 5), [
    [Buffer.from('hello'), 51],
    [Buffer.from([1, 2]), 53],
    [Buffer.alloc(0), 56],
    [Buffer.alloc(0), 57],
    [Buffer.from('for 5'), 51],
  ]);
  assert.equal(received.length, 7);
  assert.ok(received[5][0].equals(large));

  const [sent] = await dataConsumer.getStats();
  assert.equal(sent.type, 'data-consumer');
  assert.equal(sent.messagesSent, 7);
  assert.equal(sent.bytesSent, 5 + 2 + 5 + 500_000 + 4);
  assert.deepEqual(sent.dropped, {});
  const [got] = await dataProducer.getStats();
  assert.equal(got.type, 'data-producer');
  assert.equal(got.messagesReceived, 10);
  assert.equal(got.label, 'chat');
  assert.equal((await dataProducer.dump()).dataConsumerIds[0], dataConsumer.id);
  assert.deepEqual((await dataConsumer.dump()).subchannels, [5, 7]);
  await dataConsumer.addSubchannel(1);
  await dataConsumer.removeSubchannel(7);
  assert.deepEqual(dataConsumer.subchannels, [1, 5]);
  await dataConsumer.setSubchannels([]);
  assert.deepEqual(dataConsumer.subchannels, []);
});

test('pauses and ends are told to both sides', async (t) => {
  const { transport } = await startDirect(t);
  const dataProducer = await transport.produceData({ paused: true });
  const dataConsumer = await transport.consumeData({ dataProducerId: dataProducer.id });
  assert.equal(dataConsumer.dataProducerPaused, true);
  const seen = [];
  for (const name of ['pause', 'resume', 'close']) dataConsumer.observer.on(name, () => seen.push(name));
  const resumed = next(dataConsumer, 'dataproducerresume');
  await dataProducer.resume();
  await resumed;
  const paused = next(dataConsumer, 'dataproducerpause');
  await dataProducer.pause();
  await paused;
  await dataConsumer.pause();
  assert.equal(dataConsumer.paused, true);
  await dataConsumer.resume();
  const closed = next(dataConsumer, 'dataproducerclose');
  dataProducer.close();
  await closed;
  assert.equal(dataConsumer.closed, true);
  assert.deepEqual(seen, ['resume', 'pause', 'close']);
  assert.throws(() => dataProducer.send('late'), InvalidStateError);

  const second = await transport.produceData();
  const consumerOfSecond = await transport.consumeData({ dataProducerId: second.id });
  const ends = Promise.all([next(second, 'transportclose'), next(consumerOfSecond, 'transportclose')]);
  transport.close();
  await ends;
});

test('RTP goes in by send() and comes out by the rtp event, RTCP both ways', async (t) => {
  const { transport, room } = await startDirect(t);
  const producer = await transport.produce({ kind: 'audio', rtpParameters: opus(4711) });
  const other = await room.createDirectTransport();
  const consumer = await other.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities });
  const packets = [];
  const third = new Promise((resolve) => consumer.on('rtp', (packet) => packets.push(packet) === 3 && resolve()));
  const report = next(other, 'rtcp', 8_000);
  // RFC 3550 §6.4.1: with a clock of the publisher's there are reports about what is made from its packets.
  const senderReport = Buffer.alloc(28);
  senderReport.set([0x80, 200, 0, 6]);
  senderReport.writeUInt32BE(4711, 4);
  senderReport.writeUInt32BE(0xe0000000, 8);
  transport.sendRtcp(senderReport);
  for (let number = 1; number <= 3; ++number) producer.send(rtpPacket(4711, number, Buffer.from([number, 99])));
  await third;
  assert.deepEqual(
    packets.map((packet) => packet.subarray(-2)),
    [1, 2, 3].map((number) => Buffer.from([number, 99])),
  );
  assert.equal(packets[0].readUInt32BE(8), consumer.rtpParameters.encodings[0].ssrc);
  const [compound] = await report;
  assert.equal(compound[1], 200); // RFC 3550 §6.4.1: a sender report
  const feedback = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]);
  other.sendRtcp(feedback);
  const [stat] = await transport.getStats();
  assert.equal(stat.type, 'direct-transport');
  assert.equal(stat.packetsReceived, 4);
  assert.equal((await producer.getStats())[0].packetCount, 3);
});

test('a wrong argument is named', async (t) => {
  const { transport, room } = await startDirect(t);
  const dataProducer = await transport.produceData();
  const field = (name) => (error) => error instanceof TypeError && error.field === name;
  await assert.rejects(room.createDirectTransport({ maxMessageSize: -1 }), field('maxMessageSize'));
  await assert.rejects(room.createDirectTransport({ maxMessageSize: 5_000_000 }), field('maxMessageSize'));
  await assert.rejects(transport.produceData({ label: 1 }), field('label'));
  await assert.rejects(transport.produceData({ id: '' }), field('id'));
  await assert.rejects(transport.produceData({ sctpStreamParameters: { streamId: 65535 } }), field('sctpStreamParameters.streamId'));
  await assert.rejects(
    transport.produceData({ sctpStreamParameters: { streamId: 1, maxRetransmits: 1, maxPacketLifeTime: 1 } }),
    field('sctpStreamParameters.maxRetransmits'),
  );
  await assert.rejects(
    transport.produceData({ sctpStreamParameters: { streamId: 1, ordered: true, maxRetransmits: 1 } }),
    field('sctpStreamParameters.ordered'),
  );
  await assert.rejects(transport.consumeData({}), field('dataProducerId'));
  await assert.rejects(transport.consumeData({ dataProducerId: dataProducer.id, subchannels: ['a'] }), field('subchannels[0]'));
  assert.throws(() => dataProducer.send(1), field('message'));
  assert.throws(() => dataProducer.send('a', 50), field('ppid'));
  assert.throws(() => dataProducer.send('a', 51, [65536]), field('subchannels[0]'));
  assert.throws(() => dataProducer.send('a', 51, [], -1), field('requiredSubchannel'));
  assert.throws(() => dataProducer.send(Buffer.alloc(500_001)), field('message'));
  assert.throws(() => transport.sendRtcp('x'), field('packet'));
});

test('a worker that does not read makes send() throw instead of filling the memory', async (t) => {
  const { worker, transport } = await startDirect(t);
  const dataProducer = await transport.produceData();
  process.kill(worker.pid, 'SIGSTOP');
  t.after(() => process.kill(worker.pid, 'SIGCONT'));
  const message = Buffer.alloc(400_000);
  assert.throws(() => {
    for (let i = 0; i < 1000; ++i) dataProducer.send(message);
  }, LimitExceededError);
  process.kill(worker.pid, 'SIGCONT');
  const [stat] = await dataProducer.getStats();
  assert.ok(stat.messagesReceived >= 40 && stat.messagesReceived < 100, `${stat.messagesReceived} messages`);
});
