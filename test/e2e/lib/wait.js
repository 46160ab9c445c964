// Waiting for something to become true, with a sentence when it does not.

/** @param {number} milliseconds */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Asks again and again until the answer is truthy, and returns it.
 * @template T
 * @param {string} what  completes "waited 5000 ms for …"
 * @param {() => T | Promise<T>} ask
 * @param {{ within?: number, every?: number, seen?: () => unknown | Promise<unknown> }} [options]  `seen` tells the failure what was there instead
 * @returns {Promise<NonNullable<Awaited<T>>>}
 */
export async function until(what, ask, { within = 8_000, every = 40, seen } = {}) {
  const end = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer) return /** @type {any} */ (answer);
    if (performance.now() > end) {
      const there = seen ? `; there was ${JSON.stringify(await seen())}` : '';
      throw new Error(`waited ${within} ms for ${what}${there}`);
    }
    await sleep(every);
  }
}
