// What the tests share: a server of their own, and a client that speaks docs/signaling.md over a bare WebSocket.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

export const mainPath = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Another server of the same signaling may be named, to be held to the same tests (python/tests/test_conference.py). */
const command = process.env.SLUICE_TEST_SERVER ? process.env.SLUICE_TEST_SERVER.split(' ') : [process.execPath, mainPath];

export function run(args, env = {}) {
  const child = spawn(command[0], [...command.slice(1), ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.err += text));
  return { child, output, exited: once(child, 'exit') };
}

/** A server on a free port, ended with the test or suite. */
export function startServer(t, ...args) {
  return startServerWith(t, {}, ...args);
}

/** The same, with these in its environment. */
export async function startServerWith(t, env, ...args) {
  const started = run(['--port', '0', '--workers', '1', '--listen-ip', '127.0.0.1', '--log-level', 'warn', ...args], env);
  t.after(async () => {
    started.child.kill('SIGTERM');
    await started.exited;
  });
  while (!started.output.out.includes('\n')) {
    const first = await Promise.race([once(started.child.stdout, 'data'), started.exited.then(() => 'exited')]);
    assert.notEqual(first, 'exited', started.output.err);
  }
  const [url] = /http:\S+/.exec(started.output.out);
  const clients = [];
  return {
    ...started,
    url,
    /** A client with an open WebSocket. */
    async connect() {
      const client = await Client.open(`${url.replace('http', 'ws')}/signaling`);
      clients.push(client);
      return client;
    },
    /** A client in a room. */
    async join(room, name, more = {}) {
      const client = await this.connect();
      client.joined = (await client.request('join', { room, name, ...more })).content;
      return client;
    },
    workerPids: () =>
      readFileSync(`/proc/${started.child.pid}/task/${started.child.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  };
}

export class Client {
  #inbox = [];
  #waiting = [];
  #nextId = 100;

  static async open(url) {
    const client = new Client();
    client.socket = new WebSocket(url);
    client.closed = new Promise((resolve) => client.socket.once('close', (code) => resolve(code)));
    client.socket.on('message', (data) => client.#received(JSON.parse(data)));
    client.socket.on('error', () => {});
    await once(client.socket, 'open');
    return client;
  }

  sendRaw(frame) {
    this.socket.send(frame);
  }

  send(type, content, id) {
    this.sendRaw(JSON.stringify({ message_type: type, content, id }));
  }

  /** Sends, and waits for the message with the same id. */
  async request(type, content) {
    const id = this.#nextId++;
    this.send(type, content, id);
    return this.#next((message) => message.id === id, `the reply to ${type}`);
  }

  /** The next message of this type; others stay for later. */
  next(type) {
    return this.#next((message) => message.message_type === type, type);
  }

  /** Whatever has come so far. A ping has gone there and back since. */
  async everything() {
    await this.request('ping');
    return this.#inbox.splice(0);
  }

  #next(wanted, name) {
    const at = this.#inbox.findIndex(wanted);
    if (at >= 0) return this.#inbox.splice(at, 1)[0];
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${name}; instead ${JSON.stringify(this.#inbox).slice(0, 300)}`)), 5_000);
      this.#waiting.push({ wanted, resolve, timer });
    });
  }

  #received(message) {
    const at = this.#waiting.findIndex(({ wanted }) => wanted(message));
    if (at < 0) return void this.#inbox.push(message);
    const [{ resolve, timer }] = this.#waiting.splice(at, 1);
    clearTimeout(timer);
    resolve(message);
  }
}

/** Recorded from Chromium: one audio and one video section that send. */
export const offerSdp = readFileSync(
  fileURLToPath(new URL('../../test/negotiate/offers/chromium-sendonly-gathered.sdp', import.meta.url)),
  'utf8',
);

const sectionsOf = (sdp) => sdp.split(/^(?=m=)/m);
const midOf = (section) => /^a=mid:(\S+)/m.exec(section)?.[1];

/** What this client sends in the section goes on: without these lines the server would take it for another track. */
function sending(section) {
  const own = sectionsOf(offerSdp).find((each) => midOf(each) === midOf(section) && midOf(each) !== undefined);
  return /^a=recvonly/m.test(section) && own !== undefined ? own.match(/^a=(msid|ssrc|ssrc-group):.*\r\n/gm).join('') : '';
}

/** What a client that takes everything answers to an offer of the server. */
export function answerSdp(sdp) {
  const line = (name) => new RegExp(`^a=${name}:.*$`, 'm').exec(offerSdp)[0];
  const turned = { sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' };
  return (
    sectionsOf(sdp)
      .map((section) => section + sending(section))
      // RFC 9143 §7.2.2: port 0 there is not a rejection, and the answer has a port.
      .map((section) => (section.includes('a=bundle-only') ? section.replace(/^(m=\w+) 0 /, '$1 9 ') : section))
      .join('')
      .replace(/^a=(bundle-only|rtcp-mux-only)\r\n/gm, '')
      .replace(/^a=(ice-lite|candidate:.*|end-of-candidates)\r\n/gm, '')
      .replace(/^a=ice-ufrag:.*$/gm, line('ice-ufrag'))
      .replace(/^a=ice-pwd:.*$/gm, line('ice-pwd'))
      .replace(/^a=fingerprint:.*$/gm, line('fingerprint'))
      .replace(/^a=setup:.*$/gm, 'a=setup:active')
      .replace(/^a=(sendonly|recvonly|inactive)/gm, (_, direction) => `a=${turned[direction]}`)
  );
}

/** Answers an offer of the server. */
export function answer(client, offer) {
  client.send('answer', { type: 'answer', sdp: answerSdp(offer.content.sdp) }, offer.id);
}

/** Sends audio and video from this client. */
export async function publish(client) {
  const reply = await client.request('offer', { type: 'offer', sdp: offerSdp });
  assert.equal(reply.message_type, 'answer', JSON.stringify(reply.content));
  return reply;
}
