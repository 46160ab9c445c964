// All files that come and go in a call, and whose they are. Events: `file` (detail: FileSender or FileReceiver, and from whom).

import { FILES } from './channels.js';
import { FileReceiver } from './file_receiver.js';
import { FileSender } from './file_sender.js';
import { MOST_BYTES, readControl, readPiece } from './transfer_format.js';

/** @import { RoomChannels } from './channels.js' */

/** Of one sender at a time, so that nobody fills our memory. */
const MOST_FILES_AT_ONCE = 4;

export class Files extends EventTarget {
  #channels;
  #peers;
  /** @type {Map<number, FileSender>} */
  #sending = new Map();
  /** For tests: what came last. @type {FileReceiver | null} */
  last = null;
  /** @type {Map<string, FileReceiver>} by peer and transfer, while they come */
  #receiving = new Map();

  /**
   * @param {RoomChannels} channels
   * @param {() => string[]} peers  who is here
   */
  constructor(channels, peers) {
    super();
    this.#channels = channels;
    this.#peers = peers;
    channels.addEventListener('message', (event) => this.#received(/** @type {CustomEvent} */ (event).detail));
    for (const type of ['low', 'open'])
      channels.addEventListener(type, () => {
        for (const sender of this.#sending.values()) sender.pump();
      });
  }

  /** Throws an Error with a sentence when it cannot be sent. @param {File} file */
  send(file) {
    if (file.size > MOST_BYTES) throw new Error(`${file.name} is larger than ${MOST_BYTES >> 20} MB.`);
    if (!this.#channels.isOpen(FILES)) throw new Error('Files cannot be sent right now.');
    if (this.#peers().length === 0) throw new Error('There is nobody here to send it to.');
    const transfer = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    const channel = {
      send: (/** @type {string | ArrayBuffer} */ data) => this.#channels.send(FILES, data),
      hasRoom: () => this.#channels.hasRoom(FILES),
    };
    const sender = new FileSender(transfer, file, channel, this.#peers());
    this.#sending.set(transfer, sender);
    sender.addEventListener('ended', () => this.#sending.delete(transfer));
    this.#tell({ sender, peerId: '' });
    return sender;
  }

  /** Somebody left. @param {string} peerId */
  peerLeft(peerId) {
    for (const sender of this.#sending.values()) sender.lost(peerId);
    for (const [key, receiver] of this.#receiving) if (key.startsWith(`${peerId}:`)) receiver.fail('who sent it has left');
  }

  /** The connection is another one: what was under way is lost. */
  interrupted() {
    for (const sender of [...this.#sending.values()]) sender.stop('the connection was interrupted');
    for (const receiver of [...this.#receiving.values()]) receiver.fail('the connection was interrupted');
  }

  /** @param {{ label: string, peerId: string, data: unknown }} message */
  #received({ label, peerId, data }) {
    if (label !== FILES) return;
    const piece = readPiece(data);
    if (piece) return this.#receiving.get(`${peerId}:${piece.transfer}`)?.piece(piece);
    const control = readControl(data);
    if (!control) return;
    const key = `${peerId}:${control.transfer}`;
    switch (control.type) {
      case 'file':
        return this.#announced(key, peerId, control);
      case 'end':
        return this.#receiving.get(key)?.end(control.sha256);
      case 'stop':
        return this.#receiving.get(key)?.fail(typeof control.why === 'string' ? control.why.slice(0, 200) : 'it was stopped');
      case 'got':
        return this.#sending.get(control.transfer)?.got(peerId, control);
      case 'no':
        return this.#sending.get(control.transfer)?.lost(peerId);
    }
  }

  /**
   * @param {string} key
   * @param {string} peerId
   * @param {Record<string, any>} control
   */
  #announced(key, peerId, control) {
    const answer = (/** @type {object} */ message) => void this.#channels.send(FILES, JSON.stringify(message));
    const theirs = [...this.#receiving.keys()].filter((other) => other.startsWith(`${peerId}:`));
    if (this.#receiving.has(key)) return;
    if (theirs.length >= MOST_FILES_AT_ONCE) return answer({ type: 'no', transfer: control.transfer, why: 'too many at once' });
    const receiver = new FileReceiver(control, answer);
    if (receiver.state === 'receiving') this.#receiving.set(key, receiver);
    receiver.addEventListener('ended', () => this.#receiving.delete(key));
    this.last = receiver;
    this.#tell({ receiver, peerId });
  }

  /** @param {object} detail */
  #tell(detail) {
    this.dispatchEvent(new CustomEvent('file', { detail }));
  }
}
