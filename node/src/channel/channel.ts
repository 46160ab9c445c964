// The control channel to one worker: requests with their responses, notifications, the opening and the end.
//
//   awaiting hello ──Hello of our version──► open ──end of stream, a malformed frame or close()──► closed
//
// Invariants: every request is settled exactly once, at the latest when the channel closes; nothing is emitted after `close`.
// A notification that follows a response waits until the code that awaited the response has run, so that no event of a new object
// is lost. Used by Link and createWorker.
import type { Duplex } from 'node:stream';
import { MalformedFrameError, VersionMismatchError, WorkerClosedError, WorkerStartError, refusalToError } from '../errors.js';
import { EnhancedEventEmitter } from '../events.js';
import { version } from '../version.js';
import * as wire from '../wire/index.js';
import { decodeFrame, Deframer, encodeFrame, protocolVersion, type BodyT } from './framing.js';

export type CommandT = NonNullable<wire.RequestT['command']>;
export type ReplyT = NonNullable<wire.ResponseT['reply']>;
export type EventT = NonNullable<wire.NotificationT['event']>;

type ReplyClass<Reply> = new (...args: never[]) => Reply;

interface Pending {
  expected: ReplyClass<ReplyT>;
  resolve: (reply: ReplyT) => void;
  reject: (error: Error) => void;
}

/** `RoomReplyT` and the like are named after their enumerator in the union. */
const commandTypes = new Map<unknown, wire.Command>(
  Object.entries(wire.Command)
    .filter(([name, value]) => typeof value === 'number' && name !== 'NONE')
    .map(([name, value]) => [(wire as Record<string, unknown>)[`${name}T`], value as wire.Command]),
);

type ChannelEvents = {
  notification: [event: EventT];
  /** The reason is absent when the stream just ended or close() was called. */
  close: [reason?: Error];
};

export class Channel extends EnhancedEventEmitter<ChannelEvents> {
  /** Settles when the worker said Hello, or failed to. */
  readonly opened: Promise<wire.HelloT>;
  readonly #socket: Duplex;
  readonly #deframer = new Deframer();
  readonly #pending = new Map<number, Pending>();
  #frames: BodyT[] = [];
  #draining = false;
  #nextId = 1;
  #state: 'awaiting hello' | 'open' | 'closed' = 'awaiting hello';
  #settleOpened!: { resolve: (hello: wire.HelloT) => void; reject: (error: Error) => void };

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => (this.#settleOpened = { resolve, reject }));
    this.opened.catch(() => {}); // Whoever awaits it hears of it.
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#ended());
    socket.on('error', () => this.#ended());
    this.#write(new wire.HelloT(protocolVersion, 'sluice-node', version, process.pid));
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** Bytes that wait for the worker to read them. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** Rejects with what errors.ts has for a refusal, with WorkerClosedError when the channel closes before the response. */
  request<Reply extends ReplyT>(command: CommandT, expected: ReplyClass<Reply>): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      if (this.closed) return reject(new WorkerClosedError('the worker is closed'));
      const id = this.#nextId;
      this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
      this.#write(new wire.RequestT(id, commandTypes.get(command.constructor), command));
      this.#pending.set(id, { expected, resolve: resolve as Pending['resolve'], reject });
    });
  }

  /** The worker ends when it sees the end of the stream. */
  close(reason?: Error): void {
    if (this.closed) return;
    const opening = this.#state === 'awaiting hello';
    this.#state = 'closed';
    this.#frames = [];
    this.#socket.end();
    const error = new WorkerClosedError(reason === undefined ? 'the worker was closed before it answered' : reason.message, {
      cause: reason,
    });
    if (opening) this.#settleOpened.reject(reason ?? error);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    this.emit('close', reason);
  }

  #write(body: BodyT): void {
    this.#socket.write(encodeFrame(body));
  }

  #received(chunk: Buffer): void {
    if (this.closed) return;
    this.#deframer.push(chunk);
    try {
      for (let frame = this.#deframer.next(); frame !== undefined; frame = this.#deframer.next()) this.#frames.push(decodeFrame(frame));
    } catch (error) {
      this.#drain(true);
      return this.#giveUp(error as Error);
    }
    if (!this.#draining) this.#drain(false);
  }

  #ended(): void {
    if (this.closed) return;
    this.#drain(true);
    const torn = this.#state === 'open' && !this.#deframer.idle;
    this.close(torn ? new MalformedFrameError('the worker closed the channel inside a frame') : undefined);
  }

  /** Handles what has arrived; `all`: now, as there is no later. */
  #drain(all: boolean): void {
    this.#draining = false;
    while (this.#frames.length > 0) {
      const body = this.#frames.shift()!;
      this.#handle(body);
      if (!all && body instanceof wire.ResponseT && this.#frames[0] instanceof wire.NotificationT) {
        this.#draining = true;
        setImmediate(() => this.#draining && this.#drain(false));
        return;
      }
    }
  }

  #handle(body: BodyT): void {
    if (this.closed) return;
    if (body instanceof wire.FailureT) return this.#failed(body.error);
    if (this.#state === 'awaiting hello') return this.#handleHello(body);
    if (body instanceof wire.ResponseT) return this.#handleResponse(body);
    if (body instanceof wire.NotificationT) {
      // A worker of the same protocol but a later version may tell of things that we do not know.
      if (body.event !== null) this.emit('notification', body.event);
      return;
    }
    this.#giveUp(new MalformedFrameError(`a ${body.constructor.name.slice(0, -1)}, which a worker does not send here`));
  }

  #handleHello(body: BodyT): void {
    if (!(body instanceof wire.HelloT)) return this.#giveUp(new MalformedFrameError('the worker did not say Hello first'));
    if (body.protocolVersion !== protocolVersion) {
      const error = new VersionMismatchError(
        `the worker (${String(body.product)} ${String(body.productVersion)}) speaks control protocol ${body.protocolVersion}, ` +
          `sluice-node ${version} speaks ${protocolVersion}: install versions that match`,
      );
      return this.#giveUp(error);
    }
    this.#state = 'open';
    this.#settleOpened.resolve(body);
  }

  #handleResponse({ id, error, reply }: wire.ResponseT): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return this.#giveUp(new MalformedFrameError(`a response to request ${id}, which was not asked`));
    this.#pending.delete(id);
    if (error !== null) return pending.reject(refusalToError(error));
    if (reply instanceof pending.expected) return pending.resolve(reply);
    const malformed = new MalformedFrameError(
      `the response to request ${id} holds ${reply?.constructor.name ?? 'nothing'}, expected ${pending.expected.name}`,
    );
    pending.reject(malformed);
    this.#giveUp(malformed);
  }

  /** The worker's last words. */
  #failed(error: wire.ErrorT | null): void {
    const message = String(error?.message ?? 'the worker gave up without saying why');
    this.close(this.#state === 'open' ? new MalformedFrameError(message) : new WorkerStartError(message));
  }

  /** Tells the worker why, then closes. */
  #giveUp(error: Error): void {
    if (this.closed) return;
    this.#write(new wire.FailureT(new wire.ErrorT(wire.ErrorCode.INVALID_ARGUMENT, '', error.message)));
    this.close(error);
  }
}
