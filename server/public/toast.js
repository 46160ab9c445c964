// Short messages at the edge of the screen that go away by themselves; read out by screen readers.

import { byId, make } from './dom.js';
import { icon } from './icons.js';

const STAY_MS = 4_000;
const MOST = 3;

/**
 * @param {string} text
 * @param {{ kind?: 'info' | 'good' | 'bad', stay?: number }} [options]
 */
export function toast(text, { kind = 'info', stay = STAY_MS } = {}) {
  const host = byId('toasts', HTMLElement);
  for (const other of host.children) if (other.textContent === text) other.remove();
  const shown = { info: 'info', good: 'check', bad: 'alert' }[kind];
  const element = make('div', { class: `toast ${kind}` }, icon(shown), make('span', {}, text));
  host.append(element);
  while (host.children.length > MOST) host.firstElementChild?.remove();
  setTimeout(() => {
    element.classList.add('going');
    setTimeout(() => element.remove(), 250);
  }, stay);
}

/** The screen changed: what was said belongs to the one before. */
export function clearToasts() {
  byId('toasts', HTMLElement).replaceChildren();
}
