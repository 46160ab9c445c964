import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { messageFromWire, messageToWire, subchannel as oneSubchannel, subchannels as subchannelList } from './shapes/sctp.js';
import { uint32 } from './shapes/shape.js';
import { dataConsumerStat } from './shapes/stats.js';
import type { DataType, SctpStreamParameters } from './types/sctp.js';
import type { DataConsumerStat } from './types/stats.js';
import * as wire from './wire/index.js';

export interface DataConsumerOptions<Data extends AppData = AppData> {
  dataProducerId: string;
  /** Default: as the data producer has it, as the two that follow. Not for a direct transport. */
  ordered?: boolean;
  /** ms. */
  maxPacketLifeTime?: number;
  maxRetransmits?: number;
  /** Default false. */
  paused?: boolean;
  /** Of the messages that are sent to subchannels, it gets those for one of these. Default none. */
  subchannels?: number[];
  appData?: Data;
}

export type DataConsumerEvents = {
  /** Its transport was closed, and so was it. */
  transportclose: [];
  /** Its data producer was closed, and so was it. */
  dataproducerclose: [];
  dataproducerpause: [];
  dataproducerresume: [];
  /** The client closed the data channel; the data consumer is closed. */
  refused: [];
  /** Of a direct transport. */
  message: [message: Buffer, ppid: number];
  /** A message was dropped for this consumer, as too much waits for it. Once, until it has taken one again. */
  sctpsendbufferfull: [];
  /** What waits has fallen to the threshold that was set. */
  bufferedamountlow: [bufferedAmount: number];
};

export type DataConsumerObserverEvents = { close: []; pause: []; resume: [] };

/** @internal */
export interface DataConsumerFields {
  id: string;
  dataProducerId: string;
  type: DataType;
  sctpStreamParameters: SctpStreamParameters | undefined;
  label: string;
  protocol: string;
  paused: boolean;
  dataProducerPaused: boolean;
  subchannels: number[];
  appData: AppData | undefined;
}

/** Messages that go out: to a client's data channel, or to this process. Made by `transport.consumeData()`. */
export class DataConsumer extends RemoteObject<DataConsumerEvents, DataConsumerObserverEvents> {
  readonly dataProducerId: string;
  readonly type: DataType;
  /** Undefined when the type is `direct`. */
  readonly sctpStreamParameters: SctpStreamParameters | undefined;
  readonly label: string;
  readonly protocol: string;
  #paused: boolean;
  #dataProducerPaused: boolean;
  #subchannels: number[];

  /** @internal */
  constructor(link: Link, fields: DataConsumerFields) {
    super({ link, kind: wire.ObjectKind.DATA_CONSUMER, id: fields.id, appData: fields.appData });
    this.dataProducerId = fields.dataProducerId;
    this.type = fields.type;
    this.sctpStreamParameters = fields.sctpStreamParameters;
    this.label = fields.label;
    this.protocol = fields.protocol;
    this.#paused = fields.paused;
    this.#dataProducerPaused = fields.dataProducerPaused;
    this.#subchannels = fields.subchannels;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get dataProducerPaused(): boolean {
    return this.#dataProducerPaused;
  }

  /** Ascending. */
  get subchannels(): number[] {
    return [...this.#subchannels];
  }

  async pause(): Promise<void> {
    await this.setPaused(true);
    this.#nowPaused(true);
  }

  async resume(): Promise<void> {
    await this.setPaused(false);
    this.#nowPaused(false);
  }

  /** A message to this consumer's client only; type `sctp` only. Rejects with LimitExceededError when too much waits already. */
  async send(message: string | Uint8Array, ppid?: number): Promise<void> {
    const { payload, ppid: kind } = messageToWire(message, ppid);
    await this.request(new wire.SendToDataConsumerT(this.id, kind, payload), wire.DoneT);
  }

  /** Bytes that wait to be sent. */
  async getBufferedAmount(): Promise<number> {
    return (await this.request(new wire.GetBufferedAmountT(this.id), wire.BufferedAmountReplyT)).bufferedAmount;
  }

  /** `bufferedamountlow` tells from now on when what waits falls to it: bytes. At once, when it is there already. */
  async setBufferedAmountLowThreshold(threshold: number): Promise<void> {
    await this.request(new wire.SetBufferedAmountLowThresholdT(this.id, uint32.toWire(threshold, 'threshold')), wire.DoneT);
  }

  async setSubchannels(subchannels: number[]): Promise<void> {
    const command = new wire.SetSubchannelsT(this.id, subchannelList.toWire(subchannels, 'subchannels'));
    this.#subchannels = (await this.request(command, wire.SubchannelsReplyT)).subchannels;
  }

  async addSubchannel(subchannel: number): Promise<void> {
    const command = new wire.AddSubchannelT(this.id, oneSubchannel.toWire(subchannel, 'subchannel'));
    this.#subchannels = (await this.request(command, wire.SubchannelsReplyT)).subchannels;
  }

  async removeSubchannel(subchannel: number): Promise<void> {
    const command = new wire.RemoveSubchannelT(this.id, oneSubchannel.toWire(subchannel, 'subchannel'));
    this.#subchannels = (await this.request(command, wire.SubchannelsReplyT)).subchannels;
  }

  /** One entry. */
  async getStats(): Promise<DataConsumerStat[]> {
    const { data } = await this.stats();
    return data === null ? [] : [dataConsumerStat.fromWire(data)];
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.DataMessageReceivedT) this.emit('message', messageFromWire(event.payload, event.ppid), event.ppid);
    else if (event instanceof wire.DataProducerPausedT) this.#producerPaused(event.paused);
    else if (event instanceof wire.DataConsumerFullT) this.emit('sctpsendbufferfull');
    else if (event instanceof wire.BufferedAmountLowT) this.emit('bufferedamountlow', event.bufferedAmount);
    else if (event instanceof wire.ObjectClosedT) {
      const reason = String(event.reason);
      this.end(reason === 'dataproducerclose' || reason === 'refused' ? reason : 'transportclose');
    }
  }

  /** @internal */
  protected endOwned(): void {}

  /** The observer is told when it stops or goes on getting messages, by whichever of the two. */
  #producerPaused(paused: boolean): void {
    if (this.#dataProducerPaused === paused) return;
    this.#dataProducerPaused = paused;
    this.emit(paused ? 'dataproducerpause' : 'dataproducerresume');
    if (!this.#paused) this.observer.emit(paused ? 'pause' : 'resume');
  }

  #nowPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    if (!this.#dataProducerPaused) this.observer.emit(paused ? 'pause' : 'resume');
  }
}
