// The other side of negotiation_page.js: one room, one connection of the Node controller for each of the page's ends, and a channel between
// them on which messages take their time, so that offers cross.

import { createServer } from 'node:http';
import { createWorker, InvalidStateError, webrtc } from 'sluice';
import { WebSocketServer } from 'ws';
import { negotiationPage } from './negotiation_page.js';

/** @import { Report } from './negotiation_page.js' */

/** @type {import('sluice').RtpCodecCapability[]} */
const mediaCodecs = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
];

/** Messages of each end that are kept. */
const REMEMBERED = 60;

/** @param {unknown} error @returns {undefined} */
function unlessNotNow(error) {
  if (!(error instanceof InvalidStateError)) throw error;
}

/** How an application uses the connection: the polite side. */
export class ServerEnd {
  /** Offers of ours that a client's met. */
  glares = 0;
  /** Messages to the client that are under way. */
  inFlight = 0;
  /** Steps of its own that are under way. */
  busy = 0;
  /** @type {string[]} */
  trouble = [];
  /** Open ones, as the controller has them. @type {Map<string, import('sluice').Producer>} */
  producers = new Map();
  /** @type {Map<string, import('sluice').Consumer>} */
  consumers = new Map();
  /** The producer that the client declined on this mid. @type {Map<string, string>} */
  declinedOn = new Map();
  /** The last descriptions and candidates, both ways, for whoever looks at what went wrong. @type {object[]} */
  history = [];
  #underWay = false;
  #again = false;

  /** @param {import('sluice').Room} room @param {string} name @param {(message: object) => Promise<void>} send */
  constructor(room, name, send) {
    this.name = name;
    this.send = send;
    this.connection = new webrtc.RTCPeerConnection(room, name);
    let before = this.connection.signalingState;
    this.connection.on('signalingstatechange', (state) => {
      if (before === 'have-local-offer' && state === 'have-remote-offer') this.glares++;
      before = state;
    });
    this.connection.on('negotiationneeded', () => {
      if (this.connection.signalingState !== 'stable') this.trouble.push(`negotiation was needed in ${this.connection.signalingState}`);
      void this.offer();
    });
    const keep = (/** @type {Map<string, any>} */ map) => (/** @type {any} */ made) => {
      map.set(made.id, made);
      made.observer.once('close', () => map.delete(made.id));
    };
    this.connection.peer.on('newproducer', keep(this.producers));
    this.connection.peer.on('newconsumer', keep(this.consumers));
    this.connection.peer.on('newconsumer', (consumer) => {
      const mid = String(consumer.rtpParameters.mid);
      this.declinedOn.delete(mid);
      consumer.on('refused', () => this.declinedOn.set(mid, consumer.producerId));
    });
  }

  /** @param {() => Promise<void>} action */
  async step(action) {
    this.busy++;
    try {
      await action();
    } catch (error) {
      this.trouble.push(String(error));
    } finally {
      this.busy--;
    }
  }

  /** @param {string} direction @param {object} message */
  note(direction, message) {
    this.history.push({ at: Math.round(performance.now()), direction, state: this.connection.signalingState, ...message });
    if (this.history.length > REMEMBERED) this.history.shift();
  }

  /** @param {object} message */
  tell(message) {
    this.note('sent', message);
    this.inFlight++;
    void this.send(message).finally(() => this.inFlight--);
  }

  /** @returns {Promise<void>} */
  async offer() {
    if (this.#underWay) return void (this.#again = true);
    await this.#offering(async () => {
      await this.connection.setLocalDescription();
      // A client's offer may have come first: what was offered is an answer then, and sent by receive().
      const description = this.connection.localDescription;
      if (description?.type === 'offer' && this.connection.signalingState === 'have-local-offer') this.tell({ to: this.name, description });
    });
  }

  /** Also when nothing is needed, as an application may; it gives way to a client's offer that comes in between. */
  offerAnyway() {
    return this.#offering(async () => {
      if (this.connection.signalingState !== 'stable') return;
      const offer = await this.connection.createOffer().catch(unlessNotNow);
      if (offer === undefined) return;
      const set = await this.connection.setLocalDescription(offer).then(() => true, unlessNotNow);
      if (set) this.tell({ to: this.name, description: offer });
    });
  }

  /** One offer at a time. @param {() => Promise<void>} action */
  async #offering(action) {
    if (this.#underWay) return;
    this.#underWay = true;
    await this.step(action);
    this.#underWay = false;
    if (!this.#again) return;
    this.#again = false;
    if (this.connection.signalingState === 'stable') void this.offer();
  }

  /** @param {any} message */
  receive({ description, candidate }) {
    this.note('received', { description, candidate });
    return this.step(async () => {
      if (description === undefined) return this.connection.addIceCandidate(candidate);
      if (description.type === 'answer') return this.connection.setRemoteDescription(description);
      await this.connection.setRemoteDescription(description);
      await this.connection.setLocalDescription(await this.connection.createAnswer());
      this.tell({ to: this.name, description: this.connection.localDescription });
    });
  }

  get idle() {
    return this.busy === 0 && this.inFlight === 0 && this.connection.signalingState === 'stable';
  }
}

export class NegotiationServer {
  /** @type {Record<string, ServerEnd>} */
  ends = {};
  worker = /** @type {import('sluice').Worker} */ (/** @type {unknown} */ (null)); // from start() on
  url = '';
  #http = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(`<!doctype html><body><script>(${negotiationPage})()</script>`);
  });
  #sockets = new WebSocketServer({ server: this.#http });
  /** @type {import('ws').WebSocket | null} */
  #socket = null;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #lastId = 0;
  /** To the server, under way. */
  #inFlight = 0;
  #delay;

  /** @param {() => number} delay  of the next message, ms */
  constructor(delay) {
    this.#delay = delay;
    this.#sockets.on('connection', (socket) => {
      this.#socket = socket;
      let last = Promise.resolve();
      socket.on('message', (text) => {
        const message = JSON.parse(String(text));
        if (message.to === undefined) return this.#answered(message);
        this.#inFlight++;
        last = this.#after(last).then(() => {
          this.#inFlight--;
          void this.ends[message.to]?.receive(message);
        });
      });
    });
  }

  /** @param {import('sluice').WorkerSettings} settings @param {string[]} names */
  async start(settings, names) {
    this.worker = await createWorker(settings);
    const room = await this.worker.createRoom({ mediaCodecs });
    for (const name of names) {
      let last = Promise.resolve();
      this.ends[name] = new ServerEnd(room, name, (message) => {
        last = this.#after(last).then(() => this.#socket?.send(JSON.stringify(message)));
        return last;
      });
    }
    await new Promise((resolve) => this.#http.listen(0, 'localhost', () => resolve(null)));
    const address = /** @type {import('node:net').AddressInfo} */ (this.#http.address());
    this.url = `http://localhost:${address.port}/`;
  }

  /** What the page does. @param {string} command @param {object} [options] @returns {Promise<any>} */
  ask(command, options) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#lastId, { resolve, reject });
      this.#socket?.send(JSON.stringify({ id: this.#lastId, command, ...options }));
    });
  }

  get connected() {
    return this.#socket !== null;
  }

  /** Nothing is under way on this side. */
  get idle() {
    return this.#inFlight === 0 && Object.values(this.ends).every((end) => end.idle);
  }

  close() {
    this.worker.close();
    this.#socket?.terminate();
    this.#http.close();
  }

  /** In their order, each some time after it was sent. @param {Promise<unknown>} last */
  #after(last) {
    const time = new Promise((resolve) => setTimeout(resolve, this.#delay()));
    return last.then(() => time);
  }

  /** @param {{ id: number, result: any, error?: string }} message */
  #answered({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}
