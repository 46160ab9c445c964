// The WebSocket of docs/signaling.md: envelopes, requests with replies, pings, and coming back after a drop.
//
// It knows nothing of rooms or media. `greet` is called on every fresh socket, before anything else may be sent, and joins or
// resumes; until it is through, `send` drops what it is given (the greeting sends the state anew). Used by Call alone.
//
// Events: `message` (detail: Message), `up` (greeted), `down` (lost, coming back), `closed` (detail: { code }, for good).

/** @typedef {{ message_type: string, content: any, id?: number }} Message */

const REPLY_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 5_000;
const SILENCE_MS = 12_000;
const BACKOFF_FIRST_MS = 300;
const BACKOFF_MOST_MS = 4_000;
const CLOSE_REPLACED = 4000;

export class SignalingError extends Error {
  /**
   * @param {string} code  one of docs/signaling.md, or `timeout`, `disconnected`
   * @param {string} message
   * @param {string} [field]
   */
  constructor(code, message, field) {
    super(message);
    this.name = 'SignalingError';
    this.code = code;
    this.field = field;
  }
}

export class Signaling extends EventTarget {
  #url;
  #greet;
  /** @type {WebSocket | null} */
  #socket = null;
  #greeted = false;
  #stopped = true;
  #attempt = 0;
  #nextId = 1;
  #heardAt = 0;
  /** @type {Map<number, { resolve: (content: any) => void, reject: (error: Error) => void, timer: number }>} */
  #waiting = new Map();
  #retryTimer = 0;
  #pingTimer = 0;
  #onOnline = () => this.#retryNow();

  /**
   * @param {string} url
   * @param {() => Promise<void>} greet  rejects when the session cannot be had; it has then dealt with it
   */
  constructor(url, greet) {
    super();
    this.#url = url;
    this.#greet = greet;
  }

  /** Greeted: what is sent arrives, unless the socket is just dying. */
  get up() {
    return this.#greeted;
  }

  open() {
    this.#stopped = false;
    window.addEventListener('online', this.#onOnline);
    this.#connect();
  }

  /** Ends for good, quietly. */
  close() {
    this.#stopped = true;
    window.removeEventListener('online', this.#onOnline);
    clearTimeout(this.#retryTimer);
    this.#detach(1000);
  }

  /** A fresh socket: for starting over with a new session. @param {number} delay milliseconds */
  reopen(delay) {
    this.#detach(1000);
    clearTimeout(this.#retryTimer);
    if (!this.#stopped) this.#retryTimer = window.setTimeout(() => this.#connect(), delay);
  }

  nextId() {
    return this.#nextId++;
  }

  /**
   * @param {string} type
   * @param {object} [content]
   * @param {number} [id]
   */
  send(type, content = {}, id) {
    if (this.#greeted) this.#write(type, content, id);
  }

  /**
   * Sends, and waits for the reply with the same id. Works during the greeting too.
   * @param {string} type
   * @param {object} [content]
   * @returns {Promise<any>} the reply's content; rejects with a SignalingError
   */
  request(type, content = {}) {
    const id = this.nextId();
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => {
        this.#waiting.delete(id);
        reject(new SignalingError('timeout', `no reply to ${type}`));
      }, REPLY_TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#write(type, content, id);
    });
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => this.#dropped(event.code);
    clearInterval(this.#pingTimer);
    this.#pingTimer = window.setInterval(() => this.#ping(socket), PING_EVERY_MS);
  }

  /** @param {WebSocket} socket */
  async #opened(socket) {
    try {
      await this.#greet();
    } catch {
      // The greeting's owner has closed us for good, or the socket dropped and comes again.
      if (this.#socket === socket && !this.#stopped) this.#dropped(1006);
      return;
    }
    if (this.#socket !== socket) return;
    this.#attempt = 0;
    this.#greeted = true;
    this.dispatchEvent(new Event('up'));
  }

  /** @param {unknown} data */
  #received(data) {
    this.#heardAt = performance.now();
    const message = parse(data);
    if (!message) return;
    const { message_type: type, content, id } = message;
    if (type === 'ping') return this.#write('pong', {}, id);
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    // The server counts its own ids: only a reply may settle a request of ours.
    if (waiting && id !== undefined && (type === 'joined' || type === 'resumed' || type === 'pong' || type === 'error')) {
      this.#waiting.delete(id);
      clearTimeout(waiting.timer);
      if (type === 'error') waiting.reject(new SignalingError(String(content.code), String(content.message), content.field));
      else waiting.resolve(content);
      return;
    }
    this.dispatchEvent(new CustomEvent('message', { detail: message }));
  }

  /** @param {WebSocket} socket */
  #ping(socket) {
    if (socket.readyState === WebSocket.OPEN && this.#greeted) this.#write('ping', {}, this.nextId());
    // A socket whose network vanished may look open for minutes.
    if (performance.now() - this.#heardAt > SILENCE_MS) this.#dropped(1006);
  }

  /** @param {number} code */
  #dropped(code) {
    this.#detach(1000);
    if (this.#stopped) return;
    if (code === CLOSE_REPLACED) {
      this.close();
      this.dispatchEvent(new CustomEvent('closed', { detail: { code } }));
      return;
    }
    const most = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.#attempt++);
    this.#retryTimer = window.setTimeout(() => this.#connect(), most * (0.75 + Math.random() / 2));
    this.dispatchEvent(new Event('down'));
  }

  #retryNow() {
    if (this.#stopped || this.#socket) return;
    this.#attempt = 0;
    this.#connect();
  }

  /** Lets go of the socket; its late events mean nothing any more. @param {number} code */
  #detach(code) {
    clearInterval(this.#pingTimer);
    this.#greeted = false;
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(code);
    }
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new SignalingError('disconnected', 'the connection to the server was lost'));
    }
    this.#waiting.clear();
  }

  /**
   * @param {string} type
   * @param {object} content
   * @param {number} [id]
   */
  #write(type, content, id) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(id === undefined ? { message_type: type, content } : { message_type: type, content, id }));
  }
}

/**
 * @param {unknown} data
 * @returns {Message | null}
 */
function parse(data) {
  try {
    const value = JSON.parse(String(data));
    return typeof value?.message_type === 'string' ? { ...value, content: value.content ?? {} } : null;
  } catch {
    return null;
  }
}
