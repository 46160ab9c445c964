// Who is speaking: a level from 0 to 1 for each participant, smoothed into yes or no.
//
// Others: the level that came with their last audio packet (getSynchronizationSources), no decoding of our own. Ourselves: an
// AnalyserNode, or where the page may not run one before a gesture, the microphone's level in getStats.

const LOUD = 0.02;
/** Pauses between words do not end speaking. */
const HOLD_MS = 500;
/** A level older than this says nothing about now. */
const FRESH_MS = 400;

export class SpeakingDetector {
  /** @type {Map<string, number>} */
  #lastLoud = new Map();

  /**
   * @param {string} id
   * @param {number} level
   */
  speaking(id, level) {
    const now = performance.now();
    if (level > LOUD) this.#lastLoud.set(id, now);
    return now - (this.#lastLoud.get(id) ?? -Infinity) < HOLD_MS;
  }
}

/** @param {RTCRtpReceiver | undefined} receiver @returns {number} 0 to 1 */
export function receivedLevel(receiver) {
  const [source] = receiver?.getSynchronizationSources() ?? [];
  if (!source || performance.timeOrigin + performance.now() - timeOf(source) > FRESH_MS) return 0;
  return source.audioLevel ?? 0;
}

/** Browsers differ in which clock `timestamp` is of. @param {RTCRtpSynchronizationSource} source */
function timeOf({ timestamp }) {
  return timestamp < performance.timeOrigin / 2 ? performance.timeOrigin + timestamp : timestamp;
}

/** The level of one local track. */
export class LevelMeter {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AnalyserNode | null} */
  #analyser = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  #samples = new Float32Array(1024);

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    if (track === this.#track) return;
    this.#source?.disconnect();
    this.#source = null;
    this.#track = track;
    if (!track || typeof AudioContext === 'undefined') return;
    this.#context ??= new AudioContext();
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: this.#samples.length });
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  /** @returns {number | undefined} 0 to 1; undefined while the browser holds audio back until a gesture */
  level() {
    if (!this.#track?.enabled || !this.#analyser) return 0;
    if (this.#context?.state !== 'running') {
      this.#context?.resume().catch(() => {});
      return undefined;
    }
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return Math.min(1, Math.sqrt(sum / this.#samples.length) * 2);
  }

  close() {
    this.listen(null);
    this.#context?.close().catch(() => {});
    this.#context = this.#analyser = null;
  }
}

/** @param {RTCRtpSender | undefined} sender @returns {Promise<number>} */
export async function sentLevel(sender) {
  if (!sender?.track?.enabled) return 0;
  for (const entry of (await sender.getStats()).values()) {
    if (entry.type === 'media-source' && typeof entry.audioLevel === 'number') return entry.audioLevel;
  }
  return 0;
}
