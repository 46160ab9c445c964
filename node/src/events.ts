// Typed events, as mediasoup's EnhancedEventEmitter has them.
//
// A listener that throws must not break the channel that called it: its error goes to `listenererror` when somebody listens to
// that, else it is thrown on the next tick, where Node treats it as any uncaught exception.
import { EventEmitter } from 'node:events';

/** Event name → its arguments. */
export type EventMap = Record<string, unknown[]>;

/** A listener threw: the name of the event it listened to, and what it threw. */
type ListenerErrorEvents = { listenererror: [eventName: string, error: unknown] };
type Name<Events> = keyof Events & string;
type Listener<Args> = (...args: Args extends unknown[] ? Args : never) => void;
type All<Events> = Events & ListenerErrorEvents;

/** An EventEmitter that knows its events and their arguments. */
export class EnhancedEventEmitter<Events extends EventMap = EventMap> {
  readonly #emitter = new EventEmitter({ captureRejections: false });

  constructor() {
    this.#emitter.setMaxListeners(Infinity);
  }

  on<K extends Name<All<Events>>>(eventName: K, listener: Listener<All<Events>[K]>): this {
    this.#emitter.on(eventName, listener as (...args: unknown[]) => void);
    return this;
  }

  once<K extends Name<All<Events>>>(eventName: K, listener: Listener<All<Events>[K]>): this {
    this.#emitter.once(eventName, listener as (...args: unknown[]) => void);
    return this;
  }

  off<K extends Name<All<Events>>>(eventName: K, listener: Listener<All<Events>[K]>): this {
    this.#emitter.off(eventName, listener as (...args: unknown[]) => void);
    return this;
  }

  addListener<K extends Name<All<Events>>>(eventName: K, listener: Listener<All<Events>[K]>): this {
    return this.on(eventName, listener);
  }

  removeListener<K extends Name<All<Events>>>(eventName: K, listener: Listener<All<Events>[K]>): this {
    return this.off(eventName, listener);
  }

  removeAllListeners(eventName?: Name<All<Events>>): this {
    this.#emitter.removeAllListeners(eventName);
    return this;
  }

  listenerCount(eventName: Name<All<Events>>): number {
    return this.#emitter.listenerCount(eventName);
  }

  /** Returns whether anybody listened. */
  emit<K extends Name<All<Events>>>(eventName: K, ...args: All<Events>[K] extends unknown[] ? All<Events>[K] : never): boolean {
    return this.emitUnchecked(eventName, ...args);
  }

  /** @internal For code that is generic over its events. */
  emitUnchecked(eventName: string, ...args: unknown[]): boolean {
    const listeners = this.#emitter.rawListeners(eventName);
    for (const listener of listeners) {
      try {
        listener.apply(this, args);
      } catch (error) {
        this.#listenerFailed(eventName, error);
      }
    }
    return listeners.length > 0;
  }

  #listenerFailed(eventName: string, error: unknown): void {
    if (eventName !== 'listenererror' && this.#emitter.listenerCount('listenererror') > 0) {
      this.#emitter.emit('listenererror', eventName, error);
      return;
    }
    process.nextTick(() => {
      throw error;
    });
  }
}
