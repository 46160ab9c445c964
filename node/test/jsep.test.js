import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidStateError, setLogEventListeners } from 'sluice';
import { next, recordedOffer, startRoom } from './support.js';

const offer = { type: 'offer', sdp: recordedOffer('chromium-sendonly-gathered') };

/** Answers every m-line of our offer as a client that takes it would. */
function answerTo({ sdp }) {
  return {
    type: 'answer',
    sdp: sdp
      .replace(/a=ice-lite\r\n/, '')
      // Taken into the BUNDLE group, and so with a port again (RFC 8843 §7.3.3).
      .replace(/^(m=\w+) 0 /gm, '$1 9 ')
      .replace(/a=bundle-only\r\n/g, '')
      .replace(/a=setup:\w+/g, 'a=setup:active')
      .replace(/a=sendonly/g, 'a=recvonly'),
  };
}

async function startPeers(t) {
  const { worker, room } = await startRoom(t);
  const ada = await room.createPeer({ id: 'ada', subscription: 'all' });
  const bob = await room.createPeer({ id: 'bob', subscription: 'all' });
  return { worker, room, ada, bob };
}

test('an offer is answered, and its tracks become producers', async (t) => {
  const { ada } = await startPeers(t);
  const producers = [];
  const states = [];
  ada.on('newproducer', (producer) => producers.push(producer));
  ada.on('signalingstatechange', (state) => states.push(state));
  assert.equal(ada.signalingState, 'stable');
  assert.equal(ada.localDescription, null);
  await ada.setRemoteDescription(offer);
  assert.equal(ada.remoteDescription.type, 'offer');
  const answer = await ada.createAnswer();
  assert.equal(answer.type, 'answer');
  await ada.setLocalDescription(answer);
  assert.deepEqual(ada.localDescription, answer);
  assert.match(answer.sdp, /a=ice-lite/);
  assert.deepEqual(states, ['have-remote-offer', 'stable']);
  assert.deepEqual(
    ada.sections.map(({ mid, kind, sending, receiving }) => [mid, kind, sending, receiving]),
    [
      ['0', 'audio', false, true],
      ['1', 'video', false, true],
    ],
  );
  await ada.dump();
  assert.deepEqual(
    producers.map(({ id, kind }) => [id, kind]),
    ada.sections.map(({ producerId, kind }) => [producerId, kind]),
  );
  assert.ok(ada.transport);
  assert.equal(ada.iceState, 'new');
  assert.equal((await ada.transport.getStats())[0].transportId, ada.transport.id);
});

test('the others are offered the tracks, and take them', async (t) => {
  const { ada, bob } = await startPeers(t);
  const needed = next(bob, 'negotiationneeded');
  await ada.setRemoteDescription(offer);
  await ada.setLocalDescription();
  await needed;
  await bob.setLocalDescription();
  assert.equal(bob.signalingState, 'have-local-offer');
  assert.equal(bob.localDescription.type, 'offer');
  assert.deepEqual(
    bob.sections.map(({ kind, sending, sourcePeerId, producerId }) => [kind, sending, sourcePeerId, producerId]),
    ada.sections.map(({ kind, producerId }) => [kind, true, 'ada', producerId]),
  );
  const consumers = [];
  bob.on('newconsumer', (consumer) => consumers.push(consumer));
  await bob.setRemoteDescription(answerTo(bob.localDescription));
  assert.equal(bob.signalingState, 'stable');
  await bob.dump();
  assert.deepEqual(
    consumers.map(({ id, producerId, kind, paused }) => [id, producerId, kind, paused]),
    bob.sections.map(({ consumerId, producerId, kind }) => [consumerId, producerId, kind, false]),
  );
  // Ada leaves: her tracks are taken back.
  const closed = next(consumers[0], 'producerclose');
  const again = next(bob, 'negotiationneeded');
  ada.close();
  await Promise.all([closed, again]);
  await bob.setLocalDescription();
  assert.ok(bob.sections.every(({ sending }) => !sending));
  assert.match(bob.localDescription.sdp, /a=inactive/);
});

test('a client may refuse tracks, and the log says so', async (t) => {
  const lines = [];
  setLogEventListeners({ ondebug: (tag, line) => lines.push(`${tag} ${line}`) });
  t.after(() => setLogEventListeners());
  const { worker, ada, bob } = await startPeers(t);
  await worker.updateSettings({ logLevel: 'debug', logTags: ['rtp'] });
  const records = [];
  worker.on('log', ({ level, tag, object }) => records.push([level, tag, object]));
  const needed = next(bob, 'negotiationneeded');
  await ada.setRemoteDescription(offer);
  await ada.setLocalDescription();
  await needed;
  await bob.setLocalDescription();
  const refuseVideo = async () => {
    const answer = answerTo(bob.localDescription);
    await bob.setRemoteDescription({ type: 'answer', sdp: answer.sdp.replace(/^m=video \d+/m, 'm=video 0') });
  };
  // Some clients take a bundle-only m-line for a rejected one: it is offered once more, with a port.
  assert.match(bob.localDescription.sdp, /^m=video 0 /m);
  const again = next(bob, 'negotiationneeded');
  await refuseVideo();
  await again;
  await bob.dump();
  assert.deepEqual(records, []);
  await bob.setLocalDescription();
  assert.match(bob.localDescription.sdp, /^m=video [1-9]/m);
  await refuseVideo();
  await bob.dump();
  assert.deepEqual(records, [['debug', 'rtp', 'peer bob']]);
  assert.match(lines.join(), /^rtp peer bob: track \S+ was refused: /);
  assert.deepEqual(
    bob.sections.map(({ kind }) => kind),
    ['audio'],
  );
});

test('an offer that meets ours rolls ours back', async (t) => {
  const { ada, bob } = await startPeers(t);
  const needed = next(bob, 'negotiationneeded');
  await ada.setRemoteDescription(offer);
  await ada.setLocalDescription();
  await needed;
  await bob.setLocalDescription();
  const again = next(bob, 'negotiationneeded');
  await bob.setRemoteDescription({ type: 'offer', sdp: recordedOffer('firefox-sendonly-gathered') });
  assert.equal(bob.signalingState, 'have-remote-offer');
  assert.equal(bob.localDescription, null);
  await bob.setLocalDescription();
  assert.equal(bob.signalingState, 'stable');
  await again;
  await bob.setLocalDescription({ type: 'offer' });
  await bob.setLocalDescription({ type: 'rollback' });
  assert.equal(bob.signalingState, 'stable');
  assert.equal(bob.localDescription.type, 'answer');
});

test('tracks that a client takes back stop', async (t) => {
  const { ada } = await startPeers(t);
  const producers = [];
  ada.on('newproducer', (producer) => producers.push(producer));
  await ada.setRemoteDescription(offer);
  await ada.setLocalDescription();
  await ada.dump();
  const stopped = next(producers[1], 'stopped');
  const [head, audio, video] = offer.sdp.split(/(?=^m=)/m);
  await ada.setRemoteDescription({ type: 'offer', sdp: head + audio + video.replace('a=sendonly', 'a=inactive') });
  await ada.setLocalDescription();
  await stopped;
  assert.equal(producers[0].closed, false);
  assert.equal(producers[1].closed, true);
});

test('candidates are checked', async (t) => {
  const { ada } = await startPeers(t);
  await ada.setRemoteDescription(offer);
  await ada.addIceCandidate({
    candidate: 'candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host',
    sdpMid: '0',
    sdpMLineIndex: 0,
    usernameFragment: null,
  });
  await ada.addIceCandidate({ candidate: '' });
  await ada.addIceCandidate(null);
  await assert.rejects(ada.addIceCandidate({ candidate: 'nonsense', sdpMid: '0' }), TypeError);
  await assert.rejects(ada.addIceCandidate({ candidate: 5 }), { name: 'TypeError', field: 'candidate' });
});

test('bad descriptions are refused and change nothing', async (t) => {
  const { ada } = await startPeers(t);
  await assert.rejects(ada.setRemoteDescription({ type: 'offer', sdp: 'v=1\r\nnonsense' }), TypeError);
  await assert.rejects(ada.setRemoteDescription({ type: 'offer' }), { name: 'TypeError', field: 'sdp' });
  await assert.rejects(ada.setRemoteDescription({ type: 'prayer', sdp: '' }), { name: 'TypeError', field: 'type' });
  await assert.rejects(ada.setRemoteDescription(), TypeError);
  await assert.rejects(ada.setRemoteDescription({ type: 'answer', sdp: offer.sdp }), InvalidStateError);
  await assert.rejects(ada.createAnswer(), InvalidStateError);
  assert.equal(ada.signalingState, 'stable');
  assert.equal(ada.remoteDescription, null);
  await ada.setRemoteDescription(offer);
});

test('an ICE restart asks for negotiation with new credentials', async (t) => {
  const { ada } = await startPeers(t);
  await ada.setRemoteDescription(offer);
  await ada.setLocalDescription();
  const ufrag = ({ sdp }) => /a=ice-ufrag:(\S+)/.exec(sdp)[1];
  const before = ufrag(ada.localDescription);
  const needed = next(ada, 'negotiationneeded');
  await ada.restartIce();
  await needed;
  assert.notEqual(ufrag(await ada.createOffer()), before);
});

test('a closed peer is closed in every respect', async (t) => {
  const { worker, ada } = await startPeers(t);
  await ada.setRemoteDescription(offer);
  await ada.setLocalDescription();
  ada.close();
  assert.equal(ada.signalingState, 'closed');
  await assert.rejects(ada.createOffer(), InvalidStateError);
  const { counts } = await worker.dump();
  assert.equal(counts.producers, 0);
  assert.equal(counts.peers, 1);
});
