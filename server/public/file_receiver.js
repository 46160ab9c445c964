// Receives one file: keeps its pieces, tells the sender what is there and what is missing, compares the checksum.
//
// Knows of no page and no connection. Events: `change`, `ended`.

import { MOST_BYTES, Ranges, sha256 } from './transfer_format.js';

/** A word to the sender after so many bytes… */
const TELL_EVERY = 128 << 10;
/** …and when nothing has come for so long: what is missing then is lost, not on its way. */
const IDLE_MS = 300;

export class FileReceiver extends EventTarget {
  transfer;
  name;
  size;
  type;
  /** @type {'receiving' | 'checking' | 'done' | 'failed'} */
  state = 'receiving';
  why = '';
  /** Whether the checksum is equal; null where the browser cannot tell. @type {boolean | null} */
  checked = null;
  /** @type {Blob | null} */
  blob = null;

  #send;
  #ranges = new Ranges();
  /** @type {Map<number, Uint8Array>} by offset */
  #pieces = new Map();
  #highest = 0;
  #untold = 0;
  /** @type {string | null | undefined} undefined before the sender has said it */
  #sha256 = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #idleTimer;

  /**
   * @param {Record<string, any>} announced  the sender's `file`
   * @param {(message: object) => void} send  to the sender
   */
  constructor(announced, send) {
    super();
    this.transfer = announced.transfer;
    this.name = fileName(announced.name);
    this.size = Number.isSafeInteger(announced.size) && announced.size >= 0 ? announced.size : Infinity;
    this.type = typeof announced.mime === 'string' ? announced.mime.slice(0, 128) : '';
    this.#send = send;
    if (this.size > MOST_BYTES) {
      this.fail('it is too large');
      this.#send({ type: 'no', transfer: this.transfer, why: this.why });
    } else {
      this.#waitIdle();
    }
  }

  get progress() {
    return this.size === 0 ? 1 : this.#ranges.bytes / this.size;
  }

  /** @param {{ offset: number, bytes: Uint8Array }} piece */
  piece({ offset, bytes }) {
    if (this.state !== 'receiving' || offset + bytes.length > this.size) return;
    this.#highest = Math.max(this.#highest, offset + bytes.length);
    if (this.#ranges.add(offset, offset + bytes.length)) this.#pieces.set(offset, bytes);
    this.#untold += bytes.length;
    if (this.#untold >= TELL_EVERY) this.#tell(false);
    this.#waitIdle();
    this.dispatchEvent(new Event('change'));
    this.#finishIfComplete();
  }

  /** The sender has sent it all. @param {unknown} hash */
  end(hash) {
    if (this.#sha256 !== undefined) return;
    this.#sha256 = typeof hash === 'string' ? hash : null;
    this.#finishIfComplete();
  }

  /** @param {string} why */
  fail(why) {
    if (this.state === 'done' || this.state === 'failed') return;
    this.state = 'failed';
    this.why = why;
    this.#pieces.clear();
    clearTimeout(this.#idleTimer);
    this.dispatchEvent(new Event('change'));
    this.dispatchEvent(new Event('ended'));
  }

  async #finishIfComplete() {
    if (this.state !== 'receiving' || this.#sha256 === undefined || this.#ranges.bytes < this.size) return;
    this.state = 'checking';
    clearTimeout(this.#idleTimer);
    this.dispatchEvent(new Event('change'));
    const inOrder = [...this.#pieces.keys()].sort((a, b) => a - b);
    const blob = new Blob(/** @type {any} */ (inOrder.map((offset) => this.#pieces.get(offset))), { type: safeType(this.type) });
    this.#pieces.clear();
    const hash = this.#sha256 === null ? null : await sha256(blob).catch(() => null);
    if (hash !== null) this.checked = hash === this.#sha256;
    if (this.checked === false) {
      this.#tell(false, true);
      return this.fail('its checksum is wrong');
    }
    this.blob = blob;
    this.state = 'done';
    this.#tell(false, true);
    this.dispatchEvent(new Event('change'));
    this.dispatchEvent(new Event('ended'));
  }

  #waitIdle() {
    clearTimeout(this.#idleTimer);
    if (this.state !== 'receiving') return;
    this.#idleTimer = setTimeout(() => {
      this.#tell(true);
      this.#waitIdle();
    }, IDLE_MS);
  }

  /**
   * @param {boolean} idle
   * @param {boolean} [done]
   */
  #tell(idle, done = false) {
    this.#untold = 0;
    const missing = idle ? this.#ranges.missing(this.#sha256 === undefined ? this.#highest : this.size) : [];
    this.#send({
      ...{ type: 'got', transfer: this.transfer, bytes: this.#ranges.bytes, highest: this.#highest, idle, missing, done },
      checked: this.checked === true,
    });
  }
}

/** Without folders and control characters. @param {unknown} name */
function fileName(name) {
  const text = typeof name === 'string' ? name : '';
  return text.replace(/[\p{Cc}/\\]/gu, '_').slice(0, 200) || 'file';
}

/** What a browser would run is saved as plain bytes. @param {string} type */
function safeType(type) {
  return /^(image\/(png|jpeg|gif|webp)|audio\/|video\/|text\/plain|application\/(pdf|zip))/.test(type) ? type : 'application/octet-stream';
}
