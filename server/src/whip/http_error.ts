// A refusal over HTTP, as problem details (RFC 9457) that a person can read.
import { InvalidArgumentError, InvalidStateError, UnsupportedError } from 'sluice';
import { AccessError } from '../access/grant.js';
import { SignalingError } from '../signaling/errors.js';

export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

const retryAfter = { 'Retry-After': '5' };

/** What went wrong below, as the client is told; undefined: a fault of ours. */
export function asHttpError(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (error instanceof AccessError) {
    // RFC 6750 §3: without credentials no error code is told.
    if (error.code === 'token_required') return new HttpError(401, error.message, { 'WWW-Authenticate': 'Bearer realm="sluice"' });
    const code = error.code === 'not_allowed' ? 'insufficient_scope' : 'invalid_token';
    const challenge = `Bearer realm="sluice", error="${code}", error_description="${error.message.replace(/["\\]/g, "'")}"`;
    return new HttpError(error.code === 'not_allowed' ? 403 : 401, error.message, { 'WWW-Authenticate': challenge });
  }
  if (error instanceof SignalingError) {
    if (error.code === 'room_full' || error.code === 'shutting_down') return new HttpError(503, error.message, retryAfter);
    return new HttpError(400, error.message);
  }
  // RFC 9725 §4.4.3: what is well-formed but cannot be done is 422.
  if (error instanceof UnsupportedError) return new HttpError(422, error.message);
  if (error instanceof InvalidArgumentError) return new HttpError(400, error.message);
  if (error instanceof InvalidStateError) return new HttpError(409, error.message);
  return undefined;
}
