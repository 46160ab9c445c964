/** A token bucket: when the next message may be handled, so that no client keeps the server busy. */
export class Rate {
  readonly #perSecond = 100;
  readonly #burst = 300;
  #tokens = this.#burst;
  #at = performance.now();

  /** In the time of performance.now(); past or present when there is no need to wait. */
  take(): number {
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond) - 1;
    this.#at = now;
    return this.#tokens >= 0 ? now : now + (-this.#tokens / this.#perSecond) * 1000;
  }
}
