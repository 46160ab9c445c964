// The rooms by name, who is in them, and the sessions by which participants are found again.
//
// A room is made by the first who enters and closed after the last has gone. When its worker dies, all its participants are told
// that their session expired, and they join anew by themselves.
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { DataProducer, Peer, PeerOptions, Producer, Room } from 'sluice';
import type { Grant } from './access/grant.js';
import type { Access } from './access/tokens.js';
import type { IceServer } from './ice_servers.js';
import type { Log } from './log.js';
import { SignalingError } from './signaling/errors.js';
import type { Messages } from './signaling/messages.js';
import { Participant, type Outlet, type PartingReason, type PeerInfo } from './signaling/participant.js';
import type { WorkerPool } from './workers.js';

const drainCheckMs = 200;

/** What an operator may choose. */
export interface Limits {
  /** Most participants of a room. */
  participants: number;
  /** How long a participant without a socket is kept. */
  keptAwayMs: number;
}

/** Who is in a room: a participant with a WebSocket, a WHIP publication, or a WHEP playback. */
export interface Member {
  readonly id: string;
  /** How others see it. Null: they do not, it only watches. */
  readonly info: PeerInfo | null;
  /** What it sends. */
  readonly producers: ReadonlySet<Producer>;
  /** The data channels that it has opened. */
  readonly dataProducers?: ReadonlySet<DataProducer>;
  send(type: string, content: object): void;
  /** What somebody else sends has changed. */
  mediaChanged(): void;
  leave(reason: PartingReason): void;
}

/** What a member gets and gives without asking. */
export type PeerRights = Pick<PeerOptions, 'subscription' | 'produceData'>;

export class ConferenceRoom {
  readonly #members = new Set<Member>();
  /** Who is entering: they hold their place, and keep the room. */
  #arriving = 0;

  constructor(
    readonly name: string,
    readonly media: Room,
    private readonly limits: Limits,
    private readonly count: (change: number) => void,
    private readonly onLeft: (member: Member) => void,
  ) {}

  get size(): number {
    return this.#members.size;
  }

  get empty(): boolean {
    return this.#members.size + this.#arriving === 0;
  }

  /** The longest present first. */
  othersOf(member: Member): PeerInfo[] {
    return [...this.#members].flatMap((other) => (other !== member && other.info !== null ? other.info : []));
  }

  /** What those send whom `wanted` takes, the longest present first. */
  producersOf(wanted: (info: PeerInfo) => boolean): Producer[] {
    return [...this.#members].flatMap(({ info, producers }) => (info !== null && wanted(info) ? [...producers] : []));
  }

  /** What the others send, the longest present first. */
  tracksFor(member: Member): { producer_id: string; peer_id: string; kind: string }[] {
    return [...this.#members].flatMap(({ id, info, producers }) =>
      id === member.id || info === null
        ? []
        : [...producers].map((producer) => ({ producer_id: producer.id, peer_id: id, kind: producer.kind })),
    );
  }

  /** Whose data channel it is. */
  ownerOf(dataProducerId: string): string | undefined {
    for (const { id, dataProducers } of this.#members)
      for (const dataProducer of dataProducers ?? []) if (dataProducer.id === dataProducerId) return id;
    return undefined;
  }

  broadcast(type: string, content: object, except: Member): void {
    for (const member of this.#members) if (member !== except) member.send(type, content);
  }

  /** A member began or ceased to send something. */
  mediaChanged(by: Member): void {
    for (const member of this.#members) if (member !== by) member.mediaChanged();
  }

  /** Throws SignalingError room_full. */
  async admit<T extends Member>(rights: PeerRights, make: (room: ConferenceRoom, peer: Peer) => T): Promise<T> {
    if (this.#members.size + this.#arriving >= this.limits.participants) {
      throw new SignalingError('room_full', `the room has its most of ${this.limits.participants} participants`);
    }
    this.#arriving++;
    this.count(1);
    try {
      const peer = await this.media.createPeer({ id: `p-${randomBytes(8).toString('hex')}`, ...rights });
      const member = make(this, peer);
      this.#members.add(member);
      return member;
    } catch (error) {
      this.count(-1);
      throw error;
    } finally {
      this.#arriving--;
    }
  }

  remove(member: Member, reason: PartingReason): void {
    if (!this.#members.delete(member)) return;
    this.count(-1);
    if (reason !== 'expired' && member.info !== null) this.broadcast('peer_left', { peer_id: member.id, reason }, member);
    this.onLeft(member);
  }

  /** The media is gone. */
  expire(): void {
    for (const member of [...this.#members]) member.leave('expired');
  }
}

export class Rooms {
  readonly #rooms = new Map<string, Promise<ConferenceRoom>>();
  readonly #sessions = new Map<string, Participant>();
  #present = 0;
  #draining = false;

  constructor(
    private readonly pool: WorkerPool,
    private readonly limits: Limits,
    readonly access: Access,
    readonly iceServers: readonly IceServer[],
    private readonly log: Log,
  ) {}

  get size(): number {
    return this.#rooms.size;
  }

  /** From now on no room is opened; those in use go on, and take who joins. Resolves when the last is left, or after `ms`. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    const end = Date.now() + ms;
    while (this.#present > 0 && Date.now() < end) await wait(Math.min(drainCheckMs, Math.max(0, end - Date.now())));
  }

  /** Those who only watch are counted too. */
  get participants(): number {
    return this.#present;
  }

  /**
   * Checks the token before anything is made, then tells the newcomer who is there, and the others of the newcomer.
   * Throws AccessError, SignalingError.
   */
  async join(request: Messages['join'], outlet: Outlet, id: number | undefined): Promise<Participant> {
    const grant = await this.access.admit(request.room, request.token);
    const { keptAwayMs } = this.limits;
    const participant = await this.enter(
      request.room,
      { subscription: grant.maySubscribe && !request.ortc ? 'all' : 'manual', produceData: grant.mayPublish },
      (room, peer) => new Participant(room, peer, request, grant, outlet, keptAwayMs, this.log),
    );
    const { session } = participant;
    this.#sessions.set(session, participant);
    participant.send('joined', { ...this.#welcome(participant, grant), session }, id);
    participant.tellProducers();
    this.announce(participant);
    return participant;
  }

  /** Lets somebody into a room, which is made if there is none. A room that closes at this very moment is made anew. */
  async enter<T extends Member>(name: string, rights: PeerRights, make: (room: ConferenceRoom, peer: Peer) => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const room = await this.#roomOf(name);
      if (room.media.closed) continue;
      try {
        const member = await room.admit(rights, make);
        this.#present++;
        return member;
      } catch (error) {
        this.#closeIfEmpty(room);
        if (!room.media.closed || attempt === 2 || error instanceof SignalingError) throw error;
      }
    }
  }

  /** Tells the others of a newcomer. */
  announce(member: Member & { readonly room: ConferenceRoom }): void {
    if (member.info !== null) member.room.broadcast('peer_joined', member.info, member);
    if (member.producers.size > 0) member.room.mediaChanged(member);
    this.log.debug(`peer ${member.id} joined; ${member.room.size} in its room`);
  }

  find(session: string): Participant | undefined {
    return this.#sessions.get(session);
  }

  /** The room, if somebody is in it. */
  existing(name: string): Promise<ConferenceRoom> | undefined {
    return this.#rooms.get(name);
  }

  #welcome(participant: Participant, { mayPublish, maySubscribe }: Grant): object {
    return {
      peer_id: participant.id,
      room: participant.room.name,
      peers: participant.room.othersOf(participant),
      ice_servers: this.iceServers,
      may_publish: mayPublish,
      may_subscribe: maySubscribe,
      ...(participant.ortc === undefined ? {} : { rtp_capabilities: participant.room.media.rtpCapabilities }),
    };
  }

  /** The room, made if there is none; never one whose media is gone. */
  #roomOf(name: string): Promise<ConferenceRoom> {
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    if (this.#draining) throw new SignalingError('shutting_down', 'the server is about to end and opens no rooms any more');
    const made = this.#make(name, () => this.#rooms.get(name) === made && this.#rooms.delete(name));
    this.#rooms.set(name, made);
    made.catch(() => this.#rooms.delete(name));
    return made;
  }

  async #make(name: string, forget: () => void): Promise<ConferenceRoom> {
    const { media, count } = await this.pool.createRoom();
    const room = new ConferenceRoom(name, media, this.limits, count, (member) => {
      this.#present--;
      if (member instanceof Participant) this.#sessions.delete(member.session);
      this.#closeIfEmpty(room);
    });
    media.observer.once('close', forget);
    media.on('workerclose', () => room.expire());
    return room;
  }

  #closeIfEmpty(room: ConferenceRoom): void {
    if (room.empty) room.media.close();
  }
}
