// What a client may send, as one table; and what is wrong with a frame, in a sentence. No state, no sockets.
import type { Dialect } from './dialect.js';
import { SignalingError } from './errors.js';

/** As it stands in docs/signaling.md. */
const maxFrameSize = (256 + 4) * 1024;
const maxSdpSize = 256 * 1024;

export interface Messages {
  join: { room: string; name: string; audio: boolean; video: boolean; offers: boolean; ortc: boolean; token: string };
  resume: { session: string };
  leave: object;
  state: { audio: boolean; video: boolean };
  offer: { type: 'offer'; sdp: string };
  answer: { type: 'answer'; sdp: string };
  candidate: { candidate: string; sdpMid: string | null; sdpMLineIndex: number | null; usernameFragment: string | null };
  create_transport: object;
  connect_transport: { transport_id: string; dtlsParameters: object };
  produce: { transport_id: string; kind: string; rtpParameters: object };
  consume: { transport_id: string; producer_id: string; rtpCapabilities: object };
  close: { id: string };
  ping: object;
  pong: object;
}
export type MessageType = keyof Messages;
export type Message = { [T in MessageType]: { type: T; content: Messages[T]; id: number | undefined } }[MessageType];

interface Field {
  /** Completes "content.x must be …". */
  expected: string;
  /** The value to use, or undefined when it is not allowed. */
  read: (value: unknown) => unknown;
  /** What an absent field stands for. Without one the field is required. */
  absent?: unknown;
}

const characters = (text: string): number => Array.from(text).length;

export function isRoomName(value: string): boolean {
  return /^[\p{L}\p{M}\p{N}._~-]+$/u.test(value) && characters(value) <= 64;
}

/** Without the spaces around it; undefined when it is none. */
export function displayName(value: unknown): string | undefined {
  const trimmed = typeof value === 'string' ? value.trim() : '';
  return trimmed !== '' && characters(trimmed) <= 64 && !/\p{Cc}/u.test(trimmed) ? trimmed : undefined;
}

const flag = (absent?: boolean): Field => ({
  expected: 'a boolean',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
  absent,
});

const text = (expected: string, allowed: (text: string) => boolean): Field => ({
  expected,
  read: (value) => (typeof value === 'string' && allowed(value) ? value : undefined),
});

const room = text('a string of 1 to 64 letters, digits, ".", "_", "~" or "-"', isRoomName);

const name: Field = {
  expected: 'a string of 1 to 64 characters, none of them a control character',
  read: displayName,
};

/** Whether it is a good one is for access/tokens.ts to say. */
const token: Field = { ...text('a string of at most 8192 characters', (value) => value.length <= 8192), absent: '' };

const description = (type: 'offer' | 'answer'): Record<'type' | 'sdp', Field> => ({
  type: text(`"${type}"`, (value) => value === type),
  sdp: text('a string of at most 256 KiB', (value) => Buffer.byteLength(value) <= maxSdpSize),
});

const objectId = text('a string of 1 to 256 characters', (value) => value !== '' && value.length <= 256);

/** What is in it, the controller checks. */
const object: Field = { expected: 'an object', read: (value) => (isObject(value) ? value : undefined) };

const textOrNull: Field = {
  expected: 'a string or null',
  read: (value) => (typeof value === 'string' || value === null ? value : undefined),
  absent: null,
};

const lineIndex: Field = {
  expected: 'an integer from 0 to 65535, or null',
  read: (value) =>
    value === null || (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff) ? value : undefined,
  absent: null,
};

const table: { [T in MessageType]: Record<keyof Messages[T], Field> } = {
  join: { room, name, audio: flag(false), video: flag(false), offers: flag(false), ortc: flag(false), token },
  resume: { session: text('a string of at most 256 characters', (value) => value.length <= 256) },
  leave: {},
  state: { audio: flag(), video: flag() },
  offer: description('offer'),
  answer: description('answer'),
  candidate: {
    candidate: text('a string of at most 4096 characters', (value) => value.length <= 4096),
    sdpMid: textOrNull,
    sdpMLineIndex: lineIndex,
    usernameFragment: textOrNull,
  },
  create_transport: {},
  connect_transport: { transport_id: objectId, dtlsParameters: object },
  produce: {
    transport_id: objectId,
    kind: text('"audio" or "video"', (value) => value === 'audio' || value === 'video'),
    rtpParameters: object,
  },
  consume: { transport_id: objectId, producer_id: objectId, rtpCapabilities: object },
  close: { id: objectId },
  ping: {},
  pong: {},
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isMessageType(type: string): type is MessageType {
  return Object.hasOwn(table, type);
}

/** What could be read of a frame, so that even a refusal can be matched to it. */
export interface Envelope {
  type: MessageType | undefined;
  /** `message_type` as it was, known or not. */
  claimedType: string | null;
  id: number | undefined;
  content: Record<string, unknown>;
  error: SignalingError | undefined;
}

const unreadable = (error: SignalingError): Envelope => ({ type: undefined, claimedType: null, id: undefined, content: {}, error });

/** Never throws: what is wrong stands in `error`. */
export function readEnvelope(data: Buffer, isBinary: boolean, dialect: Dialect): Envelope {
  if (isBinary) return unreadable(new SignalingError('bad_json', 'the frame is binary; messages are text'));
  if (data.length > maxFrameSize) {
    return unreadable(new SignalingError('message_too_large', `the frame has ${data.length} bytes, expected at most ${maxFrameSize}`));
  }
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch (error) {
    return unreadable(new SignalingError('bad_json', `the frame is not JSON: ${(error as Error).message}`));
  }
  if (!isObject(value)) return unreadable(new SignalingError('bad_envelope', 'a message is an object'));
  const { message_type: claimed, content: given = {}, id: givenId } = value;
  const claimedType = typeof claimed === 'string' ? claimed : null;
  const { type, content, id } = dialect.incoming({ type: claimedType ?? '', content: given, id: givenId });
  const envelope: Envelope = {
    type: isMessageType(type) ? type : undefined,
    claimedType,
    id: isId(id) ? id : undefined,
    content: isObject(content) ? content : {},
    error: undefined,
  };
  if (claimedType === null) envelope.error = new SignalingError('bad_envelope', 'message_type must be a string');
  else if (!isObject(content)) envelope.error = new SignalingError('bad_envelope', 'content must be an object');
  else if (id !== undefined && !isId(id)) envelope.error = new SignalingError('bad_envelope', 'id must be an integer from 0 to 2^53 - 1');
  else if (envelope.type === undefined)
    envelope.error = new SignalingError('unknown_type', `no client message has the type ${JSON.stringify(claimedType.slice(0, 64))}`);
  return envelope;
}

/** Throws what is wrong with the envelope. */
export function checkedType({ type, error }: Envelope): MessageType {
  if (error !== undefined) throw error;
  return type!;
}

/** The message of an envelope without an error. Throws SignalingError. */
export function readMessage({ type, claimedType, id, content }: Envelope & { type: MessageType }): Message {
  const read: Record<string, unknown> = {};
  for (const [fieldName, field] of Object.entries<Field>(table[type])) {
    const value = content[fieldName];
    if (value === undefined) {
      if (field.absent === undefined)
        throw new SignalingError('missing_field', `${claimedType ?? type} needs content.${fieldName}, ${field.expected}`, fieldName);
      read[fieldName] = field.absent;
      continue;
    }
    read[fieldName] = field.read(value);
    if (read[fieldName] === undefined)
      throw new SignalingError('bad_field', `${claimedType ?? type}: content.${fieldName} must be ${field.expected}`, fieldName);
  }
  if (type === 'candidate' && read['candidate'] !== '' && read['sdpMid'] === null && read['sdpMLineIndex'] === null) {
    throw new SignalingError('missing_field', 'candidate needs content.sdpMid, a string, or content.sdpMLineIndex, an integer', 'sdpMid');
  }
  return { type, content: read, id } as unknown as Message;
}
