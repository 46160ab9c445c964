// node mediasoup_client.js: records what the RTCPeerConnection inside a mediasoup-client device offers, into ../offers. Such an
// app talks to the server by transports, and yet its descriptions are ones that people paste together with others'.
import { writeFileSync } from 'node:fs';
import wrtc from '@roamhq/wrtc';
import { anonymous } from './offers.js';

for (const name of ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate', 'MediaStream', 'MediaStreamTrack'])
  globalThis[name] = wrtc[name];
for (const name of ['RTCRtpSender', 'RTCRtpReceiver', 'RTCRtpTransceiver']) globalThis[name] = wrtc[name];
const { Device } = await import('mediasoup-client');
const { RTCAudioSource, RTCVideoSource } = wrtc.nonstandard;

const offered = [];
const createOffer = wrtc.RTCPeerConnection.prototype.setLocalDescription;
wrtc.RTCPeerConnection.prototype.setLocalDescription = async function (description) {
  await createOffer.call(this, description);
  if (this.localDescription.type === 'offer') offered.push(this.localDescription.sdp);
};

const mid = (kind) => ({
  kind,
  uri: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  preferredId: 1,
  preferredEncrypt: false,
  direction: 'sendrecv',
});
const rid = (id, uri) => ({ kind: 'video', uri, preferredId: id, preferredEncrypt: false, direction: 'recvonly' });
const device = new Device({ handlerName: 'Chrome111' });
await device.load({
  routerRtpCapabilities: {
    codecs: [
      { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 100, clockRate: 48000, channels: 2 },
      { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: 101, clockRate: 90000 },
      { kind: 'video', mimeType: 'video/rtx', preferredPayloadType: 102, clockRate: 90000, parameters: { apt: 101 } },
    ],
    headerExtensions: [
      mid('audio'),
      mid('video'),
      rid(2, 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id'),
      rid(3, 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id'),
    ],
  },
});
const fingerprint = Array(32).fill('AB').join(':');
const transport = device.createSendTransport({
  id: 'recorded',
  iceParameters: { usernameFragment: 'recorded', password: 'recordedrecordedrecorded', iceLite: true },
  iceCandidates: [{ foundation: '1', priority: 1, ip: '192.0.2.1', address: '192.0.2.1', protocol: 'udp', port: 9, type: 'host' }],
  dtlsParameters: { role: 'auto', fingerprints: [{ algorithm: 'sha-256', value: fingerprint }] },
});
transport.on('connect', (_, done) => done());
transport.on('produce', (_, done) => done({ id: String(Math.random()) }));
await transport.produce({ track: new RTCAudioSource().createTrack(), stopTracks: false });
await transport.produce({
  track: new RTCVideoSource().createTrack(),
  stopTracks: false,
  encodings: [{ scaleResolutionDownBy: 4 }, { scaleResolutionDownBy: 2 }, {}],
});
for (const [i, sdp] of offered.entries()) {
  const name = `mediasoup-client-${i + 1}-of-${offered.length}`;
  writeFileSync(new URL(`../offers/${name}.sdp`, import.meta.url), anonymous(sdp));
  console.log(name);
}
process.exit(0);
