// The endpoint /whip/ROOM and its sessions (RFC 9725).
import type { Request, Response, Router } from 'express';
import { needPublish } from '../access/grant.js';
import type { Rooms } from '../rooms.js';
import { displayName } from '../signaling/messages.js';
import { bearer, body, fragmentType, pathOf, resource, roomOf, sdpType } from './endpoint.js';
import { HttpError } from './http_error.js';
import { Publication } from './publication.js';
import { needSdp, Sessions } from './session_resource.js';

/** Whom the others see, where neither the token nor the address says a name. */
const unnamed = 'Live';

export function addWhip(router: Router, rooms: Rooms): void {
  const sessions = new Sessions<Publication>(rooms);
  const publish = async (request: Request, response: Response): Promise<void> => {
    const room = roomOf(request);
    needSdp(request);
    const token = bearer(request);
    const grant = await rooms.access.admit(room, token);
    needPublish(grant);
    const name = displayName(request.query['name'] ?? (grant.identity || unnamed));
    if (name === undefined) throw new HttpError(400, 'name, in the query, must have 1 to 64 characters, none of them a control character');
    const publication = await rooms.enter(
      room,
      { produceData: false },
      (entered, peer) => new Publication(entered, peer, grant, token, name),
    );
    const answer = await sessions.negotiate(publication, request);
    publication.announced();
    rooms.announce(publication);
    sessions.created(response, publication, answer, pathOf('whip', room, 'sessions', publication.sessionId));
  };
  resource(router, '/whip/:room', { POST: [...body(sdpType), publish] }, { 'Accept-Post': sdpType });
  resource(router, '/whip/:room/sessions/:session', sessions.methods, { 'Accept-Patch': fragmentType });
}
