// Active speaker and audio level observers, heard through plain RTP with audio levels (RFC 6464) in it.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { ActiveSpeakerObserver, AlreadyExistsError, AudioLevelObserver, InvalidStateError, NotFoundError } from 'sluice';
import { next, startRoom, videoParameters } from './support.js';

const levelId = 5;

/** An RTP packet of Opus with a one-byte header extension (RFC 8285 §4.2): voice, and how loud in -dBov. */
function rtp(ssrc, number, level) {
  const packet = Buffer.alloc(12 + 8 + 4);
  packet.set([0x90, 111]);
  packet.writeUInt16BE(number & 0xffff, 2);
  packet.writeUInt32BE((number * 960) >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.set([0xbe, 0xde, 0, 1, levelId << 4, 0x80 | level, 0, 0, 0x78, 1, 2, 3], 12);
  return packet;
}

/** A producer that is heard at `talk(level)` until `hush()`. */
async function startVoice(t, room, ssrc) {
  const transport = await room.createPlainTransport({ comedia: true });
  const producer = await transport.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2 }],
      headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: levelId }],
      encodings: [{ ssrc }],
    },
  });
  const socket = createSocket('udp4');
  let number = 1000;
  let timer;
  const hush = () => clearInterval(timer);
  t.after(() => {
    hush();
    socket.close();
  });
  const talk = (level) => {
    hush();
    timer = setInterval(() => socket.send(rtp(ssrc, number++, level), transport.tuple.localPort, '127.0.0.1'), 20);
  };
  return { producer, transport, talk, hush };
}

test('an audio level observer tells the loudest, and silence once', async (t) => {
  const { room } = await startRoom(t);
  const made = next(room.observer, 'newrtpobserver');
  const observer = await room.createAudioLevelObserver({ maxEntries: 2, threshold: -60, interval: 200, appData: { meter: 1 } });
  assert.equal((await made)[0], observer);
  assert.ok(observer instanceof AudioLevelObserver);
  assert.deepEqual(observer.appData, { meter: 1 });
  const [loud, quiet, inaudible] = await Promise.all([1, 2, 3].map((ssrc) => startVoice(t, room, ssrc)));
  for (const { producer } of [loud, quiet, inaudible]) await observer.addProducer({ producerId: producer.id });
  loud.talk(20);
  quiet.talk(50);
  inaudible.talk(70);
  let volumes = [];
  while (volumes.length < 2) [volumes] = await next(observer, 'volumes');
  assert.deepEqual(
    volumes.map(({ producer, volume }) => [producer.id, volume]),
    [
      [loud.producer.id, -20],
      [quiet.producer.id, -50],
    ],
  );
  loud.hush();
  quiet.hush();
  await next(observer.observer, 'silence');
});

test('an active speaker observer tells who speaks, and not while it is paused', async (t) => {
  const { room } = await startRoom(t);
  const observer = await room.createActiveSpeakerObserver({ interval: 100 });
  assert.ok(observer instanceof ActiveSpeakerObserver);
  const [ada, bob] = await Promise.all([1, 2].map((ssrc) => startVoice(t, room, ssrc)));
  const added = next(observer.observer, 'addproducer');
  await observer.addProducer({ producerId: ada.producer.id });
  assert.equal((await added)[0], ada.producer);
  await observer.addProducer({ producerId: bob.producer.id });
  ada.talk(20);
  bob.talk(90);
  assert.equal((await next(observer, 'dominantspeaker'))[0].producer, ada.producer);
  await observer.pause();
  assert.equal(observer.paused, true);
  ada.hush();
  bob.talk(20);
  await assert.rejects(next(observer, 'dominantspeaker', 1000));
  const dominant = next(observer.observer, 'dominantspeaker');
  await observer.resume();
  assert.equal((await dominant)[0].producer, bob.producer);
});

test('what cannot be observed is refused with its field', async (t) => {
  const { room, worker } = await startRoom(t);
  const observer = await room.createAudioLevelObserver();
  const { producer, transport } = await startVoice(t, room, 1);
  await observer.addProducer({ producerId: producer.id });
  await assert.rejects(observer.addProducer({ producerId: producer.id }), AlreadyExistsError);
  await assert.rejects(observer.addProducer({ producerId: 'nobody' }), { name: 'NotFoundError', field: 'producerId' });
  await assert.rejects(observer.addProducer({}), { name: 'TypeError', field: 'producerId' });
  await assert.rejects(observer.addProducer(), { name: 'TypeError' });
  const webrtc = await room.createWebRtcTransport();
  const video = await webrtc.produce({ kind: 'video', rtpParameters: videoParameters() });
  await assert.rejects(observer.addProducer({ producerId: video.id }), { name: 'TypeError', field: 'producerId' });
  await observer.removeProducer({ producerId: producer.id });
  await assert.rejects(observer.removeProducer({ producerId: producer.id }), NotFoundError);
  transport.close();
  const other = await worker.createRoom();
  const elsewhere = await other.createAudioLevelObserver();
  await assert.rejects(elsewhere.addProducer({ producerId: video.id }), NotFoundError);
  const refused = [
    [{ interval: 99 }, 'interval'],
    [{ interval: 5001 }, 'interval'],
    [{ interval: '1 s' }, 'interval'],
    [{ maxEntries: 0 }, 'maxEntries'],
    [{ threshold: 1 }, 'threshold'],
    [{ threshold: -128 }, 'threshold'],
    [{ appData: 1 }, 'appData'],
  ];
  for (const [options, field] of refused) {
    await assert.rejects(room.createAudioLevelObserver(options), { name: 'TypeError', field }, field);
  }
  await assert.rejects(room.createActiveSpeakerObserver({ interval: 50 }), { name: 'TypeError', field: 'interval' });
  await assert.rejects(room.createActiveSpeakerObserver(null), { name: 'TypeError' });
});

test('an observer ends with its room, and a closed producer leaves it', async (t) => {
  const { room, worker } = await startRoom(t);
  const observer = await room.createActiveSpeakerObserver();
  const { producer } = await startVoice(t, room, 1);
  await observer.addProducer({ producerId: producer.id });
  assert.deepEqual((await observer.dump()).producerIds, [producer.id]);
  assert.deepEqual((await room.dump()).rtpObserverIds, [observer.id]);
  producer.close();
  assert.deepEqual((await observer.dump()).producerIds, []);
  const second = await room.createAudioLevelObserver();
  second.close();
  assert.equal(second.closed, true);
  await assert.rejects(second.pause(), InvalidStateError);
  const ended = next(observer, 'routerclose');
  room.close();
  await ended;
  assert.equal(observer.closed, true);
  assert.equal((await worker.dump()).counts.observers, 0);
});
