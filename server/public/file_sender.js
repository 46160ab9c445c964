// Sends one file to everybody in the room, as fast as they take it.
//
// Sent is at most WINDOW bytes ahead of who keeps up, so that nobody's queue on the server overflows. Who keeps the others waiting for
// longer than PATIENCE_MS in all is left behind: it loses pieces then, and gets them once the others have everything. A piece that is
// sent again goes to everybody, who drop it.
//
// Knows of no page and no connection: `send` and `hasRoom` are the channel's. Events: `change`, `ended`.

import { MOST_RANGES, PIECE, sha256, writePiece } from './transfer_format.js';

const WINDOW = 1 << 20;
const PATIENCE_MS = 1_000;
/** Who says nothing for so long is not waited for at all. */
const GONE_MS = 20_000;
const TICK_MS = 50;

/**
 * @typedef {object} Receiver
 * @property {number} bytes            what it has
 * @property {number} highest          up to where it has seen the file
 * @property {[number, number][]} missing  what is sent again to it: a window of it at most
 * @property {boolean} done
 * @property {boolean} checked         its checksum was equal
 * @property {boolean} behind
 * @property {number} stalled          ms that others have waited for it
 * @property {number} heardAt
 */

export class FileSender extends EventTarget {
  transfer;
  file;
  /** @type {'sending' | 'sent' | 'stopped'} */
  state = 'sending';
  why = '';
  /** @type {Map<string, Receiver>} by peer id */
  receivers = new Map();

  #channel;
  #now;
  #next = 0;
  /** @type {string | null | undefined} undefined until it is known */
  #sha256 = undefined;
  #saidEnd = false;
  #pumping = false;
  #timer;
  #lastTick;

  /**
   * @param {number} transfer
   * @param {File} file
   * @param {{ send: (data: string | ArrayBuffer) => boolean, hasRoom: () => boolean }} channel
   * @param {string[]} peers  those who are here: nobody who comes later gets it
   * @param {() => number} [now]
   */
  constructor(transfer, file, channel, peers, now = () => performance.now()) {
    super();
    this.transfer = transfer;
    this.file = file;
    this.#channel = channel;
    this.#now = now;
    this.#lastTick = now();
    for (const peer of peers) {
      this.receivers.set(peer, {
        ...{ bytes: 0, highest: 0, missing: [], done: false, checked: false, behind: false, stalled: 0 },
        heardAt: now(),
      });
    }
    this.#say('file', { name: file.name, size: file.size, mime: file.type });
    sha256(file).then(
      (hash) => ((this.#sha256 = hash), this.pump()),
      () => ((this.#sha256 = null), this.pump()),
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.pump();
  }

  /** 0 to 1, by who is furthest behind of those that are waited for. */
  get progress() {
    const size = Math.max(this.file.size, 1);
    const waited = [...this.receivers.values()].filter(({ behind }) => !behind);
    const least = Math.min(this.#next, ...(waited.length > 0 ? waited : [...this.receivers.values()]).map(({ bytes }) => bytes));
    return this.state === 'sent' ? 1 : least / size;
  }

  /** How many have all of it, with an equal checksum. */
  get arrived() {
    return [...this.receivers.values()].filter(({ checked }) => checked).length;
  }

  /** @param {string} peer @param {Record<string, any>} content of its `got` */
  got(peer, content) {
    const receiver = this.receivers.get(peer);
    if (!receiver) return;
    const size = this.file.size;
    const number = (/** @type {unknown} */ value) => (typeof value === 'number' && value >= 0 && value <= size ? value : 0);
    receiver.bytes = number(content.bytes);
    receiver.highest = number(content.highest);
    // Only of who has got all that was on its way: what it misses is lost then, and there is room for a window of it.
    if (content.idle === true) receiver.missing = clip(content.missing, size);
    receiver.done = content.done === true;
    receiver.checked = content.checked === true;
    receiver.heardAt = this.#now();
    this.#settle();
    this.pump();
  }

  /** It does not want the file, or has left. @param {string} peer */
  lost(peer) {
    if (this.receivers.delete(peer)) this.#settle();
    this.pump();
  }

  /** @param {string} why */
  stop(why) {
    if (this.state !== 'sending') return;
    this.#say('stop', { why });
    this.why = why;
    this.#finish('stopped');
  }

  /** Sends what may be sent. Called whenever something has changed. */
  async pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.state === 'sending' && this.#channel.hasRoom()) {
        const range = this.#choose();
        if (!range) break;
        const [from, to] = range;
        const bytes = new Uint8Array(await this.file.slice(from, to).arrayBuffer());
        if (this.state !== 'sending' || !this.#channel.send(writePiece(this.transfer, from, bytes))) break;
      }
      if (this.state === 'sending' && this.#next >= this.file.size && this.#sha256 !== undefined && !this.#saidEnd) {
        this.#saidEnd = true;
        this.#say('end', { sha256: this.#sha256 });
      }
    } catch {
      this.stop('the file can no longer be read');
    } finally {
      this.#pumping = false;
    }
  }

  /** The next piece: what is new while those who keep up have room, else what somebody has missed. @returns {[number, number] | null} */
  #choose() {
    const { size } = this.file;
    if (this.#next < size) {
      if (this.#blockers().length > 0) return null;
      const from = this.#next;
      this.#next = Math.min(from + PIECE, size);
      return [from, this.#next];
    }
    for (const receiver of this.receivers.values()) {
      const gap = receiver.missing[0];
      if (!gap) continue;
      const [from, end] = gap;
      const to = Math.min(from + PIECE, end);
      if (to === end) receiver.missing.shift();
      else gap[0] = to;
      return [from, to];
    }
    return null;
  }

  /** Those that are waited for. */
  #blockers() {
    return [...this.receivers.values()].filter(({ behind, highest }) => !behind && this.#next - highest >= WINDOW);
  }

  #tick() {
    const now = this.#now();
    const passed = now - this.#lastTick;
    this.#lastTick = now;
    const blockers = this.#blockers();
    const others = [...this.receivers.values()].filter((receiver) => !receiver.behind && !blockers.includes(receiver));
    for (const receiver of blockers) {
      if (others.length > 0) receiver.stalled += passed;
      if (receiver.stalled > PATIENCE_MS) receiver.behind = true;
    }
    for (const [peer, { heardAt, done }] of this.receivers) if (!done && now - heardAt > GONE_MS) this.receivers.delete(peer);
    this.#settle();
    this.pump();
  }

  #settle() {
    if (this.state !== 'sending') return;
    if (this.#saidEnd && [...this.receivers.values()].every(({ done }) => done)) this.#finish('sent');
    this.dispatchEvent(new Event('change'));
  }

  /** @param {'sent' | 'stopped'} state */
  #finish(state) {
    this.state = state;
    clearInterval(this.#timer);
    this.dispatchEvent(new Event('change'));
    this.dispatchEvent(new Event('ended'));
  }

  /**
   * @param {string} type
   * @param {object} content
   */
  #say(type, content) {
    this.#channel.send(JSON.stringify({ type, transfer: this.transfer, ...content }));
  }
}

/**
 * The first of these ranges, a window in all.
 * @param {unknown} ranges
 * @param {number} size
 * @returns {[number, number][]}
 */
function clip(ranges, size) {
  /** @type {[number, number][]} */
  const out = [];
  let room = WINDOW;
  for (const range of Array.isArray(ranges) ? ranges.slice(0, MOST_RANGES) : []) {
    if (room <= 0 || !isRange(range, size)) break;
    const to = Math.min(range[1], range[0] + room);
    out.push([range[0], to]);
    room -= to - range[0];
  }
  return out;
}

/**
 * @param {unknown} range
 * @param {number} size
 */
function isRange(range, size) {
  return (
    Array.isArray(range) && range.length === 2 && range.every(Number.isInteger) && 0 <= range[0] && range[0] < range[1] && range[1] <= size
  );
}
