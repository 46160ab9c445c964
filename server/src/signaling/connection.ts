// One WebSocket: frames in, messages handled in their order, replies and refusals out.
//
// Invariants: messages are handled one after the other; each refused one gets exactly one `error`; a client that sends faster than
// the rate below is read more slowly, one that does not read is dropped.
import type { RawData, WebSocket } from 'ws';
import { AccessError } from '../access/grant.js';
import type { Log } from '../log.js';
import type { Rooms } from '../rooms.js';
import type { Dialect } from './dialect.js';
import { SignalingError } from './errors.js';
import { checkedType, readEnvelope, readMessage, type Envelope, type Message } from './messages.js';
import { isOrtcType } from './ortc.js';
import type { Outlet, Participant } from './participant.js';
import { Rate } from './rate.js';

/** WebSocket close codes (RFC 6455 §7.4; 4000 is ours). */
const closeCodes = { left: 1000, shutdown: 1001, replaced: 4000 } as const;
/** From a client: "a browser having navigated away from a page". Nobody is left there who could resume. */
const pageGone = 1001;
const silenceMs = 30_000;
const mostUnsent = 8 << 20;
const negotiationTypes: ReadonlySet<string> = new Set(['offer', 'answer', 'candidate']);

export class Connection {
  readonly #socket: WebSocket;
  readonly #rooms: Rooms;
  readonly #log: Log;
  readonly #dialect: Dialect;
  readonly #rate = new Rate();
  readonly #outlet: Outlet = {
    send: (type, content, id) => this.#send(type, content, id),
    detached: (why) => this.#detached(why),
  };
  #queue = Promise.resolve();
  #participant: Participant | undefined;
  #heardAt = Date.now();

  constructor(socket: WebSocket, rooms: Rooms, log: Log, dialect: Dialect) {
    this.#socket = socket;
    this.#rooms = rooms;
    this.#log = log;
    this.#dialect = dialect;
    socket.on('message', (data, isBinary) => this.#received(data, isBinary));
    socket.on('ping', () => this.#heard());
    socket.on('pong', () => this.#heard());
    socket.on('error', (error) => log.debug(`a WebSocket failed: ${error.message}`));
    socket.on('close', (code) => this.#queueUp(() => this.#closed(code)));
  }

  /** Every 10 s: asks whether the client is still there, and drops it when nothing at all came for 30 s. */
  beat(): void {
    if (Date.now() - this.#heardAt > silenceMs) this.#socket.terminate();
    else this.#socket.ping();
  }

  shutDown(): void {
    this.#socket.close(closeCodes.shutdown, 'the server shuts down');
  }

  #heard(): void {
    this.#heardAt = Date.now();
  }

  #received(data: RawData, isBinary: boolean): void {
    this.#heard();
    const frame = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    const envelope = readEnvelope(frame, isBinary, this.#dialect);
    const due = this.#rate.take();
    if (due > performance.now()) {
      this.#socket.pause();
      this.#queueUp(() => new Promise((resolve) => setTimeout(resolve, due - performance.now())));
      this.#queueUp(() => this.#socket.resume());
    }
    this.#queueUp(() => this.#handle(envelope));
  }

  #queueUp(action: () => unknown): void {
    this.#queue = this.#queue.then(action).then(
      () => {},
      (error: unknown) => this.#log.error(`a message could not be handled: ${String(error)}`),
    );
  }

  async #handle(envelope: Envelope): Promise<void> {
    try {
      const type = checkedType(envelope);
      if (type === 'offer') await this.#joinByOffering();
      this.#checkState(type);
      await this.#dispatch(readMessage({ ...envelope, type }));
    } catch (error) {
      this.#refuse(error, envelope);
    }
  }

  /** Where the dialect has it so, an offer is all that it takes to join. */
  async #joinByOffering(): Promise<void> {
    const { implied } = this.#dialect;
    if (this.#participant !== undefined || implied === undefined) return;
    await this.#dispatch(readMessage({ type: 'join', claimedType: 'START', id: undefined, content: implied, error: undefined }));
  }

  #checkState(type: Message['type']): void {
    if (type === 'ping' || type === 'pong' || type === 'leave') return;
    const entering = type === 'join' || type === 'resume';
    if (entering && this.#participant !== undefined)
      throw new SignalingError('already_joined', 'this WebSocket has a participant; leave first');
    if (!entering && this.#participant === undefined) throw new SignalingError('not_joined', `${type} needs a join or a resume first`);
    const { negotiator, ortc } = this.#participant ?? {};
    if (isOrtcType(type) && this.#participant !== undefined && ortc === undefined)
      throw new SignalingError('wrong_state', `${type} is for who joined with ortc: true`);
    if (negotiationTypes.has(type) && this.#participant !== undefined && negotiator === undefined)
      throw new SignalingError('wrong_state', `${type} is not for who joined with ortc: true`);
  }

  async #dispatch(message: Message): Promise<void> {
    const { negotiator, ortc } = this.#participant ?? {};
    switch (message.type) {
      case 'join':
        this.#participant = await this.#rooms.join(message.content, this.#outlet, message.id);
        return;
      case 'resume':
        return this.#resume(message.content.session, message.id);
      case 'leave':
        return this.#leave();
      case 'state':
        return this.#participant?.setState(message.content);
      case 'offer':
        return negotiator?.offer(message.content, message.id);
      case 'answer':
        return negotiator?.answer(message.content, message.id);
      case 'candidate':
        return negotiator?.candidate(message.content);
      case 'create_transport':
      case 'connect_transport':
      case 'produce':
      case 'consume':
      case 'close': {
        const [type, content] = await ortc!.handle(message);
        return this.#send(type, content, message.id);
      }
      case 'ping':
        return this.#send('pong', {}, message.id);
      case 'pong':
        return;
    }
  }

  #resume(session: string, id: number | undefined): void {
    const participant = this.#rooms.find(session);
    if (participant === undefined)
      throw new SignalingError('session_expired', 'nobody is known by this session any more; join anew', 'session');
    this.#participant = participant;
    participant.resume(this.#outlet, id);
  }

  #leave(): void {
    if (this.#participant === undefined) this.#socket.close(closeCodes.left);
    else this.#participant.leave('left');
  }

  #closed(code: number): void {
    if (code === pageGone || !this.#dialect.resumes) this.#participant?.leave('left');
    else this.#participant?.away(this.#outlet);
  }

  /** The participant is gone, or another socket's. */
  #detached(why: 'left' | 'replaced' | 'expired'): void {
    this.#participant = undefined;
    if (why === 'expired') {
      this.#sendError(new SignalingError('session_expired', 'the media worker of this room was lost; join anew'), null, undefined);
    } else {
      this.#socket.close(closeCodes[why]);
    }
  }

  #refuse(error: unknown, { claimedType, id }: Envelope): void {
    if (error instanceof SignalingError || error instanceof AccessError) return this.#sendError(error, claimedType, id);
    this.#log.error(`${claimedType} failed: ${error instanceof Error ? error.message : String(error)}`);
    this.#sendError(new SignalingError('server_error', 'the server failed at this request; trying again may help'), claimedType, id);
  }

  #sendError(error: SignalingError | AccessError, inReplyTo: string | null, id: number | undefined): void {
    const { code, message } = error;
    const field = error instanceof SignalingError ? error.field : code === 'not_allowed' ? undefined : 'token';
    this.#send('error', { code, message, ...(field === undefined ? {} : { field }), in_reply_to: inReplyTo }, id);
  }

  #send(type: string, content: object, id: number | undefined): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > mostUnsent) return this.#socket.terminate();
    const told = this.#dialect.outgoing({ type, content, id });
    this.#socket.send(
      JSON.stringify({ message_type: told.type, content: told.content, ...(told.id === undefined ? {} : { id: told.id }) }),
    );
  }
}
