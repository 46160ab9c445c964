// The two forms that the signaling has on the wire: the one of docs/signaling.md, and the short form of its last chapter, which asks
// of a client no more than to send its SDP and to answer the server's. Everything behind it is the same.

/** A message as its sender wrote it. */
export interface Wire {
  type: string;
  content: unknown;
  id: unknown;
}

export interface Dialect {
  /** What the client means, in the words of docs/signaling.md. */
  incoming(message: Wire): Wire;
  /** What the server says, as this client expects it. */
  outgoing(message: Wire): Wire;
  /** What a client joins with that offers before it has joined. Undefined: it may not. */
  readonly implied: Record<string, unknown> | undefined;
  /** Whether it can come back after its socket dropped. */
  readonly resumes: boolean;
}

export function fullForm(): Dialect {
  return { incoming: (message) => message, outgoing: (message) => message, implied: undefined, resumes: true };
}

type Content = Record<string, unknown>;
const isObject = (value: unknown): value is Content => typeof value === 'object' && value !== null && !Array.isArray(value);

const outgoing: ReadonlyMap<string, string> = new Map([
  ['offer', 'SDP'],
  ['answer', 'SDP'],
  ['candidate', 'CANDIDATE'],
  ['joined', 'STARTED'],
  ['peer_joined', 'START'],
  ['peer_left', 'STOP'],
  ['peer_state', 'STATE'],
  ['error', 'ERROR'],
  ['ping', 'PING'],
  ['pong', 'PONG'],
]);

/** What a client need not say. */
const defaults = { room: 'lobby', name: 'Guest' };

/** `address`: the path and query that the client connected to, where it may say its room, name and token. */
export function shortForm(address: URL): Dialect {
  const said = Object.fromEntries(
    ['room', 'name', 'token'].flatMap((key) => (address.searchParams.has(key) ? [[key, address.searchParams.get(key)]] : [])),
  );
  // A client that knows nothing of collisions is spared one: the server's first offer waits for its own.
  const implied: Content = { ...defaults, audio: true, video: true, offers: true, ...said };
  let offerId: unknown;
  return {
    implied,
    resumes: false,
    incoming({ type, content, id }) {
      const known = isObject(content) ? content : {};
      switch (type.toUpperCase()) {
        case 'START':
          return { type: 'join', content: isObject(content) ? { ...implied, ...content } : content, id };
        case 'STOP':
          return { type: 'leave', content, id };
        case 'SDP':
          // An answer in the short form has no id: it is to the newest offer.
          return known['type'] === 'answer' ? { type: 'answer', content, id: id ?? offerId } : { type: 'offer', content, id };
        case 'CANDIDATE':
          // W3C: null ends the candidates.
          return { type: 'candidate', content: content === null ? { candidate: '' } : content, id };
        case 'STATE':
        case 'PING':
        case 'PONG':
          return { type: type.toLowerCase(), content, id };
        default:
          return { type: '', content, id };
      }
    },
    outgoing({ type, content, id }) {
      if (type === 'offer') offerId = id;
      return { type: outgoing.get(type) ?? type.toUpperCase(), content, id: type === 'offer' ? undefined : id };
    },
  };
}
