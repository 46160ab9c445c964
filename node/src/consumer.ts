import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { consumerLayers, consumerScore, traceFromWire } from './shapes/layers.js';
import { rtpParameters } from './shapes/rtp.js';
import { integer } from './shapes/shape.js';
import { rtpStreamStat } from './shapes/stats.js';
import type { ConsumerExplanation, ConsumerLayers, ConsumerScore, ConsumerTraceEventData, ConsumerTraceEventType } from './types/layers.js';
import type { MediaKind, RtpCapabilities, RtpParameters } from './types/rtp.js';
import type { RtpStreamStat } from './types/stats.js';
import * as wire from './wire/index.js';

export interface ConsumerOptions<Data extends AppData = AppData> {
  producerId: string;
  /** Of the client that will receive it. */
  rtpCapabilities: RtpCapabilities;
  /** Whether it starts paused. Default false; starting paused and resuming when the client is ready spares it lost packets. */
  paused?: boolean;
  /** Chosen by the worker by default. */
  mid?: string;
  /** Retransmissions in a stream of their own (RFC 4588), where the client can take them. Default true, for audio too. */
  enableRtx?: boolean;
  /** Of a producer with layers. Default: the highest. */
  preferredLayers?: ConsumerLayers;
  /** Opus packets of discontinuous transmission (silence) are not forwarded. Default false. */
  ignoreDtx?: boolean;
  appData?: Data;
}

export type ConsumerType = 'simple' | 'simulcast' | 'svc' | 'pipe';

export type ConsumerEvents = {
  /** Its transport was closed, and so was it. */
  transportclose: [];
  /** Its producer was closed, and so was it. */
  producerclose: [];
  producerpause: [];
  producerresume: [];
  /** The client rejected its section, or turned it inactive; the consumer is closed. When it turns it back, there is another. */
  refused: [];
  score: [score: ConsumerScore];
  /** What is forwarded now; undefined: nothing. */
  layerschange: [layers?: ConsumerLayers];
  trace: [trace: ConsumerTraceEventData];
  /** Of a direct transport: a packet. */
  rtp: [packet: Buffer];
};

export type ConsumerObserverEvents = {
  close: [];
  pause: [];
  resume: [];
  score: [score: ConsumerScore];
  layerschange: [layers?: ConsumerLayers];
  trace: [trace: ConsumerTraceEventData];
};

/** @internal */
export interface ConsumerFields {
  id: string;
  producerId: string;
  kind: MediaKind;
  type: ConsumerType;
  rtpParameters: RtpParameters;
  paused: boolean;
  producerPaused: boolean;
  score: wire.ConsumerScoreT | null;
  preferredLayers: wire.ConsumerLayersT | null;
  appData: AppData | undefined;
}

function layersFromWire(layers: wire.ConsumerLayersT | null): ConsumerLayers | undefined {
  return layers === null ? undefined : consumerLayers.fromWire(layers);
}

const closingReasons = new Set<keyof ConsumerEvents>(['transportclose', 'producerclose', 'refused']);

/** A track that goes out. Made by {@link WebRtcTransport.consume}, or by what a {@link Peer} negotiates. */
export class Consumer extends RemoteObject<ConsumerEvents, ConsumerObserverEvents> {
  readonly producerId: string;
  readonly kind: MediaKind;
  readonly type: ConsumerType;
  #rtpParameters: RtpParameters;
  #paused: boolean;
  #producerPaused: boolean;
  #score: ConsumerScore;
  #preferredLayers: ConsumerLayers | undefined;
  #currentLayers: ConsumerLayers | undefined;
  #priority = 1;

  /** @internal */
  constructor(link: Link, fields: ConsumerFields) {
    super({ link, kind: wire.ObjectKind.CONSUMER, id: fields.id, appData: fields.appData });
    this.producerId = fields.producerId;
    this.kind = fields.kind;
    this.type = fields.type;
    this.#rtpParameters = fields.rtpParameters;
    this.#paused = fields.paused;
    this.#producerPaused = fields.producerPaused;
    this.#score = consumerScore.fromWire(fields.score ?? new wire.ConsumerScoreT());
    this.#preferredLayers = layersFromWire(fields.preferredLayers);
  }

  /** As the worker sends it: what the client needs to receive it. */
  get rtpParameters(): RtpParameters {
    return this.#rtpParameters;
  }

  /** By its own {@link pause}. */
  get paused(): boolean {
    return this.#paused;
  }

  get producerPaused(): boolean {
    return this.#producerPaused;
  }

  /** How well it arrives. */
  get score(): ConsumerScore {
    return this.#score;
  }

  /** As they hold: within what the producer has. Undefined when the type has no layers. */
  get preferredLayers(): ConsumerLayers | undefined {
    return this.#preferredLayers;
  }

  /** What is forwarded. Undefined: nothing, or the type has no layers. */
  get currentLayers(): ConsumerLayers | undefined {
    return this.#currentLayers;
  }

  /** 1 to 255. */
  get priority(): number {
    return this.#priority;
  }

  async pause(): Promise<void> {
    await this.setPaused(true);
    this.#nowPaused(true, this.#producerPaused);
  }

  /** Video goes on with a key frame, which is asked for. */
  async resume(): Promise<void> {
    await this.setPaused(false);
    this.#nowPaused(false, this.#producerPaused);
  }

  /** Asks the producer's sender for a key frame. Video only. */
  async requestKeyFrame(): Promise<void> {
    await this.request(new wire.RequestKeyFrameT(this.id), wire.DoneT);
  }

  /** Without effect when the type has no layers. */
  async setPreferredLayers(preferredLayers: ConsumerLayers): Promise<void> {
    const command = new wire.SetPreferredLayersT(this.id, consumerLayers.toWire(preferredLayers, 'preferredLayers'));
    this.#preferredLayers = layersFromWire((await this.request(command, wire.PreferredLayersReplyT)).preferredLayers);
  }

  /** Among the consumers of a transport whose bitrate does not do for all: 1 to 255, the greater is served first. */
  async setPriority(priority: number): Promise<void> {
    const command = new wire.SetPriorityT(this.id, integer(1, 255).toWire(priority, 'priority'));
    this.#priority = (await this.request(command, wire.PriorityReplyT)).priority;
  }

  /** Back to 1. */
  async unsetPriority(): Promise<void> {
    await this.setPriority(1);
  }

  /** Which packets and requests `trace` tells from now on; none by default. */
  async enableTraceEvent(types: ConsumerTraceEventType[] = []): Promise<void> {
    await this.setTrace(types);
  }

  /** Why it gets these layers and no others, why no key frame, who paused it, what was dropped. For people. */
  async explain(): Promise<ConsumerExplanation> {
    const { json } = await this.request(new wire.ExplainT(this.id), wire.DumpReplyT);
    return JSON.parse(String(json)) as ConsumerExplanation;
  }

  /** The stream as it is sent, and the producer's that it is made from. */
  async getStats(): Promise<RtpStreamStat[]> {
    return (await this.stats()).streams.map((stream) => rtpStreamStat.fromWire(stream));
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.RtpReceivedT)
      this.emit('rtp', Buffer.from(event.packet.buffer, event.packet.byteOffset, event.packet.byteLength));
    else if (event instanceof wire.ProducerPausedT) {
      if (event.paused === this.#producerPaused) return;
      this.#nowPaused(this.#paused, event.paused);
      this.emit(event.paused ? 'producerpause' : 'producerresume');
    } else if (event instanceof wire.ConsumerScoreChangeT) {
      this.#score = consumerScore.fromWire(event.score ?? new wire.ConsumerScoreT());
      this.emit('score', this.#score);
      this.observer.emit('score', this.#score);
    } else if (event instanceof wire.LayersChangeT) {
      this.#currentLayers = layersFromWire(event.layers);
      this.emit('layerschange', this.#currentLayers);
      this.observer.emit('layerschange', this.#currentLayers);
    } else if (event instanceof wire.TraceEventT) {
      const trace = traceFromWire<ConsumerTraceEventType>(event);
      this.emit('trace', trace);
      this.observer.emit('trace', trace);
    } else if (event instanceof wire.ObjectClosedT) {
      const reason = String(event.reason);
      if (reason === 'unsubscribed') return this.end();
      this.end(closingReasons.has(reason as keyof ConsumerEvents) ? (reason as keyof ConsumerEvents) : 'producerclose');
    }
  }

  /** @internal A later description gave it other parameters. */
  negotiated(parameters: wire.RtpParametersT): void {
    this.#rtpParameters = rtpParameters.fromWire(parameters);
  }

  /** @internal */
  protected endOwned(): void {}

  /** The observer is told when it begins or ceases to flow, whoever paused it. */
  #nowPaused(paused: boolean, producerPaused: boolean): void {
    const before = this.#paused || this.#producerPaused;
    this.#paused = paused;
    this.#producerPaused = producerPaused;
    const after = paused || producerPaused;
    if (before !== after) this.observer.emit(after ? 'pause' : 'resume');
  }
}
