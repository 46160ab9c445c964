/** A token bucket: how long the next message must wait so that a client cannot keep the server busy. */
export class Rate {
  readonly #perSecond = 100;
  readonly #burst = 300;
  #tokens = this.#burst;
  #at = performance.now();

  /** ms. */
  take(): number {
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond) - 1;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }
}
