// What WHIP and WHEP share over HTTP: methods, CORS, bearer tokens, bodies with their limits, and refusals as problem details.
import { Router, text, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { Log } from '../log.js';
import { isRoomName } from '../signaling/messages.js';
import { asHttpError, HttpError } from './http_error.js';

export const sdpType = 'application/sdp';
export const fragmentType = 'application/trickle-ice-sdpfrag';
export const jsonType = 'application/json';
const limits = { [sdpType]: 256 << 10, [fragmentType]: 64 << 10, [jsonType]: 4 << 10 } as const;

const exposed = 'Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After, WWW-Authenticate';

type Handler = (request: Request, response: Response) => Promise<void> | void;
/** By method; what is not here is 405. GET and OPTIONS are answered anyway. */
export type Methods = Partial<Record<'GET' | 'POST' | 'PATCH' | 'DELETE', [...RequestHandler[], Handler]>>;

/** One resource with its methods. */
export function resource(router: Router, path: string, methods: Methods, accepts: Record<string, string> = {}): void {
  const route = router.route(path);
  const allowed = [...new Set(['OPTIONS', 'GET', 'HEAD', ...Object.keys(methods)])].join(', ');
  route.all((_request, response, next) => {
    response.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': exposed, 'Cache-Control': 'no-store' });
    next();
  });
  route.options((_request, response) => {
    response
      .status(200)
      .set({
        Allow: allowed,
        'Access-Control-Allow-Methods': allowed,
        'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match, Accept',
        'Access-Control-Max-Age': '86400',
        ...accepts,
      })
      .end();
  });
  route.head((_request, response) => void response.status(204).end());
  for (const [method, handlers] of Object.entries(methods)) {
    route[method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete'](...(handlers as RequestHandler[]));
  }
  // RFC 9725 §4.1: no representation, so nothing is what GET gives.
  if (methods.GET === undefined) route.get((_request, response) => void response.status(204).end());
  route.all((request) => {
    throw new HttpError(405, `${request.method} is not possible here; expected one of ${allowed}`, { Allow: allowed });
  });
}

/** The body as text, if it has the type and is within the type's limit: 415, 413. */
export function body(type: keyof typeof limits, required = true): RequestHandler[] {
  const check: RequestHandler = (request, _response, next) => {
    const given = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    const empty = request.headers['content-length'] === undefined || request.headers['content-length'] === '0';
    if (!required && given === undefined && empty) return next();
    if (given === type) return next();
    const accept = type === fragmentType ? 'Accept-Patch' : 'Accept-Post';
    next(new HttpError(415, `the body is ${given ?? 'of no type'}; expected ${type}`, { [accept]: type }));
  };
  return [check, text({ type: () => true, limit: limits[type], defaultCharset: 'utf-8' })];
}

export const bodyText = (request: Request): string => (typeof request.body === 'string' ? request.body : '');

/** Undefined when there is none. Throws HttpError 400. */
export function jsonBody(request: Request): unknown {
  const given = bodyText(request);
  if (given.trim() === '') return undefined;
  try {
    return JSON.parse(given) as unknown;
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

/** RFC 6750 §2.1. Throws HttpError 401 when there is another scheme. */
export function bearer(request: Request): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const [, token] = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(header) ?? [];
  if (token === undefined)
    throw new HttpError(401, 'the Authorization header is not "Bearer" and a token', { 'WWW-Authenticate': 'Bearer realm="sluice"' });
  return token;
}

/** Throws HttpError 404. */
export function roomOf(request: Request): string {
  const room = String(request.params['room']);
  if (!isRoomName(room)) throw new HttpError(404, 'a room has a name of 1 to 64 letters, digits, ".", "_", "~" or "-"');
  return room;
}

/** A path in which each part is as it goes into a URL. */
export function pathOf(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}

/** What was thrown above, said to the client. */
export function refuse(log: Log) {
  // Four parameters are what makes it express's handler of errors.
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    if (response.headersSent) return next(error);
    const { status, message, headers } = asHttpError(bodyError(error)) ?? failed(log, request, error);
    response.status(status).set(headers).set('Content-Type', 'application/problem+json');
    response.send(JSON.stringify({ status, detail: message }));
  };
}

/** What express's body reader throws. */
function bodyError(error: unknown): unknown {
  const { status, type, message, limit } = error as { status?: number; type?: string; message?: string; limit?: number };
  if (type === 'entity.too.large') return new HttpError(413, `the body is too large; expected at most ${limit} bytes`);
  if (type !== undefined && status !== undefined && status >= 400 && status < 500) return new HttpError(status, String(message));
  return error;
}

function failed(log: Log, request: Request, error: unknown): HttpError {
  log.error(`${request.method} ${request.baseUrl} failed: ${error instanceof Error ? error.message : String(error)}`);
  return new HttpError(500, 'the server failed at this request; trying again may help');
}
