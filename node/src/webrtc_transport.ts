import { randomUUID } from 'node:crypto';
import type { Link } from './channel/link.js';
import type { Consumer, ConsumerOptions, ConsumerType } from './consumer.js';
import { InvalidArgumentError } from './errors.js';
import type { Producer, ProducerOptions, ProducerType } from './producer.js';
import type { Peer } from './peer.js';
import type { AppData } from './remote_object.js';
import type { Room } from './room.js';
import { mediaKind, rtpCapabilities, rtpParameters } from './shapes/rtp.js';
import { flag, isObject, needObject, optional, required, struct, text, uint32, withDefault, wrong } from './shapes/shape.js';
import { dtlsParameters, dtlsRole, iceCandidateFromWire, iceParameters } from './shapes/transport.js';
import { Transport } from './transport.js';
import type { DtlsParameters, IceCandidate, IceParameters } from './types/transport.js';
import * as wire from './wire/index.js';

export interface WebRtcTransportOptions<Data extends AppData = AppData> {
  /** After how many seconds without a sign of the client's consent (RFC 7675) it counts as disconnected. Default 30; 0: never. */
  iceConsentTimeout?: number;
  appData?: Data;
}

const createFields = struct<Omit<WebRtcTransportOptions, 'appData'>, wire.CreateWebRtcTransportT>(wire.CreateWebRtcTransportT, {
  iceConsentTimeout: withDefault(uint32, 30),
});

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
});

/** Throws when `appData` is given and no object. */
export function checkAppData(value: unknown): AppData | undefined {
  if (value !== undefined && !isObject(value)) throw wrong('appData', 'an object', value);
  return value;
}

/** A transport whose parameters the application signals itself, as mediasoup-client does (ORTC). */
export class WebRtcTransport extends Transport {
  readonly #iceCandidates: IceCandidate[];
  #iceParameters: IceParameters;
  #dtlsParameters: DtlsParameters;

  /** @internal */
  constructor(link: Link, reply: wire.WebRtcTransportReplyT, appData: AppData | undefined) {
    super(link, String(reply.transportId), appData);
    this.#iceParameters = iceParameters.fromWire(reply.iceParameters!);
    this.#iceCandidates = reply.iceCandidates.map(iceCandidateFromWire);
    this.#dtlsParameters = dtlsParameters.fromWire(reply.dtlsParameters!);
  }

  /** @internal */
  static async create(owner: Room | Peer, options: WebRtcTransportOptions): Promise<WebRtcTransport> {
    const command = createFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    if ('roomId' in owner) [command.roomId, command.peerId] = [owner.roomId, owner.id];
    else command.roomId = owner.id;
    command.transportId = randomUUID();
    return new WebRtcTransport(owner.link, await owner.request(command, wire.WebRtcTransportReplyT), appData);
  }

  /** Always `controlled`: the worker is ICE-lite (RFC 8445 §2.5). */
  get iceRole(): 'controlled' {
    return 'controlled';
  }

  /** Of the worker's side; changed by {@link restartIce}. */
  get iceParameters(): IceParameters {
    return this.#iceParameters;
  }

  get iceCandidates(): IceCandidate[] {
    return this.#iceCandidates;
  }

  /** Of the worker's side. The role is `auto` until {@link connect}. */
  get dtlsParameters(): DtlsParameters {
    return this.#dtlsParameters;
  }

  /** Gives it the client's DTLS parameters. Once only. */
  async connect(options: { dtlsParameters: DtlsParameters }): Promise<void> {
    needObject(options, 'options');
    const remote = dtlsParameters.toWire(options.dtlsParameters, 'dtlsParameters');
    const { dtlsLocalRole } = await this.request(new wire.ConnectTransportT(this.id, remote), wire.ConnectReplyT);
    this.#dtlsParameters = { ...this.#dtlsParameters, role: dtlsRole.fromWire(dtlsLocalRole) };
  }

  /** Receives a track of the client. */
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

  /** Sends a producer of the same room to the client. */
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
      appData,
    });
  }

  /** New ICE credentials, to be signaled to the client. */
  async restartIce(): Promise<IceParameters> {
    const reply = await this.request(new wire.RestartIceT(this.id), wire.IceParametersReplyT);
    this.#iceParameters = iceParameters.fromWire(reply.iceParameters!);
    return this.#iceParameters;
  }
}
