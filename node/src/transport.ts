import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { Consumer, type ConsumerFields, type ConsumerType } from './consumer.js';
import { Producer, type ProducerFields, type ProducerType } from './producer.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { mediaKind, rtpParameters } from './shapes/rtp.js';
import { transportStatFromWire } from './shapes/stats.js';
import { transportTuple } from './shapes/transport.js';
import type { WebRtcTransportStat } from './types/stats.js';
import type { DtlsState, IceState, TransportTuple } from './types/transport.js';
import * as wire from './wire/index.js';

export type TransportEvents = {
  icestatechange: [iceState: IceState];
  iceselectedtuplechange: [tuple: TransportTuple];
  /** `reason`: one sentence, when the state is `failed`. */
  dtlsstatechange: [dtlsState: DtlsState, reason?: string];
  /** Its room was closed, and so was it. */
  routerclose: [];
  /** Its peer was closed, and so was it. */
  peerclose: [];
};

export type TransportObserverEvents = {
  close: [];
  newproducer: [producer: Producer];
  newconsumer: [consumer: Consumer];
  icestatechange: [iceState: IceState];
  iceselectedtuplechange: [tuple: TransportTuple];
  dtlsstatechange: [dtlsState: DtlsState];
};

/** The ICE and DTLS association with one client, and all it carries. */
export class Transport extends RemoteObject<TransportEvents, TransportObserverEvents> {
  readonly #producers = new Map<string, Producer>();
  readonly #consumers = new Map<string, Consumer>();
  #iceState: IceState = 'new';
  #iceSelectedTuple: TransportTuple | undefined;
  #dtlsState: DtlsState = 'new';
  #dtlsRemoteCert: string | undefined;

  /** @internal */
  constructor(link: Link, id: string, appData: AppData | undefined) {
    super({ link, kind: wire.ObjectKind.TRANSPORT, id, appData });
  }

  get iceState(): IceState {
    return this.#iceState;
  }

  get iceSelectedTuple(): TransportTuple | undefined {
    return this.#iceSelectedTuple;
  }

  get dtlsState(): DtlsState {
    return this.#dtlsState;
  }

  /** PEM, once DTLS is connected. */
  get dtlsRemoteCert(): string | undefined {
    return this.#dtlsRemoteCert;
  }

  /** One entry. */
  async getStats(): Promise<WebRtcTransportStat[]> {
    const { transport } = await this.stats();
    return transport === null ? [] : [transportStatFromWire(transport)];
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.IceStateChangeT) this.#setIceState(String(event.iceState) as IceState);
    else if (event instanceof wire.IceSelectedTupleChangeT) this.#setTuple(event.iceSelectedTuple);
    else if (event instanceof wire.DtlsStateChangeT) this.#setDtlsState(event);
    else if (event instanceof wire.ProducerCreatedT) this.#producerCreated(event);
    else if (event instanceof wire.ConsumerCreatedT) this.#consumerCreated(event);
    else if (event instanceof wire.ObjectClosedT) this.end();
  }

  /** @internal */
  addProducer(fields: ProducerFields): Producer {
    const producer = new Producer(this.link, fields);
    this.#producers.set(producer.id, producer);
    producer.observer.once('close', () => this.#producers.delete(producer.id));
    this.observer.emit('newproducer', producer);
    return producer;
  }

  /** @internal */
  addConsumer(fields: ConsumerFields): Consumer {
    const consumer = new Consumer(this.link, fields);
    this.#consumers.set(consumer.id, consumer);
    consumer.observer.once('close', () => this.#consumers.delete(consumer.id));
    this.observer.emit('newconsumer', consumer);
    return consumer;
  }

  /** @internal */
  protected endOwned(): void {
    for (const producer of [...this.#producers.values()]) producer.end('transportclose');
    for (const consumer of [...this.#consumers.values()]) consumer.end('transportclose');
    this.#iceState = 'closed';
    this.#dtlsState = 'closed';
    this.#iceSelectedTuple = undefined;
  }

  #setIceState(iceState: IceState): void {
    this.#iceState = iceState;
    this.emit('icestatechange', iceState);
    this.observer.emit('icestatechange', iceState);
  }

  #setTuple(tuple: wire.TransportTupleT | null): void {
    if (tuple === null) return;
    const selected = transportTuple.fromWire(tuple);
    this.#iceSelectedTuple = selected;
    this.emit('iceselectedtuplechange', selected);
    this.observer.emit('iceselectedtuplechange', selected);
  }

  #setDtlsState({ dtlsState, dtlsRemoteCert, reason }: wire.DtlsStateChangeT): void {
    this.#dtlsState = String(dtlsState) as DtlsState;
    if (dtlsRemoteCert) this.#dtlsRemoteCert = String(dtlsRemoteCert);
    this.emit('dtlsstatechange', this.#dtlsState, ...(reason ? ([String(reason)] as const) : []));
    this.observer.emit('dtlsstatechange', this.#dtlsState);
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
      type: 'simple' satisfies ConsumerType,
      rtpParameters: rtpParameters.fromWire(event.rtpParameters!),
      paused: false,
      producerPaused: this.link.find(producerId, Producer)?.paused ?? false,
      appData: undefined,
    });
  }
}
