// docs/signaling.md against a real server with a real worker.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { offerNamed } from './http_support.js';
import { answer, answerSdp, offerSdp, publish, startServer } from './support.js';

const server = await startServer({ after }, '--room-limit', '4', '--resume-timeout', '1');
let rooms = 0;
const freshRoom = () => `room-${++rooms}`;

test('joining tells who is there, the longest present first, and tells them', async () => {
  const room = freshRoom();
  const ada = await server.join(room, ' Ada ', { audio: true, video: true });
  assert.deepEqual(Object.keys(ada.joined).sort(), ['ice_servers', 'may_publish', 'may_subscribe', 'peer_id', 'peers', 'room', 'session']);
  assert.equal(ada.joined.room, room);
  assert.deepEqual(ada.joined.peers, []);
  assert.deepEqual(ada.joined.ice_servers, []);
  const bob = await server.join(room, 'Bob');
  const joined = (await ada.next('peer_joined')).content;
  assert.deepEqual(joined, { peer_id: bob.joined.peer_id, name: 'Bob', audio: false, video: false });
  const eve = await server.join(room, 'Ada', { video: true });
  assert.deepEqual(eve.joined.peers, [{ peer_id: ada.joined.peer_id, name: 'Ada', audio: true, video: true }, joined]);
});

test('rooms are apart, and case counts', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  const bob = await server.join(room.toUpperCase(), 'Bob');
  assert.deepEqual(bob.joined.peers, []);
  assert.deepEqual(await ada.everything(), []);
});

test('names of rooms may be of any script', async () => {
  const ada = await server.join('комната.部屋_हिन्दी~1', 'Ада Лавлейс 👩‍💻');
  assert.equal(ada.joined.room, 'комната.部屋_हिन्दी~1');
});

test('what is shown of a participant reaches the others', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  const bob = await server.join(room, 'Bob');
  bob.send('state', { audio: true, video: false });
  assert.deepEqual((await ada.next('peer_state')).content, { peer_id: bob.joined.peer_id, audio: true, video: false });
  const eve = await server.join(room, 'Eve');
  assert.equal(eve.joined.peers[1].audio, true);
});

test('a ping is answered, before joining too', async () => {
  const client = await server.connect();
  assert.deepEqual(await client.request('ping'), { message_type: 'pong', content: {}, id: 100 });
  client.sendRaw('{"message_type":"ping"}');
  assert.deepEqual(await client.next('pong'), { message_type: 'pong', content: {} });
  client.send('pong', {}, 5);
  assert.deepEqual(await client.everything(), []);
});

test('leaving closes the socket and is told to the others', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  const bob = await server.join(room, 'Bob');
  bob.send('leave');
  assert.equal(await bob.closed, 1000);
  assert.deepEqual((await ada.next('peer_left')).content, { peer_id: bob.joined.peer_id, reason: 'left' });
  assert.deepEqual((await server.join(room, 'Eve')).joined.peers.length, 1);
  const stranger = await server.connect();
  stranger.send('leave');
  assert.equal(await stranger.closed, 1000);
});

test('a room has a limit', async () => {
  const room = freshRoom();
  for (const name of ['1', '2', '3', '4']) await server.join(room, name);
  const client = await server.connect();
  const { content } = await client.request('join', { room, name: '5' });
  assert.equal(content.code, 'room_full');
  assert.equal(content.in_reply_to, 'join');
  assert.equal((await client.request('join', { room: freshRoom(), name: '5' })).message_type, 'joined');
});

// --- Negotiation --------------------------------------------------------------------------------------------------------------

test('a call of two, message by message', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada', { offers: true });
  const reply = await publish(ada);
  assert.equal(reply.content.type, 'answer');
  assert.match(reply.content.sdp, /a=ice-lite/);
  ada.send('candidate', {
    candidate: 'candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host',
    sdpMid: '0',
    sdpMLineIndex: 0,
    usernameFragment: null,
  });
  ada.send('candidate', { candidate: '' });

  const bob = await server.join(room, 'Bob', { offers: true });
  await publish(bob);
  const toBob = await bob.next('offer');
  const toAda = await ada.next('offer');
  assert.equal(toBob.id, 1);
  for (const [offer, from] of [
    [toBob, ada],
    [toAda, bob],
  ]) {
    assert.equal(offer.content.type, 'offer');
    assert.deepEqual(
      offer.content.tracks.map(({ peer_id, kind }) => [peer_id, kind]),
      [
        [from.joined.peer_id, 'audio'],
        [from.joined.peer_id, 'video'],
      ],
    );
    for (const { mid, producer_id } of offer.content.tracks) {
      assert.match(offer.content.sdp, new RegExp(`a=mid:${mid}\r\n`));
      assert.ok(producer_id.length > 0);
    }
  }
  answer(bob, toBob);
  answer(ada, toAda);

  bob.send('leave');
  await ada.next('peer_left');
  const last = await ada.next('offer');
  assert.deepEqual(last.content.tracks, []);
  assert.equal(last.id, 2);
  assert.match(last.content.sdp, /a=inactive/);
  answer(ada, last);
  assert.deepEqual(
    (await ada.everything()).map(({ message_type }) => message_type),
    ['peer_joined'],
  );
});

test('sections that a client opened are filled by its answer, and only what they do not hold is offered', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const bob = await server.join(room, 'Bob', { offers: true });
  const opened = offerNamed('chromium-recvonly'); // one audio section, two for video
  const { content } = await bob.request('offer', { type: 'offer', sdp: opened });
  assert.equal(content.type, 'answer', content.message);
  assert.deepEqual(
    content.tracks.map(({ mid, peer_id, kind }) => [mid, peer_id, kind]),
    [
      ['0', ada.joined.peer_id, 'audio'],
      ['1', ada.joined.peer_id, 'video'],
    ],
  );
  await wait(100);
  assert.deepEqual(await bob.everything(), []);
  const eve = await server.join(room, 'Eve');
  await publish(eve);
  const offer = await bob.next('offer');
  assert.deepEqual(
    offer.content.tracks.map(({ mid, peer_id }) => [mid, peer_id]).filter(([, peer]) => peer === eve.joined.peer_id).length,
    2,
  );
  assert.ok(
    offer.content.tracks.some(({ mid, peer_id }) => mid === '2' && peer_id === eve.joined.peer_id),
    'the section left empty is used',
  );
});

test('a client that sends nothing is offered what is there', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const bob = await server.join(room, 'Bob');
  const offer = await bob.next('offer');
  assert.equal(offer.content.tracks.length, 2);
  answer(bob, offer);
  assert.deepEqual(await bob.everything(), []);
});

test('an announced offer comes before any of the server', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const bob = await server.join(room, 'Bob', { offers: true });
  await wait(200);
  assert.deepEqual(await bob.everything(), []);
  await publish(bob);
  assert.equal((await bob.next('offer')).id, 1);
});

test('offers never overlap: who joins meanwhile is in the next', async () => {
  const room = freshRoom();
  const viewer = await server.join(room, 'Viewer');
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const first = await viewer.next('offer');
  const bob = await server.join(room, 'Bob');
  await publish(bob);
  await wait(100);
  assert.deepEqual(
    (await viewer.everything()).map(({ message_type }) => message_type),
    ['peer_joined', 'peer_joined'],
  );
  answer(viewer, first);
  const second = await viewer.next('offer');
  assert.equal(second.id, 2);
  assert.equal(second.content.tracks.length, 4);
});

test('offers that collide: the server takes its own back, answers, and offers anew', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const bob = await server.join(room, 'Bob');
  const ignored = await bob.next('offer');
  await publish(bob);
  const anew = await bob.next('offer');
  assert.equal(anew.id, ignored.id + 1);
  assert.deepEqual(
    anew.content.tracks.map(({ peer_id }) => peer_id),
    [ada.joined.peer_id, ada.joined.peer_id],
  );
  // The answer to the offer that was taken back is late, and no error.
  bob.send('answer', { type: 'answer', sdp: answerSdp(ignored.content.sdp) }, ignored.id);
  answer(bob, anew);
  assert.deepEqual(await bob.everything(), []);
});

test('an answer that nobody waits for is refused', async () => {
  const ada = await server.join(freshRoom(), 'Ada');
  const { content } = await ada.request('answer', { type: 'answer', sdp: offerSdp });
  assert.equal(content.code, 'wrong_state');
  assert.equal(content.in_reply_to, 'answer');
});

test('a bad answer is refused, and the server offers anew when something changes', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const bob = await server.join(room, 'Bob');
  const offer = await bob.next('offer');
  bob.send('answer', { type: 'answer', sdp: 'v=0\r\nrubbish\r\n' }, offer.id);
  const { content, id } = await bob.next('error');
  assert.equal(content.code, 'bad_sdp');
  assert.equal(content.field, 'sdp');
  assert.equal(id, offer.id);
  await wait(100);
  assert.deepEqual(await bob.everything(), []);
  await publish(await server.join(room, 'Eve'));
  const anew = await bob.next('offer');
  assert.equal(anew.id, offer.id + 1);
  assert.equal(anew.content.tracks.length, 4);
  answer(bob, anew);
  // The worker said when the old one was rolled back that there is something to offer. The new one covers that.
  await wait(150);
  const told = (await bob.everything()).map(({ message_type }) => message_type);
  assert.deepEqual(told, ['peer_joined'], 'an offer without anything new');
});

test('a bad offer is refused, and a good one is taken after it', async () => {
  const ada = await server.join(freshRoom(), 'Ada');
  for (const sdp of ['', 'v=0\r\nrubbish', offerSdp.replace(/a=mid.*\r\n/g, ''), offerSdp.replace(/a=ice-ufrag.*\r\n/g, '')]) {
    const { content } = await ada.request('offer', { type: 'offer', sdp });
    assert.equal(content.code, 'bad_sdp', sdp.slice(0, 40));
    assert.ok(content.message.length > 10);
  }
  await publish(ada);
});

test('the same offer again gets an answer again', async () => {
  const ada = await server.join(freshRoom(), 'Ada');
  const first = await publish(ada);
  const second = await publish(ada);
  const ufrag = ({ content }) => /a=ice-ufrag:(\S+)/.exec(content.sdp)[1];
  assert.equal(ufrag(first), ufrag(second));
});

// --- Resuming -----------------------------------------------------------------------------------------------------------------

test('a participant whose socket drops is resumed, and the others notice nothing', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  const bob = await server.join(room, 'Bob', { audio: true });
  await ada.next('peer_joined');
  bob.socket.terminate();
  await bob.closed;
  const again = await server.connect();
  const { message_type, content } = await again.request('resume', { session: bob.joined.session });
  assert.equal(message_type, 'resumed');
  assert.equal(content.peer_id, bob.joined.peer_id);
  assert.equal(content.room, room);
  assert.deepEqual(content.peers, [{ peer_id: ada.joined.peer_id, name: 'Ada', audio: false, video: false }]);
  await wait(1_300);
  assert.deepEqual(await ada.everything(), []);
  again.send('state', { audio: false, video: false });
  assert.equal((await ada.next('peer_state')).content.peer_id, bob.joined.peer_id);
});

test('an unanswered offer is sent again, unchanged; what came up meanwhile follows', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  await publish(ada);
  const bob = await server.join(room, 'Bob');
  const offer = await bob.next('offer');
  bob.socket.terminate();
  await bob.closed;
  await publish(await server.join(room, 'Eve'));
  const again = await server.connect();
  assert.equal((await again.request('resume', { session: bob.joined.session })).content.peers.length, 2);
  const repeated = await again.next('offer');
  assert.deepEqual(repeated, offer);
  answer(again, repeated);
  assert.equal((await again.next('offer')).content.tracks.length, 4);
});

test('resuming on another socket closes the one before with 4000', async () => {
  const bob = await server.join(freshRoom(), 'Bob');
  const again = await server.connect();
  assert.equal((await again.request('resume', { session: bob.joined.session })).message_type, 'resumed');
  assert.equal(await bob.closed, 4000);
  await wait(1_300);
  again.send('state', { audio: true, video: true });
  assert.deepEqual(await again.everything(), []);
});

test('a participant that stays away is lost', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  const bob = await server.join(room, 'Bob');
  bob.socket.terminate();
  assert.deepEqual((await ada.next('peer_left')).content, { peer_id: bob.joined.peer_id, reason: 'lost' });
  const late = await server.connect();
  const { content } = await late.request('resume', { session: bob.joined.session });
  assert.equal(content.code, 'session_expired');
  assert.equal((await late.request('join', { room, name: 'Bob' })).message_type, 'joined');
});

test('a page that goes away without a word (Firefox) has left', async () => {
  const room = freshRoom();
  const ada = await server.join(room, 'Ada');
  const bob = await server.join(room, 'Bob');
  bob.socket.close(1001);
  assert.deepEqual((await ada.next('peer_left')).content, { peer_id: bob.joined.peer_id, reason: 'left' });
});

// --- Refusals -----------------------------------------------------------------------------------------------------------------

const join = (content) => ({ message_type: 'join', id: 7, content });
const inRoom = (content) => ({ room: 'refusals', name: 'X', ...content });

for (const [what, frame, code, field] of [
  ['text that is not JSON', '{', 'bad_json'],
  ['an empty frame', '', 'bad_json'],
  ['an array', [], 'bad_envelope'],
  ['null', null, 'bad_envelope'],
  ['no type', { id: 7 }, 'bad_envelope'],
  ['a type that is no string', { message_type: 5, id: 7 }, 'bad_envelope'],
  ['content that is no object', { message_type: 'ping', content: 'x', id: 7 }, 'bad_envelope'],
  ['content that is null', { message_type: 'ping', content: null, id: 7 }, 'bad_envelope'],
  ['an id that is a string', { message_type: 'ping', id: '7' }, 'bad_envelope'],
  ['an id below 0', { message_type: 'ping', id: -1 }, 'bad_envelope'],
  ['an id past 2^53', { message_type: 'ping', id: 2 ** 53 }, 'bad_envelope'],
  ['an unknown type', { message_type: 'dance', id: 7 }, 'unknown_type'],
  ['a name of Object.prototype', { message_type: 'constructor', id: 7 }, 'unknown_type'],
  ['a type that only the server sends', { message_type: 'joined', id: 7 }, 'unknown_type'],
  ['join without content', { message_type: 'join', id: 7 }, 'missing_field', 'room'],
  ['join without a name', join({ room: 'r' }), 'missing_field', 'name'],
  ['a room that is a number', join({ room: 5, name: 'X' }), 'bad_field', 'room'],
  ['an empty room', join(inRoom({ room: '' })), 'bad_field', 'room'],
  ['a room with a space', join(inRoom({ room: 'a b' })), 'bad_field', 'room'],
  ['a room with a slash', join(inRoom({ room: 'a/b' })), 'bad_field', 'room'],
  ['a room of 65 characters', join(inRoom({ room: 'r'.repeat(65) })), 'bad_field', 'room'],
  ['a name of spaces', join(inRoom({ name: '   ' })), 'bad_field', 'name'],
  ['a name with a control character', join(inRoom({ name: 'a\u0007b' })), 'bad_field', 'name'],
  ['a name of 65 characters', join(inRoom({ name: '👋'.repeat(65) })), 'bad_field', 'name'],
  ['a flag that is no boolean', join(inRoom({ audio: 1 })), 'bad_field', 'audio'],
  ['an unknown session', { message_type: 'resume', id: 7, content: { session: 'nobody' } }, 'session_expired', 'session'],
  ['resume without a session', { message_type: 'resume', id: 7 }, 'missing_field', 'session'],
  ['state before joining', { message_type: 'state', id: 7, content: { audio: true, video: true } }, 'not_joined'],
  ['an offer before joining', { message_type: 'offer', id: 7, content: { type: 'offer', sdp: offerSdp } }, 'not_joined'],
  ['an answer before joining', { message_type: 'answer', id: 7 }, 'not_joined'],
  ['a candidate before joining', { message_type: 'candidate', id: 7 }, 'not_joined'],
]) {
  test(`${what} is ${code}, and the connection stays`, async () => {
    const client = await server.connect();
    client.sendRaw(typeof frame === 'string' ? frame : JSON.stringify(frame));
    const error = await client.next('error');
    assert.equal(error.content.code, code);
    assert.equal(error.content.field, field);
    assert.equal(error.id, frame?.id === 7 ? 7 : undefined);
    assert.equal(error.content.in_reply_to, typeof frame?.message_type === 'string' ? frame.message_type : null);
    assert.match(error.content.message, /\w+ \w+/);
    assert.deepEqual(await client.everything(), []);
  });
}

for (const [what, type, content, code, field] of [
  ['a second join', 'join', { room: 'x', name: 'X' }, 'already_joined'],
  ['a resume after joining', 'resume', { session: 'x' }, 'already_joined'],
  ['state without video', 'state', { audio: true }, 'missing_field', 'video'],
  ['state with a number', 'state', { audio: true, video: 1 }, 'bad_field', 'video'],
  ['an offer without a type', 'offer', { sdp: offerSdp }, 'missing_field', 'type'],
  ['an offer of type answer', 'offer', { type: 'answer', sdp: offerSdp }, 'bad_field', 'type'],
  ['an offer without SDP', 'offer', { type: 'offer' }, 'missing_field', 'sdp'],
  ['an offer with a number for SDP', 'offer', { type: 'offer', sdp: 5 }, 'bad_field', 'sdp'],
  ['an offer with SDP over 256 KiB', 'offer', { type: 'offer', sdp: 'x'.repeat(256 * 1024 + 1) }, 'bad_field', 'sdp'],
  ['a candidate without its line', 'candidate', { sdpMid: '0' }, 'missing_field', 'candidate'],
  ['a candidate without its section', 'candidate', { candidate: 'candidate:1 1 udp 1 1.2.3.4 5 typ host' }, 'missing_field', 'sdpMid'],
  [
    'a candidate with a fractional index',
    'candidate',
    { candidate: 'candidate:1 1 udp 1 1.2.3.4 5 typ host', sdpMLineIndex: 0.5 },
    'bad_field',
    'sdpMLineIndex',
  ],
  ['a candidate that cannot be read', 'candidate', { candidate: 'candidate:nonsense', sdpMid: '0' }, 'bad_candidate', 'candidate'],
  [
    'a candidate of no section',
    'candidate',
    { candidate: 'candidate:1 1 udp 1 1.2.3.4 5 typ host', sdpMid: 'nine' },
    'bad_candidate',
    'candidate',
  ],
]) {
  test(`${what} is ${code}, and the participant stays`, async () => {
    const client = await server.join(freshRoom(), 'X');
    await publish(client);
    const error = await client.request(type, content);
    assert.equal(error.message_type, 'error');
    assert.equal(error.content.code, code, error.content.message);
    assert.equal(error.content.field, field);
    assert.equal(error.content.in_reply_to, type);
    assert.deepEqual(await client.everything(), []);
  });
}

test('a binary frame is bad_json', async () => {
  const client = await server.connect();
  client.sendRaw(Buffer.from('{"message_type":"ping"}'));
  assert.equal((await client.next('error')).content.code, 'bad_json');
  assert.deepEqual(await client.everything(), []);
});

test('a frame over 260 KiB is refused, one over 1 MiB ends the connection', async () => {
  const client = await server.connect();
  client.sendRaw(' '.repeat(260 * 1024 + 1));
  const { content } = await client.next('error');
  assert.equal(content.code, 'message_too_large');
  assert.equal(content.in_reply_to, null);
  client.sendRaw(`${' '.repeat(260 * 1024 - 23)}{"message_type":"ping"}`);
  await client.next('pong');
  client.sendRaw(' '.repeat((1 << 20) + 1));
  assert.equal(await client.closed, 1009);
});

test('unknown fields are ignored', async () => {
  const client = await server.connect();
  const { message_type } = await client.request('join', { room: freshRoom(), name: 'X', favourite_colour: 'green' });
  assert.equal(message_type, 'joined');
});

test('a client that sends too fast is read more slowly, and nothing is lost', async () => {
  const client = await server.connect();
  for (let i = 0; i < 400; i++) client.send('ping', {}, i);
  for (let i = 0; i < 400; i++) assert.equal((await client.next('pong')).id, i);
});
