import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { InvalidStateError } from './errors.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { producerScore, traceFromWire, videoOrientation } from './shapes/layers.js';
import { packetToWire } from './shapes/sctp.js';
import { rtpStreamStat } from './shapes/stats.js';
import type { ProducerScore, ProducerTraceEventData, ProducerTraceEventType, ProducerVideoOrientation } from './types/layers.js';
import type { MediaKind, RtpParameters } from './types/rtp.js';
import type { RtpStreamStat } from './types/stats.js';
import * as wire from './wire/index.js';

export interface ProducerOptions<Data extends AppData = AppData> {
  /** Chosen at random by default. */
  id?: string;
  kind: MediaKind;
  rtpParameters: RtpParameters;
  /** Default false. */
  paused?: boolean;
  /** Least time between two key frame requests to the sender, ms. Default 0. */
  keyFrameRequestDelay?: number;
  appData?: Data;
}

export type ProducerType = 'simple' | 'simulcast' | 'svc';

export type ProducerEvents = {
  /** Its transport was closed, and so was it. */
  transportclose: [];
  /** The client took its track back in a description; the producer is closed. */
  stopped: [];
  /** One entry for each of its streams. */
  score: [score: ProducerScore[]];
  videoorientationchange: [videoOrientation: ProducerVideoOrientation];
  trace: [trace: ProducerTraceEventData];
};

export type ProducerObserverEvents = {
  close: [];
  pause: [];
  resume: [];
  score: [score: ProducerScore[]];
  videoorientationchange: [videoOrientation: ProducerVideoOrientation];
  trace: [trace: ProducerTraceEventData];
};

/** @internal */
export interface ProducerFields {
  id: string;
  kind: MediaKind;
  type: ProducerType;
  rtpParameters: RtpParameters;
  consumableRtpParameters?: RtpParameters;
  paused: boolean;
  appData: AppData | undefined;
}

/** A track that comes in. Made by {@link WebRtcTransport.produce}, or by what a {@link Peer} negotiates. */
export class Producer extends RemoteObject<ProducerEvents, ProducerObserverEvents> {
  readonly kind: MediaKind;
  readonly type: ProducerType;
  /** As the client sends it. */
  readonly rtpParameters: RtpParameters;
  /** As the room routes it: with the room's payload types. Undefined for a track that was negotiated. */
  readonly consumableRtpParameters: RtpParameters | undefined;
  #paused: boolean;
  #score: ProducerScore[] = [];

  /** @internal */
  constructor(link: Link, fields: ProducerFields) {
    super({ link, kind: wire.ObjectKind.PRODUCER, id: fields.id, appData: fields.appData });
    this.kind = fields.kind;
    this.type = fields.type;
    this.rtpParameters = fields.rtpParameters;
    this.consumableRtpParameters = fields.consumableRtpParameters;
    this.#paused = fields.paused;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** How well its streams arrive: one entry each, none until it was measured first. */
  get score(): ProducerScore[] {
    return this.#score;
  }

  /** Stops forwarding it to anybody. */
  async pause(): Promise<void> {
    await this.setPaused(true);
    this.#nowPaused(true);
  }

  async resume(): Promise<void> {
    await this.setPaused(false);
    this.#nowPaused(false);
  }

  /** Which packets and requests `trace` tells from now on; none by default. */
  async enableTraceEvent(types: ProducerTraceEventType[] = []): Promise<void> {
    await this.setTrace(types);
  }

  /** Sends a packet with one of the SSRCs of `rtpParameters`. Of a direct transport only. */
  send(packet: Uint8Array): void {
    if (this.closed) throw new InvalidStateError('this producer is closed');
    this.link.send(new wire.SendRtpT(this.id, packetToWire(packet, 'packet')));
  }

  /** One entry for each RTP stream. */
  async getStats(): Promise<RtpStreamStat[]> {
    return (await this.stats()).streams.map((stream) => rtpStreamStat.fromWire(stream));
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.ProducerScoreChangeT) {
      this.#score = event.scores.map((score) => producerScore.fromWire(score));
      this.emit('score', this.#score);
      this.observer.emit('score', this.#score);
    } else if (event instanceof wire.VideoOrientationChangeT) {
      const orientation = videoOrientation.fromWire(event);
      this.emit('videoorientationchange', orientation);
      this.observer.emit('videoorientationchange', orientation);
    } else if (event instanceof wire.TraceEventT) {
      const trace = traceFromWire<ProducerTraceEventType>(event);
      this.emit('trace', trace);
      this.observer.emit('trace', trace);
    } else if (event instanceof wire.ObjectClosedT) {
      this.end(event.reason === 'stopped' ? 'stopped' : 'transportclose');
    }
  }

  /** @internal */
  protected endOwned(): void {}

  #nowPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.observer.emit(paused ? 'pause' : 'resume');
  }
}
