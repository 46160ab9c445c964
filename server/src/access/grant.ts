// What a token lets its holder do, and the refusal of one that lets nobody in. No keys, no sockets.

/** One person's admission to one room. */
export interface Grant {
  room: string;
  /** The token's `sub`: who this is, by the application's own name for the person. */
  identity: string;
  /** Shown to others, whatever the client says. Undefined: the client chooses. */
  name: string | undefined;
  mayPublish: boolean;
  maySubscribe: boolean;
}

export type AccessCode = 'token_required' | 'bad_token' | 'token_expired' | 'not_allowed';

/** Why somebody is not let in: one sentence, and the code that docs/signaling.md and docs/whip-whep.md list. */
export class AccessError extends Error {
  constructor(
    readonly code: AccessCode,
    message: string,
  ) {
    super(message);
  }
}

/** Where no tokens are asked for. */
export function openGrant(room: string): Grant {
  return { room, identity: '', name: undefined, mayPublish: true, maySubscribe: true };
}

/** Throws AccessError not_allowed. */
export function needPublish(grant: Grant): void {
  if (!grant.mayPublish) throw new AccessError('not_allowed', 'this token does not allow to publish: its claim "publish" is not true');
}

/** Throws AccessError not_allowed. */
export function needSubscribe(grant: Grant): void {
  if (!grant.maySubscribe)
    throw new AccessError('not_allowed', 'this token does not allow to subscribe: its claim "subscribe" is not true');
}
