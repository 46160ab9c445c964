// What every object of a worker shares: the way to ask, and the addresses that notifications go to. One a worker.
import type { Channel, CommandT, EventT, ReplyT } from './channel.js';
import { LimitExceededError } from '../errors.js';
import * as wire from '../wire/index.js';

/** Bytes of requests that may wait for the worker to read them before send() refuses more. */
const maxBacklog = 16 << 20;

/** Something that events of the worker are about. */
export interface Target {
  handleEvent(event: EventT): void;
}

/** Which member of an event names the object that it goes to. Log records go to nobody: Link hands them on. */
const addressees = new Map<unknown, string>([
  [wire.NegotiationNeededT, 'peerId'],
  [wire.PeerTransportCreatedT, 'peerId'],
  [wire.ProducerCreatedT, 'transportId'],
  [wire.ConsumerCreatedT, 'transportId'],
  [wire.ObjectClosedT, 'id'],
  [wire.ProducerPausedT, 'consumerId'],
  [wire.IceStateChangeT, 'transportId'],
  [wire.IceSelectedTupleChangeT, 'transportId'],
  [wire.DtlsStateChangeT, 'transportId'],
  [wire.TupleChangeT, 'transportId'],
  [wire.RtcpTupleChangeT, 'transportId'],
  [wire.ProducerScoreChangeT, 'producerId'],
  [wire.VideoOrientationChangeT, 'producerId'],
  [wire.ConsumerScoreChangeT, 'consumerId'],
  [wire.LayersChangeT, 'consumerId'],
  [wire.TraceEventT, 'id'],
  [wire.DominantSpeakerT, 'observerId'],
  [wire.AudioLevelsT, 'observerId'],
  [wire.DataProducerCreatedT, 'transportId'],
  [wire.DataConsumerCreatedT, 'transportId'],
  [wire.DataProducerPausedT, 'dataConsumerId'],
  [wire.DataMessageReceivedT, 'dataConsumerId'],
  [wire.DataConsumerFullT, 'dataConsumerId'],
  [wire.BufferedAmountLowT, 'dataConsumerId'],
  [wire.RtpReceivedT, 'consumerId'],
  [wire.RtcpReceivedT, 'transportId'],
  [wire.SctpStateChangeT, 'transportId'],
]);

export class Link {
  readonly #channel: Channel;
  readonly #targets = new Map<string, Target>();

  constructor(channel: Channel, onLogRecord: (record: wire.LogRecordT) => void) {
    this.#channel = channel;
    channel.on('notification', (event) => {
      if (event instanceof wire.LogRecordT) return onLogRecord(event);
      const member = addressees.get(event.constructor);
      // An event of an object that was just closed here finds nobody.
      this.#targets.get(String((event as unknown as Record<string, unknown>)[member ?? '']))?.handleEvent(event);
    });
  }

  /** The worker is gone, or about to be. */
  get closed(): boolean {
    return this.#channel.closed;
  }

  request<Reply extends ReplyT>(command: CommandT, expected: new (...args: never[]) => Reply): Promise<Reply> {
    return this.#channel.request(command, expected);
  }

  /** For requests whose outcome does not matter, such as closing what may be gone already. */
  tell(command: CommandT): void {
    this.#channel.request(command, wire.DoneT).catch(() => {});
  }

  /** Messages and packets, whose outcome the worker's statistics tell. Throws when too much waits to be written already. */
  send(command: CommandT): void {
    if (this.#channel.backlog > maxBacklog)
      throw new LimitExceededError(`${this.#channel.backlog} bytes wait for the worker, which does not read as fast as is sent`);
    this.tell(command);
  }

  register(id: string, target: Target): void {
    this.#targets.set(id, target);
  }

  unregister(id: string): void {
    this.#targets.delete(id);
  }

  /** The object with this id, when it is one of this class. */
  find<T>(id: string, kind: abstract new (...args: never[]) => T): T | undefined {
    const target = this.#targets.get(id);
    return target instanceof kind ? target : undefined;
  }
}
