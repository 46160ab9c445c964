// The microphone and camera buttons, the same on both screens: icon, label, tooltip and pressed state follow the media.

import { icon } from './icons.js';
import { deviceSentence } from './sentences.js';
import { toast } from './toast.js';

/** @import { LocalMedia, Kind } from './media.js' */

/** @type {Record<Kind, { on: string, off: string, icon: string, iconOff: string, key: string }>} */
const WORDS = {
  audio: { on: 'Mute', off: 'Unmute', icon: 'mic', iconOff: 'mic-off', key: 'M' },
  video: { on: 'Turn camera off', off: 'Turn camera on', icon: 'camera', iconOff: 'camera-off', key: 'V' },
};

/**
 * @param {HTMLButtonElement} button
 * @param {Kind} kind
 * @param {() => LocalMedia} media
 */
export function wireToggle(button, kind, media) {
  button.addEventListener('click', () => toggle(kind, media()));
}

/**
 * @param {Kind} kind
 * @param {LocalMedia} media
 */
export async function toggle(kind, media) {
  const on = !media.on(kind);
  await media.set(kind, on);
  const problem = media.problems[kind];
  if (on && problem) toast(deviceSentence(kind, problem), { kind: 'bad', stay: 7_000 });
}

/**
 * @param {HTMLButtonElement} button
 * @param {Kind} kind
 * @param {LocalMedia} media
 */
export function showToggle(button, kind, media) {
  const words = WORDS[kind];
  const on = media.on(kind);
  const label = on ? words.on : words.off;
  if (button.dataset.shown === `${on}${media.problems[kind]}`) return;
  button.dataset.shown = `${on}${media.problems[kind]}`;
  button.replaceChildren(icon(on ? words.icon : words.iconOff));
  button.setAttribute('aria-label', label);
  button.setAttribute('aria-pressed', String(!on));
  button.dataset.tip = `${label} (${words.key})`;
  button.classList.toggle('off', !on);
  button.classList.toggle('problem', media.problems[kind] !== null);
}
