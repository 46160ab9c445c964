// node libdatachannel.js: records the offers of libdatachannel (node-datachannel) into ../offers.
import { writeFileSync } from 'node:fs';
import nd from 'node-datachannel';
import { anonymous } from './offers.js';

nd.initLogger('Error', () => {});

async function record(name, add) {
  const pc = new nd.PeerConnection('recorded', { iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true });
  const kept = add(pc); // tracks are closed when nothing refers to them
  const gathered = new Promise((resolve) => pc.onGatheringStateChange((state) => state === 'complete' && resolve()));
  pc.setLocalDescription();
  await gathered;
  writeFileSync(new URL(`../offers/libdatachannel-${name}.sdp`, import.meta.url), anonymous(pc.localDescription().sdp));
  console.log(`libdatachannel-${name}`, kept.length);
  pc.close();
}

function video(direction) {
  const media = new nd.Video('video-stream', direction);
  media.addVP8Codec(96);
  media.addH264Codec(98);
  if (direction === 'SendOnly') media.addSSRC(1111, 'cname', 'stream', 'video-track');
  return media;
}
function audio(direction) {
  const media = new nd.Audio('audio-stream', direction);
  media.addOpusCodec(111);
  if (direction === 'SendOnly') media.addSSRC(2222, 'cname', 'stream', 'audio-track');
  return media;
}

await record('sendonly', (pc) => [pc.addTrack(video('SendOnly')), pc.addTrack(audio('SendOnly'))]);
await record('recvonly', (pc) => [pc.addTrack(video('RecvOnly')), pc.addTrack(audio('RecvOnly'))]);
await record('data-first', (pc) => [pc.createDataChannel('chat'), pc.addTrack(video('SendOnly'))]);
await record('one-track', (pc) => [pc.addTrack(audio('SendOnly'))]);
nd.cleanup();
