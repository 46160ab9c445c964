import { randomUUID } from 'node:crypto';
import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import type { Peer } from './peer.js';
import type { AppData } from './remote_object.js';
import type { Room } from './room.js';
import { listenInfo, srtpParameters, tupleFromWire } from './shapes/listen.js';
import { flag, optional, struct, text, uint16, withDefault } from './shapes/shape.js';
import { plainTransportStatFromWire } from './shapes/stats.js';
import { checkAppData, Transport, type TransportEvents, type TransportObserverEvents } from './transport.js';
import type { PlainTransportStat } from './types/stats.js';
import type { SrtpCryptoSuite, SrtpParameters, TransportListenInfo, TransportTuple } from './types/transport.js';
import * as wire from './wire/index.js';

export interface PlainTransportOptions<Data extends AppData = AppData> {
  /** Where it listens. Default: 127.0.0.1 and a port of the worker's range; to be reached from elsewhere, say so. */
  listenInfo?: TransportListenInfo;
  /** Where RTCP listens, without `rtcpMux`. Default: as RTP, the next port. */
  rtcpListenInfo?: TransportListenInfo;
  /** RTCP on the port of RTP (RFC 5761). Default true. */
  rtcpMux?: boolean;
  /** The remote address is not told by `connect()` but learned from the first packet that arrives. Default false. */
  comedia?: boolean;
  /** Default false. */
  enableSrtp?: boolean;
  /** Default `AES_CM_128_HMAC_SHA1_80`. */
  srtpCryptoSuite?: SrtpCryptoSuite;
  /** Not there yet: true is refused with an UnsupportedError. */
  enableSctp?: boolean;
  appData?: Data;
}

export interface PlainTransportConnectOptions {
  /** Without `comedia`. */
  ip?: string;
  /** Without `comedia`. */
  port?: number;
  /** Without `comedia` and without `rtcpMux`. */
  rtcpPort?: number;
  /** With `enableSrtp`: what the other end sends with. */
  srtpParameters?: SrtpParameters;
}

export type PlainTransportEvents = TransportEvents & {
  /** `comedia`: the remote address of RTP is known now. */
  tuple: [tuple: TransportTuple];
  /** `comedia` without `rtcpMux`: that of RTCP. */
  rtcptuple: [rtcpTuple: TransportTuple];
};

export type PlainTransportObserverEvents = TransportObserverEvents & {
  tuple: [tuple: TransportTuple];
  rtcptuple: [rtcpTuple: TransportTuple];
};

const createFields = struct<Omit<PlainTransportOptions, 'appData'>, wire.CreatePlainTransportT>(wire.CreatePlainTransportT, {
  listenInfo: optional(listenInfo),
  rtcpListenInfo: optional(listenInfo),
  rtcpMux: withDefault(flag, true),
  comedia: withDefault(flag, false),
  enableSrtp: withDefault(flag, false),
  srtpCryptoSuite: withDefault(text, 'AES_CM_128_HMAC_SHA1_80'),
  enableSctp: withDefault(flag, false),
});

const connectFields = struct<PlainTransportConnectOptions, wire.ConnectPlainTransportT>(wire.ConnectPlainTransportT, {
  ip: optional(text),
  port: optional(uint16),
  rtcpPort: optional(uint16),
  srtpParameters: optional(srtpParameters),
});

/** RTP and RTCP with one endpoint that is no WebRTC client (ffmpeg, GStreamer, a gateway), over sockets of its own. */
export class PlainTransport extends Transport<PlainTransportEvents, PlainTransportObserverEvents> {
  readonly rtcpMux: boolean;
  readonly comedia: boolean;
  #tuple: TransportTuple;
  #rtcpTuple: TransportTuple | undefined;
  #srtpParameters: SrtpParameters | undefined;

  /** @internal */
  private constructor(link: Link, reply: wire.PlainTransportReplyT, appData: AppData | undefined) {
    super(link, String(reply.transportId), appData);
    this.rtcpMux = reply.rtcpMux;
    this.comedia = reply.comedia;
    this.#tuple = tupleFromWire(reply.tuple!);
    this.#take(reply);
  }

  /** @internal */
  static async create(owner: Room | Peer, options: PlainTransportOptions): Promise<PlainTransport> {
    const command = createFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    if ('roomId' in owner) [command.roomId, command.peerId] = [owner.roomId, owner.id];
    else command.roomId = owner.id;
    command.transportId = randomUUID();
    return new PlainTransport(owner.link, await owner.request(command, wire.PlainTransportReplyT), appData);
  }

  /** Both ends; the remote one is absent until `connect()` or the first packet has told it. */
  get tuple(): TransportTuple {
    return this.#tuple;
  }

  /** Of RTCP. Undefined with `rtcpMux`. */
  get rtcpTuple(): TransportTuple | undefined {
    return this.#rtcpTuple;
  }

  /** What the worker sends with, for the other end. Undefined without `enableSrtp`. */
  get srtpParameters(): SrtpParameters | undefined {
    return this.#srtpParameters;
  }

  /**
   * Tells it the other end. Once only. With `comedia` there is nothing to tell but `srtpParameters`. When the other end's suite
   * differs, the worker takes it, and {@link srtpParameters} has a new key.
   */
  async connect(options: PlainTransportConnectOptions): Promise<void> {
    const command = connectFields.toWire(options, '');
    command.transportId = this.id;
    this.#take(await this.request(command, wire.PlainConnectReplyT));
  }

  /** One entry. */
  async getStats(): Promise<PlainTransportStat[]> {
    const { transport } = await this.stats();
    return transport === null ? [] : [plainTransportStatFromWire(transport)];
  }

  /** @internal */
  override handleEvent(event: EventT): void {
    if (event instanceof wire.TupleChangeT) {
      this.#tuple = tupleFromWire(event.tuple!);
      this.emit('tuple', this.#tuple);
      this.observer.emit('tuple', this.#tuple);
    } else if (event instanceof wire.RtcpTupleChangeT) {
      this.#rtcpTuple = tupleFromWire(event.rtcpTuple!);
      this.emit('rtcptuple', this.#rtcpTuple);
      this.observer.emit('rtcptuple', this.#rtcpTuple);
    } else {
      super.handleEvent(event);
    }
  }

  #take({ tuple, rtcpTuple, srtpParameters: srtp }: wire.PlainTransportReplyT | wire.PlainConnectReplyT): void {
    this.#tuple = tupleFromWire(tuple!);
    if (rtcpTuple !== null) this.#rtcpTuple = tupleFromWire(rtcpTuple);
    if (srtp !== null) this.#srtpParameters = srtpParameters.fromWire(srtp);
  }
}
