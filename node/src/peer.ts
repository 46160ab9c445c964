import { randomUUID } from 'node:crypto';
import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import type { Consumer } from './consumer.js';
import type { Producer } from './producer.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { DtlsTransport } from './dtls_transport.js';
import { PlainTransport, type PlainTransportOptions } from './plain_transport.js';
import type { Room } from './room.js';
import { choice, needObject, optional, struct, text, uint16, uint8, withDefault, type Shape } from './shapes/shape.js';
import { candidateOptions, sdpType, section } from './shapes/transport.js';
import { checkAppData, type Transport } from './transport.js';
import type {
  CandidateOptions,
  DtlsState,
  IceCandidateInit,
  IceState,
  Section,
  SessionDescription,
  SessionDescriptionInit,
  SignalingState,
  TransportTuple,
} from './types/transport.js';
import { WebRtcTransport, type WebRtcTransportOptions } from './webrtc_transport.js';
import * as wire from './wire/index.js';

/** `all`: the peer is offered every producer of the others in its room. `manual`: only what {@link Peer.subscribe} names. */
export type Subscription = 'all' | 'manual';

export interface PeerOptions<Data extends AppData = AppData> {
  /** Chosen at random by default. */
  id?: string;
  /** Unique within the room when not empty. At most 256 bytes of UTF-8. */
  name?: string;
  /** Default `manual`. */
  subscription?: Subscription;
  /** Of the transport that is negotiated: which of the worker's addresses are offered, and in what order. */
  transportOptions?: CandidateOptions;
  appData?: Data;
}

/** At least so many tracks of the kind may be sent by the client, once it has accepted (W3C WebRTC §4.4.3.2). `true`: one. */
export interface OfferOptions {
  offerToReceiveAudio?: number | boolean;
  offerToReceiveVideo?: number | boolean;
}

export type PeerEvents = {
  /** W3C: there is something to offer. Once for a batch of changes, only while the signaling state is stable. */
  negotiationneeded: [];
  signalingstatechange: [state: SignalingState];
  /** The client sends a track. */
  newproducer: [producer: Producer];
  /** The client accepted a track of another. */
  newconsumer: [consumer: Consumer];
  icestatechange: [iceState: IceState];
  iceselectedtuplechange: [tuple: TransportTuple];
  /** `reason`: one sentence, when the state is `failed`. */
  dtlsstatechange: [dtlsState: DtlsState, reason?: string];
  /** Its room was closed, and so was it. */
  routerclose: [];
};

export type PeerObserverEvents = { close: []; newtransport: [transport: Transport] };

/** What one side has said: both sides' offers and answers become current together. */
interface Descriptions {
  current: SessionDescription | null;
  pending: SessionDescription | null;
}

const subscription = choice<Subscription, wire.Subscription>(wire.Subscription);

const createFields = struct<Omit<PeerOptions, 'id' | 'appData' | 'transportOptions'>, wire.CreatePeerT>(wire.CreatePeerT, {
  name: withDefault(text, ''),
  subscription: withDefault(subscription, 'manual'),
});

const trackCount: Shape<number, number> = {
  toWire: (value, path) => (typeof value === 'boolean' ? Number(value) : uint8.toWire(value, path)),
  fromWire: (wire) => wire,
};

const offerFields = struct<OfferOptions, wire.CreateOfferT>(wire.CreateOfferT, {
  offerToReceiveAudio: withDefault(trackCount, 0),
  offerToReceiveVideo: withDefault(trackCount, 0),
});

const candidateFields = struct<IceCandidateInit, wire.AddIceCandidateT>(wire.AddIceCandidateT, {
  candidate: withDefault(text, ''),
  sdpMid: optional(text),
  sdpMLineIndex: optional(uint16),
  usernameFragment: optional(text),
});

/** An offer of the client's waits for an answer, or for the final one. */
function isAnswering(state: SignalingState): boolean {
  return state === 'have-remote-offer' || state === 'have-local-pranswer';
}

/**
 * One participant of a room. Its client is driven in one of two ways: by offer and answer, with the methods of W3C's
 * RTCPeerConnection below; or by the transports that {@link createWebRtcTransport} makes.
 */
export class Peer extends RemoteObject<PeerEvents, PeerObserverEvents> {
  readonly roomId: string;
  readonly name: string;
  readonly subscription: Subscription;
  readonly #transports = new Map<string, Transport>();
  #transport: DtlsTransport | undefined;
  #signalingState: SignalingState = 'stable';
  #sections: readonly Section[] = [];
  readonly #local: Descriptions = { current: null, pending: null };
  readonly #remote: Descriptions = { current: null, pending: null };

  /** @internal */
  private constructor(link: Link, command: wire.CreatePeerT, appData: AppData | undefined) {
    super({ link, kind: wire.ObjectKind.PEER, id: String(command.peerId), appData });
    this.roomId = String(command.roomId);
    this.name = String(command.name);
    this.subscription = subscription.fromWire(command.subscription);
  }

  /** @internal */
  static async create(room: Room, options: PeerOptions): Promise<Peer> {
    const { command, appData } = Peer.#command(room, options);
    const reply = await room.request(command, wire.PeerReplyT);
    command.peerId = reply.peerId;
    return new Peer(room.link, command, appData);
  }

  /** @internal The object at once, its id chosen here. When `created` rejects, the worker has no such peer: to be ended then. */
  static begin(room: Room, options: Omit<PeerOptions, 'id'>): { peer: Peer; created: Promise<wire.PeerReplyT> } {
    const { command, appData } = Peer.#command(room, options);
    return { created: room.request(command, wire.PeerReplyT), peer: new Peer(room.link, command, appData) };
  }

  static #command(room: Room, options: PeerOptions): { command: wire.CreatePeerT; appData: AppData | undefined } {
    const command = createFields.toWire(options, '');
    Object.assign(command, candidateOptions(options.transportOptions ?? {}, 'transportOptions'));
    command.roomId = room.id;
    command.peerId = options.id === undefined ? randomUUID() : text.toWire(options.id, 'id');
    return { command, appData: checkAppData(options.appData) };
  }

  // --- Offer and answer (W3C WebRTC §4.4) --------------------------------------------------------------------------------

  get signalingState(): SignalingState {
    return this.closed ? 'closed' : this.#signalingState;
  }

  /** The pending one, else the current one. */
  get localDescription(): SessionDescription | null {
    return this.#local.pending ?? this.#local.current;
  }

  /** The pending one, else the current one. */
  get remoteDescription(): SessionDescription | null {
    return this.#remote.pending ?? this.#remote.current;
  }

  /** The m-lines of the newest description. */
  get sections(): readonly Section[] {
    return this.#sections;
  }

  async createOffer(options: OfferOptions = {}): Promise<SessionDescription> {
    const command = offerFields.toWire(options, '');
    command.peerId = this.id;
    return this.#description(await this.request(command, wire.DescriptionReplyT));
  }

  async createAnswer(): Promise<SessionDescription> {
    return this.#description(await this.request(new wire.CreateAnswerT(this.id), wire.DescriptionReplyT));
  }

  /**
   * Without `sdp` it is what was created last, created now if need be; without an argument the type follows from the state too.
   * A `rollback` withdraws the offer.
   */
  async setLocalDescription(description?: SessionDescriptionInit): Promise<void> {
    const { type, sdp } = description ?? { type: isAnswering(this.#signalingState) ? 'answer' : 'offer' };
    const command = new wire.SetLocalDescriptionT(this.id, sdpType.toWire(type, 'type'), text.toWire(sdp ?? '', 'sdp'));
    this.#apply(await this.request(command, wire.DescriptionReplyT), this.#local, this.#remote);
  }

  /** An offer that meets a pending offer of ours rolls ours back: the worker is the polite side. */
  async setRemoteDescription(description: SessionDescriptionInit): Promise<void> {
    needObject(description, 'description');
    const type = sdpType.toWire(description.type, 'type');
    const command = new wire.SetRemoteDescriptionT(
      this.id,
      type,
      text.toWire(type === wire.SdpType.ROLLBACK ? '' : description.sdp, 'sdp'),
    );
    this.#apply(await this.request(command, wire.DescriptionReplyT), this.#remote, this.#local);
  }

  /** A candidate of the client. Null, or an empty `candidate`: there are no more. */
  async addIceCandidate(candidate: IceCandidateInit | null): Promise<void> {
    const command = candidateFields.toWire(candidate ?? {}, '');
    command.peerId = this.id;
    await this.request(command, wire.DoneT);
  }

  /**
   * What the client can decode and how it numbers it, from an offer that it has created and not set: so that a first offer made
   * here fits it. Only while stable.
   */
  async setCapabilities(sdp: string): Promise<void> {
    await this.request(new wire.SetCapabilitiesT(this.id, text.toWire(sdp, 'sdp')), wire.DoneT);
  }

  /** New ICE credentials with the next offer, which `negotiationneeded` asks for. */
  async restartIce(): Promise<void> {
    await this.request(new wire.RestartIceT(null, this.id), wire.IceParametersReplyT);
  }

  /** Is offered this producer of its room, whatever its subscription says; `newconsumer` tells when the client took it. */
  async subscribe(producerId: string): Promise<void> {
    await this.request(new wire.SubscribeT(this.id, text.toWire(producerId, 'producerId')), wire.DoneT);
  }

  /** Is offered it no more. Its consumer, if there is one, closes. */
  async unsubscribe(producerId: string): Promise<void> {
    await this.request(new wire.UnsubscribeT(this.id, text.toWire(producerId, 'producerId')), wire.DoneT);
  }

  // --- Transports --------------------------------------------------------------------------------------------------------

  /** The transport that was negotiated. Undefined until it is needed first. */
  get transport(): DtlsTransport | undefined {
    return this.#transport;
  }

  get iceState(): IceState {
    return this.#transport?.iceState ?? 'new';
  }

  get iceSelectedTuple(): TransportTuple | undefined {
    return this.#transport?.iceSelectedTuple;
  }

  get dtlsState(): DtlsState {
    return this.#transport?.dtlsState ?? 'new';
  }

  /** A transport of this peer that the application signals itself (ORTC). */
  async createWebRtcTransport(options: WebRtcTransportOptions = {}): Promise<WebRtcTransport> {
    const transport = await WebRtcTransport.create(this, options);
    this.#adopt(transport);
    return transport;
  }

  /** A transport of this peer for plain RTP: a participant without a browser, or a recorder beside it. */
  async createPlainTransport(options: PlainTransportOptions = {}): Promise<PlainTransport> {
    needObject(options, 'options');
    const transport = await PlainTransport.create(this, options);
    this.#adopt(transport);
    return transport;
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.NegotiationNeededT) this.emit('negotiationneeded');
    else if (event instanceof wire.PeerTransportCreatedT) this.#transportCreated(String(event.transportId));
    else if (event instanceof wire.ObjectClosedT) this.end();
  }

  /** @internal */
  protected endOwned(): void {
    for (const transport of [...this.#transports.values()]) transport.end('peerclose');
  }

  #adopt(transport: Transport): void {
    this.#transports.set(transport.id, transport);
    transport.observer.once('close', () => this.#transports.delete(transport.id));
    this.observer.emit('newtransport', transport);
  }

  #transportCreated(id: string): void {
    const transport = new DtlsTransport(this.link, id, undefined);
    this.#transport = transport;
    transport.on('icestatechange', (state) => this.emit('icestatechange', state));
    transport.on('iceselectedtuplechange', (tuple) => this.emit('iceselectedtuplechange', tuple));
    transport.on('dtlsstatechange', (...change) => this.emit('dtlsstatechange', ...change));
    transport.observer.on('newproducer', (producer) => this.emit('newproducer', producer));
    transport.observer.on('newconsumer', (consumer) => this.emit('newconsumer', consumer));
    this.#adopt(transport);
  }

  #description(reply: wire.DescriptionReplyT): SessionDescription {
    this.#sections = reply.sections.map((entry) => section.fromWire(entry));
    return { type: sdpType.fromWire(reply.type), sdp: String(reply.sdp ?? '') };
  }

  /**
   * An offer is pending until an answer makes both current, and so is a provisional answer beside it; a rollback, or an offer from the
   * other side, drops it.
   */
  #apply(reply: wire.DescriptionReplyT, side: Descriptions, other: Descriptions): void {
    const description = this.#description(reply);
    if (description.type === 'offer') {
      side.pending = description;
      other.pending = null;
    } else if (description.type === 'answer') {
      side.current = description;
      other.current = other.pending ?? other.current;
      side.pending = other.pending = null;
    } else {
      side.pending = description.type === 'pranswer' ? description : null;
    }
    const state = String(reply.signalingState) as SignalingState;
    if (state === this.#signalingState) return;
    this.#signalingState = state;
    this.emit('signalingstatechange', state);
  }
}
