// The rooms by name, who is in them, and the sessions by which participants are found again.
//
// A room is made by the first who joins and closed after the last has gone. When its worker dies, all its participants are told
// that their session expired, and they join anew by themselves.
import { randomBytes } from 'node:crypto';
import type { Room } from 'sluice';
import type { Log } from './log.js';
import { SignalingError } from './signaling/errors.js';
import type { Messages } from './signaling/messages.js';
import { Participant, type Outlet, type PartingReason, type PeerInfo } from './signaling/participant.js';
import type { WorkerPool } from './workers.js';

/** What an operator may choose. */
export interface Limits {
  /** Most participants of a room. */
  participants: number;
  /** How long a participant without a socket is kept. */
  keptAwayMs: number;
}

export class ConferenceRoom {
  readonly #participants = new Set<Participant>();
  /** Joins under way: they hold their place, and keep the room. */
  #arriving = 0;

  constructor(
    readonly name: string,
    readonly media: Room,
    private readonly limits: Limits,
    private readonly count: (change: number) => void,
    private readonly onLeft: (participant: Participant) => void,
  ) {}

  get size(): number {
    return this.#participants.size;
  }

  get empty(): boolean {
    return this.#participants.size + this.#arriving === 0;
  }

  /** The longest present first. */
  othersOf(participant: Participant): PeerInfo[] {
    return [...this.#participants].filter((other) => other !== participant).map(({ info }) => info);
  }

  broadcast(type: string, content: object, except: Participant): void {
    for (const participant of this.#participants) if (participant !== except) participant.send(type, content);
  }

  /** A participant began or ceased to send something. */
  mediaChanged(by: Participant): void {
    for (const participant of this.#participants) if (participant !== by) participant.negotiator.roomChanged();
  }

  /** Throws SignalingError room_full. */
  async admit(request: Messages['join'], outlet: Outlet, log: Log): Promise<Participant> {
    if (this.#participants.size + this.#arriving >= this.limits.participants) {
      throw new SignalingError('room_full', `the room has its most of ${this.limits.participants} participants`);
    }
    this.#arriving++;
    this.count(1);
    try {
      const peer = await this.media.createPeer({ id: `p-${randomBytes(8).toString('hex')}`, subscription: 'all' });
      const participant = new Participant(this, peer, request, outlet, this.limits.keptAwayMs, log);
      this.#participants.add(participant);
      return participant;
    } catch (error) {
      this.count(-1);
      throw error;
    } finally {
      this.#arriving--;
    }
  }

  remove(participant: Participant, reason: PartingReason): void {
    if (!this.#participants.delete(participant)) return;
    this.count(-1);
    if (reason !== 'expired') this.broadcast('peer_left', { peer_id: participant.id, reason }, participant);
    this.onLeft(participant);
  }

  /** The media is gone. */
  expire(): void {
    for (const participant of [...this.#participants]) participant.leave('expired');
  }
}

export class Rooms {
  readonly #pool: WorkerPool;
  readonly #limits: Limits;
  readonly #log: Log;
  readonly #rooms = new Map<string, Promise<ConferenceRoom>>();
  readonly #sessions = new Map<string, Participant>();

  constructor(pool: WorkerPool, limits: Limits, log: Log) {
    this.#pool = pool;
    this.#limits = limits;
    this.#log = log;
  }

  get size(): number {
    return this.#rooms.size;
  }

  get participants(): number {
    return this.#sessions.size;
  }

  /** Tells the newcomer who is there, and the others of the newcomer. */
  async join(request: Messages['join'], outlet: Outlet, id: number | undefined): Promise<Participant> {
    const participant = await this.#admit(request, outlet);
    const { room, session } = participant;
    this.#sessions.set(session, participant);
    participant.send(
      'joined',
      { peer_id: participant.id, session, room: room.name, peers: room.othersOf(participant), ice_servers: [] },
      id,
    );
    room.broadcast('peer_joined', participant.info, participant);
    this.#log.debug(`peer ${participant.id} joined; ${room.size} in its room`);
    return participant;
  }

  /** A room that closes at this very moment is made anew. */
  async #admit(request: Messages['join'], outlet: Outlet): Promise<Participant> {
    for (let attempt = 1; ; attempt++) {
      const room = await this.#roomOf(request.room);
      if (room.media.closed) continue;
      try {
        return await room.admit(request, outlet, this.#log);
      } catch (error) {
        this.#closeIfEmpty(room);
        if (!room.media.closed || attempt === 2 || error instanceof SignalingError) throw error;
      }
    }
  }

  find(session: string): Participant | undefined {
    return this.#sessions.get(session);
  }

  /** The room, made if there is none; never one whose media is gone. */
  #roomOf(name: string): Promise<ConferenceRoom> {
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    const made = this.#make(name, () => this.#rooms.get(name) === made && this.#rooms.delete(name));
    this.#rooms.set(name, made);
    made.catch(() => this.#rooms.delete(name));
    return made;
  }

  async #make(name: string, forget: () => void): Promise<ConferenceRoom> {
    const { media, count } = await this.#pool.createRoom();
    const room = new ConferenceRoom(name, media, this.#limits, count, (participant) => {
      this.#sessions.delete(participant.session);
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
