// The camera and the microphone: getting them, doing without them, switching them on and off.
//
// A missing or refused device is never an error of the whole: what can be had is used, and `problems` says the rest.
// Muting keeps the microphone open and silent (`track.enabled`); switching the camera off stops it, so that its light goes
// out, and a new track replaces the old one when it comes back. Neither needs negotiation (see Call).
// Fires `change` whenever a track, a switch or a problem changed. Used by the entry screen and the call.

/** @import { DeviceProblem, Problems } from './sentences.js' */
/** @typedef {'audio' | 'video'} Kind */

const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class LocalMedia extends EventTarget {
  /** The one stream that all own tracks are in; it never changes, its tracks do. */
  stream = new MediaStream();
  /** What the person wants. @type {Record<Kind, boolean>} */
  wanted = { audio: true, video: true };
  /** @type {Problems} */
  problems = { audio: null, video: null };

  /** @type {Record<Kind, string>} */
  #device = { audio: '', video: '' };
  #picture;
  /** @type {Record<Kind, boolean>} */
  #allowed;
  /** @type {Record<Kind, Promise<void> | null>} */
  #starting = { audio: null, video: null };

  /** @param {{ picture: { width: number, height: number, fps: number }, audio: boolean, video: boolean }} options */
  constructor({ picture, audio, video }) {
    super();
    this.#picture = picture;
    this.#allowed = { audio, video };
    this.wanted = { audio, video };
  }

  /** @param {Kind} kind */
  track(kind) {
    const [track] = kind === 'audio' ? this.stream.getAudioTracks() : this.stream.getVideoTracks();
    return track ?? null;
  }

  /** Is it live: a track is there and wanted. @param {Kind} kind */
  on(kind) {
    return this.wanted[kind] && this.track(kind) !== null;
  }

  /** Opens what is wanted: both with one question to the person, or what can be had. */
  async open() {
    const audio = this.wanted.audio && !this.track('audio');
    const video = this.wanted.video && !this.track('video');
    if (audio && video) {
      try {
        this.#adopt(await this.#ask(true, true));
        this.problems = { audio: null, video: null };
        return this.#changed();
      } catch {
        // One of the two is missing or refused: find out which.
      }
    }
    if (audio) await this.#open('audio');
    if (video) await this.#open('video');
  }

  /**
   * Switches a device on or off. Off always succeeds.
   * @param {Kind} kind
   * @param {boolean} on
   */
  async set(kind, on) {
    this.wanted[kind] = on;
    const track = this.track(kind);
    if (kind === 'audio' && track) track.enabled = on;
    if (kind === 'video' && track && !on) this.#drop(track);
    this.#changed();
    if (on && !this.track(kind)) {
      this.#allowed[kind] = true;
      await this.#open(kind);
    }
  }

  /**
   * Changes to another device of the same kind.
   * @param {Kind} kind
   * @param {string} deviceId
   */
  async choose(kind, deviceId) {
    this.#device[kind] = deviceId;
    const track = this.track(kind);
    if (track) this.#drop(track);
    if (this.wanted[kind]) await this.#open(kind);
  }

  /** The device in use. @param {Kind} kind */
  deviceId(kind) {
    return this.track(kind)?.getSettings().deviceId ?? this.#device[kind];
  }

  /** Gives all devices back. */
  close() {
    for (const track of this.stream.getTracks()) this.#drop(track);
    this.#changed();
  }

  /** @param {Kind} kind */
  async #open(kind) {
    this.#starting[kind] ??= this.#start(kind).finally(() => (this.#starting[kind] = null));
    await this.#starting[kind];
  }

  /** @param {Kind} kind */
  async #start(kind) {
    if (!this.#allowed[kind]) return;
    try {
      const stream = await this.#ask(kind === 'audio', kind === 'video');
      this.problems = { ...this.problems, [kind]: null };
      this.#adopt(stream);
    } catch (error) {
      this.wanted[kind] = false;
      this.problems = { ...this.problems, [kind]: problemOf(error) };
    }
    this.#changed();
  }

  /**
   * @param {boolean} audio
   * @param {boolean} video
   */
  async #ask(audio, video) {
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('no media devices', 'InsecureContext');
    const { width, height, fps } = this.#picture;
    /** @param {Kind} kind */
    const device = (kind) => (this.#device[kind] ? { deviceId: { ideal: this.#device[kind] } } : {});
    return navigator.mediaDevices.getUserMedia({
      audio: audio && { ...MICROPHONE, ...device('audio') },
      video: video && { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps }, ...device('video') },
    });
  }

  /** @param {MediaStream} stream */
  #adopt(stream) {
    for (const track of stream.getTracks()) {
      const kind = /** @type {Kind} */ (track.kind);
      // Switched off, or opened twice, while the browser was asking.
      if ((kind === 'video' && !this.wanted.video) || this.track(kind)) {
        track.stop();
        continue;
      }
      track.enabled = this.wanted[kind];
      if (kind === 'video') track.contentHint = 'motion';
      track.addEventListener('ended', () => this.#lost(track));
      this.stream.addTrack(track);
    }
  }

  /** A device went away by itself: unplugged, or its permission withdrawn. @param {MediaStreamTrack} track */
  #lost(track) {
    if (!this.stream.getTracks().includes(track)) return;
    const kind = /** @type {Kind} */ (track.kind);
    this.stream.removeTrack(track);
    this.wanted[kind] = false;
    this.problems = { ...this.problems, [kind]: 'lost' };
    this.#changed();
  }

  /** @param {MediaStreamTrack} track */
  #drop(track) {
    this.stream.removeTrack(track);
    track.stop();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/**
 * @param {unknown} error
 * @returns {DeviceProblem}
 */
function problemOf(error) {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    case 'InsecureContext':
      return 'insecure';
    default:
      return 'failed';
  }
}
