// One participant's offers and answers, one step at a time: the polite side of perfect negotiation (docs/signaling.md, States).
//
// Invariants: at most one offer of ours is unanswered; steps never overlap; nothing is offered while the participant has no socket
// or while its own first offer is awaited.
import { InvalidArgumentError, InvalidStateError, UnsupportedError, type Peer } from 'sluice';
import { needPublish, type Grant } from '../access/grant.js';
import { SignalingError } from './errors.js';
import type { Messages } from './messages.js';

/** How long the server's first offer waits for the one that a client announced with its join. */
const announcedOfferMs = 5_000;
/** Of these the client may still send an answer. */
const keptAbandoned = 16;

export interface Track {
  mid: string;
  peer_id: string;
  kind: 'audio' | 'video';
  producer_id: string;
}

interface Offer {
  id: number;
  content: { type: 'offer'; sdp: string; tracks: Track[] };
}

/** What the negotiator tells the participant. */
export interface NegotiatorOutlet {
  send: (type: 'offer' | 'answer', content: object, id: number | undefined) => void;
  /** An offer of ours could not be made. */
  failed: (error: Error) => void;
}

export class Negotiator {
  readonly #peer: Peer;
  readonly #grant: Grant;
  readonly #out: NegotiatorOutlet;
  #queue: Promise<unknown> = Promise.resolve();
  #pending: Offer | undefined;
  /** Its answer was unusable: it is rolled back when there is something new to offer. */
  #pendingFailed = false;
  #abandoned: number[] = [];
  #nextId = 1;
  #needed = false;
  #connected = true;
  #announced: NodeJS.Timeout | undefined;

  /** `awaitOffer`: the client said that its offer follows at once. */
  constructor(peer: Peer, out: NegotiatorOutlet, { awaitOffer, grant }: { awaitOffer: boolean; grant: Grant }) {
    this.#peer = peer;
    this.#grant = grant;
    this.#out = out;
    if (awaitOffer) this.#announced = setTimeout(() => this.#stopWaiting(), announcedOfferMs);
    peer.on('negotiationneeded', () => {
      this.#needed = true;
      this.#offerSoon();
    });
  }

  close(): void {
    clearTimeout(this.#announced);
  }

  /** The socket is gone: offers wait for the next one. */
  disconnected(): void {
    this.#connected = false;
  }

  /** There is a socket again, and what was sent meanwhile is lost. */
  reconnected(): void {
    this.#connected = true;
    this.#ownStep(() => {
      if (this.#pending !== undefined) this.#out.send('offer', this.#pending.content, this.#pending.id);
    });
    this.#offerSoon();
  }

  /** What others send has changed. The worker tells that itself, but not while an offer is open. */
  roomChanged(): void {
    if (!this.#pendingFailed) return;
    this.#ownStep(async () => {
      if (this.#pendingFailed) await this.#rollBack();
    });
  }

  offer({ type, sdp }: Messages['offer'], id: number | undefined): Promise<void> {
    return this.#step(async () => {
      await refusingAs('bad_sdp', this.#peer.setRemoteDescription({ type, sdp }));
      this.#abandon();
      try {
        if (!this.#grant.mayPublish) await this.#refuseMedia();
        await this.#peer.setLocalDescription({ type: 'answer' });
        // What this answer delivers need not be offered; for what is left the worker asks anew.
        this.#needed = false;
      } catch (error) {
        await this.#peer.setRemoteDescription({ type: 'rollback' });
        throw asRefusal('bad_sdp', error);
      }
      this.#out.send('answer', { type: 'answer', sdp: this.#peer.localDescription?.sdp, tracks: this.#tracks() }, id);
      this.#stopWaiting();
    });
  }

  answer({ type, sdp }: Messages['answer'], id: number | undefined): Promise<void> {
    return this.#step(async () => {
      if (id !== undefined && this.#abandoned.includes(id)) return;
      if (this.#pending === undefined) throw new SignalingError('wrong_state', 'no offer of the server is waiting for an answer');
      if (id !== this.#pending.id) return;
      try {
        await refusingAs('bad_sdp', this.#peer.setRemoteDescription({ type, sdp }));
      } catch (error) {
        this.#pendingFailed = true;
        throw error;
      }
      this.#pending = undefined;
      this.#pendingFailed = false;
      this.#offerSoon();
    });
  }

  /** As the worker read the offer, before anything of it takes effect. Throws AccessError. */
  async #refuseMedia(): Promise<void> {
    await this.#peer.createAnswer();
    if (this.#peer.sections.some(({ receiving }) => receiving)) needPublish(this.#grant);
  }

  candidate(candidate: Messages['candidate']): Promise<void> {
    return this.#step(() => refusingAs('bad_candidate', this.#peer.addIceCandidate(candidate)));
  }

  /** Makes the next offer as soon as all conditions hold; whoever changes one of them calls this. */
  #offerSoon(): void {
    this.#ownStep(async () => {
      if (!this.#needed || !this.#connected || this.#pending !== undefined || this.#announced !== undefined || this.#peer.closed) return;
      await this.#peer.setLocalDescription({ type: 'offer' });
      // What the worker asked for meanwhile is in the offer as well: what it says after its response comes after this (channel.ts).
      this.#needed = false;
      const { sdp } = this.#peer.localDescription!;
      this.#pending = { id: this.#nextId++, content: { type: 'offer', sdp, tracks: this.#tracks() } };
      this.#out.send('offer', this.#pending.content, this.#pending.id);
    });
  }

  #tracks(): Track[] {
    return this.#peer.sections.flatMap(({ mid, kind, sending, producerId, sourcePeerId }) =>
      sending && producerId !== undefined && sourcePeerId !== undefined
        ? [{ mid, peer_id: sourcePeerId, kind, producer_id: producerId }]
        : [],
    );
  }

  /** Steps run one after the other; the caller hears of its own failure. */
  #step<T>(action: () => T | Promise<T>): Promise<T> {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** A step that nobody waits for. */
  #ownStep(action: () => void | Promise<void>): void {
    this.#step(action).catch((error: unknown) => {
      if (!this.#peer.closed) this.#out.failed(error as Error);
    });
  }

  #stopWaiting(): void {
    clearTimeout(this.#announced);
    this.#announced = undefined;
    this.#offerSoon();
  }

  async #rollBack(): Promise<void> {
    await this.#peer.setLocalDescription({ type: 'rollback' });
    this.#abandon();
    this.#needed = true;
    this.#offerSoon();
  }

  #abandon(): void {
    if (this.#pending !== undefined) this.#abandoned = [...this.#abandoned, this.#pending.id].slice(-keptAbandoned);
    this.#pending = undefined;
    this.#pendingFailed = false;
  }
}

/** What the worker found wrong with what the client said, as the client is told; other failures pass as they are. */
function asRefusal(code: 'bad_sdp' | 'bad_candidate', error: unknown): unknown {
  const field = code === 'bad_sdp' ? 'sdp' : 'candidate';
  if (error instanceof InvalidArgumentError || error instanceof UnsupportedError) return new SignalingError(code, error.message, field);
  if (error instanceof InvalidStateError) return new SignalingError('wrong_state', error.message);
  return error;
}

async function refusingAs(code: 'bad_sdp' | 'bad_candidate', request: Promise<void>): Promise<void> {
  try {
    await request;
  } catch (error) {
    throw asRefusal(code, error);
  }
}
