// The page: which screen is shown, and the way from one to the next.
//
//   entry ── join ──▶ call ── leave, or the server's refusal ──▶ left ── rejoin ──▶ call
//
// `window.sluice` lets end-to-end tests look inside; nothing here depends on it:
//   sluice.state()  { phase: 'entry'|'joining'|'joined'|'left', connection: 'connecting'|'connected'|'reconnecting'|'failed'|'none',
//                     me: { peer_id, name, room, audio, video } | null,
//                     peers: [{ peer_id, name, audio, video, hasVideo, hasAudio, speaking, mids: { audio, video } }] }
//                   audio and video are what the participant says; hasVideo means a decoded picture is shown, hasAudio that sound plays.
//   sluice.pc       the RTCPeerConnection, or null
//   sluice.call     the Call, or null
//   sluice.files    the Files of the call, or null

import { Call } from './call.js';
import { CallScreen } from './callscreen.js';
import { byId } from './dom.js';
import { EntryScreen } from './entry.js';
import { fillIcons } from './icons.js';
import { LocalMedia } from './media.js';
import { enteredRoom, isRoomName, leftRoom, readOptions, rememberName } from './options.js';
import { errorSentence } from './sentences.js';

const options = readOptions();
const media = new LocalMedia(options);
const entry = new EntryScreen({ media, onJoin: (room, name) => enter(room, name) });
const signalingUrl = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/signaling`;

/** @type {Call | null} */
let call = null;
/** @type {CallScreen | null} */
let screen = null;

/** @param {'entry' | 'call' | 'left'} name */
function showing(name) {
  document.body.dataset.screen = name;
  byId('left', HTMLElement).hidden = name !== 'left';
  if (name !== 'entry') entry.hide();
}

/**
 * @param {string} room
 * @param {string} name
 * @param {boolean} [announceProblems] the person has not been told yet of a missing camera or microphone
 */
function enter(room, name, announceProblems = false) {
  rememberName(name);
  showing('call');
  document.title = `${room} · Sluice`;
  call = new Call({ url: signalingUrl, room, name, token: options.token, media });
  call.addEventListener('joined', () => enteredRoom(room), { once: true });
  call.addEventListener('ended', (event) => ended(/** @type {CustomEvent} */ (event).detail, room, name), { once: true });
  screen = new CallScreen(call, { announceProblems });
  call.join();
}

/**
 * @param {{ reason: 'left' | 'replaced' | 'refused', error?: { code?: string, message?: string, field?: string } }} how
 * @param {string} room
 * @param {string} name
 */
function ended({ reason, error }, room, name) {
  screen?.close();
  screen = null;
  call = null;
  leftRoom();
  document.title = 'Sluice';
  if (reason === 'refused') {
    enterAgain(room, name);
    entry.refuse(errorSentence(error?.code ?? '', error?.message ?? '', error?.field), error?.field);
    return;
  }
  media.close();
  showing('left');
  byId('left-title', HTMLElement).textContent = reason === 'left' ? 'You left the call' : 'This call goes on elsewhere';
  byId('left-text', HTMLElement).textContent =
    reason === 'left' ? `The room “${room}” stays open for the others.` : 'It was taken over by another window.';
  byId('rejoin', HTMLButtonElement).onclick = async () => {
    await media.open();
    enter(room, name, true);
  };
  byId('home', HTMLButtonElement).onclick = () => enterAgain('', name);
  byId('left-title', HTMLElement).focus();
}

/**
 * @param {string} room
 * @param {string} name
 */
function enterAgain(room, name) {
  showing('entry');
  history.replaceState(null, '', room ? `${location.search || location.pathname}${location.hash}` : location.pathname);
  entry.show({ room, name, invited: room !== '' });
}

async function start() {
  fillIcons(document);
  if (options.room && !isRoomName(options.room)) {
    showing('entry');
    entry.show({ room: options.room, name: options.name, invited: false });
    entry.refuse(errorSentence('bad_field', '', 'room'), 'room');
  } else if (options.join) {
    document.body.dataset.screen = 'call';
    await media.open();
    enter(options.room, options.name || 'Guest', true);
  } else {
    showing('entry');
    entry.show({ room: options.room, name: options.name, invited: options.room !== '' });
  }
}

// A page that goes away says so: otherwise the others would see it frozen until the server gives up on it.
window.addEventListener('pagehide', () => call?.farewell());
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

Object.defineProperty(window, 'sluice', {
  value: Object.freeze({
    get pc() {
      return call?.pc ?? null;
    },
    get call() {
      return call;
    },
    get files() {
      return screen?.files ?? null;
    },
    state() {
      const peers = [...(call?.peers.values() ?? [])].map(({ peer_id, name, audio, video, media: carriers }) => {
        const tile = screen?.tile(peer_id);
        return {
          peer_id,
          name,
          audio,
          video,
          hasVideo: tile?.hasVideo ?? false,
          hasAudio: tile?.hasAudio ?? false,
          speaking: tile?.speaking ?? false,
          mids: { audio: carriers.audio?.mid ?? null, video: carriers.video?.mid ?? null },
        };
      });
      const me = call && { peer_id: call.peerId, name: call.name, room: call.room, audio: media.on('audio'), video: media.on('video') };
      const idle = document.body.dataset.screen === 'left' ? 'left' : 'entry';
      return { phase: call?.phase ?? idle, connection: call?.connection ?? 'none', me, peers };
    },
  }),
});

start();
