// What the browsers are asked to offer. Each function runs in a page, or in Node with a browser's classes on globalThis
// (@roamhq/wrtc), and gives a peer connection that is ready to offer; so it must not use anything from outside.

/** @type {Record<string, (tracks: () => Promise<MediaStream>) => Promise<RTCPeerConnection>>} */
export const offers = {
  call: async (tracks) => {
    const pc = new RTCPeerConnection();
    const stream = await tracks();
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    return pc;
  },
  'max-bundle': async (tracks) => {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const stream = await tracks();
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    return pc;
  },
  viewer: async () => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    return pc;
  },
  publisher: async (tracks) => {
    const pc = new RTCPeerConnection();
    const stream = await tracks();
    const sendEncodings = [{ rid: 'q', scaleResolutionDownBy: 4 }, { rid: 'h', scaleResolutionDownBy: 2 }, { rid: 'f' }];
    pc.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly', streams: [stream] });
    pc.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly', streams: [stream], sendEncodings });
    return pc;
  },
  'data-only': async () => {
    const pc = new RTCPeerConnection();
    pc.createDataChannel('chat');
    return pc;
  },
  'two-streams': async (tracks) => {
    const pc = new RTCPeerConnection();
    const stream = await tracks();
    const other = new MediaStream(stream.getTracks());
    pc.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly', streams: [stream, other] });
    pc.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly', streams: [] });
    return pc;
  },
  'stopped-and-restarted': async (tracks) => {
    // A first exchange with a peer in the same page, then one m-line stopped, another added and ICE restarted.
    const pc = new RTCPeerConnection();
    const other = new RTCPeerConnection();
    const stream = await tracks();
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    await pc.setLocalDescription(await pc.createOffer());
    await other.setRemoteDescription(pc.localDescription);
    await other.setLocalDescription(await other.createAnswer());
    await pc.setRemoteDescription(other.localDescription);
    const [audio] = pc.getTransceivers();
    audio.stop();
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.restartIce();
    return pc;
  },
};

/** The description without what a machine would tell of itself. @param {string} sdp */
export function anonymous(sdp) {
  let host = 0;
  const names = new Map();
  const name = (/** @type {string} */ address) => {
    if (!names.has(address)) names.set(address, address.includes(':') ? `2001:db8::${++host}` : `192.0.2.${++host}`);
    return names.get(address);
  };
  return sdp
    .replace(/^(a=candidate:\S+ \d+ \S+ \d+ )(\S+)/gm, (_, head, address) => head + name(address))
    .replace(/^(a=candidate:.* raddr )(\S+)/gm, (_, head, address) => head + name(address))
    .replace(/^(o=.* IN IP[46] )(\S+)/gm, (_, head, address) => head + (/^(0\.0\.0\.0|127\.)/.test(address) ? address : name(address)))
    .replace(/^(c=IN IP[46] )(\S+)/gm, (_, head, address) => head + (address === '0.0.0.0' ? address : name(address)));
}
