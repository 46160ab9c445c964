// A session over HTTP, the same for WHIP and WHEP: made by POST, patched, ended, and only by who made it.
import type { Request, Response } from 'express';
import { linkHeader } from '../ice_servers.js';
import type { Rooms } from '../rooms.js';
import { bearer, body, bodyText, fragmentType, sdpType, type Methods } from './endpoint.js';
import { readFragment } from './fragment.js';
import { HttpError } from './http_error.js';
import type { HttpSession } from './session.js';

/** Those of one kind, by their hard-to-guess ids. */
export class Sessions<T extends HttpSession> {
  readonly #sessions = new Map<string, T>();

  constructor(private readonly rooms: Rooms) {}

  [Symbol.iterator](): IterableIterator<T> {
    return this.#sessions.values();
  }

  /** The answer to the offer in the request; or the session is gone as if it had never been. */
  async negotiate(session: T, request: Request): Promise<string> {
    try {
      const answer = await session.negotiate(bodyText(request));
      this.#sessions.set(session.sessionId, session);
      session.onEnd(() => this.#sessions.delete(session.sessionId));
      return answer;
    } catch (error) {
      session.leave('left');
      throw error;
    }
  }

  /** 201, with what the request asked for; `links` beside those to ICE servers. */
  created(response: Response, session: T, answer: string, path: string, links: string[] = []): void {
    const all = [...this.rooms.iceServers.map(linkHeader), ...links];
    response.status(201).set({ 'Accept-Patch': fragmentType, 'Content-Type': sdpType, ETag: session.etag, Location: path });
    if (all.length > 0) response.setHeader('Link', all);
    response.end(answer);
  }

  /** Throws HttpError 404. */
  find(request: Request): T {
    const session = this.#sessions.get(String(request.params['session']));
    if (session === undefined || session.room.name !== request.params['room'])
      throw new HttpError(404, 'there is no such session, or it has ended');
    return session;
  }

  /** The session, if the request shows the token that it was made with, or another one of the same identity. Else 401, 403. */
  async owned(request: Request): Promise<T> {
    const session = this.find(request);
    const token = bearer(request);
    if (session.knows(token)) return session;
    if (session.isOf(await this.rooms.access.admit(session.room.name, token))) return session;
    throw new HttpError(403, 'this session was made with another token');
  }

  /** PATCH and DELETE (RFC 9725 §4.2, §4.3). */
  get methods(): Methods {
    const patch = async (request: Request, response: Response): Promise<void> => {
      const session = await this.owned(request);
      const restarted = await session.patch(readFragment(bodyText(request)), request.headers['if-match']);
      if (restarted === undefined) response.status(204).end();
      else response.status(200).set({ ETag: session.etag, 'Content-Type': fragmentType }).end(restarted);
    };
    const end = async (request: Request, response: Response): Promise<void> => {
      (await this.owned(request)).leave('left');
      response.status(200).end();
    };
    return { PATCH: [...body(fragmentType), patch], DELETE: [end] };
  }
}

/** RFC 9110 §12.5.1. Throws HttpError 406. */
export function needSdp(request: Request): void {
  if (!request.accepts(sdpType)) throw new HttpError(406, `the answer is ${sdpType}, which the Accept header does not allow`);
}
