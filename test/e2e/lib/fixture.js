// What the tests of one file stand on: one server, one Chromium, and rooms that no other test uses. Closed at the end.

import { after, before } from 'node:test';
import { Chromium, missingChromium } from './browsers.js';
import { Participant } from './participant.js';
import { Server, missingServer } from './server.js';

/** For `describe`: whether to skip, and why. */
export const withChromium = { skip: missingChromium() || false };

export class Fixture {
  server = /** @type {Server} */ (/** @type {unknown} */ (null)); // from `before` on
  chromium = /** @type {Chromium} */ (/** @type {unknown} */ (null));
  /** @type {(() => Promise<void>)[]} */
  #closers = [];
  #rooms = 0;

  /** Of everybody's picture, unless a test says otherwise. @type {Record<string, number>} */
  #picture = {};

  /** Inside a `describe`. @param {{ options?: string[], program?: string[], fps?: number }} [settings] options of the server; another program than server/; of pictures */
  static use({ options, program, fps } = {}) {
    const fixture = new Fixture();
    if (fps !== undefined) fixture.#picture = { fps };
    before(async () => {
      const missing = missingServer();
      if (missing) throw new Error(missing);
      fixture.server = await Server.start(options, program);
      fixture.onClose(() => fixture.server.stop());
      fixture.chromium = await Chromium.start();
      fixture.onClose(() => fixture.chromium.close());
    });
    after(async () => {
      /** @type {unknown[]} */
      const failures = [];
      for (const close of fixture.#closers.reverse()) await close().catch((error) => failures.push(error));
      if (failures.length) throw failures[0];
    });
    return fixture;
  }

  /** @param {() => Promise<void>} close */
  onClose(close) {
    this.#closers.push(close);
  }

  /** A room that nobody was in. */
  room() {
    return `e2e-${process.pid}-${++this.#rooms}`;
  }

  /**
   * A person in Chromium, gone when the test ends.
   * @param {import('node:test').TestContext} t
   * @param {string} room
   * @param {string} name
   * @param {{ browser?: import('./participant.js').Browser, base?: string, query?: Record<string, string | number>, context?: object, init?: () => void }} [options]
   */
  async join(t, room, name, { browser = this.chromium, base = this.server.url, query, ...options } = {}) {
    const participant = await Participant.join(browser, base, room, name, { query: { ...this.#picture, ...query }, ...options });
    t.after(() => participant.close());
    return participant;
  }

  /** @param {import('node:test').TestContext} t @param {string} room @param {string[]} names */
  joinAll(t, room, names) {
    return Promise.all(names.map((name) => this.join(t, room, name)));
  }
}
