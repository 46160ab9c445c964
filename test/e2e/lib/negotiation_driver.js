// Random renegotiations from a seed, and after each of them what must be true: nothing is under way, both sides are stable and agree on
// every m-line, whatever is sent is received by everybody who did not decline it, and nobody holds an object that is not in use.

import { isDeepStrictEqual } from 'node:util';
import { sleep, until } from './wait.js';

/** @import { NegotiationServer, ServerEnd } from './negotiation_server.js' */
/** @import { Line, Report } from './negotiation_page.js' */

/** Tracks that one end sends at one time. */
const MOST_TRACKS = 3;
/** m-lines grow with the most tracks at one time: each end's own, those of the others, and those that await their reuse. */
const MOST_LINES = 24;
const SETTLES_WITHIN_MS = 8_000;
const PLAYS_WITHIN_MS = 8_000;

/** A small generator with a seed (mulberry32), so that a run can be had again. @param {number} seed */
export function drawing(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    /** @template T @param {readonly T[]} list @returns {T} */
    one: (list) => /** @type {T} */ (list[Math.floor(next() * list.length)]),
  };
}

const sends = (/** @type {Line} */ line) => line.sends && /send/.test(line.current ?? '');
const receives = (/** @type {Line} */ line) => /recv/.test(line.current ?? '');

export class Driver {
  /** How often each kind of step was made. @type {Record<string, number>} */
  steps = {};
  /** By end: producers that its client turned away. @type {Record<string, Set<string>>} */
  #declined = {};
  #server;
  #draw;
  #keepsTagged;

  /**
   * @param {NegotiationServer} server
   * @param {ReturnType<typeof drawing>} draw
   * @param {{ keepsTagged?: boolean }} [options]  whether the m-line that the bundle's transport belongs to (RFC 9143 §7) is never stopped
   */
  constructor(server, draw, { keepsTagged = false } = {}) {
    this.#keepsTagged = keepsTagged;
    this.#server = server;
    this.#draw = draw;
    for (const name of Object.keys(server.ends)) this.#declined[name] = new Set();
  }

  get glares() {
    return Object.values(this.#server.ends).reduce((sum, { glares }) => sum + glares, 0);
  }

  /** One renegotiation, and its verdict. @param {(what: string) => void} tell  what is about to be done */
  async step(tell) {
    const end = this.#draw.one(Object.keys(this.#server.ends));
    const { lines } = await this.#report(end);
    const own = lines.filter(sends);
    const possible = this.#possible(end, lines, own);
    const [name, act] = this.#draw.one(possible);
    this.steps[name] = (this.steps[name] ?? 0) + 1;
    tell(`${end}: ${name}`);
    await act();
    await this.check();
  }

  /**
   * @param {string} end @param {Line[]} lines @param {Line[]} own
   * @returns {(readonly [string, () => unknown])[]}
   */
  #possible(end, lines, own) {
    const ask = (/** @type {string} */ command, /** @type {object} */ options = {}) => this.#server.ask(command, { end, ...options });
    const add = () => ask('add', { kind: this.#draw.one(['audio', 'video']), asTrack: this.#draw.next() < 0.3 });
    const server = /** @type {ServerEnd} */ (this.#server.ends[end]);
    const heard = lines.filter(receives);
    // An m-line may carry a track each way: addTrack() takes one on which only the server sent.
    const away = lines.filter((line) => line.sends && /^(inactive|recvonly)$/.test(line.direction));
    const declined = lines.filter((line) => !line.direction.includes('recv') && server.declinedOn.has(String(line.mid)));
    /** @type {[string, () => unknown][]} */
    const all = [];
    const turn = (/** @type {Line} */ line, /** @type {boolean} */ send, /** @type {boolean} */ receive) =>
      ask('direct', { mid: line.mid, direction: send ? (receive ? 'sendrecv' : 'sendonly') : receive ? 'recvonly' : 'inactive' });
    if (own.length + away.length < MOST_TRACKS) all.push(['add', add], ['add', add]);
    const tagged = /^a=group:BUNDLE (\S+)/m.exec(server.connection.localDescription?.sdp ?? '')?.[1];
    const stoppable = (/** @type {Line} */ line) => !this.#keepsTagged || line.mid !== tagged;
    const stopping = [...own, ...away].filter(stoppable);
    if (stopping.length > 0) {
      const line = this.#draw.one(stopping);
      all.push(['stop', () => this.#declining(end, line, () => ask('stop', { mid: line.mid }))]);
    }
    if (own.length > 0) {
      const line = this.#draw.one(own);
      all.push(['replace', () => ask('replace', { mid: line.mid })]);
      all.push(['send no more', () => turn(line, false, line.direction === 'sendrecv')]);
    }
    if (away.length > 0) {
      const line = this.#draw.one(away);
      all.push(['send again', () => turn(line, true, line.direction === 'recvonly')]);
    }
    if (heard.length > 0) {
      const line = this.#draw.one(heard);
      all.push(['decline', () => this.#declining(end, line, () => turn(line, line.direction === 'sendrecv', false))]);
      if (!line.sends && stoppable(line))
        all.push(['stop receiving', () => this.#declining(end, line, () => ask('stop', { mid: line.mid }))]);
    }
    if (declined.length > 0) {
      const line = this.#draw.one(declined);
      const wanting = () => this.#wanting(end, line, () => turn(line, line.direction === 'sendonly', true));
      all.push(['want again', wanting], ['want again', wanting]);
      if (!line.sends && stoppable(line)) all.push(['stop declined', () => ask('stop', { mid: line.mid })]);
    }
    all.push(['ICE restart by the client', () => ask('restart')]);
    all.push(['ICE restart by the server', () => server.connection.restartIce()]);
    all.push(['offer by the server', () => server.offerAnyway()]);
    const mine = this.#draw.one([...all]);
    // Both at once: the server's offer is on its way while the client makes its own.
    all.push([`glare: ${mine[0]}`, () => Promise.all([server.offerAnyway(), ask('offer'), mine[1]()])]);
    all.push([`glare: ${mine[0]}`, () => Promise.all([mine[1](), server.offerAnyway()])]);
    return all;
  }

  /** Whatever it receives there is not wanted any more. @param {string} end @param {Line} line @param {() => unknown} act */
  async #declining(end, line, act) {
    const consumer = this.#consumerOn(end, line);
    if (consumer) this.#declined[end]?.add(consumer.producerId);
    await act();
  }

  /** @param {string} end @param {Line} line @param {() => unknown} act */
  async #wanting(end, line, act) {
    const producer = this.#server.ends[end]?.declinedOn.get(String(line.mid));
    if (producer !== undefined) this.#declined[end]?.delete(producer);
    await act();
  }

  /** @param {string} end @param {Line} line */
  #consumerOn(end, line) {
    const consumers = [...(this.#server.ends[end]?.consumers.values() ?? [])];
    return consumers.find(({ rtpParameters }) => rtpParameters.mid === line.mid);
  }

  /** @param {string} end @returns {Promise<Report>} */
  #report(end) {
    return this.#server.ask('report', { end });
  }

  /** Until nothing is under way on either side, and nothing follows from it. */
  async #settle() {
    for (let still = 0, end = Date.now() + SETTLES_WITHIN_MS; still < 2;) {
      for (const one of Object.values(this.#server.ends)) await one.connection.peer.dump();
      const reports = await Promise.all(Object.keys(this.#server.ends).map((name) => this.#report(name)));
      const quiet = this.#server.idle && reports.every(({ idle }) => idle);
      still = quiet ? still + 1 : 0;
      if (Date.now() > end) {
        const servers = Object.values(this.#server.ends).map((one) => [
          one.name,
          one.connection.signalingState,
          one.busy,
          one.inFlight,
          one.trouble,
        ]);
        throw new Error(
          `not settled: ${JSON.stringify({ servers, pages: reports.map(({ state, idle, trouble }) => [state, idle, trouble]) })}`,
        );
      }
      if (still < 2) await sleep(5);
    }
  }

  async check() {
    await this.#settle();
    const ends = Object.values(this.#server.ends);
    for (const end of ends) await this.#checkEnd(end, ends);
    const { counts, network } = /** @type {any} */ (await this.#server.worker.dump());
    const sum = (/** @type {(end: ServerEnd) => number} */ count) => ends.reduce((total, end) => total + count(end), 0);
    need('objects of the worker', counts, {
      rooms: 1,
      peers: ends.length,
      transports: ends.length,
      producers: sum(({ producers }) => producers.size),
      consumers: sum(({ consumers }) => consumers.size),
      dataProducers: 0,
      dataConsumers: 0,
      observers: 0,
    });
    // The newest credentials, those before them, and those of an offer that waits.
    if (network.usernameFragments > 3 * ends.length) throw new Error(`${network.usernameFragments} username fragments are left`);
  }

  /** @param {ServerEnd} end @param {ServerEnd[]} all */
  async #checkEnd(end, all) {
    const before = await this.#report(end.name);
    const { lines } = before;
    if (before.state !== 'stable' || end.connection.signalingState !== 'stable') throw new Error(`${end.name}: not stable`);
    if (before.trouble.length || end.trouble.length) throw new Error(`${end.name}: ${[...before.trouble, ...end.trouble].join('; ')}`);
    const inSdp = end.connection.localDescription?.sdp.match(/^m=/gm)?.length ?? 0;
    if (inSdp > MOST_LINES) throw new Error(`${end.name}: the description has grown to ${inSdp} m-lines`);
    const mids = (/** @type {(line: Line) => boolean} */ which) => lines.filter(which).map(({ mid }) => String(mid));
    const midsOf = (/** @type {Iterable<{ rtpParameters: import('sluice').RtpParameters }>} */ objects) =>
      [...objects].map(({ rtpParameters }) => String(rtpParameters.mid));
    need(`${end.name}: m-lines that are sent and their producers`, midsOf(end.producers.values()).sort(), mids(sends).sort());
    const offered = all.filter((other) => other !== end).flatMap(({ producers }) => [...producers.keys()]);
    for (const id of this.#declined[end.name] ?? []) if (!offered.includes(id)) this.#declined[end.name]?.delete(id);
    const wanted = offered.filter((id) => !this.#declined[end.name]?.has(id));
    need(
      `${end.name}: producers of the others and its consumers`,
      [...end.consumers.values()].map(({ producerId }) => producerId).sort(),
      wanted.sort(),
    );
    need(`${end.name}: m-lines that are received and their consumers`, mids(receives).sort(), midsOf(end.consumers.values()).sort());
    await this.#untilPlaying(end.name, before);
  }

  /** Every m-line that is received has brought something new. @param {string} name @param {Report} before */
  async #untilPlaying(name, before) {
    /** @type {Line[]} */
    let silent = [];
    await until(
      `${name} to play all that it receives`,
      async () => {
        const now = await this.#report(name);
        silent = now.lines.filter(receives).filter((line) => {
          const then = before.lines.find(({ mid }) => mid === line.mid)?.progress ?? {};
          return !Object.entries(line.progress).some(([ssrc, count]) => count > (then[ssrc] ?? 0));
        });
        return silent.length === 0;
      },
      { within: PLAYS_WITHIN_MS, every: 20, seen: () => Promise.all(silent.map((line) => this.#explained(name, line))) },
    );
  }

  /** Where what should be received there was last seen. @param {string} name @param {Line} line */
  async #explained(name, line) {
    const consumer = this.#consumerOn(name, line);
    const from = Object.values(this.#server.ends).find(({ producers }) => producers.has(consumer?.producerId ?? ''));
    const producer = from?.producers.get(consumer?.producerId ?? '');
    return {
      line,
      transport: await this.#server.ends[name]?.connection.peer.transport?.getStats(),
      consumer: await consumer?.explain(),
      sent: await consumer?.getStats(),
      parameters: consumer?.rtpParameters,
      producer: producer?.rtpParameters,
      received: await producer?.getStats(),
      from: await from?.connection.peer.transport?.getStats(),
    };
  }
}

/** @param {string} what @param {unknown} there @param {unknown} expected */
function need(what, there, expected) {
  if (!isDeepStrictEqual(there, expected)) throw new Error(`${what}: ${JSON.stringify(there)}, expected ${JSON.stringify(expected)}`);
}
