// node werift.js: records the offers of werift (WebRTC in TypeScript) into ../offers.
import { writeFileSync } from 'node:fs';
import { MediaStreamTrack, RTCPeerConnection, useH264, useOPUS, useVP8 } from 'werift';
import { anonymous } from './offers.js';

async function record(name, add) {
  const pc = new RTCPeerConnection({
    codecs: { video: [useVP8(), useH264()], audio: [useOPUS()] },
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceUseIpv6: false,
    iceServers: [],
  });
  add(pc);
  await pc.setLocalDescription(await pc.createOffer());
  writeFileSync(new URL(`../offers/werift-${name}.sdp`, import.meta.url), anonymous(pc.localDescription.sdp));
  console.log(`werift-${name}`);
  await pc.close();
}

const send = (pc, kind) => pc.addTransceiver(new MediaStreamTrack({ kind }), { direction: 'sendonly' });
await record('sendonly', (pc) => [send(pc, 'audio'), send(pc, 'video')]);
await record('recvonly', (pc) => ['audio', 'video'].map((kind) => pc.addTransceiver(kind, { direction: 'recvonly' })));
await record('data-and-video', (pc) => [pc.createDataChannel('chat'), send(pc, 'video')]);
process.exit(0);
