import { randomUUID } from 'node:crypto';
import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { Consumer, type ConsumerFields, type ConsumerOptions, type ConsumerType } from './consumer.js';
import { DataConsumer, type DataConsumerFields, type DataConsumerOptions } from './data_consumer.js';
import { DataProducer, type DataProducerFields, type DataProducerOptions } from './data_producer.js';
import { InvalidArgumentError } from './errors.js';
import { Producer, type ProducerFields, type ProducerOptions, type ProducerType } from './producer.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { consumerLayers, traceFromWire } from './shapes/layers.js';
import { mediaKind, rtpCapabilities, rtpParameters } from './shapes/rtp.js';
import { sctpStreamParameters, streamFromWire, subchannels } from './shapes/sctp.js';
import { flag, isObject, optional, required, struct, text, uint16, uint32, withDefault, wrong } from './shapes/shape.js';
import type { TransportTraceEventData, TransportTraceEventType } from './types/layers.js';
import type { DataType } from './types/sctp.js';
import type { TransportStat } from './types/stats.js';
import * as wire from './wire/index.js';

export type TransportEvents = {
  /** Its room was closed, and so was it. */
  routerclose: [];
  /** Its peer was closed, and so was it. */
  peerclose: [];
  trace: [trace: TransportTraceEventData];
};

export type TransportObserverEvents = {
  close: [];
  newproducer: [producer: Producer];
  newconsumer: [consumer: Consumer];
  newdataproducer: [dataProducer: DataProducer];
  newdataconsumer: [dataConsumer: DataConsumer];
  trace: [trace: TransportTraceEventData];
};

const produceFields = struct<Omit<ProducerOptions, 'id' | 'appData'>, wire.ProduceT>(wire.ProduceT, {
  kind: required(mediaKind),
  rtpParameters: required(rtpParameters),
  paused: withDefault(flag, false),
  keyFrameRequestDelay: withDefault(uint32, 0),
});

const consumeFields = struct<Omit<ConsumerOptions, 'appData'>, wire.ConsumeT>(wire.ConsumeT, {
  producerId: required(text),
  rtpCapabilities: required(rtpCapabilities),
  paused: withDefault(flag, false),
  mid: optional(text),
  enableRtx: optional(flag),
  preferredLayers: optional(consumerLayers),
  ignoreDtx: withDefault(flag, false),
});

const produceDataFields = struct<Omit<DataProducerOptions, 'id' | 'appData'>, wire.ProduceDataT>(wire.ProduceDataT, {
  sctpStreamParameters: optional(sctpStreamParameters),
  label: withDefault(text, ''),
  protocol: withDefault(text, ''),
  paused: withDefault(flag, false),
});

const consumeDataFields = struct<Omit<DataConsumerOptions, 'appData'>, wire.ConsumeDataT>(wire.ConsumeDataT, {
  dataProducerId: required(text),
  ordered: optional(flag),
  maxPacketLifeTime: optional(uint16),
  maxRetransmits: optional(uint16),
  paused: withDefault(flag, false),
  subchannels: withDefault(subchannels, []),
});

/** Throws when `appData` is given and no object. */
export function checkAppData(value: unknown): AppData | undefined {
  if (value !== undefined && !isObject(value)) throw wrong('appData', 'an object', value);
  return value;
}

/** A way for media in and out, of one kind or another, and all it carries. */
export abstract class Transport<
  Events extends TransportEvents = TransportEvents,
  ObserverEvents extends TransportObserverEvents = TransportObserverEvents,
> extends RemoteObject<Events, ObserverEvents> {
  readonly #producers = new Map<string, Producer>();
  readonly #consumers = new Map<string, Consumer>();
  readonly #dataProducers = new Map<string, DataProducer>();
  readonly #dataConsumers = new Map<string, DataConsumer>();

  /** @internal */
  constructor(link: Link, id: string, appData: AppData | undefined) {
    super({ link, kind: wire.ObjectKind.TRANSPORT, id, appData });
  }

  /** One entry. */
  abstract getStats(): Promise<TransportStat[]>;

  /** Asks the other end to send no more than this: bps; 0 takes the limit away. */
  async setMaxIncomingBitrate(bitrate: number): Promise<void> {
    await this.#limit(wire.BitrateLimit.MAX_INCOMING, bitrate);
  }

  /** What its consumers share at most: bps; 0 takes the limit away. */
  async setMaxOutgoingBitrate(bitrate: number): Promise<void> {
    await this.#limit(wire.BitrateLimit.MAX_OUTGOING, bitrate);
  }

  /** What its consumers share at least, whatever is estimated: bps; 0 takes the limit away. */
  async setMinOutgoingBitrate(bitrate: number): Promise<void> {
    await this.#limit(wire.BitrateLimit.MIN_OUTGOING, bitrate);
  }

  /** What `trace` tells from now on; nothing by default. */
  async enableTraceEvent(types: TransportTraceEventType[] = []): Promise<void> {
    await this.setTrace(types);
  }

  /** Receives a track of the other end. */
  async produce<Data extends AppData = AppData>(options: ProducerOptions<Data>): Promise<Producer> {
    const command = produceFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    if (options.id === '') throw new InvalidArgumentError('id', 'expected a string that is not empty');
    command.producerId = options.id === undefined ? randomUUID() : text.toWire(options.id, 'id');
    command.transportId = this.id;
    const reply = await this.request(command, wire.ProducerReplyT);
    return this.addProducer({
      id: String(reply.producerId),
      kind: mediaKind.fromWire(command.kind),
      type: String(reply.type) as ProducerType,
      rtpParameters: rtpParameters.fromWire(command.rtpParameters!),
      consumableRtpParameters: rtpParameters.fromWire(reply.consumableRtpParameters!),
      paused: command.paused,
      appData,
    });
  }

  /** Sends a producer of the same room to the other end. */
  async consume<Data extends AppData = AppData>(options: ConsumerOptions<Data>): Promise<Consumer> {
    const command = consumeFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    command.consumerId = randomUUID();
    command.transportId = this.id;
    const reply = await this.request(command, wire.ConsumerReplyT);
    return this.addConsumer({
      id: String(reply.consumerId),
      producerId: String(reply.producerId),
      kind: mediaKind.fromWire(reply.kind),
      type: String(reply.type) as ConsumerType,
      rtpParameters: rtpParameters.fromWire(reply.rtpParameters!),
      paused: reply.paused,
      producerPaused: reply.producerPaused,
      score: reply.score,
      preferredLayers: reply.preferredLayers,
      appData,
    });
  }

  /** Receives the messages of a data channel of the other end; on a direct transport, those that are sent here. */
  async produceData<Data extends AppData = AppData>(options: DataProducerOptions<Data> = {}): Promise<DataProducer> {
    const command = produceDataFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    if (options.id === '') throw new InvalidArgumentError('id', 'expected a string that is not empty');
    command.dataProducerId = options.id === undefined ? randomUUID() : text.toWire(options.id, 'id');
    command.transportId = this.id;
    const reply = await this.request(command, wire.DataProducerReplyT);
    return this.addDataProducer({
      id: String(reply.dataProducerId),
      type: String(reply.type) as DataType,
      sctpStreamParameters: streamFromWire(reply.sctpStreamParameters),
      label: String(command.label),
      protocol: String(command.protocol),
      paused: command.paused,
      maxMessageSize: this.messageLimit(),
      appData,
    });
  }

  /** Sends the messages of a data producer of the same room to the other end; on a direct transport, tells them here. */
  async consumeData<Data extends AppData = AppData>(options: DataConsumerOptions<Data>): Promise<DataConsumer> {
    const command = consumeDataFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    if (command.maxPacketLifeTime !== null && command.maxRetransmits !== null)
      throw wrong('maxRetransmits', 'nothing beside maxPacketLifeTime', command.maxRetransmits);
    command.dataConsumerId = randomUUID();
    command.transportId = this.id;
    const reply = await this.request(command, wire.DataConsumerReplyT);
    return this.addDataConsumer({
      id: String(reply.dataConsumerId),
      dataProducerId: String(reply.dataProducerId),
      type: String(reply.type) as DataType,
      sctpStreamParameters: streamFromWire(reply.sctpStreamParameters),
      label: String(reply.label ?? ''),
      protocol: String(reply.protocol ?? ''),
      paused: reply.paused,
      dataProducerPaused: reply.dataProducerPaused,
      subchannels: reply.subchannels,
      appData,
    });
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.ProducerCreatedT) this.#producerCreated(event);
    else if (event instanceof wire.ConsumerCreatedT) this.#consumerCreated(event);
    else if (event instanceof wire.DataProducerCreatedT) this.#dataProducerCreated(event);
    else if (event instanceof wire.DataConsumerCreatedT) this.#dataConsumerCreated(event);
    else if (event instanceof wire.TraceEventT) {
      const trace = traceFromWire<TransportTraceEventType>(event);
      this.emitUnchecked('trace', trace);
      this.observer.emitUnchecked('trace', trace);
    } else if (event instanceof wire.ObjectClosedT) this.end();
  }

  /** @internal */
  addProducer(fields: ProducerFields): Producer {
    const producer = new Producer(this.link, fields);
    this.#producers.set(producer.id, producer);
    producer.observer.once('close', () => this.#producers.delete(producer.id));
    this.observer.emitUnchecked('newproducer', producer);
    return producer;
  }

  /** @internal */
  addConsumer(fields: ConsumerFields): Consumer {
    const consumer = new Consumer(this.link, fields);
    this.#consumers.set(consumer.id, consumer);
    consumer.observer.once('close', () => this.#consumers.delete(consumer.id));
    this.observer.emitUnchecked('newconsumer', consumer);
    return consumer;
  }

  /** @internal */
  addDataProducer(fields: DataProducerFields): DataProducer {
    const dataProducer = new DataProducer(this.link, fields);
    this.#dataProducers.set(dataProducer.id, dataProducer);
    dataProducer.observer.once('close', () => this.#dataProducers.delete(dataProducer.id));
    this.observer.emitUnchecked('newdataproducer', dataProducer);
    return dataProducer;
  }

  /** @internal */
  addDataConsumer(fields: DataConsumerFields): DataConsumer {
    const dataConsumer = new DataConsumer(this.link, fields);
    this.#dataConsumers.set(dataConsumer.id, dataConsumer);
    dataConsumer.observer.once('close', () => this.#dataConsumers.delete(dataConsumer.id));
    this.observer.emitUnchecked('newdataconsumer', dataConsumer);
    return dataConsumer;
  }

  /** @internal Bytes of a message that is sent here: of a direct transport. */
  protected messageLimit(): number {
    return 0;
  }

  /** @internal */
  protected endOwned(): void {
    for (const producer of [...this.#producers.values()]) producer.end('transportclose');
    for (const consumer of [...this.#consumers.values()]) consumer.end('transportclose');
    for (const dataProducer of [...this.#dataProducers.values()]) dataProducer.end('transportclose');
    for (const dataConsumer of [...this.#dataConsumers.values()]) dataConsumer.end('transportclose');
  }

  async #limit(limit: wire.BitrateLimit, bitrate: number): Promise<void> {
    await this.request(new wire.SetBitrateLimitT(this.id, limit, uint32.toWire(bitrate, 'bitrate')), wire.DoneT);
  }

  /** Negotiated by the peer. */
  #producerCreated(event: wire.ProducerCreatedT): void {
    this.addProducer({
      id: String(event.producerId),
      kind: mediaKind.fromWire(event.kind),
      type: String(event.type) as ProducerType,
      rtpParameters: rtpParameters.fromWire(event.rtpParameters!),
      paused: false,
      appData: undefined,
    });
  }

  /** Negotiated by the peer; known already when a later description changed its parameters. */
  #consumerCreated(event: wire.ConsumerCreatedT): void {
    const id = String(event.consumerId);
    const known = this.#consumers.get(id);
    if (known !== undefined) return known.negotiated(event.rtpParameters!);
    const producerId = String(event.producerId);
    this.addConsumer({
      id,
      producerId,
      kind: mediaKind.fromWire(event.kind),
      type: String(event.type || 'simple') as ConsumerType,
      rtpParameters: rtpParameters.fromWire(event.rtpParameters!),
      paused: false,
      producerPaused: this.link.find(producerId, Producer)?.paused ?? false,
      score: event.score,
      preferredLayers: null,
      appData: undefined,
    });
  }

  /** The client opened a data channel. */
  #dataProducerCreated(event: wire.DataProducerCreatedT): void {
    this.addDataProducer({
      id: String(event.dataProducerId),
      type: 'sctp',
      sctpStreamParameters: streamFromWire(event.sctpStreamParameters),
      label: String(event.label ?? ''),
      protocol: String(event.protocol ?? ''),
      paused: false,
      maxMessageSize: 0,
      appData: undefined,
    });
  }

  /** The worker opened a data channel to the client, for one of another's. */
  #dataConsumerCreated(event: wire.DataConsumerCreatedT): void {
    this.addDataConsumer({
      id: String(event.dataConsumerId),
      dataProducerId: String(event.dataProducerId),
      type: 'sctp',
      sctpStreamParameters: streamFromWire(event.sctpStreamParameters),
      label: String(event.label ?? ''),
      protocol: String(event.protocol ?? ''),
      paused: false,
      dataProducerPaused: event.dataProducerPaused,
      subchannels: [],
      appData: undefined,
    });
  }
}
