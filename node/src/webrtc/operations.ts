// The operations chain of W3C WebRTC §4.4.1.2: what is asked of a connection is done one after the other, in the order it was asked.
//
// Invariant: `idle` is called after the last operation has settled and all that its caller does at once has run, and only if
// nothing was added by then.

export class Operations {
  readonly #idle: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #unsettled = 0;
  #announced = false;

  constructor(idle: () => void) {
    this.#idle = idle;
  }

  get empty(): boolean {
    return this.#unsettled === 0;
  }

  /** A failed operation does not keep the next one from being tried. */
  add<T>(operation: () => Promise<T>): Promise<T> {
    this.#unsettled++;
    const result = this.#last.then(operation);
    this.#last = result.then(
      () => this.#settled(),
      () => this.#settled(),
    );
    return result;
  }

  /** Calls `idle` soon, if it is then. */
  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    setImmediate(() => {
      this.#announced = false;
      if (this.empty) this.#idle();
    });
  }

  #settled(): void {
    this.#unsettled--;
    if (this.empty) this.announce();
  }
}
