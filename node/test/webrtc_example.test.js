// The example of the user's document (seed 000), with a real worker and real clients; what signals between them is an object.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import vm from 'node:vm';
import { next, recordedOffer, startRoom } from './support.js';
import { Client } from './webrtc_client.js';

/**
 * The document's text with its `require` changed. It has two faults of its own: `function((…) => {…})` is no JavaScript, and where
 * `room` comes from it leaves out.
 */
function loadExample(room) {
  const text = readFileSync(new URL('data/webrtc-example.txt', import.meta.url), 'utf8')
    .replace('require("mediasoup")', 'require("sluice")')
    .replace('= function((request, participant) => {', '= (request, participant) => {')
    .replace('// [...]', 'room = existingRoom; let onNewParticipant;');
  const run = vm.compileFunction(`${text}\nreturn onNewParticipant;`, ['require', 'existingRoom', 'console']);
  const errors = [];
  return { errors, onNewParticipant: run(createRequire(import.meta.url), room, { error: (...line) => errors.push(line.join(' ')) }) };
}

/** Somebody at the other end of a signaling channel. */
class FakeParticipant {
  reoffers = 0;

  constructor(t, name) {
    this.name = name;
    this.client = new Client(t);
  }

  /** Settles as the application settles the request. */
  async join(onNewParticipant, sdp) {
    const offer = sdp ?? (await this.client.offer()).sdp;
    const answer = await new Promise((resolve, reject) => {
      onNewParticipant({ sdp: offer, accept: resolve, reject: (message) => reject(new Error(message)) }, this);
    });
    await this.client.accept({ type: 'answer', sdp: answer.sdp });
  }

  async sendRequest(method, { sdp }) {
    assert.equal(method, 'reoffer');
    this.reoffers++;
    return { sdp: await this.client.answer({ type: 'offer', sdp }) };
  }
}

async function until(condition, what) {
  for (const end = Date.now() + 5_000; !(await condition());) {
    if (Date.now() > end) throw new Error(`not within 5 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('000: the example of the document runs with its require changed: people join, see each other and leave', async (t) => {
  const { worker, room } = await startRoom(t);
  const { errors, onNewParticipant } = loadExample(room);
  const ada = new FakeParticipant(t, 'Ada');
  const bob = new FakeParticipant(t, 'Bob');
  ada.client.send('audio', 'video');
  bob.client.send('audio', 'video');
  const adaArrives = next(room.observer, 'newpeer');
  await ada.join(onNewParticipant);
  const [adaPeer] = await adaArrives;
  assert.equal(adaPeer.name, 'Ada');
  assert.equal(adaPeer.signalingState, 'stable');
  await bob.join(onNewParticipant);
  await Promise.all([ada.client.decodes(2), bob.client.decodes(2)]);
  assert.equal((await worker.dump()).counts.consumers, 4);
  const offersBefore = ada.reoffers;
  adaPeer.close();
  await until(async () => (await worker.dump()).counts.consumers === 0 && bob.reoffers >= 2, 'Bob is told that Ada has left');
  assert.equal(ada.reoffers, offersBefore);
  assert.match(bob.client.pc.remoteDescription.sdp, /a=inactive/);
  assert.deepEqual(errors, []);
});

test('000: the example rejects an offer it cannot use with a sentence, and leaves no peer behind', async (t) => {
  const { worker, room } = await startRoom(t);
  const { errors, onNewParticipant } = loadExample(room);
  const eve = new FakeParticipant(t, 'Eve');
  await assert.rejects(eve.join(onNewParticipant, recordedOffer('chromium-sendonly-gathered').replace(/^a=ice-ufrag.*\r\n/gm, '')), {
    message: /lacks a=ice-ufrag; expected/,
  });
  assert.equal(errors.length, 1);
  const { counts, network } = await worker.dump();
  assert.deepEqual([counts.peers, counts.transports, network.usernameFragments], [0, 0, 0]);
  const again = new FakeParticipant(t, 'Eve');
  again.client.send('audio');
  await again.join(onNewParticipant);
});
