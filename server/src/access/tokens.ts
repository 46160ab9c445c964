// Tokens (JWT, RFC 7519; signed by HS256 or ES256, RFC 7518): checked before anything is made for a client, and minted.
//
// Only algorithms whose key was configured are taken, each with its own key: an ES256 public key can never serve as an HS256 secret
// (RFC 8725 §3.1). A token governs entering; whoever is in a room stays when it expires, and resumes by the session's secret.
import type { KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { AccessError, openGrant, type Grant } from './grant.js';
import type { Algorithm, Keys } from './keys.js';

const mostTokenBytes = 8 << 10;
/** Clocks of the machine that mints and of this one may differ by that much. */
const clockTolerance = '5s';

export class Access {
  readonly #keys: Keys;
  readonly #algorithms: Algorithm[];

  constructor(
    readonly required: boolean,
    keys: Keys,
  ) {
    this.#keys = keys;
    this.#algorithms = (['HS256', 'ES256'] as const).filter((algorithm) => keys[algorithm] !== undefined);
  }

  /** Whoever shows a token is held to it, even where none is required. Throws AccessError. */
  async admit(room: string, token: string | undefined): Promise<Grant> {
    if (token === undefined || token === '' || this.#algorithms.length === 0) {
      if (this.required) throw new AccessError('token_required', 'this server lets nobody in without a token');
      return openGrant(room);
    }
    const grant = grantOf(await this.#verify(token));
    if (grant.room !== room) throw new AccessError('not_allowed', `this token is for the room "${grant.room}", not for "${room}"`);
    return grant;
  }

  async #verify(token: string): Promise<JWTPayload> {
    if (token.length > mostTokenBytes)
      throw new AccessError('bad_token', `the token has ${token.length} characters, expected at most ${mostTokenBytes}`);
    try {
      const { payload } = await jwtVerify(token, ({ alg }) => this.#keyFor(alg), {
        algorithms: this.#algorithms,
        clockTolerance,
        requiredClaims: ['exp'],
      });
      return payload;
    } catch (error) {
      throw refusal(error);
    }
  }

  #keyFor(algorithm: string | undefined): KeyObject {
    const key = this.#keys[algorithm as Algorithm];
    if (key === undefined) throw new errors.JOSEAlgNotAllowed('no key');
    return key;
  }
}

export interface TokenRequest extends Omit<Grant, 'name'> {
  name?: string | undefined;
  /** Seconds from now. */
  validFor: number;
}

/** A token as `Access` takes it. */
export function mint({ room, identity, name, mayPublish, maySubscribe, validFor }: TokenRequest, keys: Keys): Promise<string> {
  const [alg, key] = keys.ES256 !== undefined ? (['ES256', keys.ES256] as const) : (['HS256', keys.HS256!] as const);
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ room, ...(name === undefined ? {} : { name }), publish: mayPublish, subscribe: maySubscribe })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .setSubject(identity)
    .setIssuedAt(now)
    .setExpirationTime(now + validFor)
    .sign(key);
}

function grantOf({ room, sub, name, publish, subscribe }: JWTPayload): Grant {
  const text = (claim: string, value: unknown): string => {
    if (typeof value === 'string' && value.trim() !== '' && Array.from(value).length <= 64 && !/\p{Cc}/u.test(value)) return value.trim();
    throw new AccessError('bad_token', `the token's claim "${claim}" must be a string of 1 to 64 characters`);
  };
  const flag = (claim: string, value: unknown): boolean => {
    if (value === undefined || typeof value === 'boolean') return value === true;
    throw new AccessError('bad_token', `the token's claim "${claim}" must be a boolean`);
  };
  return {
    room: text('room', room),
    identity: text('sub', sub),
    name: name === undefined ? undefined : text('name', name),
    mayPublish: flag('publish', publish),
    maySubscribe: flag('subscribe', subscribe),
  };
}

/** What jose found wrong, as the client is told. */
function refusal(error: unknown): AccessError {
  if (error instanceof AccessError) return error;
  if (error instanceof errors.JWTExpired) return new AccessError('token_expired', 'this token has expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf') return new AccessError('bad_token', 'this token is not valid yet (claim "nbf")');
    const what = error.reason === 'missing' ? 'is missing' : 'is not valid';
    return new AccessError('bad_token', `the token's claim "${error.claim}" ${what}`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return new AccessError('bad_token', "the token's signature does not hold");
  if (error instanceof errors.JOSEAlgNotAllowed)
    return new AccessError('bad_token', 'the token is signed by an algorithm that this server has no key for');
  if (error instanceof errors.JOSEError) return new AccessError('bad_token', 'the token is not a signed JWT');
  throw error;
}
