// The chat panel: what is said and which files come and go, to everybody in the room, without the server's code in between.
// Used by callscreen.js; one instance a call.

import { CHAT } from './channels.js';
import { byId, hue, make } from './dom.js';
import { fileEntry } from './file_entry.js';
import { Files } from './files.js';
import { icon } from './icons.js';
import { clearToasts, toast } from './toast.js';

/** @import { Call } from './call.js' */

const MOST_TEXT = 4_000;
/** The oldest go first. */
const MOST_ENTRIES = 500;

export class ChatPanel {
  files;
  #call;
  #panel = byId('chat', HTMLElement);
  #button = byId('chat-toggle', HTMLButtonElement);
  #log = byId('chat-log', HTMLElement);
  #input = byId('chat-input', HTMLTextAreaElement);
  #picker = byId('chat-file', HTMLInputElement);
  #unread = 0;
  #lastFrom = '';
  /** @type {AbortController} */
  #abort = new AbortController();

  /** @param {Call} call */
  constructor(call) {
    this.#call = call;
    this.files = new Files(call.channels, () => [...call.peers.keys()]);
    this.#log.replaceChildren(make('p', { class: 'chat-empty' }, 'Messages and files go to everyone who is here now. Nothing is kept.'));
    this.#wire();
    this.show();
  }

  close() {
    this.#abort.abort();
    this.files.interrupted();
    this.#open(false);
    this.#log.replaceChildren();
  }

  /** After anything of the call has changed. */
  show() {
    const usable = this.#call.channels.isOpen(CHAT) && this.#call.mayPublish;
    byId('chat-form', HTMLElement).hidden = !this.#call.mayPublish;
    this.#input.disabled = byId('chat-attach', HTMLButtonElement).disabled = byId('chat-send', HTMLButtonElement).disabled = !usable;
    this.#input.placeholder = usable ? 'Message everyone' : 'Connecting…';
  }

  /** @param {string} peerId */
  peerLeft(peerId) {
    this.files.peerLeft(peerId);
  }

  toggle() {
    this.#open(this.#panel.hidden);
  }

  #wire() {
    const { signal } = this.#abort;
    const { channels } = this.#call;
    this.#button.addEventListener('click', () => this.toggle(), { signal });
    byId('chat-close', HTMLButtonElement).addEventListener('click', () => this.#open(false), { signal });
    byId('chat-attach', HTMLButtonElement).addEventListener('click', () => this.#picker.click(), { signal });
    this.#picker.addEventListener('change', () => this.#sendFiles(this.#picker.files), { signal });
    byId('chat-form', HTMLFormElement).addEventListener('submit', (event) => (event.preventDefault(), this.#say()), { signal });
    this.#input.addEventListener('input', () => this.#grow(), { signal });
    this.#input.addEventListener('keydown', (event) => this.#typed(event), { signal });
    this.#panel.addEventListener('keydown', (event) => event.key === 'Escape' && this.#open(false), { signal });
    channels.addEventListener('open', () => this.show(), { signal });
    channels.addEventListener('change', () => this.show(), { signal });
    channels.addEventListener('message', (event) => this.#received(/** @type {CustomEvent} */ (event).detail), { signal });
    this.files.addEventListener('file', (event) => this.#showFile(/** @type {CustomEvent} */ (event).detail), { signal });
    this.#wireDrop(signal);
  }

  // --- Words -------------------------------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  #typed(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#say();
  }

  #say() {
    const text = this.#input.value.trim().slice(0, MOST_TEXT);
    if (text === '') return;
    if (!this.#call.channels.send(CHAT, JSON.stringify({ text }))) {
      toast('The message could not be sent: the connection is interrupted.', { kind: 'bad' });
      return;
    }
    this.#input.value = '';
    this.#grow();
    this.#add('', make('p', { class: 'chat-text' }, text));
  }

  /** @param {{ label: string, peerId: string, data: unknown }} message */
  #received({ label, peerId, data }) {
    if (label !== CHAT || typeof data !== 'string' || data.length > MOST_TEXT * 6) return;
    /** @type {unknown} */
    let text;
    try {
      text = JSON.parse(data)?.text;
    } catch {
      return;
    }
    if (typeof text !== 'string' || text.trim() === '') return;
    this.#add(peerId, make('p', { class: 'chat-text' }, text.slice(0, MOST_TEXT)));
  }

  /** The field is as high as what is written, up to a few lines. */
  #grow() {
    this.#input.style.height = 'auto';
    this.#input.style.height = `${Math.min(this.#input.scrollHeight, 140)}px`;
  }

  // --- Files -------------------------------------------------------------------------------------------------------------

  /** @param {FileList | null} list */
  #sendFiles(list) {
    for (const file of list ?? []) {
      try {
        this.files.send(file);
      } catch (error) {
        toast(/** @type {Error} */ (error).message, { kind: 'bad', stay: 7_000 });
      }
    }
    this.#picker.value = '';
    if (list && list.length > 0) this.#open(true);
  }

  /** @param {any} detail */
  #showFile({ sender, receiver, peerId }) {
    this.#add(peerId, fileEntry(sender ?? receiver));
  }

  /** Files may be dropped anywhere on the call. @param {AbortSignal} signal */
  #wireDrop(signal) {
    const target = byId('call', HTMLElement);
    const veil = byId('drop', HTMLElement);
    const carriesFiles = (/** @type {DragEvent} */ event) => this.#call.mayPublish && event.dataTransfer?.types.includes('Files');
    target.addEventListener(
      'dragover',
      (event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        veil.hidden = false;
      },
      { signal },
    );
    veil.addEventListener('dragleave', () => (veil.hidden = true), { signal });
    target.addEventListener(
      'drop',
      (event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        veil.hidden = true;
        this.#sendFiles(event.dataTransfer?.files ?? null);
      },
      { signal },
    );
  }

  // --- The log -----------------------------------------------------------------------------------------------------------

  /**
   * @param {string} peerId  empty: ourselves
   * @param {HTMLElement} content
   */
  #add(peerId, content) {
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 60;
    this.#log.querySelector('.chat-empty')?.remove();
    const own = peerId === '';
    const name = own ? 'You' : (this.#call.peers.get(peerId)?.name ?? 'Someone who left');
    const entry = make('div', { class: `chat-entry${own ? ' own' : ''}` });
    if (this.#lastFrom !== peerId || this.#log.childElementCount === 0) {
      const time = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
      const author = make('span', { class: 'chat-author' }, name);
      author.style.setProperty('--hue', String(hue(name)));
      entry.append(make('div', { class: 'chat-head' }, author, make('time', {}, time)));
    }
    this.#lastFrom = peerId;
    entry.append(content);
    this.#log.append(entry);
    while (this.#log.childElementCount > MOST_ENTRIES) this.#log.firstElementChild?.remove();
    if (atEnd || own) this.#log.scrollTop = this.#log.scrollHeight;
    if (own || !this.#panel.hidden) return;
    this.#unread++;
    this.#showUnread();
    toast(content.dataset.file ? `${name} sends ${content.dataset.file}` : `${name}: ${content.textContent?.slice(0, 80) ?? ''}`);
  }

  /** @param {boolean} open */
  #open(open) {
    if (this.#panel.hidden === !open) return;
    this.#panel.hidden = !open;
    document.body.classList.toggle('with-chat', open);
    this.#button.setAttribute('aria-pressed', String(open));
    if (open) {
      this.#unread = 0;
      this.#showUnread();
      clearToasts(); // what they said stands here
      this.#log.scrollTop = this.#log.scrollHeight;
      this.#input.focus();
    } else {
      this.#button.focus();
    }
  }

  #showUnread() {
    const badge = byId('chat-unread', HTMLElement);
    badge.hidden = this.#unread === 0;
    badge.textContent = this.#unread > 99 ? '99+' : String(this.#unread);
    this.#button.setAttribute('aria-label', this.#unread === 0 ? 'Chat' : `Chat, ${this.#unread} unread`);
    if (!this.#button.querySelector('.icon')) this.#button.prepend(icon('chat'));
  }
}
