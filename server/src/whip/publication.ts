// A WHIP client in a room (RFC 9725): others see it as a participant with a name, a picture and sound.
import type { Peer, Producer } from 'sluice';
import type { Grant } from '../access/grant.js';
import type { ConferenceRoom } from '../rooms.js';
import type { PeerInfo } from '../signaling/participant.js';
import { HttpError } from './http_error.js';
import { HttpSession } from './session.js';

export class Publication extends HttpSession {
  readonly #name: string;
  readonly producers = new Set<Producer>();
  #announced = false;

  constructor(room: ConferenceRoom, peer: Peer, grant: Grant, token: string | undefined, name: string) {
    super(room, peer, grant, token);
    this.#name = grant.name ?? name;
    peer.on('newproducer', (producer) => {
      this.producers.add(producer);
      room.mediaChanged(this);
      producer.observer.once('close', () => {
        this.producers.delete(producer);
        room.mediaChanged(this);
      });
    });
  }

  /** Null until its media is settled: a refused one was never there. */
  get info(): PeerInfo | null {
    if (!this.#announced) return null;
    const { identity } = this.grant;
    return {
      peer_id: this.id,
      name: this.#name,
      audio: this.#has('audio'),
      video: this.#has('video'),
      ...(identity === '' ? {} : { identity }),
    };
  }

  /** From now on others see it. */
  announced(): void {
    this.#announced = true;
  }

  protected checkAnswer(offer: string): void {
    const { sections } = this.peer;
    const media = offer.match(/^m=(audio|video) /gm)?.length ?? 0;
    if (media === 0) throw new HttpError(400, 'the offer has neither audio nor video');
    // RFC 9725 §4.4.3: all of it, or nothing.
    if (sections.length < media)
      throw new HttpError(422, `only ${sections.length} of the offer's ${media} tracks have a codec that this room routes`);
    // RFC 9725 §4.2: neither recvonly nor inactive.
    const idle = sections.find(({ receiving }) => !receiving);
    if (idle !== undefined)
      throw new HttpError(400, `the offer sends nothing in the section with the mid "${idle.mid}"; expected a=sendonly in each`);
  }

  #has(kind: 'audio' | 'video'): boolean {
    return this.peer.sections.some((section) => section.kind === kind && section.receiving);
  }
}
