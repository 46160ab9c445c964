// One participant of a room: joined (has a socket) or away (its socket dropped; it is kept for a while), then gone.
//
//   joined ──socket drops──► away ──15 s──► gone (`lost`)
//     ▲  └──leave──► gone (`left`)  │
//     └────────── resume ───────────┘
import { randomBytes } from 'node:crypto';
import type { DataConsumer, DataProducer, Peer, Producer } from 'sluice';
import type { Grant } from '../access/grant.js';
import type { Log } from '../log.js';
import type { ConferenceRoom, Member } from '../rooms.js';
import type { Messages } from './messages.js';
import { Negotiator } from './negotiator.js';
import { Ortc } from './ortc.js';

/** How others see it. */
export interface PeerInfo {
  peer_id: string;
  name: string;
  audio: boolean;
  video: boolean;
  /** By its token, where it came with one. */
  identity?: string;
}

/** The socket side of a participant. */
export interface Outlet {
  send: (type: string, content: object, id?: number) => void;
  /** The participant is no longer this socket's. */
  detached: (why: 'left' | 'replaced' | 'expired') => void;
}

/** A data channel that the worker has opened to the client, and whose messages it carries. */
interface ChannelInfo {
  id: number;
  label: string;
  peer_id: string;
}

export type PartingReason = 'left' | 'lost' | 'expired';

export class Participant implements Member {
  /** Whoever holds it can resume this participant. */
  readonly session = randomBytes(24).toString('base64url');
  readonly room: ConferenceRoom;
  /** Of a client that speaks by offer and answer. */
  readonly negotiator: Negotiator | undefined;
  /** Of one that speaks as mediasoup-client does. */
  readonly ortc: Ortc | undefined;
  readonly producers = new Set<Producer>();
  readonly dataProducers = new Set<DataProducer>();
  readonly #channels = new Map<DataConsumer, ChannelInfo>();
  readonly #peer: Peer;
  readonly #name: string;
  readonly #grant: Grant;
  readonly #keptAwayMs: number;
  #state: Messages['state'];
  #outlet: Outlet | undefined;
  #awayTimer: NodeJS.Timeout | undefined;
  #gone = false;

  constructor(
    room: ConferenceRoom,
    peer: Peer,
    { name, audio, video, offers, ortc }: Messages['join'],
    grant: Grant,
    outlet: Outlet,
    keptAwayMs: number,
    log: Log,
  ) {
    this.room = room;
    this.#peer = peer;
    this.#name = grant.name ?? name;
    this.#grant = grant;
    this.#state = { audio, video };
    this.#outlet = outlet;
    this.#keptAwayMs = keptAwayMs;
    const out = {
      send: (type: 'offer' | 'answer', content: object, id: number | undefined): void => this.send(type, content, id),
      failed: (error: Error): void => log.error(`peer ${peer.id}: no offer could be made: ${error.message}`),
    };
    const sends = (producer: Producer): void => this.#sends(producer);
    peer.on('newproducer', sends);
    peer.on('newdataproducer', (dataProducer) => {
      this.dataProducers.add(dataProducer);
      dataProducer.observer.once('close', () => this.dataProducers.delete(dataProducer));
    });
    peer.on('newdataconsumer', (dataConsumer) => this.#channelOpened(dataConsumer));
    if (ortc) {
      this.ortc = new Ortc(peer, grant);
      peer.observer.on('newtransport', (transport) => transport.observer.on('newproducer', sends));
    } else {
      this.negotiator = new Negotiator(peer, out, { awaitOffer: offers && grant.mayPublish, grant });
    }
    peer.on('dtlsstatechange', (state, reason) => state === 'failed' && log.warn(`peer ${peer.id}: DTLS failed: ${reason}`));
  }

  get id(): string {
    return this.#peer.id;
  }

  get info(): PeerInfo {
    const { identity } = this.#grant;
    return { peer_id: this.id, name: this.#name, ...this.#state, ...(identity === '' ? {} : { identity }) };
  }

  /** What is sent while it is away is lost; resuming makes up for it. */
  send(type: string, content: object, id?: number): void {
    this.#outlet?.send(type, content, id);
  }

  mediaChanged(): void {
    this.negotiator?.roomChanged();
    this.tellProducers();
  }

  /** To a client that consumes by itself: the complete list of what there is. */
  tellProducers(): void {
    if (this.ortc !== undefined && this.#grant.maySubscribe) this.send('producers', { producers: this.room.tracksFor(this) });
  }

  setState(state: Messages['state']): void {
    this.#state = { ...state };
    this.room.broadcast('peer_state', { peer_id: this.id, ...state }, this);
  }

  /** A new socket takes over; `id` is that of its request. */
  resume(outlet: Outlet, id: number | undefined): void {
    const before = this.#outlet;
    clearTimeout(this.#awayTimer);
    this.#outlet = outlet;
    before?.detached('replaced');
    this.negotiator?.disconnected();
    this.send('resumed', { peer_id: this.id, room: this.room.name, peers: this.room.othersOf(this) }, id);
    this.negotiator?.reconnected();
    this.tellProducers();
    if (this.#channels.size > 0) this.#tellChannels();
  }

  /** The socket dropped. Means nothing when another has taken over. */
  away(outlet: Outlet): void {
    if (this.#outlet !== outlet || this.#gone) return;
    this.#outlet = undefined;
    this.negotiator?.disconnected();
    this.#awayTimer = setTimeout(() => this.leave('lost'), this.#keptAwayMs);
  }

  leave(reason: PartingReason): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#awayTimer);
    this.negotiator?.close();
    this.#peer.close();
    this.room.remove(this, reason);
    this.#outlet?.detached(reason === 'expired' ? 'expired' : 'left');
    this.#outlet = undefined;
  }

  #sends(producer: Producer): void {
    this.producers.add(producer);
    this.room.mediaChanged(this);
    producer.observer.once('close', () => {
      this.producers.delete(producer);
      this.room.mediaChanged(this);
    });
  }

  #channelOpened(dataConsumer: DataConsumer): void {
    const { sctpStreamParameters, dataProducerId, label } = dataConsumer;
    const owner = this.room.ownerOf(dataProducerId);
    if (owner === undefined || sctpStreamParameters === undefined) return;
    this.#channels.set(dataConsumer, { id: sctpStreamParameters.streamId, label, peer_id: owner });
    dataConsumer.observer.once('close', () => this.#channels.delete(dataConsumer));
    this.#tellChannels();
  }

  /** The complete list, as of tracks. One that has closed goes without a word: the client sees it close. */
  #tellChannels(): void {
    this.send('channels', { channels: [...this.#channels.values()] });
  }
}
