// What the address bar and the browser's storage say: the room, the name, whether to join at once.
//
//   /?room=R                      the share link
//   &token=T or #token=T          the token that lets in, where the server asks for one; not part of the link that is shared
//   /?room=R&name=N&join          joins at once, with camera and microphone (kiosks, tests)
//   &width=320&height=180&fps=15  what to ask the camera for (default 1280x720 at 30)
//   &audio=0  &video=0            joins without microphone or camera
//
// Storage may be refused by the browser; everything here works without it.

const NAME_KEY = 'sluice.name';
const JOINED_KEY = 'sluice.joined';
const ROOM_PATTERN = /^[\p{L}\p{N}._~-]{1,64}$/u;

/**
 * @typedef {object} Options
 * @property {string} room        from the link; empty when there is none
 * @property {string} name        from the link, else remembered; may be empty
 * @property {string} token       from the link; empty when there is none
 * @property {boolean} join       join without asking
 * @property {{ width: number, height: number, fps: number }} picture
 * @property {boolean} audio      whether to use a microphone at all
 * @property {boolean} video      whether to use a camera at all
 */

/** @returns {Options} */
export function readOptions() {
  const query = new URLSearchParams(location.search);
  const room = (query.get('room') ?? '').trim();
  const before = remembered(sessionStore(), JOINED_KEY);
  const token = query.get('token') ?? new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  return {
    room,
    name: (query.get('name') ?? remembered(localStore(), NAME_KEY)).trim(),
    token: token.trim(),
    join: room !== '' && (flag(query, 'join', false) || before === room),
    picture: { width: size(query, 'width', 1280), height: size(query, 'height', 720), fps: size(query, 'fps', 30) },
    audio: flag(query, 'audio', true),
    video: flag(query, 'video', true),
  };
}

/** @param {string} name */
export function rememberName(name) {
  remember(localStore(), NAME_KEY, name);
}

/**
 * While in a call the address bar holds the share link and a reload of this tab joins again.
 * @param {string} room
 */
export function enteredRoom(room) {
  remember(sessionStore(), JOINED_KEY, room);
  const query = new URLSearchParams(location.search);
  if (query.get('room') === room) return;
  const token = query.get('token');
  history.replaceState(null, '', `${shareLink(room)}${token === null ? '' : `&token=${encodeURIComponent(token)}`}${location.hash}`);
}

/** After leaving, a reload shows the entry screen of the same room. */
export function leftRoom() {
  forget(sessionStore(), JOINED_KEY);
  const query = new URLSearchParams(location.search);
  if (!query.has('join')) return;
  query.delete('join');
  history.replaceState(null, '', `${location.pathname}?${query}`);
}

/** @param {string} room */
export function shareLink(room) {
  return `${location.origin}${location.pathname}?room=${encodeURIComponent(room)}`;
}

/** @param {string} room */
export function isRoomName(room) {
  return ROOM_PATTERN.test(room);
}

/**
 * What a person typed, made into a room's name: "Blue Otter!" becomes "Blue-Otter".
 * @param {string} text
 */
export function toRoomName(text) {
  const joined = text.trim().replace(/\s+/gu, '-');
  return [...joined]
    .filter((char) => ROOM_PATTERN.test(char))
    .join('')
    .slice(0, 64);
}

const ADJECTIVES = [
  'amber',
  'brave',
  'bright',
  'calm',
  'clever',
  'coral',
  'curious',
  'gentle',
  'golden',
  'happy',
  'indigo',
  'jolly',
  'lively',
  'lucky',
  'merry',
  'mighty',
  'misty',
  'nimble',
  'quiet',
  'rapid',
  'silver',
  'sunny',
  'swift',
  'tidal',
  'velvet',
  'warm',
  'wild',
  'witty',
];
const NOUNS = [
  'otter',
  'heron',
  'river',
  'harbor',
  'meadow',
  'falcon',
  'lantern',
  'maple',
  'canyon',
  'comet',
  'dolphin',
  'ember',
  'fjord',
  'garden',
  'island',
  'lagoon',
  'orchid',
  'panda',
  'pebble',
  'puffin',
  'reef',
  'salmon',
  'spring',
  'summit',
  'tulip',
  'valley',
  'willow',
  'brook',
];

/** A room's name that is easy to say and hard to meet by chance: "sunny-heron-482". */
export function suggestRoom() {
  const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint32Array(3));
  return `${ADJECTIVES[a % ADJECTIVES.length]}-${NOUNS[b % NOUNS.length]}-${100 + (c % 900)}`;
}

/**
 * @param {URLSearchParams} query
 * @param {string} key
 * @param {boolean} fallback
 */
function flag(query, key, fallback) {
  const value = query.get(key);
  return value === null ? fallback : !['0', 'false', 'no', 'off'].includes(value.toLowerCase());
}

/**
 * @param {URLSearchParams} query
 * @param {string} key
 * @param {number} fallback
 */
function size(query, key, fallback) {
  const value = Number(query.get(key));
  return Number.isFinite(value) && value >= 1 && value <= 7680 ? Math.round(value) : fallback;
}

/** @returns {Storage | null} */
function localStore() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** @returns {Storage | null} */
function sessionStore() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

/**
 * @param {Storage | null} store
 * @param {string} key
 */
function remembered(store, key) {
  return store?.getItem(key) ?? '';
}

/**
 * @param {Storage | null} store
 * @param {string} key
 * @param {string} value
 */
function remember(store, key, value) {
  try {
    store?.setItem(key, value);
  } catch {
    // Full or forbidden: then it is not remembered.
  }
}

/**
 * @param {Storage | null} store
 * @param {string} key
 */
function forget(store, key) {
  store?.removeItem(key);
}
