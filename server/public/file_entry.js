// One file in the chat's log: its name, how far it is, and in the end whether it is whole.

import { make } from './dom.js';
import { icon } from './icons.js';
import { FileSender } from './file_sender.js';

/** @import { FileReceiver } from './file_receiver.js' */

/**
 * @param {FileSender | FileReceiver} file
 * @returns {HTMLElement} which follows it
 */
export function fileEntry(file) {
  const name = file instanceof FileSender ? file.file.name : file.name;
  const size = file instanceof FileSender ? file.file.size : file.size;
  const bar = make('progress', { max: '1', value: '0', 'aria-label': `Progress of ${name}` });
  const status = make('span', { class: 'file-status' });
  const action = make('span', { class: 'file-action' });
  const entry = make(
    'div',
    { class: 'file-entry', 'data-file': name },
    make('span', { class: 'file-icon' }, icon('file')),
    make('div', { class: 'file-body' }, make('span', { class: 'file-name', title: name }, name), bar, status),
    action,
  );
  const show = () => {
    bar.value = file.progress;
    const { text, kind } = file instanceof FileSender ? sending(file) : receiving(file);
    status.replaceChildren(...(kind === 'good' ? [icon('check')] : kind === 'bad' ? [icon('alert')] : []), `${bytes(size)} · ${text}`);
    entry.dataset.kind = kind;
    bar.hidden = kind !== 'busy';
  };
  file.addEventListener('change', show);
  file.addEventListener('ended', () => {
    show();
    action.replaceChildren(...(file instanceof FileSender ? [] : saveLink(file)));
  });
  if (file instanceof FileSender) {
    const stop = make('button', { type: 'button', class: 'text-button' }, 'Stop');
    stop.addEventListener('click', () => file.stop('the sender stopped it'));
    action.append(stop);
  }
  show();
  return entry;
}

/** @param {FileSender} file */
function sending(file) {
  if (file.state === 'stopped') return { text: `stopped: ${file.why}`, kind: 'bad' };
  const all = file.receivers.size;
  if (file.state === 'sending') {
    const slow = [...file.receivers.values()].filter(({ behind, done }) => behind && !done).length;
    return { text: `${Math.floor(file.progress * 100)} %${slow > 0 ? `, ${slow} slower` : ''}`, kind: 'busy' };
  }
  if (all === 0) return { text: 'nobody took it', kind: 'bad' };
  return file.arrived === all
    ? { text: all === 1 ? 'arrived, checksum ok' : `at all ${all}, checksums ok`, kind: 'good' }
    : { text: `arrived at ${[...file.receivers.values()].filter(({ done }) => done).length} of ${all}`, kind: 'good' };
}

/** @param {FileReceiver} file */
function receiving(file) {
  switch (file.state) {
    case 'receiving':
      return { text: `${Math.floor(file.progress * 100)} %`, kind: 'busy' };
    case 'checking':
      return { text: 'checking…', kind: 'busy' };
    case 'failed':
      return { text: file.why, kind: 'bad' };
    case 'done':
      return { text: file.checked ? 'checksum ok' : 'received', kind: 'good' };
  }
}

/** @param {FileReceiver} file */
function saveLink(file) {
  if (!file.blob) return [];
  const link = make('a', { class: 'text-button', href: URL.createObjectURL(file.blob), download: file.name }, 'Save');
  return [link];
}

/** @param {number} count */
function bytes(count) {
  if (!Number.isFinite(count)) return 'unknown size';
  if (count < 1_000) return `${count} bytes`;
  const [unit, name] = count < 1_000_000 ? [1_000, 'kB'] : [1_000_000, 'MB'];
  const value = count / unit;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${name}`;
}
