// One participant on the stage: picture or initials, sound, name, what is muted, who is speaking, statistics.
//
// Remote sound plays from an <audio> of its own, so that a hidden picture never silences anybody. Used by the call screen.

import { hue, initials, make } from './dom.js';
import { icon } from './icons.js';

/** @import { Rows } from './stats.js' */

export class Tile {
  element;
  #video = make('video', { playsinline: '', 'aria-hidden': 'true' });
  #audio = make('audio');
  #initials = make('span');
  #name = make('span', { class: 'name' });
  #muted = make('span', { class: 'muted-badge', role: 'img', 'aria-label': 'Microphone off' }, icon('mic-off'));
  #stats = make('dl', { class: 'stats', hidden: '' });
  #statsButton = make(
    'button',
    { type: 'button', class: 'tile-button', 'aria-label': 'Statistics', 'aria-pressed': 'false' },
    icon('info'),
  );
  #self;
  #label = '';
  /** Own choice of this tile; null follows the whole. @type {boolean | null} */
  #statsOwn = null;
  #statsAll = false;

  /** @param {{ self: boolean, onBlocked: () => void, onStats: () => void }} options */
  constructor({ self, onBlocked, onStats }) {
    this.#self = self;
    this.onBlocked = onBlocked;
    this.#video.muted = true;
    this.#video.autoplay = true;
    this.#audio.autoplay = true;
    this.#muted.hidden = true;
    const avatar = make('div', { class: 'avatar', 'aria-hidden': 'true' }, this.#initials);
    const plate = make('footer', { class: 'nameplate' }, this.#muted, this.#name);
    this.element = make(
      'article',
      { class: self ? 'tile self' : 'tile' },
      avatar,
      this.#video,
      this.#stats,
      plate,
      this.#statsButton,
      make('i', { class: 'ring', 'aria-hidden': 'true' }),
    );
    if (!self) this.element.append(this.#audio);
    // Until the first picture has been decoded the initials stay.
    this.#video.addEventListener('resize', () => this.#showPicture());
    this.#video.addEventListener('loadeddata', () => this.#showPicture());
    this.#statsButton.addEventListener('click', () => {
      this.#statsOwn = !this.statsShown;
      this.#applyStats();
      onStats();
    });
  }

  /** @param {{ name: string, audio: boolean, video: boolean }} peer */
  update({ name, audio, video }) {
    this.#wantsVideo = video;
    const shown = this.#self ? `${name} (you)` : name;
    if (this.#label !== shown) {
      this.#label = shown;
      this.#name.textContent = this.#self ? 'You' : name;
      this.#name.title = name;
      this.#initials.textContent = initials(name);
      this.element.style.setProperty('--hue', String(hue(name)));
    }
    this.#muted.hidden = audio;
    this.element.classList.toggle('waiting', video && !this.hasVideo);
    this.element.setAttribute('aria-label', [shown, audio ? '' : 'microphone off', video ? '' : 'camera off'].filter(Boolean).join(', '));
    this.#showPicture();
  }

  /**
   * @param {MediaStreamTrack | null} video
   * @param {MediaStreamTrack | null} audio  of others only
   */
  play(video, audio) {
    if (attach(this.#video, video)) this.#video.play().catch(() => {});
    if (!this.#self && attach(this.#audio, audio)) this.playSound();
  }

  playSound() {
    if (!this.#audio.srcObject) return;
    this.#audio.play().catch((error) => {
      if (error?.name === 'NotAllowedError') this.onBlocked();
    });
  }

  /** A picture is there and shown. */
  get hasVideo() {
    return this.#wantsVideo && this.#video.srcObject !== null && this.#video.videoWidth > 0;
  }

  get hasAudio() {
    return this.#audio.srcObject !== null && !this.#audio.paused;
  }

  /** @param {boolean} speaking */
  set speaking(speaking) {
    this.element.classList.toggle('speaking', speaking);
  }

  get speaking() {
    return this.element.classList.contains('speaking');
  }

  get statsShown() {
    return this.#statsOwn ?? this.#statsAll;
  }

  /** @param {boolean} all */
  showStats(all) {
    this.#statsAll = all;
    this.#statsOwn = null;
    this.#applyStats();
  }

  /** @param {Rows} rows */
  setStats(rows) {
    this.#stats.replaceChildren(...rows.flatMap(([label, value]) => [make('dt', {}, label), make('dd', {}, value)]));
  }

  close() {
    this.#video.srcObject = null;
    this.#audio.srcObject = null;
    this.element.remove();
  }

  #wantsVideo = false;

  #applyStats() {
    this.#stats.hidden = !this.statsShown;
    this.#statsButton.setAttribute('aria-pressed', String(this.statsShown));
  }

  #showPicture() {
    const shown = this.hasVideo;
    this.element.classList.toggle('with-video', shown);
    if (shown) this.element.classList.remove('waiting');
  }
}

/**
 * @param {HTMLMediaElement} element
 * @param {MediaStreamTrack | null} track
 * @returns {boolean} whether there is something new to play
 */
function attach(element, track) {
  const current = element.srcObject instanceof MediaStream ? (element.srcObject.getTracks()[0] ?? null) : null;
  if (current === track) return false;
  element.srcObject = track ? new MediaStream([track]) : null;
  return track !== null;
}
