// What a WHIP publication and a WHEP playback share: a peer that was negotiated by one POST, trickle ICE and ICE restarts by PATCH,
// and an end (RFC 9725 §4, draft-ietf-wish-whep §4).
//
// It ends when its client says so (DELETE, or DTLS close_notify), when ICE consent is gone, when it was never connected, or with its
// room's worker. Requests to one session are worked through one after the other.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Peer, Producer } from 'sluice';
import type { Grant } from '../access/grant.js';
import type { ConferenceRoom, Member } from '../rooms.js';
import type { PartingReason, PeerInfo } from '../signaling/participant.js';
import { credentialsOf, fragmentOf, restartedOffer, type Fragment } from './fragment.js';
import { HttpError } from './http_error.js';

/** From the POST to connected DTLS. */
const connectingMs = 30_000;

export abstract class HttpSession implements Member {
  /** Whoever holds it can act on the session: it is hard to guess. */
  readonly sessionId = randomBytes(24).toString('base64url');
  readonly #tokenHash: Buffer;
  readonly #connecting: NodeJS.Timeout;
  #queue: Promise<unknown> = Promise.resolve();
  #etag = newEtag();
  #gone = false;
  readonly #onEnd: (() => void)[] = [];
  /** As the client made it, with the credentials of its newest ICE restart. */
  protected offer = '';

  constructor(
    readonly room: ConferenceRoom,
    protected readonly peer: Peer,
    protected readonly grant: Grant,
    token: string | undefined,
  ) {
    this.#tokenHash = hash(token);
    this.#connecting = setTimeout(() => this.leave('lost'), connectingMs);
    peer.on('dtlsstatechange', (state) => {
      if (state === 'connected') clearTimeout(this.#connecting);
      else if (state === 'failed') this.leave('lost');
      else if (state === 'closed') this.leave('left');
    });
    // RFC 7675 §5.1: consent has expired.
    peer.on('icestatechange', (state) => state === 'disconnected' && this.leave('lost'));
  }

  get id(): string {
    return this.peer.id;
  }

  abstract get info(): PeerInfo | null;
  abstract readonly producers: ReadonlySet<Producer>;

  /** Identifies the ICE session (RFC 9725 §4.3.1). */
  get etag(): string {
    return this.#etag;
  }

  send(): void {}

  mediaChanged(): void {}

  /** The first offer; gives the answer. */
  negotiate(offer: string): Promise<string> {
    return this.step(async () => {
      const answer = await this.apply(offer);
      this.offer = offer;
      return answer;
    });
  }

  /** Whether this is the token that the session was made with. */
  knows(token: string | undefined): boolean {
    return timingSafeEqual(this.#tokenHash, hash(token));
  }

  /** Whether somebody else's good token is this session's owner's. */
  isOf({ identity, room }: Grant): boolean {
    return identity !== '' && identity === this.grant.identity && room === this.grant.room;
  }

  /**
   * Gives what the client is told after an ICE restart; undefined after a trickle.
   * Throws HttpError 428 and 412 about `ifMatch`.
   */
  patch(fragment: Fragment, ifMatch: string | undefined): Promise<string | undefined> {
    return this.step(async () => {
      this.#checkEtag(ifMatch);
      if (fragment.credentials !== undefined && !this.#isCurrent(fragment.credentials)) return this.#restart(fragment);
      for (const { candidate, sdpMid } of fragment.candidates) {
        await this.peer.addIceCandidate({ candidate, ...(sdpMid === undefined ? { sdpMLineIndex: 0 } : { sdpMid }) });
      }
      if (fragment.ended) await this.peer.addIceCandidate(null);
      return undefined;
    });
  }

  leave(reason: PartingReason): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#connecting);
    this.peer.close();
    this.room.remove(this, reason);
    for (const action of this.#onEnd) action();
  }

  /** At once if it has ended already. */
  onEnd(action: () => void): void {
    if (this.#gone) action();
    else this.#onEnd.push(action);
  }

  /** The offer takes effect with its answer, or not at all. */
  protected async apply(offer: string): Promise<string> {
    await this.peer.setRemoteDescription({ type: 'offer', sdp: offer });
    try {
      await this.peer.createAnswer();
      this.checkAnswer(offer);
      await this.peer.setLocalDescription();
    } catch (error) {
      await this.peer.setRemoteDescription({ type: 'rollback' });
      throw error;
    }
    return this.peer.localDescription!.sdp;
  }

  /** Looks at the peer's sections. Throws HttpError when this offer cannot be had. */
  protected abstract checkAnswer(offer: string): void;

  protected step<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      if (this.#gone) throw new HttpError(404, 'this session has ended');
      return action();
    });
    this.#queue = result.catch(() => {});
    return result;
  }

  #checkEtag(ifMatch: string | undefined): void {
    if (ifMatch === undefined) throw new HttpError(428, 'this request needs If-Match with the ETag of the session, or "*" to restart ICE');
    const tags = ifMatch.split(',').map((tag) => tag.trim());
    // Clients are known to send the asterisk in quotes, as the examples of the documents do.
    if (tags.some((tag) => tag === '*' || tag === '"*"' || tag === this.#etag)) return;
    throw new HttpError(412, `If-Match names another ICE session than the current one`);
  }

  #isCurrent({ ufrag, pwd }: { ufrag: string; pwd: string }): boolean {
    const current = credentialsOf(this.offer);
    return current.ufrag === ufrag && current.pwd === pwd;
  }

  async #restart(fragment: Fragment): Promise<string> {
    const offer = restartedOffer(this.offer, fragment);
    const answer = await this.apply(offer);
    this.offer = offer;
    this.#etag = newEtag();
    return fragmentOf(answer);
  }
}

function newEtag(): string {
  return `"${randomBytes(9).toString('base64url')}"`;
}

function hash(token: string | undefined): Buffer {
  return createHash('sha256')
    .update(token ?? '')
    .digest();
}
