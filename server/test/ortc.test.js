// Participants that speak as mediasoup-client does: docs/signaling.md, "The ORTC way".
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { publish, startServer } from './support.js';

const server = await startServer({ after });
let rooms = 0;
const freshRoom = () => `ortc-${++rooms}`;
const join = (room, name) => server.join(room, name, { ortc: true, audio: true });

const fingerprints = [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }];
const opus = { mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2 };
const rtpParameters = { mid: '0', codecs: [opus], encodings: [{ ssrc: 1234 }], rtcp: { cname: 'c' } };

async function transportOf(client) {
  const { message_type, content } = await client.request('create_transport');
  assert.equal(message_type, 'transport_created', content.message);
  return content;
}

async function produce(client) {
  const { id } = await transportOf(client);
  const { message_type, content } = await client.request('produce', { transport_id: id, kind: 'audio', rtpParameters });
  assert.equal(message_type, 'produced', content.message);
  return content.producer_id;
}

test('joining gives the capabilities of the room, and the tracks that are there; nothing is offered', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const bob = await join(room, 'Bob');
  assert.ok(bob.joined.rtp_capabilities.codecs.some(({ mimeType }) => mimeType === 'video/VP8'));
  const { producers } = (await bob.next('producers')).content;
  assert.deepEqual(
    producers.map(({ peer_id, kind }) => [peer_id, kind]),
    [
      [ada.joined.peer_id, 'audio'],
      [ada.joined.peer_id, 'video'],
    ],
  );
  assert.deepEqual(await bob.everything(), []);
});

test('transports have mediasoup’s shapes; what is produced is offered to the others, what is there can be consumed', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const bob = await join(room, 'Bob');
  const transport = await transportOf(bob);
  assert.deepEqual(Object.keys(transport).sort(), ['dtlsParameters', 'iceCandidates', 'iceParameters', 'id']);
  assert.equal(transport.iceParameters.iceLite, true);
  const connected = await bob.request('connect_transport', {
    transport_id: transport.id,
    dtlsParameters: { role: 'client', fingerprints },
  });
  assert.equal(connected.message_type, 'transport_connected', connected.content.message);
  const producer = await produce(bob);
  const offered = (await ada.next('offer')).content.tracks;
  assert.deepEqual(
    offered.map(({ peer_id, producer_id, kind }) => [peer_id, producer_id, kind]),
    [[bob.joined.peer_id, producer, 'audio']],
  );
  const [, video] = (await bob.next('producers')).content.producers;
  const consumed = await bob.request('consume', {
    transport_id: transport.id,
    producer_id: video.producer_id,
    rtpCapabilities: bob.joined.rtp_capabilities,
  });
  assert.equal(consumed.message_type, 'consumed', consumed.content.message);
  assert.equal(consumed.content.kind, 'video');
  assert.equal(consumed.content.rtpParameters.codecs[0].mimeType, 'video/VP8');
  assert.equal((await bob.request('close', { id: consumed.content.consumer_id })).message_type, 'closed');
  assert.equal((await bob.request('close', { id: producer })).message_type, 'closed');
  ada.send('leave');
  while ((await bob.next('producers')).content.producers.length > 0); // a list for each that goes
});

for (const [what, type, content, code, field] of [
  ['an offer', 'offer', { type: 'offer', sdp: 'v=0' }, 'wrong_state'],
  ['a candidate', 'candidate', { candidate: '' }, 'wrong_state'],
  ['producing on no transport', 'produce', { transport_id: 'x', kind: 'audio', rtpParameters }, 'bad_field', 'transport_id'],
  ['producing smells', 'produce', { transport_id: 'x', kind: 'smell', rtpParameters }, 'bad_field', 'kind'],
  ['consuming without capabilities', 'consume', { transport_id: 'x', producer_id: 'y' }, 'missing_field', 'rtpCapabilities'],
  ['closing what is not there', 'close', { id: 'x' }, 'bad_field', 'id'],
  ['connecting with text', 'connect_transport', { transport_id: 'x', dtlsParameters: 'y' }, 'bad_field', 'dtlsParameters'],
]) {
  test(`${what} is ${code}, and the participant stays`, async () => {
    const client = await join(freshRoom(), 'X');
    const { message_type, content: told } = await client.request(type, content);
    assert.equal(message_type, 'error');
    assert.equal(told.code, code, told.message);
    assert.equal(told.field, field);
    await client.request('ping');
  });
}

test('bad parameters are refused by the controller’s sentence, with their path', async () => {
  const client = await join(freshRoom(), 'X');
  const { id } = await transportOf(client);
  const ask = async (type, content) => (await client.request(type, { transport_id: id, ...content })).content;
  assert.match((await ask('connect_transport', { dtlsParameters: {} })).field, /dtlsParameters\.fingerprints/);
  assert.match((await ask('produce', { kind: 'audio', rtpParameters: { codecs: [{}] } })).field, /rtpParameters\.codecs\[0\]/);
  const unknown = await ask('consume', { producer_id: 'nobody', rtpCapabilities: client.joined.rtp_capabilities });
  assert.equal(unknown.code, 'bad_field', unknown.message);
  assert.equal(unknown.field, 'producerId');
  for (let i = 0; i < 3; i++) await transportOf(client);
  assert.match((await client.request('create_transport')).content.message, /at most 4 transports/);
});

test('these messages are not for who joined to offer and answer', async () => {
  const ada = await server.join(freshRoom(), 'Ada');
  const { content } = await ada.request('create_transport');
  assert.equal(content.code, 'wrong_state');
  assert.equal((await (await server.connect()).request('create_transport')).content.code, 'not_joined');
});
