// A WHEP viewer (draft-ietf-wish-whep): it watches a whole room, or one participant of it, and is not seen itself.
//
// WHEP has no renegotiation. Who begins or ceases to send while somebody watches is therefore put into the sections that the viewer
// opened with its one offer: that offer is applied to the peer again, and the answer kept to ourselves (viewer_sdp.ts makes the one
// that the viewer got leave room for this).
import { NotFoundError, type Consumer, type Peer, type Producer } from 'sluice';
import type { Grant } from '../access/grant.js';
import type { ConferenceRoom } from '../rooms.js';
import type { PeerInfo } from '../signaling/participant.js';
import { HttpError } from './http_error.js';
import { HttpSession } from './session.js';
import { openAnswer, watchingOffer } from './viewer_sdp.js';

/** One section of the viewer's offer. */
export interface Watched {
  /** Of the m-line, from 0. */
  index: number;
  kind: 'audio' | 'video';
  /** What it gets there. Undefined: nobody sends. */
  consumer: Consumer | undefined;
}

const nobodySends = new HttpError(409, 'nobody is sending here by now', { 'Retry-After': '2' });

export class Playback extends HttpSession {
  readonly info = null;
  readonly producers: ReadonlySet<Producer> = new Set();
  readonly #consumers = new Map<string, Consumer>();
  readonly #listeners = new Set<() => void>();
  readonly #who: string | undefined;
  #subscribed = new Set<string>();
  #negotiated = false;
  #behind = false;

  /** `who`: the one participant to watch, by its id, identity or name. Undefined: all. */
  constructor(room: ConferenceRoom, peer: Peer, grant: Grant, token: string | undefined, who: string | undefined) {
    super(room, peer, grant, token);
    this.#who = who;
    peer.on('newconsumer', (consumer) => {
      this.#consumers.set(consumer.id, consumer);
      consumer.observer.on('close', () => {
        this.#consumers.delete(consumer.id);
        this.#changed();
      });
      consumer.observer.on('layerschange', () => this.#changed());
      this.#changed();
    });
  }

  /** Whether somebody sends what is watched. */
  get active(): boolean {
    return this.#consumers.size > 0;
  }

  /** Whether the other watches the same. */
  sees(other: Playback): boolean {
    return other.room === this.room && other.#who === this.#who;
  }

  /** In the order of the offer. */
  get watched(): Watched[] {
    return this.peer.sections.map(({ kind, consumerId }, index) => ({
      index,
      kind,
      consumer: consumerId === undefined ? undefined : this.#consumers.get(consumerId),
    }));
  }

  /** `action` runs when `active`, `watched` or their layers have changed. Gives what stops it. */
  onChange(action: () => void): () => void {
    this.#listeners.add(action);
    return () => this.#listeners.delete(action);
  }

  override async negotiate(offer: string): Promise<string> {
    const watching = watchingOffer(offer);
    await this.step(() => this.#subscribe());
    const answer = await super.negotiate(watching);
    this.#negotiated = true;
    this.mediaChanged(); // whatever came meanwhile
    return openAnswer(answer);
  }

  /** Whatever changes at once is caught up with once. */
  override mediaChanged(): void {
    if (!this.#negotiated || this.#behind) return;
    this.#behind = true;
    this.step(async () => {
      this.#behind = false;
      if (!(await this.#subscribe())) return;
      // The first answer takes back what is gone, the second fills what that left open.
      await this.apply(this.offer);
      await this.apply(this.offer);
      this.#changed();
    }).catch(() => {}); // it has ended meanwhile
  }

  protected checkAnswer(offer: string): void {
    const { sections } = this.peer;
    if (!/^m=(audio|video) /m.test(offer)) throw new HttpError(400, 'the offer has neither audio nor video');
    if (sections.length === 0) throw new HttpError(422, 'the offer has no codec that this room routes');
    if (!this.#negotiated && sections.every(({ sending }) => !sending)) throw nobodySends;
  }

  /** Takes what is sent by now. Says whether anything differs from before. */
  async #subscribe(): Promise<boolean> {
    const sent = this.room.producersOf((info) => this.#watches(info)).map(({ id }) => id);
    const fresh = sent.filter((id) => !this.#subscribed.has(id));
    const same = fresh.length === 0 && sent.length === this.#subscribed.size;
    this.#subscribed = new Set(sent);
    for (const id of fresh) {
      await this.peer.subscribe(id).catch((error: unknown) => {
        if (!(error instanceof NotFoundError)) throw error; // closed at this very moment
      });
    }
    return !same;
  }

  #watches({ peer_id, identity, name }: PeerInfo): boolean {
    return this.#who === undefined || [peer_id, identity, name].includes(this.#who);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
