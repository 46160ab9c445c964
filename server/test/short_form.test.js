// The short form of the signaling (docs/signaling.md, last chapter): `{ message_type, content }`, and each line of what was asked of
// a WebSocket signaling server (001).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { answerSdp, Client, offerSdp, run, startServer, startServerWith } from './support.js';

const server = await startServer({ after }, '--signaling-port', '0', '--resume-timeout', '1');
while (!/short form/.test(server.output.out)) await once(server.child.stdout, 'data');
const address = /ws:\/\/localhost:\d+/.exec(server.output.out)[0];
let rooms = 0;
const freshRoom = () => `short-${++rooms}`;
/** @param {string} query what the address says of room and name */
const connect = (query = '', base = address) => Client.open(`${base}/${query}`);
const say = (client, type, content) => client.sendRaw(JSON.stringify({ message_type: type, content }));
/** A client that offers at once, in the room its address names. */
async function offering(room, name) {
  const client = await connect(`?room=${room}&name=${name}`);
  say(client, 'SDP', { type: 'offer', sdp: offerSdp });
  client.started = (await client.next('STARTED')).content;
  client.answer = await client.next('SDP');
  return client;
}

/** As it stands in the document. */
const sample = `v=0
o=alice 123456789 123456789 IN IP4 some-host.com
s=-
c=IN IP4 some-host.com
t=0 0
m=audio 49170 RTP/AVP 0
a=rtpmap:0 PCMU/8000
m=audio 49170 RTP/AVP 31
a=rtpmap:31 H261/90000
m=audio 49170 RTP/AVP 32
a=rtpmap:32 MPV/90000
`;

test('001: the port is configurable, beside that of the page, where the short form is at / too', async (t) => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  await once(free, 'close');
  const own = await startServer(t, '--signaling-port', String(port));
  const client = await connect('', `ws://127.0.0.1:${port}`);
  say(client, 'START', {});
  assert.equal((await client.next('STARTED')).content.room, 'lobby');
  const other = await connect('', own.url.replace('http', 'ws'));
  say(other, 'START', {});
  assert.equal((await other.next('STARTED')).content.peers.length, 1);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 426);
});

test('a port that is taken is one clear line, and nothing stays open', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address();
  const { output, exited } = run(['--port', '0', '--signaling-port', String(port), '--workers', '1', '--listen-ip', '127.0.0.1']);
  assert.deepEqual(await exited, [1, null]);
  occupant.close();
  assert.equal(
    output.err,
    `sluice-server: cannot listen on 127.0.0.1:${port}: it is in use already; choose another with --signaling-port\n`,
  );
});

test('001: peers find each other in rooms: START and STOP of each are told to the others', async () => {
  const room = freshRoom();
  const alice = await connect();
  say(alice, 'START', { room, name: 'Alice' });
  const started = (await alice.next('STARTED')).content;
  assert.deepEqual(started.peers, []);
  const bob = await connect(`?room=${room}&name=Bob`);
  say(bob, 'start');
  assert.deepEqual(
    (await bob.next('STARTED')).content.peers.map(({ name }) => name),
    ['Alice'],
  );
  const { content } = await alice.next('START');
  assert.equal(content.name, 'Bob');
  say(bob, 'STOP');
  assert.equal(await bob.closed, 1000);
  assert.deepEqual((await alice.next('STOP')).content, { peer_id: content.peer_id, reason: 'left' });
});

test('a socket that closes has stopped: this form has no session to come back to', async () => {
  const room = freshRoom();
  const alice = await offering(room, 'Alice');
  const bob = await offering(room, 'Bob');
  await alice.next('START');
  bob.socket.terminate();
  assert.equal((await alice.next('STOP')).content.reason, 'left');
});

test('001: media data: an SDP offer is all it takes to join, and is answered; the others are offered by SDP, and answer', async () => {
  const room = freshRoom();
  const alice = await offering(room, 'Alice');
  assert.equal(alice.answer.content.type, 'answer');
  assert.equal(alice.answer.id, undefined);
  assert.match(alice.answer.content.sdp, /a=recvonly/);
  const bob = await offering(room, 'Bob');
  for (const client of [alice, bob]) {
    const { content } = await client.next('SDP');
    assert.equal(content.type, 'offer');
    assert.equal(content.tracks.length, 2);
    say(client, 'SDP', { type: 'answer', sdp: answerSdp(content.sdp) });
  }
  say(bob, 'STOP');
  await bob.closed;
  const { content } = await alice.next('SDP');
  assert.deepEqual(content.tracks, []);
  assert.deepEqual(
    (await alice.everything()).map(({ message_type }) => message_type),
    ['START', 'STOP'],
  );
});

test('001: the stream id of who sends is in what the others are offered (msid)', async () => {
  const room = freshRoom();
  await offering(room, 'Alice');
  const bob = await offering(room, 'Bob');
  const [, stream] = /^a=msid:(\S+) /m.exec(offerSdp);
  assert.match((await bob.next('SDP')).content.sdp, new RegExp(`^a=msid:${stream} `, 'm'));
});

test('001: network data: candidates in the form of RTCIceCandidate, and null for their end', async () => {
  const alice = await offering(freshRoom(), 'Alice');
  say(alice, 'CANDIDATE', { candidate: 'candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host', sdpMid: '0', sdpMLineIndex: 0 });
  say(alice, 'CANDIDATE', { candidate: '', sdpMid: '0' });
  say(alice, 'CANDIDATE', null);
  assert.deepEqual(await alice.everything(), []);
});

test('001: the document’s sample SDP parses, and is refused when applied, naming what is missing', async () => {
  const alice = await connect(`?room=${freshRoom()}`);
  say(alice, 'SDP', { type: 'offer', sdp: sample });
  const { content } = await alice.next('ERROR');
  assert.equal(content.code, 'bad_sdp');
  assert.equal(content.in_reply_to, 'SDP');
  for (const missing of ['a=ice-ufrag', 'a=ice-pwd', 'a=fingerprint', 'a=setup', 'a=rtcp-mux', 'RTP/AVP'])
    assert.ok(content.message.includes(missing), `${missing} in: ${content.message}`);
  assert.match(content.message, /line 6 of the SDP is "m=audio 49170 RTP\/AVP 0"/);
  say(alice, 'SDP', { type: 'offer', sdp: offerSdp });
  assert.equal((await alice.next('SDP')).content.type, 'answer');
});

for (const [what, frame, code, field] of [
  ['an unknown type', { message_type: 'DANCE', content: {} }, 'unknown_type'],
  ['a type of the full form', { message_type: 'join', content: { room: 'r', name: 'n' } }, 'unknown_type'],
  ['a name of Object.prototype', { message_type: 'constructor' }, 'unknown_type'],
  ['no type', { content: {} }, 'bad_envelope'],
  ['text that is not JSON', 'hello', 'bad_json'],
  ['an answer to nothing, from nobody', { message_type: 'SDP', content: { type: 'answer', sdp: offerSdp } }, 'not_joined'],
  ['a candidate from nobody', { message_type: 'CANDIDATE', content: { candidate: '' } }, 'not_joined'],
  ['SDP without a description', { message_type: 'SDP' }, 'missing_field', 'type'],
  ['SDP of another type', { message_type: 'SDP', content: { type: 'rollback', sdp: '' } }, 'bad_field', 'type'],
  ['SDP that is text', { message_type: 'SDP', content: 'v=0' }, 'bad_envelope'],
  ['an SDP offer over 256 KiB', { message_type: 'SDP', content: { type: 'offer', sdp: 'x'.repeat(256 * 1024 + 1) } }, 'bad_field', 'sdp'],
  ['a frame over 260 KiB', ' '.repeat(260 * 1024 + 1), 'message_too_large'],
  ['a room that is none', { message_type: 'START', content: { room: 'a b' } }, 'bad_field', 'room'],
]) {
  test(`001: ${what} gets ERROR ${code}, never silence`, async () => {
    const client = await connect(`?room=${freshRoom()}`);
    client.sendRaw(typeof frame === 'string' ? frame : JSON.stringify(frame));
    const { content } = await client.next('ERROR');
    assert.equal(content.code, code, content.message);
    assert.equal(content.field, field);
    say(client, 'PING');
    await client.next('PONG');
  });
}

test('001: messages out of order get ERROR: START twice, an answer that nobody waits for', async () => {
  const alice = await offering(freshRoom(), 'Alice');
  say(alice, 'START', {});
  assert.equal((await alice.next('ERROR')).content.code, 'already_joined');
  say(alice, 'SDP', { type: 'answer', sdp: offerSdp });
  assert.equal((await alice.next('ERROR')).content.code, 'wrong_state');
});

test('where tokens are asked for, the address or START says it; else nobody is let in', async (t) => {
  const secret = 's'.repeat(48);
  const guarded = await startServerWith(t, { SLUICE_TOKEN_SECRET: secret }, '--tokens', 'required');
  const made = run(['token', '--room', 'r', '--identity', 'alice'], { SLUICE_TOKEN_SECRET: secret });
  await made.exited;
  const token = made.output.out.trim();
  const base = guarded.url.replace('http', 'ws');
  const nobody = await connect('?room=r', base);
  say(nobody, 'SDP', { type: 'offer', sdp: offerSdp });
  assert.equal((await nobody.next('ERROR')).content.code, 'token_required');
  say(nobody, 'START', { token });
  assert.equal((await nobody.next('STARTED')).content.room, 'r');
  const alice = await connect(`?room=r&token=${token}`, base);
  say(alice, 'SDP', { type: 'offer', sdp: offerSdp });
  assert.equal((await alice.next('STARTED')).content.peers.length, 1);
});
