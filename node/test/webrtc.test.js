// webrtc.RTCPeerConnection and RTCSessionDescription, line by line of what the user's document (seed 000) needs of them.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import sluice, { AlreadyExistsError, InvalidStateError, Peer, UnsupportedError, WorkerClosedError, webrtc } from 'sluice';
import { mediaCodecs, next, recordedOffer, startRoom, startWorker } from './support.js';
import { Client } from './webrtc_client.js';

const { RTCPeerConnection, RTCSessionDescription } = webrtc;
const offer = { type: 'offer', sdp: recordedOffer('chromium-sendonly-gathered') };

/** Everybody and everything that the worker knows of, by kind. */
async function counts(worker) {
  const dump = await worker.dump();
  return { ...dump.counts, ufrags: dump.network.usernameFragments };
}

/** As the document does it. */
async function answerOf(connection, description) {
  await connection.setRemoteDescription(new RTCSessionDescription(description));
  await connection.setLocalDescription(await connection.createAnswer());
  return connection.localDescription;
}

/** Offers to the client and takes its answer. */
async function offerTo(connection, client, options) {
  await connection.setLocalDescription(await connection.createOffer(options));
  await connection.setRemoteDescription(await client.answer(connection.localDescription));
}

/** Somebody who sends, and is connected. */
async function join(t, room, name, kinds, options) {
  const connection = new RTCPeerConnection(room, name, options);
  const client = new Client(t);
  client.send(...kinds);
  await client.accept(await answerOf(connection, await client.offer()));
  return { connection, client };
}

/** How often it was needed, and in which state. */
function needs(connection) {
  const states = [];
  connection.on('negotiationneeded', () => states.push(connection.signalingState));
  return states;
}

/** All that the worker had to say has been heard, and what follows from it happened. */
async function settled(connection) {
  await connection.peer.dump();
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const lines = (sdp, pattern) => sdp.match(pattern) ?? [];
const mids = ({ sdp }) => lines(sdp, /(?<=^a=mid:)\S+/gm);
const directions = ({ sdp }) => lines(sdp, /(?<=^a=)(sendonly|recvonly|sendrecv|inactive)$/gm);

test('000: the controller exports webrtc to import and to require', () => {
  assert.equal(typeof RTCPeerConnection, 'function');
  assert.equal(typeof RTCSessionDescription, 'function');
  const required = createRequire(import.meta.url)('sluice');
  assert.equal(required.webrtc.RTCPeerConnection, RTCPeerConnection);
  assert.equal(required.createWorker, sluice.createWorker);
});

test('000: creating a connection creates its peer', async (t) => {
  const { worker, room } = await startRoom(t);
  const seen = next(room.observer, 'newpeer');
  const connection = new RTCPeerConnection(room, 'Ada', { appData: { age: 36 } });
  assert.ok(connection.peer instanceof Peer);
  assert.equal(connection.peer.name, 'Ada');
  assert.deepEqual(connection.peer.appData, { age: 36 });
  assert.equal((await seen)[0], connection.peer);
  assert.equal((await counts(worker)).peers, 1);
});

test('000: a duplicate name is refused', async (t) => {
  const { worker, room } = await startRoom(t);
  const ada = new RTCPeerConnection(room, 'Ada');
  assert.throws(() => new RTCPeerConnection(room, 'Ada'), AlreadyExistsError);
  ada.close();
  const again = new RTCPeerConnection(room, 'Ada');
  await again.createOffer();
  // Another way to create it is on its way: the worker decides.
  const other = room.createPeer({ name: 'Bob' });
  const late = new RTCPeerConnection(room, 'Bob');
  const closed = next(late, 'close');
  await assert.rejects(late.setRemoteDescription(offer), AlreadyExistsError);
  assert.ok((await closed)[0] instanceof AlreadyExistsError);
  assert.equal(late.closed, true);
  assert.equal((await other).closed, false);
  assert.equal((await counts(worker)).peers, 2);
});

test('000: what a connection is made of is checked, and each TypeError names the field', async (t) => {
  const { worker, room } = await startRoom(t);
  const refused = [
    [[undefined, 'Ada'], 'room'],
    [[worker, 'Ada'], 'room'],
    [[room], 'name'],
    [[room, ''], 'name'],
    [[room, 'Ada', 'options'], 'options'],
    [[room, 'Ada', { subscription: 'some' }], 'subscription'],
    [[room, 'Ada', { transportOptions: 5 }], 'transportOptions'],
    [[room, 'Ada', { transportOptions: { udp: 'yes' } }], 'transportOptions.udp'],
    [[room, 'Ada', { transportOptions: { udp: false, tcp: false } }], 'transportOptions'],
    [[room, 'Ada', { transportOptions: { maxBitrate: -1 } }], 'transportOptions.maxBitrate'],
    [[room, 'Ada', { maxBitrate: '1M' }], 'maxBitrate'],
    [[room, 'Ada', { appData: 'x' }], 'appData'],
  ];
  for (const [args, field] of refused) assert.throws(() => new RTCPeerConnection(...args), { name: 'TypeError', field });
  assert.throws(() => new RTCPeerConnection(room, 'Ada', { usePlanB: true }), UnsupportedError);
  assert.equal((await counts(worker)).peers, 0);
  room.close();
  assert.throws(() => new RTCPeerConnection(room, 'Ada'), InvalidStateError);
});

test('000: a client’s offer is answered step by step, from stable to have-remote-offer to stable', async (t) => {
  const { room } = await startRoom(t);
  const connection = new RTCPeerConnection(room, 'Ada');
  const states = [];
  connection.on('signalingstatechange', (state) => states.push([state, connection.signalingState]));
  assert.equal(connection.signalingState, 'stable');
  assert.equal(connection.localDescription, null);
  assert.equal(connection.remoteDescription, null);
  assert.equal(await connection.setRemoteDescription(new RTCSessionDescription(offer)), undefined);
  assert.equal(connection.signalingState, 'have-remote-offer');
  assert.deepEqual(connection.remoteDescription.toJSON(), offer);
  const answer = await connection.createAnswer();
  assert.ok(answer instanceof RTCSessionDescription);
  assert.equal(answer.type, 'answer');
  assert.equal(await connection.setLocalDescription(answer), undefined);
  assert.equal(connection.signalingState, 'stable');
  assert.equal(connection.localDescription.sdp, answer.sdp);
  assert.equal(connection.localDescription, connection.localDescription);
  assert.match(connection.localDescription.sdp, /^v=0\r\n/);
  assert.deepEqual(states, [
    ['have-remote-offer', 'have-remote-offer'],
    ['stable', 'stable'],
  ]);
});

test('000: what is asked at once is done in its order', async (t) => {
  const { room } = await startRoom(t);
  const connection = new RTCPeerConnection(room, 'Ada');
  const steps = [connection.setRemoteDescription(offer), connection.createAnswer(), connection.setLocalDescription()];
  await Promise.all(steps);
  assert.equal(connection.signalingState, 'stable');
  assert.equal(connection.localDescription.type, 'answer');
});

test('000: createOffer().then(setLocalDescription) is one step, whatever comes in between', async (t) => {
  const { room } = await startRoom(t);
  const connection = new RTCPeerConnection(room, 'Ada');
  const states = [];
  connection.on('signalingstatechange', (state) => states.push(state));
  const offered = connection.createOffer().then((description) => connection.setLocalDescription(description));
  const met = connection.setRemoteDescription(offer); // before anything was set
  await Promise.all([offered, met]);
  assert.deepEqual(states, ['have-local-offer', 'have-remote-offer']);
  const answered = connection.createAnswer().then((description) => connection.setLocalDescription(description));
  const candidate = connection.addIceCandidate(null);
  await Promise.all([answered, candidate]);
  assert.equal(connection.signalingState, 'stable');
});

test('000: media flows by the document’s steps', async (t) => {
  const { room } = await startRoom(t);
  const ada = await join(t, room, 'Ada', ['audio', 'video']);
  const bob = new RTCPeerConnection(room, 'Bob');
  const client = new Client(t);
  client.receive('audio', 'video');
  await client.accept(await answerOf(bob, await client.offer()));
  await client.decodes(2);
  assert.equal(ada.connection.peer.dtlsState, 'connected');
});

test('000: a rejection carries a message to act on, and close() leaves no peer behind', async (t) => {
  const { worker, room } = await startRoom(t);
  const broken = {
    'v=1\r\nnonsense': /v=/,
    '': /./,
    [offer.sdp.slice(0, 900)]: /./,
    [offer.sdp.replaceAll('a=mid:', 'a=middle:')]: /a=group:BUNDLE names the mid "0"; expected that of an m= section/,
    [offer.sdp.replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP').replace(/^a=(ice|fingerprint|setup).*\r\n/gm, '')]: /a=ice-ufrag/,
  };
  for (const [sdp, expected] of Object.entries(broken)) {
    const connection = new RTCPeerConnection(room, 'Eve');
    const error = await connection.setRemoteDescription({ type: 'offer', sdp }).then(
      () => assert.fail('taken'),
      (refusal) => refusal,
    );
    assert.ok(error instanceof TypeError, error.stack);
    assert.match(error.message, expected);
    assert.match(error.message, /\w+ \w+ \w+/);
    assert.equal(connection.signalingState, 'stable');
    connection.close();
    const left = await counts(worker);
    assert.deepEqual([left.peers, left.transports, left.ufrags], [0, 0, 0]);
  }
});

test('000: a session description is { type, sdp }; anything else is a TypeError that says so', () => {
  const description = new RTCSessionDescription(offer);
  assert.deepEqual({ ...description }, offer);
  assert.equal(JSON.stringify(description), JSON.stringify(offer));
  assert.equal(new RTCSessionDescription({ type: 'rollback' }).sdp, '');
  assert.equal(new RTCSessionDescription(description).sdp, offer.sdp);
  // The document's `new RTCSessionDescription(response.sdp)` with a response of another shape.
  for (const wrong of [undefined, null, offer.sdp, 5, [offer]]) {
    assert.throws(() => new RTCSessionDescription(wrong), { name: 'TypeError', message: /expected an object \{ type, sdp \}/ });
  }
  assert.throws(() => new RTCSessionDescription({ sdp: offer.sdp }), { name: 'TypeError', field: 'type', message: /offer, answer/ });
  assert.throws(() => new RTCSessionDescription({ type: 'prayer', sdp: '' }), { name: 'TypeError', field: 'type' });
  assert.throws(() => new RTCSessionDescription({ type: 'answer' }), { name: 'TypeError', field: 'sdp' });
  assert.throws(() => new RTCSessionDescription({ type: 'answer', sdp: {} }), { name: 'TypeError', field: 'sdp' });
});

test('000: negotiation is needed once for a batch of changes: a peer joins, changes what it sends, leaves', async (t) => {
  const { room } = await startRoom(t);
  const ada = await join(t, room, 'Ada', ['audio']);
  const needed = needs(ada.connection);
  const bob = await join(t, room, 'Bob', ['audio', 'video']); // joins, with two tracks
  await settled(ada.connection);
  assert.deepEqual(needed.splice(0), ['stable']);
  await offerTo(ada.connection, ada.client);
  await settled(ada.connection);
  assert.deepEqual(needed, []);
  bob.client.send('video', 'audio'); // changes what it sends
  await bob.client.accept(await answerOf(bob.connection, await bob.client.offer()));
  await settled(ada.connection);
  assert.deepEqual(needed.splice(0), ['stable']);
  await offerTo(ada.connection, ada.client);
  bob.connection.close(); // leaves: four tracks
  await settled(ada.connection);
  assert.deepEqual(needed.splice(0), ['stable']);
  await offerTo(ada.connection, ada.client);
  await settled(ada.connection);
  assert.deepEqual(needed, []);
});

test('000: negotiation is needed only while stable', async (t) => {
  const { room } = await startRoom(t);
  const ada = await join(t, room, 'Ada', ['audio']);
  const needed = needs(ada.connection);
  await ada.connection.setRemoteDescription(await ada.client.offer());
  const bob = await join(t, room, 'Bob', ['audio']);
  await settled(ada.connection);
  assert.deepEqual(needed, []);
  await ada.connection.setLocalDescription();
  await ada.client.accept(ada.connection.localDescription);
  await settled(ada.connection);
  assert.deepEqual(needed.splice(0), ['stable']);
  await ada.connection.setLocalDescription();
  assert.equal(ada.connection.signalingState, 'have-local-offer');
  bob.client.send('video');
  await bob.client.accept(await answerOf(bob.connection, await bob.client.offer()));
  await settled(ada.connection);
  assert.deepEqual(needed, []);
  await ada.connection.setRemoteDescription(await ada.client.answer(ada.connection.localDescription));
  await settled(ada.connection);
  assert.deepEqual(needed, ['stable']);
});

test('000: who joins a room full of tracks is asked to negotiate after its first answer, not before', async (t) => {
  const { room } = await startRoom(t);
  await join(t, room, 'Ada', ['audio', 'video']);
  const connection = new RTCPeerConnection(room, 'Bob');
  const order = [];
  connection.on('negotiationneeded', () => order.push('needed'));
  const client = new Client(t);
  client.send('audio');
  // At once, as in the document: the first offer waits in the same chain as the creation.
  const answer = client.offer().then((first) => [connection.setRemoteDescription(first), connection.createAnswer()]);
  const description = await (await answer)[1];
  await connection.setLocalDescription(description).then(() => order.push('answered'));
  await settled(connection);
  assert.deepEqual(order.slice(order.indexOf('answered')), ['answered', 'needed']);
});

test('000: a server’s offer adds and removes m-lines, and keeps mids', async (t) => {
  const { room } = await startRoom(t);
  const ada = await join(t, room, 'Ada', ['audio', 'video']);
  const bob = await join(t, room, 'Bob', ['audio']);
  assert.deepEqual(mids(bob.connection.localDescription), ['0']);
  await offerTo(bob.connection, bob.client);
  const [, audio, video] = mids(bob.connection.localDescription);
  assert.deepEqual(directions(bob.connection.localDescription), ['recvonly', 'sendonly', 'sendonly']);
  assert.deepEqual((await bob.client.decodes(2)).sort(), [audio, video].sort());
  // Ada takes her video back: its m-line stays, inactive.
  ada.client.pc.getTransceivers()[1].direction = 'inactive';
  await ada.client.accept(await answerOf(ada.connection, await ada.client.offer()));
  await offerTo(bob.connection, bob.client);
  assert.deepEqual(mids(bob.connection.localDescription), ['0', audio, video]);
  assert.deepEqual(directions(bob.connection.localDescription), ['recvonly', 'sendonly', 'inactive']);
  // Somebody else's video takes that place.
  await join(t, room, 'Cleo', ['video']);
  await offerTo(bob.connection, bob.client);
  assert.deepEqual(mids(bob.connection.localDescription), ['0', audio, video]);
  assert.deepEqual(directions(bob.connection.localDescription), ['recvonly', 'sendonly', 'sendonly']);
  await bob.client.decodes(2);
});

test('000: glare: an offer that meets ours rolls ours back, and ours is asked for again', async (t) => {
  const { room } = await startRoom(t);
  const bob = await join(t, room, 'Bob', ['audio']);
  await join(t, room, 'Ada', ['audio', 'video']);
  const needed = needs(bob.connection);
  await bob.connection.setLocalDescription(await bob.connection.createOffer());
  const states = [];
  bob.connection.on('signalingstatechange', (state) => states.push(state));
  bob.client.send('video');
  const answer = await answerOf(bob.connection, await bob.client.offer());
  await bob.client.accept(answer);
  assert.deepEqual(states, ['have-remote-offer', 'stable']);
  await settled(bob.connection);
  assert.deepEqual(needed, ['stable']);
  await offerTo(bob.connection, bob.client);
  await bob.client.decodes(2);
});

test('000: a rollback withdraws what was offered', async (t) => {
  const { room } = await startRoom(t);
  const connection = new RTCPeerConnection(room, 'Ada');
  await connection.setRemoteDescription(offer);
  await connection.setRemoteDescription(new RTCSessionDescription({ type: 'rollback' }));
  assert.equal(connection.signalingState, 'stable');
  assert.equal(connection.remoteDescription, null);
  await connection.setLocalDescription(await connection.createOffer());
  await connection.setLocalDescription({ type: 'rollback' });
  assert.equal(connection.signalingState, 'stable');
  assert.equal(connection.localDescription, null);
  await assert.rejects(connection.setLocalDescription({ type: 'rollback' }), InvalidStateError);
});

test('000: reset() makes it stable when an answer is lost, and negotiation is needed again', async (t) => {
  const { room } = await startRoom(t);
  await join(t, room, 'Ada', ['audio']);
  const bob = await join(t, room, 'Bob', ['audio']);
  await settled(bob.connection);
  const needed = needs(bob.connection);
  await bob.connection.setLocalDescription(await bob.connection.createOffer());
  await bob.connection.reset();
  assert.equal(bob.connection.signalingState, 'stable');
  assert.equal(bob.connection.localDescription.type, 'answer');
  await settled(bob.connection);
  assert.deepEqual(needed, ['stable']);
  await bob.connection.setRemoteDescription(await bob.client.offer());
  bob.connection.reset(); // nobody waits for it
  await bob.connection.reset();
  assert.equal(bob.connection.signalingState, 'stable');
  await bob.client.pc.setLocalDescription({ type: 'rollback' });
  await offerTo(bob.connection, bob.client);
  await bob.client.decodes(1);
  bob.connection.close();
  bob.connection.reset();
});

test('000: close() closes the peer and all it owns, and everything after is refused', async (t) => {
  const { worker, room } = await startRoom(t);
  const { connection } = await join(t, room, 'Ada', ['audio', 'video']);
  const closings = [];
  connection.on('close', (...args) => closings.push(args));
  const late = connection.createOffer();
  connection.close();
  connection.close();
  assert.deepEqual(closings, [[]]);
  assert.equal(connection.closed, true);
  assert.equal(connection.peer.closed, true);
  assert.equal(connection.signalingState, 'closed');
  await assert.rejects(late, InvalidStateError);
  for (const refused of [
    () => connection.setRemoteDescription(offer),
    () => connection.setLocalDescription(),
    () => connection.createOffer(),
    () => connection.createAnswer(),
    () => connection.addIceCandidate(null),
    () => connection.setCapabilities(offer.sdp),
    () => connection.restartIce(),
  ]) {
    await assert.rejects(refused(), { name: 'InvalidStateError', message: /closed/ });
  }
  const left = await counts(worker);
  assert.deepEqual([left.peers, left.transports, left.producers, left.ufrags], [0, 0, 0, 0]);
});

test('000: close tells when the room closes, and with an error when the worker dies', async (t) => {
  const worker = await startWorker(t);
  const room = await worker.createRoom({ mediaCodecs });
  const ada = new RTCPeerConnection(room, 'Ada');
  await ada.setRemoteDescription(offer);
  const closed = next(ada, 'close');
  room.close();
  assert.deepEqual(await closed, []);
  assert.equal(ada.closed, true);
  const other = new RTCPeerConnection(await worker.createRoom({ mediaCodecs }), 'Ada');
  await other.setRemoteDescription(offer);
  const died = next(other, 'close');
  process.kill(worker.pid, 'SIGKILL');
  assert.ok((await died)[0] instanceof WorkerClosedError);
});

test('000: restartIce() asks for negotiation, and media goes on over the new credentials', async (t) => {
  const { room } = await startRoom(t);
  await join(t, room, 'Ada', ['video']);
  const bob = await join(t, room, 'Bob', ['audio']);
  await offerTo(bob.connection, bob.client);
  await bob.client.decodes(1);
  const needed = needs(bob.connection);
  const ufrag = () => lines(bob.connection.localDescription.sdp, /(?<=a=ice-ufrag:)\S+/g)[0];
  const before = ufrag();
  bob.connection.restartIce(); // W3C's returns nothing to wait for
  await settled(bob.connection);
  assert.deepEqual(needed, ['stable']);
  await offerTo(bob.connection, bob.client);
  assert.notEqual(ufrag(), before);
  await bob.client.decodes(1);
  assert.equal(bob.client.pc.connectionState, 'connected');
  // The client restarts, too: the answer has new credentials.
  const own = ufrag();
  await bob.client.accept(await answerOf(bob.connection, await bob.client.offer({ iceRestart: true })));
  assert.notEqual(ufrag(), own);
  await bob.client.decodes(1);
});

test('000: restartIce() before anything was negotiated does nothing', async (t) => {
  const { room } = await startRoom(t);
  for (const subscription of ['all', 'manual']) {
    const connection = new RTCPeerConnection(room, subscription, { subscription });
    const needed = needs(connection);
    await connection.restartIce();
    await settled(connection);
    assert.deepEqual(needed, []);
  }
});

test('000: addIceCandidate() takes candidates before and after the description, and their end', async (t) => {
  const { room } = await startRoom(t);
  const connection = new RTCPeerConnection(room, 'Ada');
  const candidate = { candidate: 'candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host', sdpMid: '0', sdpMLineIndex: 0 };
  await connection.addIceCandidate(candidate);
  await connection.setRemoteDescription(offer);
  await connection.addIceCandidate(candidate);
  await connection.addIceCandidate({ candidate: '', sdpMid: '0' });
  await connection.addIceCandidate(null);
  await connection.addIceCandidate();
  await assert.rejects(connection.addIceCandidate({ candidate: 'nonsense', sdpMid: '0' }), { name: 'TypeError', field: 'candidate' });
  await assert.rejects(connection.addIceCandidate({ ...candidate, sdpMid: 'other' }), { name: 'TypeError', field: 'sdpMid' });
  await assert.rejects(connection.addIceCandidate(candidate.candidate), TypeError);
});

test('000: createOffer({ offerToReceiveAudio, offerToReceiveVideo }) lets the client send, in the server’s first offer', async (t) => {
  const { room } = await startRoom(t);
  const connection = new RTCPeerConnection(room, 'Ada');
  const client = new Client(t);
  await connection.setLocalDescription(await connection.createOffer({ offerToReceiveAudio: 1, offerToReceiveVideo: 2 }));
  assert.deepEqual(lines(connection.localDescription.sdp, /^m=\w+/gm), ['m=audio', 'm=video', 'm=video']);
  assert.deepEqual(directions(connection.localDescription), ['recvonly', 'recvonly', 'recvonly']);
  await client.pc.setRemoteDescription(connection.localDescription);
  const [audio, video] = client.pc.getTransceivers();
  for (const [transceiver, kind] of [
    [audio, 'audio'],
    [video, 'video'],
  ]) {
    const [spare] = client.send(kind); // its source; the transceiver is the offer's
    await transceiver.sender.replaceTrack(spare.sender.track);
    transceiver.direction = 'sendonly';
    spare.stop();
  }
  const producers = [];
  connection.peer.on('newproducer', ({ kind }) => producers.push(kind));
  await client.pc.setLocalDescription(await client.pc.createAnswer());
  await connection.setRemoteDescription({ type: 'answer', sdp: client.pc.localDescription.sdp });
  await settled(connection);
  assert.deepEqual(producers, ['audio', 'video']);
  // What it may send already counts: nothing is added.
  const again = await connection.createOffer({ offerToReceiveAudio: true, offerToReceiveVideo: 2 });
  assert.deepEqual(mids(again), mids(connection.localDescription));
  // And what it sends arrives.
  const bob = new RTCPeerConnection(room, 'Bob');
  const viewer = new Client(t);
  viewer.receive('audio', 'video');
  await viewer.accept(await answerOf(bob, await viewer.offer()));
  await viewer.decodes(2);
  for (const wrong of [-1, 1.5, '1', 256]) {
    await assert.rejects(connection.createOffer({ offerToReceiveVideo: wrong }), { name: 'TypeError', field: 'offerToReceiveVideo' });
  }
});

test('000: setCapabilities(sdp) makes the server’s first offer one that the client understands', async (t) => {
  const worker = await startWorker(t);
  const codecs = [...mediaCodecs, { kind: 'video', mimeType: 'video/VP9', clockRate: 90000, parameters: { 'profile-id': 0 } }];
  const room = await worker.createRoom({ mediaCodecs: codecs });
  await join(t, room, 'Ada', ['audio', 'video']);
  const connection = new RTCPeerConnection(room, 'Bob');
  const client = new Client(t);
  // What the client says it can: no VP9, and VP8 as 120.
  const said = await client.pc.createOffer({ offerToReceiveAudio: true, offerToReceiveVideo: true });
  const vp8 = /a=rtpmap:(\d+) VP8/.exec(said.sdp)[1];
  const swapped = said.sdp
    .replace(/^(m=video \S+ \S+).*/m, `$1 120`)
    .replace(new RegExp(`^a=(rtpmap|rtcp-fb|fmtp):(?!${vp8}\\b)\\d+ (?!opus|useinbandfec|minptime).*\r\n`, 'gm'), '')
    .replace(new RegExp(`(a=rtpmap|a=rtcp-fb):${vp8} `, 'g'), '$1:120 ');
  await connection.setCapabilities(swapped);
  assert.equal(connection.signalingState, 'stable');
  const first = await connection.createOffer({ offerToReceiveAudio: 1, offerToReceiveVideo: 1 });
  assert.deepEqual(new Set(lines(first.sdp, /(?<=^a=rtpmap:)\d+ (?!opus)\S+\/90000/gm)), new Set(['120 VP8/90000']));
  assert.deepEqual(directions(first).sort(), ['recvonly', 'recvonly', 'sendonly', 'sendonly']);
  await assert.rejects(connection.setCapabilities('v=0'), TypeError);
  await assert.rejects(connection.setCapabilities({ type: 'offer', sdp: said.sdp }), { name: 'TypeError', field: 'sdp' });
  await connection.setLocalDescription(first);
  await assert.rejects(connection.setCapabilities(said.sdp), InvalidStateError);
  await connection.reset();
  await connection.setCapabilities(said.sdp);
});

test('000: with the server offering first by capabilities, media flows', async (t) => {
  const { room } = await startRoom(t);
  await join(t, room, 'Ada', ['audio', 'video']);
  const connection = new RTCPeerConnection(room, 'Bob');
  const client = new Client(t);
  await connection.setCapabilities((await client.pc.createOffer({ offerToReceiveAudio: true, offerToReceiveVideo: true })).sdp);
  await offerTo(connection, client, { offerToReceiveAudio: 1, offerToReceiveVideo: 1 });
  await client.decodes(2);
});

test('000: transport options choose the candidates and their order', async (t) => {
  const worker = await startWorker(t, {
    listen: [{ ip: '127.0.0.1' }, { ip: '::1' }, { protocol: 'tcp', ip: '127.0.0.1' }, { protocol: 'tcp', ip: '::1' }],
  });
  const room = await worker.createRoom({ mediaCodecs });
  /** As the client would rank them. */
  const candidates = async (transportOptions) => {
    const connection = new RTCPeerConnection(room, 'Ada', { transportOptions });
    const { sdp } = await answerOf(connection, offer);
    const found = [...sdp.matchAll(/^a=candidate:\S+ 1 (\S+) (\d+) (\S+) /gm)].map(([, protocol, priority, ip]) => ({
      protocol,
      priority,
      ip,
    }));
    connection.close();
    return found
      .sort((a, b) => b.priority - a.priority)
      .map(({ protocol, ip }) => `${protocol.toLowerCase()}${ip.includes(':') ? 6 : 4}`)
      .join(' ');
  };
  assert.equal(await candidates(undefined), 'udp4 udp6 tcp4 tcp6');
  assert.equal(await candidates({ udp: true, tcp: true }), 'udp4 udp6 tcp4 tcp6');
  assert.equal(await candidates({ tcp: false }), 'udp4 udp6');
  assert.equal(await candidates({ udp: false }), 'tcp4 tcp6');
  assert.equal(await candidates({ preferIPv6: true }), 'udp6 udp4 tcp6 tcp4');
  assert.equal(await candidates({ preferIPv4: true, preferIPv6: true }), 'udp4 udp6 tcp4 tcp6');
  assert.equal(await candidates({ preferTcp: true }), 'tcp4 tcp6 udp4 udp6');
  assert.equal(await candidates({ preferTcp: true, preferUdp: true }), 'udp4 udp6 tcp4 tcp6');
  assert.equal(await candidates({ preferTcp: true, preferIPv6: true }), 'tcp6 tcp4 udp6 udp4');
});

test('000: without the only protocol that the worker listens on the connection closes, and says why', async (t) => {
  const { worker, room } = await startRoom(t); // UDP only
  const permitted = new RTCPeerConnection(room, 'Ada', { transportOptions: { udp: true, tcp: true } });
  await permitted.setRemoteDescription(offer);
  const connection = new RTCPeerConnection(room, 'Bob', { transportOptions: { udp: false } });
  const closed = next(connection, 'close');
  await assert.rejects(connection.setRemoteDescription(offer), { name: 'TypeError', message: /no candidate would be left/ });
  assert.match((await closed)[0].message, /no candidate would be left/);
  assert.equal((await counts(worker)).peers, 1);
});

test('000: maxBitrate limits what the client is asked to send', async (t) => {
  const { room } = await startRoom(t);
  const connection = new RTCPeerConnection(room, 'Ada', { maxBitrate: 300_000 });
  await answerOf(connection, offer);
  const [stat] = await connection.peer.transport.getStats();
  assert.equal(stat.maxIncomingBitrate, 300_000);
  const other = new RTCPeerConnection(room, 'Bob', { transportOptions: { maxBitrate: 200_000 } });
  await answerOf(other, offer);
  assert.equal((await other.peer.transport.getStats())[0].maxIncomingBitrate, 200_000);
  const free = new RTCPeerConnection(room, 'Cleo');
  await answerOf(free, offer);
  assert.equal((await free.peer.transport.getStats())[0].maxIncomingBitrate ?? 0, 0);
});

test('000: with subscription manual only what is subscribed to is offered', async (t) => {
  const { worker, room } = await startRoom(t);
  const ada = await join(t, room, 'Ada', ['audio', 'video']);
  const bob = await join(t, room, 'Bob', ['audio'], { subscription: 'manual' });
  const needed = needs(bob.connection);
  await settled(bob.connection);
  assert.deepEqual(needed, []);
  const producers = ada.connection.peer.sections.map(({ producerId }) => producerId);
  const consumers = [];
  bob.connection.peer.on('newconsumer', (consumer) => consumers.push(consumer));
  await bob.connection.peer.subscribe(producers[1]);
  await settled(bob.connection);
  assert.deepEqual(needed.splice(0), ['stable']);
  await assert.rejects(bob.connection.peer.subscribe(producers[1]), AlreadyExistsError);
  await assert.rejects(bob.connection.peer.subscribe('nothing'), { name: 'NotFoundError', field: 'producerId' });
  await offerTo(bob.connection, bob.client);
  await bob.client.decodes(1);
  assert.deepEqual(
    consumers.map(({ producerId, kind }) => [producerId, kind]),
    [[producers[1], 'video']],
  );
  const ended = next(consumers[0].observer, 'close');
  await bob.connection.peer.unsubscribe(producers[1]);
  await ended;
  await settled(bob.connection);
  assert.deepEqual(needed.splice(0), ['stable']);
  await offerTo(bob.connection, bob.client);
  assert.deepEqual(directions(bob.connection.localDescription), ['recvonly', 'inactive']);
  assert.equal((await counts(worker)).consumers, 0);
  // Taken back before it was offered: nothing to negotiate.
  await Promise.all([bob.connection.peer.subscribe(producers[0]), bob.connection.peer.unsubscribe(producers[0])]);
  await settled(bob.connection);
  const after = await bob.connection.createOffer();
  assert.deepEqual(directions(after), ['recvonly', 'inactive']);
  await assert.rejects(bob.connection.peer.unsubscribe(producers[0]), { name: 'NotFoundError' });
});

test('a client answers provisionally, and media flows before its answer', async (t) => {
  const { room } = await startRoom(t);
  await join(t, room, 'Ada', ['video']);
  const connection = new RTCPeerConnection(room, 'Bob');
  const client = new Client(t);
  await connection.setLocalDescription();
  const offered = connection.localDescription;
  await client.pc.setRemoteDescription(offered);
  const answer = await client.pc.createAnswer();
  await client.pc.setLocalDescription({ type: 'pranswer', sdp: answer.sdp });
  await connection.setRemoteDescription({ type: 'pranswer', sdp: answer.sdp });
  assert.equal(connection.signalingState, 'have-remote-pranswer');
  assert.deepEqual([connection.localDescription, connection.remoteDescription?.type], [offered, 'pranswer']);
  await client.decodes(1);
  await assert.rejects(connection.setLocalDescription({ type: 'rollback' }), InvalidStateError);
  await assert.rejects(connection.setRemoteDescription(offer), InvalidStateError);
  await client.pc.setLocalDescription({ type: 'answer', sdp: answer.sdp });
  await connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
  assert.equal(connection.signalingState, 'stable');
  await client.decodes(1);
});

test('the server answers provisionally, and with the same again', async (t) => {
  const { room } = await startRoom(t);
  await join(t, room, 'Ada', ['video']);
  const connection = new RTCPeerConnection(room, 'Bob');
  const client = new Client(t);
  client.receive('video');
  await connection.setRemoteDescription(await client.offer());
  const answer = await connection.createAnswer();
  await connection.setLocalDescription({ type: 'pranswer', sdp: answer.sdp });
  assert.equal(connection.signalingState, 'have-local-pranswer');
  assert.deepEqual({ ...connection.localDescription }, { type: 'pranswer', sdp: answer.sdp });
  await client.pc.setRemoteDescription(connection.localDescription);
  await client.decodes(1);
  await connection.setLocalDescription(); // the answer, as follows from the state
  assert.equal(connection.signalingState, 'stable');
  assert.deepEqual({ ...connection.localDescription }, { type: 'answer', sdp: answer.sdp });
  await client.pc.setRemoteDescription(connection.localDescription);
  await client.decodes(1);
});
