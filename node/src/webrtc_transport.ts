import { randomUUID } from 'node:crypto';
import type { Link } from './channel/link.js';
import { DtlsTransport } from './dtls_transport.js';
import type { Peer } from './peer.js';
import type { AppData } from './remote_object.js';
import type { Room } from './room.js';
import { sctpOptions, sctpParametersFromWire } from './shapes/sctp.js';
import { needObject, struct, uint32, withDefault } from './shapes/shape.js';
import { candidateOptions, dtlsParameters, dtlsRole, iceCandidateFromWire, iceParameters } from './shapes/transport.js';
import { checkAppData } from './transport.js';
import type { SctpParameters, SctpTransportOptions } from './types/sctp.js';
import type { CandidateOptions, DtlsParameters, IceCandidate, IceParameters } from './types/transport.js';
import * as wire from './wire/index.js';

export interface WebRtcTransportOptions<Data extends AppData = AppData> extends CandidateOptions, SctpTransportOptions {
  /** After how many seconds without a sign of the client's consent (RFC 7675) it counts as disconnected. Default 30; 0: never. */
  iceConsentTimeout?: number;
  appData?: Data;
}

const createFields = struct<Pick<WebRtcTransportOptions, 'iceConsentTimeout'>, wire.CreateWebRtcTransportT>(wire.CreateWebRtcTransportT, {
  iceConsentTimeout: withDefault(uint32, 30),
});

/** A transport whose parameters the application signals itself, as mediasoup-client does (ORTC). */
export class WebRtcTransport extends DtlsTransport {
  /** For the client, with `enableSctp`. */
  readonly sctpParameters: SctpParameters | undefined;
  readonly #iceCandidates: IceCandidate[];
  #iceParameters: IceParameters;
  #dtlsParameters: DtlsParameters;

  /** @internal */
  constructor(link: Link, reply: wire.WebRtcTransportReplyT, appData: AppData | undefined) {
    super(link, String(reply.transportId), appData);
    this.#iceParameters = iceParameters.fromWire(reply.iceParameters!);
    this.#iceCandidates = reply.iceCandidates.map(iceCandidateFromWire);
    this.#dtlsParameters = dtlsParameters.fromWire(reply.dtlsParameters!);
    this.sctpParameters = sctpParametersFromWire(reply.sctpParameters);
    if (this.sctpParameters !== undefined) this.enabledSctp();
  }

  /** @internal */
  static async create(owner: Room | Peer, options: WebRtcTransportOptions): Promise<WebRtcTransport> {
    const command = createFields.toWire(options, '');
    Object.assign(command, candidateOptions(options, ''));
    command.sctp = sctpOptions(options);
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

  /** New ICE credentials, to be signaled to the client. */
  async restartIce(): Promise<IceParameters> {
    const reply = await this.request(new wire.RestartIceT(this.id), wire.IceParametersReplyT);
    this.#iceParameters = iceParameters.fromWire(reply.iceParameters!);
    return this.#iceParameters;
  }
}
