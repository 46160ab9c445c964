// Every technical outcome that a person may meet, as a sentence that says what happened and what to do.

/**
 * Why a camera or microphone cannot be used.
 * @typedef {'refused' | 'missing' | 'busy' | 'insecure' | 'lost' | 'failed'} DeviceProblem
 */

/**
 * @typedef {object} Problems
 * @property {DeviceProblem | null} audio
 * @property {DeviceProblem | null} video
 */

/** @type {Record<DeviceProblem, (device: string, is: 'is' | 'are', was: 'was' | 'were') => string>} */
const DEVICE = {
  refused: (device) => `The browser may not use your ${device}. Allow it in the address bar’s site settings.`,
  missing: (device, is, was) => `No ${device.replace(' and ', ' or ')} ${was} found. Plug one in.`,
  busy: (device, is) => `Your ${device} ${is} in use by another program. Close that one and try again.`,
  insecure: (device) => `Browsers give pages your ${device} only over https or on localhost.`,
  lost: (device, is, was) => `Your ${device} ${was} disconnected. Plug it in again.`,
  failed: (device) => `Your ${device} could not be started.`,
};

/** @type {Record<'audio' | 'video', string>} */
export const DEVICE_NAME = { audio: 'microphone', video: 'camera' };

/**
 * What is wrong with the devices, and what still works; null when nothing is.
 * @param {Problems} problems
 * @returns {{ title: string, text: string } | null}
 */
export function deviceNotice({ audio, video }) {
  if (audio && video) {
    const both = audio === 'missing' ? 'was' : 'were';
    const text =
      audio === video
        ? DEVICE[audio]('camera and microphone', 'are', both)
        : `${deviceSentence('video', video)} ${deviceSentence('audio', audio)}`;
    return { title: 'You can still join, watch and listen', text };
  }
  if (video) return { title: 'You can join with sound only', text: deviceSentence('video', video) };
  if (audio) return { title: 'Others will see you but not hear you', text: deviceSentence('audio', audio) };
  return null;
}

/**
 * @param {'audio' | 'video'} kind
 * @param {DeviceProblem} problem
 */
export function deviceSentence(kind, problem) {
  return DEVICE[problem](DEVICE_NAME[kind], 'is', 'was');
}

/** @type {Record<string, string>} The codes of docs/signaling.md that a person can do something about. */
const ERRORS = {
  room_full: 'This room is full. Wait until somebody leaves, or choose another room.',
  shutting_down: 'This server is about to stop and opens no new rooms. Try again in a few minutes.',
  server_error: 'The server had a problem. Try again in a moment.',
  bad_sdp: 'The server did not understand this browser’s media offer, so others may not see or hear you.',
  token_required: 'This call is by invitation: open the link that you were sent.',
  token_expired: 'Your invitation has expired. Ask for a new link.',
  bad_token: 'Your invitation is not valid here: its link may be incomplete, or meant for another server. Ask for a new link.',
  not_allowed: 'Your invitation is for another room than this one.',
  session_expired: 'The call was interrupted for too long.',
  timeout: 'The server does not answer. Check your connection.',
  disconnected: 'The connection to the server was lost.',
};

/**
 * @param {string} code
 * @param {string} message  what the server said
 * @param {string} [field]
 */
export function errorSentence(code, message, field) {
  if (field === 'name') return 'Names have 1 to 64 characters.';
  if (field === 'room') return 'Room names have 1 to 64 letters, digits, dots, dashes or underscores.';
  return ERRORS[code] ?? `The server refused a message of this page: ${message}`;
}

/** @type {Record<string, string>} */
export const CONNECTION = { connecting: 'Connecting', connected: 'Connected', reconnecting: 'Reconnecting', failed: 'Disconnected' };
