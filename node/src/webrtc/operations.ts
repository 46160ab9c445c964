// The operations chain of W3C WebRTC §4.4.1.2: what is asked of a connection is done one after the other, in the order it was asked.
//
// Between two operations passes a turn of the event loop, so that what a caller does when its promise settles comes before the next one; add() with
// `next` even puts it at the head of the chain. So createOffer().then(setLocalDescription) is one step to everybody else.
//
// Invariant: `idle` is called when nothing is under way or waiting, and only after such a turn.

export class Operations {
  readonly #idle: () => void;
  readonly #waiting: (() => Promise<unknown>)[] = [];
  /** An operation is under way, or its turn has just ended. */
  #busy = false;

  constructor(idle: () => void) {
    this.#idle = idle;
  }

  /** A failed operation does not keep the next one from being tried. `next`: before all that waits. */
  add<T>(operation: () => Promise<T>, { next = false } = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // Also when it throws instead of rejecting.
      const settle = (): Promise<void> => Promise.resolve().then(operation).then(resolve, reject);
      if (next) this.#waiting.unshift(settle);
      else this.#waiting.push(settle);
      this.#run();
    });
  }

  /** Calls `idle` soon, if it is then. */
  announce(): void {
    if (!this.#busy) this.#pause();
  }

  #run(): void {
    if (this.#busy) return;
    const operation = this.#waiting.shift();
    if (operation === undefined) return this.#idle();
    this.#busy = true;
    void operation().then(() => this.#pause());
  }

  #pause(): void {
    this.#busy = true;
    setImmediate(() => {
      this.#busy = false;
      this.#run();
    });
  }
}
