import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { InvalidArgumentError, InvalidStateError } from './errors.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { messageToWire, subchannel, subchannels as subchannelList } from './shapes/sctp.js';
import { dataProducerStat } from './shapes/stats.js';
import type { DataType, SctpStreamParameters } from './types/sctp.js';
import type { DataProducerStat } from './types/stats.js';
import * as wire from './wire/index.js';

export interface DataProducerOptions<Data extends AppData = AppData> {
  /** Chosen at random by default. */
  id?: string;
  /** On a transport with SCTP: the client's data channel. Ignored on a direct transport. */
  sctpStreamParameters?: SctpStreamParameters;
  /** Default empty. */
  label?: string;
  /** Default empty. */
  protocol?: string;
  /** Default false. */
  paused?: boolean;
  appData?: Data;
}

export type DataProducerEvents = {
  /** Its transport was closed, and so was it. */
  transportclose: [];
  /** The client closed the data channel; the data producer is closed. */
  stopped: [];
};

export type DataProducerObserverEvents = { close: []; pause: []; resume: [] };

/** @internal */
export interface DataProducerFields {
  id: string;
  type: DataType;
  sctpStreamParameters: SctpStreamParameters | undefined;
  label: string;
  protocol: string;
  paused: boolean;
  /** Of a direct transport's, bytes. */
  maxMessageSize: number;
  appData: AppData | undefined;
}

/** Messages that come in: of a client's data channel, or of this process. Made by `transport.produceData()`. */
export class DataProducer extends RemoteObject<DataProducerEvents, DataProducerObserverEvents> {
  readonly type: DataType;
  /** Undefined when the type is `direct`. */
  readonly sctpStreamParameters: SctpStreamParameters | undefined;
  readonly label: string;
  readonly protocol: string;
  readonly #maxMessageSize: number;
  #paused: boolean;

  /** @internal */
  constructor(link: Link, fields: DataProducerFields) {
    super({ link, kind: wire.ObjectKind.DATA_PRODUCER, id: fields.id, appData: fields.appData });
    this.type = fields.type;
    this.sctpStreamParameters = fields.sctpStreamParameters;
    this.label = fields.label;
    this.protocol = fields.protocol;
    this.#maxMessageSize = fields.maxMessageSize;
    this.#paused = fields.paused;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Its messages go to nobody until it is resumed. */
  async pause(): Promise<void> {
    await this.setPaused(true);
    this.#nowPaused(true);
  }

  async resume(): Promise<void> {
    await this.setPaused(false);
    this.#nowPaused(false);
  }

  /**
   * Sends a message to its data consumers; type `direct` only. With `subchannels` only to those that have one of them, with
   * `requiredSubchannel` only to those that have it, with `ignoredSubchannel` only to those that do not.
   *
   * Throws LimitExceededError when the worker does not read as fast as is sent here.
   */
  send(message: string | Uint8Array, ppid?: number, subchannels?: number[], requiredSubchannel?: number, ignoredSubchannel?: number): void {
    if (this.closed) throw new InvalidStateError('this data_producer is closed');
    if (this.type !== 'direct') throw new InvalidStateError("this data producer's messages come from its client: its type is not direct");
    const { payload, ppid: kind } = messageToWire(message, ppid);
    if (payload.length > this.#maxMessageSize)
      throw new InvalidArgumentError('message', `expected at most ${this.#maxMessageSize} bytes, got ${payload.length}`);
    const command = new wire.SendToDataProducerT(this.id, kind, payload, subchannelList.toWire(subchannels ?? [], 'subchannels'));
    if (requiredSubchannel !== undefined) command.requiredSubchannel = subchannel.toWire(requiredSubchannel, 'requiredSubchannel');
    if (ignoredSubchannel !== undefined) command.ignoredSubchannel = subchannel.toWire(ignoredSubchannel, 'ignoredSubchannel');
    this.link.send(command);
  }

  /** One entry. */
  async getStats(): Promise<DataProducerStat[]> {
    const { data } = await this.stats();
    return data === null ? [] : [dataProducerStat.fromWire(data)];
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.ObjectClosedT) this.end(event.reason === 'stopped' ? 'stopped' : 'transportclose');
  }

  /** @internal */
  protected endOwned(): void {}

  #nowPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.observer.emit(paused ? 'pause' : 'resume');
  }
}
