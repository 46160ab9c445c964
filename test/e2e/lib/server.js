// The conference server as a user starts it, with one worker, on a free port.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendants } from './processes.js';
import { until } from './wait.js';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const MAIN = join(ROOT, 'server', 'dist', 'main.js');
const WORKER_NAME = 'sluice-worker';
/** What a crash or a lost invariant would say. */
const TROUBLE = /SLUICE_CHECK|AddressSanitizer|runtime error|UnhandledPromiseRejection|uncaughtException/;

/** @returns {string} why the server cannot be started; empty when it can */
export function missingServer() {
  if (!existsSync(MAIN)) return `${MAIN} is not built (scripts/run builds it)`;
  return '';
}

export class Server {
  #process;
  /** All that it printed. */
  output = '';
  port = 0;

  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (this.output += data));
  }

  /** @param {string[]} [options] @param {string[]} [program] another than the server of server/ */
  static async start(options = [], program = [process.execPath, MAIN]) {
    const [executable, ...script] = program;
    const command = [...script, '--port', '0', '--workers', '1', ...options];
    const server = new Server(spawn(String(executable), command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] }));
    try {
      await until('the server to say its address', () => server.#ready(), { within: 20_000 });
    } catch (error) {
      await server.stop();
      throw new Error(`${error instanceof Error ? error.message : error}. It printed:\n${server.output}`);
    }
    return server;
  }

  get url() {
    return `http://localhost:${this.port}`;
  }

  get pid() {
    return this.#process.pid ?? 0;
  }

  /** @returns {number} the process id of the one worker, or 0 while there is none */
  get workerPid() {
    return descendants(this.pid).find(({ name }) => name === WORKER_NAME)?.pid ?? 0;
  }

  /** SIGTERM; an error if it does not obey, or if anything it printed tells of a fault of ours. */
  async stop() {
    const child = this.#process;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
      await gone;
      clearTimeout(timer);
    }
    if (child.signalCode === 'SIGKILL') throw new Error(`the server did not end on SIGTERM. It printed:\n${this.output}`);
    if (TROUBLE.test(this.output)) throw new Error(`the server or its worker met a fault of their own:\n${this.output}`);
  }

  /** Its one line on standard output names the address. */
  #ready() {
    if (this.#process.exitCode !== null) throw new Error(`the server ended with ${this.#process.exitCode}`);
    this.port = Number(/ready at http:\/\/localhost:(\d+)/.exec(this.output)?.[1] ?? 0);
    return this.port > 0;
  }
}
