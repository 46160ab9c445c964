import { randomUUID } from 'node:crypto';
import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { AlreadyExistsError, InvalidStateError } from './errors.js';
import { Peer, type PeerOptions } from './peer.js';
import { RemoteObject, type AppData } from './remote_object.js';
import { rtpCapabilities, rtpCodecCapability } from './shapes/rtp.js';
import { list, needObject, required, struct, text, withDefault } from './shapes/shape.js';
import { DirectTransport, type DirectTransportOptions } from './direct_transport.js';
import { PlainTransport, type PlainTransportOptions } from './plain_transport.js';
import {
  ActiveSpeakerObserver,
  AudioLevelObserver,
  type ActiveSpeakerObserverOptions,
  type AudioLevelObserverOptions,
  type RtpObserver,
} from './rtp_observer.js';
import { checkAppData, type Transport } from './transport.js';
import type { RtpCapabilities, RtpCodecCapability } from './types/rtp.js';
import { WebRtcTransport, type WebRtcTransportOptions } from './webrtc_transport.js';
import * as wire from './wire/index.js';

export interface RoomOptions<Data extends AppData = AppData> {
  /** The codecs that the room routes, the preferred first. */
  mediaCodecs?: RtpCodecCapability[];
  appData?: Data;
}

export type RoomEvents = {
  /** Its worker was closed or died, and so it is closed. */
  workerclose: [];
};

export type RoomObserverEvents = {
  close: [];
  newtransport: [transport: Transport];
  newpeer: [peer: Peer];
  newrtpobserver: [rtpObserver: RtpObserver];
};

const createFields = struct<Omit<RoomOptions, 'appData'>, wire.CreateRoomT>(wire.CreateRoomT, {
  mediaCodecs: withDefault(list(rtpCodecCapability), []),
});

interface CanConsumeOptions {
  producerId: string;
  rtpCapabilities: RtpCapabilities;
}

const canConsumeFields = struct<CanConsumeOptions, wire.CanConsumeT>(wire.CanConsumeT, {
  producerId: required(text),
  rtpCapabilities: required(rtpCapabilities),
});

/** People who hear and see each other: what mediasoup calls a Router. */
export class Room extends RemoteObject<RoomEvents, RoomObserverEvents> {
  /** What a client needs to know before it can send: the codecs with their payload types, and the header extensions. */
  readonly rtpCapabilities: RtpCapabilities;
  readonly #peers = new Map<string, Peer>();
  readonly #transports = new Map<string, Transport>();
  readonly #observers = new Set<RtpObserver>();

  /** @internal */
  private constructor(link: Link, reply: wire.RoomReplyT, appData: AppData | undefined) {
    super({ link, kind: wire.ObjectKind.ROOM, id: String(reply.roomId), appData });
    this.rtpCapabilities = rtpCapabilities.fromWire(reply.rtpCapabilities!);
  }

  /** @internal */
  static async create(link: Link, options: RoomOptions): Promise<Room> {
    const command = createFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    command.roomId = randomUUID();
    return new Room(link, await link.request(command, wire.RoomReplyT), appData);
  }

  /** Adds a participant. */
  async createPeer(options: PeerOptions = {}): Promise<Peer> {
    needObject(options, 'options');
    const peer = await Peer.create(this, options);
    this.#adoptPeer(peer);
    this.observer.emit('newpeer', peer);
    return peer;
  }

  /** @internal As createPeer, for who needs the object at once. A name that is taken here is refused at once, too. */
  beginPeer(options: Omit<PeerOptions, 'id'>): { peer: Peer; created: Promise<unknown> } {
    if (this.closed) throw new InvalidStateError('this room is closed');
    for (const { name } of this.#peers.values()) {
      if (name !== '' && name === options.name)
        throw new AlreadyExistsError(`there is a peer named "${name}" in this room already`, 'name');
    }
    const { peer, created } = Peer.begin(this, options);
    this.#adoptPeer(peer);
    created.then(() => this.observer.emit('newpeer', peer)).catch(() => {});
    return { peer, created };
  }

  /** A transport that belongs to the room itself, not to a peer. */
  async createWebRtcTransport(options: WebRtcTransportOptions = {}): Promise<WebRtcTransport> {
    needObject(options, 'options');
    return this.#adopt(await WebRtcTransport.create(this, options));
  }

  /** A transport for plain RTP that belongs to the room itself, not to a peer. */
  async createPlainTransport(options: PlainTransportOptions = {}): Promise<PlainTransport> {
    needObject(options, 'options');
    return this.#adopt(await PlainTransport.create(this, options));
  }

  /** A transport for RTP, RTCP and data messages of this process itself. */
  async createDirectTransport(options: DirectTransportOptions = {}): Promise<DirectTransport> {
    needObject(options, 'options');
    return this.#adopt(await DirectTransport.create(this, options));
  }

  /** Tells who speaks, of the producers that are added to it. */
  async createActiveSpeakerObserver(options: ActiveSpeakerObserverOptions = {}): Promise<ActiveSpeakerObserver> {
    needObject(options, 'options');
    return this.#adoptObserver(await ActiveSpeakerObserver.create(this, options));
  }

  /** Tells how loud the loudest are, of the producers that are added to it. */
  async createAudioLevelObserver(options: AudioLevelObserverOptions = {}): Promise<AudioLevelObserver> {
    needObject(options, 'options');
    return this.#adoptObserver(await AudioLevelObserver.create(this, options));
  }

  /** Whether a client with these capabilities could receive the producer. The worker decides, so it takes a round trip. */
  async canConsume(options: CanConsumeOptions): Promise<boolean> {
    return (await this.request(canConsumeFields.toWire(options, ''), wire.CanConsumeReplyT)).canConsume;
  }

  /** @internal */
  handleEvent(event: EventT): void {
    if (event instanceof wire.ObjectClosedT) this.end();
  }

  /** @internal */
  protected endOwned(): void {
    for (const peer of [...this.#peers.values()]) peer.end('routerclose');
    for (const transport of [...this.#transports.values()]) transport.end('routerclose');
    for (const rtpObserver of [...this.#observers]) rtpObserver.end('routerclose');
  }

  #adoptPeer(peer: Peer): void {
    this.#peers.set(peer.id, peer);
    peer.observer.once('close', () => this.#peers.delete(peer.id));
  }

  #adopt<T extends Transport>(transport: T): T {
    this.#transports.set(transport.id, transport);
    transport.observer.once('close', () => this.#transports.delete(transport.id));
    this.observer.emit('newtransport', transport);
    return transport;
  }

  #adoptObserver<T extends RtpObserver>(rtpObserver: T): T {
    this.#observers.add(rtpObserver);
    rtpObserver.observer.once('close', () => this.#observers.delete(rtpObserver));
    this.observer.emit('newrtpobserver', rtpObserver);
    return rtpObserver;
  }
}
