// What rooms, peers, transports, producers, consumers and observers have in common: an id, an end, observers.
//
// Closing here is immediate, as in mediasoup: the object and all it owns are closed when close() returns, and the worker is told.
// When the end comes from elsewhere (an owner, the worker), end() does the same without telling.
import type { CommandT, EventT, ReplyT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { InvalidStateError } from './errors.js';
import { EnhancedEventEmitter, type EventMap } from './events.js';
import { traceTypes } from './shapes/layers.js';
import * as wire from './wire/index.js';

/** Anything the application wants to keep with an object. The library does not look at it. */
export type AppData = Record<string, unknown>;

/** Where it belongs, and how it is called. */
export interface Identity {
  link: Link;
  kind: wire.ObjectKind;
  id: string;
  appData: AppData | undefined;
}

export abstract class RemoteObject<Events extends EventMap, ObserverEvents extends EventMap> extends EnhancedEventEmitter<Events> {
  /** Unique within the worker. */
  readonly id: string;
  /** Events for whoever watches, apart from those for the owner: `close` comes whoever closed it. */
  readonly observer = new EnhancedEventEmitter<ObserverEvents & { close: [] }>();
  appData: AppData;
  /** @internal */
  readonly link: Link;
  readonly #kind: wire.ObjectKind;
  #closed = false;

  /** @internal */
  protected constructor({ link, kind, id, appData }: Identity) {
    super();
    this.link = link;
    this.id = id;
    this.#kind = kind;
    this.appData = appData ?? {};
    link.register(id, this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Closes it and all it owns. Closing twice is no error. */
  close(): void {
    if (this.#closed) return;
    this.link.tell(new wire.CloseT(this.#kind, this.id));
    this.end();
  }

  /** Everything the worker knows about it; for people, not for programs. */
  async dump(): Promise<Record<string, unknown>> {
    const { json } = await this.request(new wire.DumpT(this.#kind, this.id), wire.DumpReplyT);
    return JSON.parse(String(json)) as Record<string, unknown>;
  }

  /** @internal Closes without telling the worker; `cause` is the event that says why. */
  end(cause?: keyof Events & string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.link.unregister(this.id);
    this.endOwned();
    if (cause !== undefined) this.emitUnchecked(cause);
    this.observer.emitUnchecked('close');
  }

  /** @internal */
  abstract handleEvent(event: EventT): void;

  /** @internal Ends what it owns. */
  protected abstract endOwned(): void;

  /** @internal Rejects when it is closed, also when that happens meanwhile: what was asked for is gone with it. */
  async request<Reply extends ReplyT>(command: CommandT, expected: new (...args: never[]) => Reply): Promise<Reply> {
    this.#checkOpen();
    const reply = await this.link.request(command, expected);
    this.#checkOpen();
    return reply;
  }

  /** @internal */
  protected setPaused(paused: boolean): Promise<wire.DoneT> {
    const Command = paused ? wire.PauseT : wire.ResumeT;
    return this.request(new Command(this.#kind, this.id), wire.DoneT);
  }

  /** @internal From now on exactly these are told. */
  protected async setTrace(types: readonly string[]): Promise<void> {
    await this.request(new wire.EnableTraceEventT(this.#kind, this.id, traceTypes.toWire(types, 'types')), wire.DoneT);
  }

  /** @internal */
  protected stats(): Promise<wire.StatsReplyT> {
    return this.request(new wire.GetStatsT(this.#kind, this.id), wire.StatsReplyT);
  }

  #checkOpen(): void {
    if (this.#closed) throw new InvalidStateError(`this ${wire.ObjectKind[this.#kind].toLowerCase()} is closed`);
  }
}
