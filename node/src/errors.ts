// What can go wrong, typed. Whatever is wrong with an argument is a TypeError, as everywhere in JavaScript.
import * as wire from './wire/index.js';

/** A bad argument. `field` is its path: `rtpParameters.codecs[0].mimeType`. */
export class InvalidArgumentError extends TypeError {
  readonly field: string;

  constructor(field: string, problem: string) {
    super(field === '' ? problem : `${field}: ${problem}`);
    this.field = field;
  }
}

/** Base of what a worker refuses for another reason than a bad argument. `field` may be empty. */
export class RequestError extends Error {
  readonly field: string;

  constructor(message: string, field = '') {
    super(field === '' ? message : `${field}: ${message}`);
    this.name = new.target.name;
    this.field = field;
  }
}

/** Well-formed, but the worker does not know it, or the two sides have no common ground. */
export class UnsupportedError extends RequestError {}
/** No object has this id. */
export class NotFoundError extends RequestError {}
/** The id or name is taken. */
export class AlreadyExistsError extends RequestError {}
/** Not possible in the state the object is in: closed, or in the midst of another negotiation. */
export class InvalidStateError extends RequestError {}
/** A limit on what can grow was reached. */
export class LimitExceededError extends RequestError {}
/** A failure of a library or of the system under the worker, not of the request. */
export class InternalError extends RequestError {}

/** The worker is closed or died: requests that were under way are rejected with this, and so are later ones. */
export class WorkerClosedError extends Error {
  override readonly name = 'WorkerClosedError';
}

/** The worker could not be started; the message is one sentence that says why. */
export class WorkerStartError extends Error {
  override readonly name: string = 'WorkerStartError';
}

/** The worker speaks another version of the control protocol. */
export class VersionMismatchError extends WorkerStartError {
  override readonly name = 'VersionMismatchError';
}

/** What came through the control channel is not the protocol. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError';
}

/** The argument of `died`: how the worker's process ended. */
export class WorkerDiedError extends Error {
  override readonly name = 'WorkerDiedError';

  constructor(
    /** Process id that it had. */
    readonly pid: number,
    /** Exit code, or null when a signal ended it. */
    readonly code: number | null,
    /** Signal, or null when it exited. */
    readonly signal: NodeJS.Signals | null,
    /** What went wrong on our side of the channel, if anything did. */
    reason?: string,
  ) {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    super(`the worker process ${pid} died (${how})${reason === undefined ? '' : `: ${reason}`}`);
  }
}

const refusals: Record<Exclude<wire.ErrorCode, wire.ErrorCode.INVALID_ARGUMENT>, new (message: string, field: string) => RequestError> = {
  [wire.ErrorCode.NOT_FOUND]: NotFoundError,
  [wire.ErrorCode.ALREADY_EXISTS]: AlreadyExistsError,
  [wire.ErrorCode.INVALID_STATE]: InvalidStateError,
  [wire.ErrorCode.UNSUPPORTED]: UnsupportedError,
  [wire.ErrorCode.LIMIT_EXCEEDED]: LimitExceededError,
  [wire.ErrorCode.INTERNAL]: InternalError,
};

/** @internal A refusal on the wire as the error that a caller gets. */
export function refusalToError({ code, field, message }: wire.ErrorT): Error {
  const where = String(field ?? '');
  const what = String(message ?? '');
  if (code === wire.ErrorCode.INVALID_ARGUMENT) return new InvalidArgumentError(where, what);
  return new (refusals[code] ?? InternalError)(what, where);
}
