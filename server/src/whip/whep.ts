// The endpoints /whep/ROOM and /whep/ROOM/participants/WHO, their sessions, and what these offer beside: layers and events
// (draft-ietf-wish-whep and its core extensions).
import type { Request, Response, Router } from 'express';
import { needSubscribe } from '../access/grant.js';
import type { Rooms } from '../rooms.js';
import { bearer, body, fragmentType, jsonBody, jsonType, pathOf, resource, roomOf, sdpType } from './endpoint.js';
import { eventNames, PlaybackEvents, readEventNames } from './events.js';
import { HttpError } from './http_error.js';
import { chooseLayer } from './layers.js';
import { Playback } from './playback.js';
import { needSdp, Sessions } from './session_resource.js';

const session = '/whep/:room/sessions/:session';
const acceptJson = { 'Accept-Post': jsonType };

export function addWhep(router: Router, rooms: Rooms): void {
  const whep = new Whep(rooms);
  for (const path of ['/whep/:room', '/whep/:room/participants/:who'])
    resource(router, path, { POST: [...body(sdpType), whep.watch] }, { 'Accept-Post': sdpType });
  resource(router, session, whep.sessions.methods, { 'Accept-Patch': fragmentType });
  resource(router, `${session}/layer`, { POST: [...body(jsonType), whep.choose] }, acceptJson);
  resource(router, `${session}/events`, { POST: [...body(jsonType, false), whep.subscribe] }, acceptJson);
  resource(router, `${session}/events/:stream`, { GET: [whep.read], DELETE: [whep.drop] });
}

class Whep {
  readonly sessions: Sessions<Playback>;
  readonly #events = new WeakMap<Playback, PlaybackEvents>();

  constructor(private readonly rooms: Rooms) {
    this.sessions = new Sessions(rooms);
  }

  readonly watch = async (request: Request, response: Response): Promise<void> => {
    const room = roomOf(request);
    needSdp(request);
    const token = bearer(request);
    const grant = await this.rooms.access.admit(room, token);
    needSubscribe(grant);
    const { who } = request.params as { who?: string };
    const playback = await this.rooms.enter(
      room,
      { produceData: false },
      (entered, peer) => new Playback(entered, peer, grant, token, who),
    );
    const answer = await this.sessions.negotiate(playback, request);
    this.#events.set(playback, new PlaybackEvents(playback));
    playback.onEnd(() => this.#countViewers());
    this.#countViewers();
    const path = pathOf('whep', room, 'sessions', playback.sessionId);
    this.sessions.created(response, playback, answer, path, [
      `<${path}/layer>; rel="urn:ietf:params:whep:ext:core:layer"`,
      `<${path}/events>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="${eventNames.join(',')}"`,
    ]);
  };

  readonly choose = async (request: Request, response: Response): Promise<void> => {
    await chooseLayer(await this.sessions.owned(request), jsonBody(request) ?? {});
    response.status(200).end();
  };

  readonly subscribe = async (request: Request, response: Response): Promise<void> => {
    const playback = await this.sessions.owned(request);
    const id = this.#eventsOf(playback).add(readEventNames(jsonBody(request)));
    const path = pathOf('whep', playback.room.name, 'sessions', playback.sessionId, 'events', id);
    response.status(201).location(path).end();
  };

  /** The id of a stream is as hard to guess as a token, and an EventSource of a browser sends no Authorization. */
  readonly read = (request: Request, response: Response): void => {
    const stream = this.#eventsOf(this.sessions.find(request)).find(String(request.params['stream']));
    if (stream === undefined) throw new HttpError(404, 'there is no such event stream');
    stream.attach(response);
  };

  readonly drop = async (request: Request, response: Response): Promise<void> => {
    const events = this.#eventsOf(await this.sessions.owned(request));
    if (!events.remove(String(request.params['stream']))) throw new HttpError(404, 'there is no such event stream');
    response.status(200).end();
  };

  #eventsOf(playback: Playback): PlaybackEvents {
    return this.#events.get(playback)!;
  }

  /** How many watch the same, to each that watches. */
  #countViewers(): void {
    const all = [...this.sessions];
    for (const playback of all) this.#events.get(playback)?.viewersChanged(all.filter((other) => other.sees(playback)).length);
  }
}
