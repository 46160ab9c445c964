import type { AccessCode } from '../access/grant.js';

/** The codes of docs/signaling.md. */
export type ErrorCode =
  | 'bad_json'
  | 'bad_envelope'
  | 'unknown_type'
  | 'missing_field'
  | 'bad_field'
  | 'message_too_large'
  | 'not_joined'
  | 'already_joined'
  | 'room_full'
  | 'shutting_down'
  | 'session_expired'
  | 'bad_sdp'
  | 'wrong_state'
  | 'bad_candidate'
  | 'server_error'
  | AccessCode;

/** A refusal that the client is told. The connection stays. */
export class SignalingError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}
