// node roamhq.js: records the offers of @roamhq/wrtc (libwebrtc in Node) into ../offers.
import { writeFileSync } from 'node:fs';
import wrtc from '@roamhq/wrtc';
import { anonymous, offers } from './offers.js';

Object.assign(globalThis, { RTCPeerConnection: wrtc.RTCPeerConnection, MediaStream: wrtc.MediaStream });
const { RTCAudioSource, RTCVideoSource } = wrtc.nonstandard;
const tracks = async () => new wrtc.MediaStream([new RTCAudioSource().createTrack(), new RTCVideoSource().createTrack()]);

for (const [name, make] of Object.entries(offers)) {
  const pc = await make(tracks);
  await pc.setLocalDescription(await pc.createOffer());
  writeFileSync(new URL(`../offers/roamhq-${name}.sdp`, import.meta.url), anonymous(pc.localDescription.sdp));
  console.log(`roamhq-${name}`);
  pc.close();
}
process.exit(0); // its threads would keep the process
