// The entry screen: name, room, how one looks and sounds, and what is wrong with the devices. Used by main.js.

import { showToggle, wireToggle } from './controls.js';
import { byId, hue, initials, make } from './dom.js';
import { icon } from './icons.js';
import { isRoomName, suggestRoom, toRoomName } from './options.js';
import { deviceNotice, errorSentence } from './sentences.js';
import { LevelMeter } from './speaking.js';

/** @import { LocalMedia, Kind } from './media.js' */

const METER_EVERY_MS = 80;

export class EntryScreen {
  #root = byId('entry', HTMLElement);
  #video = byId('preview-video', HTMLVideoElement);
  #preview = byId('preview', HTMLElement);
  #name = byId('name', HTMLInputElement);
  #room = byId('room', HTMLInputElement);
  #mic = byId('preview-mic', HTMLButtonElement);
  #cam = byId('preview-cam', HTMLButtonElement);
  #media;
  #refusal = byId('refusal', HTMLElement);
  #meter = new LevelMeter();
  #meterTimer = 0;
  #opening = false;
  #onMedia = () => this.#showMedia();

  /** @param {{ media: LocalMedia, onJoin: (room: string, name: string) => void }} options */
  constructor({ media, onJoin }) {
    this.#media = media;
    wireToggle(this.#mic, 'audio', () => this.#media);
    wireToggle(this.#cam, 'video', () => this.#media);
    this.#video.addEventListener('resize', () => this.#showMedia());
    byId('shuffle', HTMLButtonElement).addEventListener('click', () => {
      this.#room.value = suggestRoom();
      this.#error('room', '');
    });
    this.#name.addEventListener('input', () => {
      this.#error('name', '');
      this.#showName();
    });
    this.#room.addEventListener('input', () => this.#error('room', ''));
    this.#room.addEventListener('change', () => (this.#room.value = toRoomName(this.#room.value)));
    byId('join-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const name = this.#name.value.trim();
      const room = toRoomName(this.#room.value);
      if (!isRoomName(room)) return this.#error('room', errorSentence('bad_field', '', 'room'));
      if (!name) return this.#error('name', 'Enter a name, so that others know who you are.');
      onJoin(room, name);
    });
    for (const kind of /** @type {const} */ (['audio', 'video'])) {
      byId(`device-${kind}`, HTMLSelectElement).addEventListener('change', (event) => {
        this.#media.choose(kind, /** @type {HTMLSelectElement} */ (event.target).value);
      });
    }
  }

  /** @param {{ room: string, name: string, invited: boolean }} values */
  show({ room, name, invited }) {
    this.#room.value = room || suggestRoom();
    this.#name.value = name;
    byId('entry-title', HTMLElement).textContent = invited ? 'Ready to join?' : 'Start a call';
    byId('entry-lead', HTMLElement).textContent = invited
      ? `You are about to enter “${room}”. Check how you look and sound first.`
      : 'Everyone who opens the room’s link is in it. No account, nothing to install.';
    byId('join-label', HTMLElement).textContent = invited ? 'Join the call' : 'Start the call';
    this.#root.hidden = false;
    this.#refusal.hidden = true;
    this.#media.addEventListener('change', this.#onMedia);
    this.#meterTimer = window.setInterval(() => this.#showLevel(), METER_EVERY_MS);
    this.#showName();
    this.#showMedia();
    this.#open();
    // On a touch screen focus would raise the keyboard over the preview.
    if (!matchMedia('(hover: hover)').matches) return;
    if (!name) this.#name.focus();
    else byId('join', HTMLButtonElement).focus({ preventScroll: true });
  }

  hide() {
    this.#root.hidden = true;
    this.#media.removeEventListener('change', this.#onMedia);
    clearInterval(this.#meterTimer);
    this.#meter.close();
    this.#video.srcObject = null;
  }

  /**
   * What the server, or we, had against a field.
   * @param {'name' | 'room'} field
   * @param {string} text empty clears it
   */
  #error(field, text) {
    const place = byId(`${field}-error`, HTMLElement);
    const input = field === 'name' ? this.#name : this.#room;
    place.textContent = text;
    place.hidden = !text;
    input.setAttribute('aria-invalid', String(text !== ''));
    if (text) input.focus();
  }

  /** @param {string} text @param {string} [field] */
  refuse(text, field) {
    if (field === 'name' || field === 'room') return this.#error(field, text);
    this.#refusal.replaceChildren(icon('alert'), make('p', {}, text));
    this.#refusal.hidden = false;
    this.#refusal.scrollIntoView({ block: 'center' });
  }

  async #open() {
    this.#opening = true;
    this.#showMedia();
    await this.#media.open();
    this.#opening = false;
    this.#showMedia();
    if (!this.#root.hidden) await this.#showDevices();
  }

  #showName() {
    const name = this.#name.value.trim();
    byId('preview-initials', HTMLElement).textContent = initials(name);
    this.#preview.style.setProperty('--hue', String(hue(name || 'sluice')));
  }

  #showMedia() {
    if (this.#root.hidden) return;
    const video = this.#media.track('video');
    if (video !== this.#shown()) {
      this.#video.srcObject = video ? new MediaStream([video]) : null;
      this.#video.play().catch(() => {});
    }
    this.#preview.classList.toggle('with-video', video !== null && this.#video.videoWidth > 0);
    this.#meter.listen(this.#media.track('audio'));
    showToggle(this.#mic, 'audio', this.#media);
    showToggle(this.#cam, 'video', this.#media);
    byId('preview-text', HTMLElement).textContent = this.#previewText();
    this.#showNotice();
  }

  #previewText() {
    if (this.#media.problems.video) return 'No camera';
    if (!this.#media.wanted.video) return 'Camera is off';
    return this.#opening ? 'Allow your camera and microphone to be seen and heard' : 'Camera is starting…';
  }

  #shown() {
    const stream = this.#video.srcObject;
    return stream instanceof MediaStream ? (stream.getVideoTracks()[0] ?? null) : null;
  }

  #showNotice() {
    const place = byId('entry-notice', HTMLElement);
    const notice = deviceNotice(this.#media.problems);
    place.hidden = !notice;
    if (!notice) return;
    const again = make('button', { type: 'button', class: 'text-button' }, 'Try again');
    again.addEventListener('click', () => this.#tryAgain());
    place.replaceChildren(icon('alert'), make('div', {}, make('strong', {}, notice.title), make('p', {}, notice.text)), again);
  }

  async #tryAgain() {
    const { audio, video } = this.#media.problems;
    if (audio) this.#media.wanted.audio = true;
    if (video) this.#media.wanted.video = true;
    await this.#open();
  }

  #showLevel() {
    const level = this.#media.on('audio') ? (this.#meter.level() ?? 0) : 0;
    const lit = level < 0.01 ? 0 : Math.min(5, Math.ceil(Math.sqrt(level) * 7));
    byId('preview-meter', HTMLElement).dataset.level = String(lit);
  }

  /** A choice is offered only where there is one. */
  async #showDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices?.().catch(() => [])) ?? [];
    let choice = false;
    for (const kind of /** @type {Kind[]} */ (['audio', 'video'])) {
      const found = devices.filter((device) => device.kind === `${kind}input` && device.deviceId && device.label);
      const select = byId(`device-${kind}`, HTMLSelectElement);
      const offered = found.length > 1 && !this.#media.problems[kind];
      select.replaceChildren(...found.map((device) => make('option', { value: device.deviceId }, device.label)));
      select.value = this.#media.deviceId(kind);
      /** @type {HTMLElement} */ (select.parentElement).hidden = !offered;
      choice ||= offered;
    }
    byId('devices', HTMLElement).hidden = !choice;
  }
}
