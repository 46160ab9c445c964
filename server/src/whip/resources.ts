// The endpoints /whip/ROOM (RFC 9725) and /whep/ROOM, /whep/ROOM/participants/WHO (draft-ietf-wish-whep), and their sessions.
import { Router, type Request, type Response } from 'express';
import { needPublish, needSubscribe } from '../access/grant.js';
import { linkHeader } from '../ice_servers.js';
import type { Log } from '../log.js';
import type { Rooms } from '../rooms.js';
import { displayName } from '../signaling/messages.js';
import {
  bearer,
  body,
  bodyText,
  fragmentType,
  jsonBody,
  jsonType,
  pathOf,
  refuse,
  resource,
  roomOf,
  sdpType,
  Sessions,
  type Methods,
} from './endpoint.js';
import { eventNames, PlaybackEvents, readEventNames } from './events.js';
import { readFragment } from './fragment.js';
import { HttpError } from './http_error.js';
import { chooseLayer } from './layers.js';
import { Playback } from './playback.js';
import { Publication } from './publication.js';
import type { HttpSession } from './session.js';

const acceptPost = { 'Accept-Post': sdpType };
const acceptPatch = { 'Accept-Patch': fragmentType };
const unnamed = 'Live';

export function mediaOverHttp(rooms: Rooms, log: Log): Router {
  const router = Router({ caseSensitive: true });
  addWhip(router, rooms);
  addWhep(router, rooms);
  router.use(refuse(log));
  return router;
}

function addWhip(router: Router, rooms: Rooms): void {
  const sessions = new Sessions<Publication>();
  const publish = async (request: Request, response: Response): Promise<void> => {
    const room = roomOf(request);
    needSdp(request);
    const token = bearer(request);
    const grant = await rooms.access.admit(room, token);
    needPublish(grant);
    const name = displayName(request.query['name'] ?? (grant.identity || unnamed));
    if (name === undefined) throw new HttpError(400, 'name, in the query, must have 1 to 64 characters, none of them a control character');
    const publication = await rooms.enter(room, 'manual', (entered, peer) => new Publication(entered, peer, grant, token, name));
    const answer = await negotiated(publication, bodyText(request));
    sessions.add(publication);
    publication.announced();
    rooms.announce(publication);
    created(response, publication, answer, pathOf('whip', room, 'sessions', publication.sessionId), rooms.iceServers.map(linkHeader));
  };
  resource(router, '/whip/:room', { POST: [...body(sdpType), publish] }, acceptPost);
  resource(router, '/whip/:room/sessions/:session', sessionMethods(sessions, rooms), acceptPatch);
}

function addWhep(router: Router, rooms: Rooms): void {
  const sessions = new Sessions<Playback>();
  const events = new WeakMap<Playback, PlaybackEvents>();
  const countViewers = (): void => {
    for (const playback of sessions) events.get(playback)?.viewersChanged([...sessions].filter((other) => other.sees(playback)).length);
  };
  const watch = async (request: Request, response: Response): Promise<void> => {
    const room = roomOf(request);
    needSdp(request);
    const token = bearer(request);
    const grant = await rooms.access.admit(room, token);
    needSubscribe(grant);
    const { who } = request.params as { who?: string };
    const playback = await rooms.enter(room, 'manual', (entered, peer) => new Playback(entered, peer, grant, token, who));
    const answer = await negotiated(playback, bodyText(request));
    sessions.add(playback);
    events.set(playback, new PlaybackEvents(playback));
    playback.onEnd(countViewers);
    countViewers();
    const path = pathOf('whep', room, 'sessions', playback.sessionId);
    created(response, playback, answer, path, [
      ...rooms.iceServers.map(linkHeader),
      `<${path}/layer>; rel="urn:ietf:params:whep:ext:core:layer"`,
      `<${path}/events>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="${eventNames.join(',')}"`,
    ]);
  };
  const find = async (request: Request): Promise<[Playback, PlaybackEvents]> => {
    const playback = await owned(sessions, rooms, request);
    return [playback, events.get(playback)!];
  };
  const post = { POST: [...body(sdpType), watch] } satisfies Methods;
  resource(router, '/whep/:room', post, acceptPost);
  resource(router, '/whep/:room/participants/:who', post, acceptPost);
  resource(router, '/whep/:room/sessions/:session', sessionMethods(sessions, rooms), acceptPatch);
  const choose = async (request: Request, response: Response): Promise<void> => {
    const [playback] = await find(request);
    await chooseLayer(playback, jsonBody(request) ?? {});
    response.status(200).end();
  };
  resource(router, '/whep/:room/sessions/:session/layer', { POST: [...body(jsonType), choose] }, { 'Accept-Post': jsonType });
  const subscribe = async (request: Request, response: Response): Promise<void> => {
    const [playback, streams] = await find(request);
    const id = streams.add(readEventNames(jsonBody(request)));
    response
      .status(201)
      .location(pathOf('whep', playback.room.name, 'sessions', playback.sessionId, 'events', id))
      .end();
  };
  resource(router, '/whep/:room/sessions/:session/events', { POST: [...body(jsonType, false), subscribe] }, { 'Accept-Post': jsonType });
  // The id of a stream is as hard to guess as a token, and an EventSource of a browser sends no Authorization.
  const read = (request: Request, response: Response): void => {
    const stream = events.get(sessions.find(request))!.find(String(request.params['stream']));
    if (stream === undefined) throw new HttpError(404, 'there is no such event stream');
    stream.attach(response);
  };
  const drop = async (request: Request, response: Response): Promise<void> => {
    const [, streams] = await find(request);
    if (!streams.remove(String(request.params['stream']))) throw new HttpError(404, 'there is no such event stream');
    response.status(200).end();
  };
  resource(router, '/whep/:room/sessions/:session/events/:stream', { GET: [read], DELETE: [drop] });
}

/** PATCH and DELETE of a session (RFC 9725 §4.2, §4.3). */
function sessionMethods<T extends HttpSession>(sessions: Sessions<T>, rooms: Rooms): Methods {
  const patch = async (request: Request, response: Response): Promise<void> => {
    const session = await owned(sessions, rooms, request);
    const restarted = await session.patch(readFragment(bodyText(request)), request.headers['if-match']);
    if (restarted === undefined) response.status(204).end();
    else response.status(200).set({ ETag: session.etag, 'Content-Type': fragmentType }).end(restarted);
  };
  const end = async (request: Request, response: Response): Promise<void> => {
    (await owned(sessions, rooms, request)).leave('left');
    response.status(200).end();
  };
  return { PATCH: [...body(fragmentType), patch], DELETE: [end] };
}

/** The session, if the request shows the token that it was made with, or another one of the same identity. */
async function owned<T extends HttpSession>(sessions: Sessions<T>, rooms: Rooms, request: Request): Promise<T> {
  const session = sessions.find(request);
  const token = bearer(request);
  if (session.knows(token)) return session;
  const grant = await rooms.access.admit(session.room.name, token);
  if (session.isOf(grant)) return session;
  throw new HttpError(403, 'this session was made with another token');
}

/** RFC 9110 §12.5.1. */
function needSdp(request: Request): void {
  if (!request.accepts(sdpType)) throw new HttpError(406, `the answer is ${sdpType}, which the Accept header does not allow`);
}

/** The answer; or the session is gone as if it had never been. */
async function negotiated(session: HttpSession, offer: string): Promise<string> {
  try {
    return await session.negotiate(offer);
  } catch (error) {
    session.leave('left');
    throw error;
  }
}

function created(response: Response, session: HttpSession, answer: string, path: string, links: string[]): void {
  // Not response.send: it would answer If-None-Match, and make an ETag of its own.
  response.status(201).set({ ...acceptPatch, 'Content-Type': sdpType, ETag: session.etag, Location: path });
  if (links.length > 0) response.setHeader('Link', links);
  response.end(answer);
}
