// A client with real media: libwebrtc in this process (@roamhq/wrtc). What it sends is a moving picture and a tone; of what it
// receives it counts decoded frames.
import { after } from 'node:test';
import wrtc from '@roamhq/wrtc';

const { MediaStream, nonstandard } = wrtc;

// A source's thread keeps the process alive for ever, and a stopped one crashes it at its end. By then all is reported.
after(() => setTimeout(() => process.exit(), 1_000));

/** Calls `act` every `ms` until stopped. */
function every(ms, act) {
  const timer = setInterval(act, ms);
  return () => clearInterval(timer);
}

function videoSource() {
  const [width, height] = [160, 120];
  const source = new nonstandard.RTCVideoSource();
  let count = 0;
  const stop = every(50, () => {
    const data = new Uint8ClampedArray(width * height * 1.5).fill(128);
    data.fill((count++ * 5) & 0xff, 0, width * height);
    source.onFrame({ width, height, data });
  });
  return { track: source.createTrack(), stop };
}

function audioSource() {
  const source = new nonstandard.RTCAudioSource();
  let phase = 0;
  const stop = every(10, () => {
    const samples = Int16Array.from({ length: 480 }, () => Math.sin((phase += 0.05)) * 8000);
    source.onData({ samples, sampleRate: 48000, bitsPerSample: 16, channelCount: 1, numberOfFrames: 480 });
  });
  return { track: source.createTrack(), stop };
}

export class Client {
  pc = new wrtc.RTCPeerConnection();
  #stops = [];
  /** Mid → how much of it was decoded. */
  decoded = new Map();

  constructor(t) {
    t.after(() => this.close());
    this.pc.ontrack = ({ track, transceiver }) => {
      const mid = () => transceiver.mid;
      const count = () => this.decoded.set(mid(), (this.decoded.get(mid()) ?? 0) + 1);
      const sink = track.kind === 'video' ? new nonstandard.RTCVideoSink(track) : new nonstandard.RTCAudioSink(track);
      if (track.kind === 'video') sink.onframe = count;
      else sink.ondata = ({ samples }) => samples.some((sample) => sample !== 0) && count();
      this.#stops.push(() => sink.stop());
    };
  }

  /** Sends from the next description on. */
  send(...kinds) {
    const sources = kinds.map((kind) => (kind === 'video' ? videoSource() : audioSource()));
    const stream = new MediaStream(sources.map(({ track }) => track));
    this.#stops.push(...sources.map(({ stop }) => stop));
    return sources.map(({ track }) => this.pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] }));
  }

  /** Would like to receive one of each. */
  receive(...kinds) {
    for (const kind of kinds) this.pc.addTransceiver(kind, { direction: 'recvonly' });
  }

  async offer(options) {
    await this.pc.setLocalDescription(await this.pc.createOffer(options));
    return { type: 'offer', sdp: this.pc.localDescription.sdp };
  }

  async answer(offer) {
    await this.pc.setRemoteDescription(offer);
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    return { type: 'answer', sdp: this.pc.localDescription.sdp };
  }

  accept(answer) {
    return this.pc.setRemoteDescription(answer);
  }

  /** The mids of which `count` frames more than now were decoded, once there are `tracks` of them. */
  async decodes(tracks, count = 5, timeout = 10_000) {
    const before = new Map(this.decoded);
    const good = () => [...this.decoded].filter(([mid, now]) => now - (before.get(mid) ?? 0) >= count).map(([mid]) => mid);
    for (const end = Date.now() + timeout; Date.now() < end;) {
      if (good().length >= tracks) return good();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${good().length} of ${tracks} tracks decode (${JSON.stringify([...this.decoded])})`);
  }

  close() {
    for (const stop of this.#stops.splice(0)) stop();
    this.pc.close();
  }
}
