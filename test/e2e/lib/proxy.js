// A wire between browser and server that can be cut: TCP only, so that the signaling drops and the media does not notice.

import { connect, createServer } from 'node:net';

export class Proxy {
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set();
  #listener = createServer((socket) => this.#accept(socket));
  #target;
  #cut = false;

  /** @param {number} target  the port behind it */
  constructor(target) {
    this.#target = target;
  }

  /** @returns {Promise<number>} the port in front */
  async open() {
    await new Promise((resolve) => this.#listener.listen(0, 'localhost', () => resolve(undefined)));
    return /** @type {import('node:net').AddressInfo} */ (this.#listener.address()).port;
  }

  /** Every connection ends without a word, and new ones are refused, until `mend`. */
  cut() {
    this.#cut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** @param {number} [target] another port, if the server is another */
  mend(target = this.#target) {
    this.#target = target;
    this.#cut = false;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#listener.close(() => resolve(undefined)));
  }

  /** @param {import('node:net').Socket} near */
  #accept(near) {
    if (this.#cut) return void near.resetAndDestroy();
    const far = connect(this.#target, 'localhost');
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }
}
