// Server-sent events of a WHEP playback (draft-ietf-wish-whep's core extensions): active, inactive, layers, viewercount.
//
// A stream is made by POST with the events wanted, then read by GET (WHATWG HTML §9.2). What happens while nobody reads is kept, up
// to a limit; the newest state matters, so the oldest events go first.
import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import { HttpError } from './http_error.js';
import { layersOf } from './layers.js';
import type { Playback } from './playback.js';

export const eventNames = ['active', 'inactive', 'layers', 'viewercount'] as const;
export type EventName = (typeof eventNames)[number];

const mostWaiting = 64;
const mostStreams = 8;
const layersEveryMs = 2_000;
/** Proxies end what is silent. */
const commentEveryMs = 15_000;

/** Throws HttpError 400. Undefined: all. */
export function readEventNames(body: unknown): Set<EventName> {
  if (body === undefined) return new Set(eventNames);
  if (!Array.isArray(body) || body.some((name) => typeof name !== 'string'))
    throw new HttpError(400, 'the events wanted are a JSON array of names');
  return new Set(eventNames.filter((name) => body.includes(name)));
}

class EventStream {
  readonly id = randomBytes(12).toString('base64url');
  readonly #names: Set<EventName>;
  readonly #last = new Map<EventName, string>();
  #active: boolean | undefined;
  #waiting: string[] = [];
  #reader: Response | undefined;

  constructor(names: Set<EventName>) {
    this.#names = names;
  }

  wants(name: EventName): boolean {
    return this.#names.has(name);
  }

  /** Told only when it differs from what was told last. */
  tell(name: EventName, data: object): void {
    const text = JSON.stringify(data);
    if (this.#last.get(name) === text) return;
    this.#last.set(name, text);
    this.#push(name, text);
  }

  /** There is no initial `inactive`. */
  tellActive(active: boolean): void {
    if (active === (this.#active ?? false)) return;
    this.#active = active;
    this.#push(active ? 'active' : 'inactive', '{}');
  }

  comment(): void {
    this.#reader?.write(':\n\n');
  }

  /** Of two readers the newer one stays. */
  attach(response: Response): void {
    this.#reader?.end();
    this.#reader = response;
    response.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    response.write(this.#waiting.join(''));
    this.#waiting = [];
    response.on('close', () => {
      if (this.#reader === response) this.#reader = undefined;
    });
  }

  close(): void {
    this.#reader?.end();
  }

  #push(name: EventName, data: string): void {
    if (!this.wants(name)) return;
    const event = `event: ${name}\ndata: ${data}\n\n`;
    if (this.#reader !== undefined) this.#reader.write(event);
    else this.#waiting = [...this.#waiting, event].slice(-mostWaiting);
  }
}

/** All event streams of one playback. */
export class PlaybackEvents {
  readonly #streams = new Map<string, EventStream>();
  readonly #playback: Playback;
  readonly #stop: () => void;
  readonly #timers: NodeJS.Timeout[];
  #viewers = 0;
  #asking = false;

  constructor(playback: Playback) {
    this.#playback = playback;
    this.#stop = playback.onChange(() => this.#tellAll());
    this.#timers = [
      setInterval(() => void this.#tellLayers(), layersEveryMs),
      setInterval(() => this.#streams.forEach((stream) => stream.comment()), commentEveryMs),
    ];
    playback.onEnd(() => this.close());
  }

  /** Gives its id. Throws HttpError when there are too many. */
  add(names: Set<EventName>): string {
    if (this.#streams.size === mostStreams) throw new HttpError(409, `a session has at most ${mostStreams} event streams`);
    const stream = new EventStream(names);
    this.#streams.set(stream.id, stream);
    this.#tellState(stream);
    void this.#tellLayers();
    return stream.id;
  }

  find(id: string): EventStream | undefined {
    return this.#streams.get(id);
  }

  remove(id: string): boolean {
    this.#streams.get(id)?.close();
    return this.#streams.delete(id);
  }

  viewersChanged(count: number): void {
    this.#viewers = count;
    this.#tellAll();
  }

  close(): void {
    this.#stop();
    for (const timer of this.#timers) clearInterval(timer);
    for (const id of [...this.#streams.keys()]) this.remove(id);
  }

  #tellAll(): void {
    for (const stream of this.#streams.values()) this.#tellState(stream);
    void this.#tellLayers();
  }

  #tellState(stream: EventStream): void {
    stream.tellActive(this.#playback.active);
    stream.tell('viewercount', { viewercount: this.#viewers });
  }

  /** Asks the worker only when somebody listens, and once at a time. */
  async #tellLayers(): Promise<void> {
    const listening = [...this.#streams.values()].filter((stream) => stream.wants('layers'));
    if (this.#asking || listening.length === 0) return;
    this.#asking = true;
    try {
      const layers = await layersOf(this.#playback);
      if (Object.keys(layers).length > 0) for (const stream of listening) stream.tell('layers', layers);
    } catch {
      // A consumer was closed meanwhile: the next time tells.
    } finally {
      this.#asking = false;
    }
  }
}
