import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { rtpParameters } from './shapes/rtp.js';
import { rtpStreamStat } from './shapes/stats.js';
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
  /** Retransmissions in a stream of their own (RFC 4588). Default: true for video, false for audio. */
  enableRtx?: boolean;
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
  /** The client rejected its section in an answer; the consumer is closed. */
  refused: [];
};

export type ConsumerObserverEvents = { close: []; pause: []; resume: [] };

/** @internal */
export interface ConsumerFields {
  id: string;
  producerId: string;
  kind: MediaKind;
  type: ConsumerType;
  rtpParameters: RtpParameters;
  paused: boolean;
  producerPaused: boolean;
  appData: AppData | undefined;
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

  /** @internal */
  constructor(link: Link, fields: ConsumerFields) {
    super({ link, kind: wire.ObjectKind.CONSUMER, id: fields.id, appData: fields.appData });
    this.producerId = fields.producerId;
    this.kind = fields.kind;
    this.type = fields.type;
    this.#rtpParameters = fields.rtpParameters;
    this.#paused = fields.paused;
    this.#producerPaused = fields.producerPaused;
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

  /** One entry: the stream as it is sent. */
  async getStats(): Promise<RtpStreamStat[]> {
    return (await this.stats()).streams.map((stream) => rtpStreamStat.fromWire(stream));
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.ProducerPausedT) {
      if (event.paused === this.#producerPaused) return;
      this.#nowPaused(this.#paused, event.paused);
      this.emit(event.paused ? 'producerpause' : 'producerresume');
    } else if (event instanceof wire.ObjectClosedT) {
      const reason = String(event.reason) as keyof ConsumerEvents;
      this.end(closingReasons.has(reason) ? reason : 'producerclose');
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
