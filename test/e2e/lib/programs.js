// Media programs beside the browsers (ffmpeg, GStreamer) and our own examples: started, read, and ended with the test.

import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';

/** @param {string[]} programs @returns {string} why tests with them skip; empty when they run */
export function missingPrograms(...programs) {
  const missing = programs.filter((program) => spawnSync(program, ['--help'], { stdio: 'ignore' }).error !== undefined);
  return missing.length === 0 || process.env.CI ? '' : `not installed: ${missing.join(', ')}`;
}

export class Program {
  /** All that it printed. */
  output = '';
  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (this.output += data));
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  /**
   * Ended when the test ends, however it ends.
   * @param {import('node:test').TestContext} t
   * @param {string} program
   * @param {string[]} args
   * @param {Record<string, string>} [env]
   */
  static start(t, program, args, env = {}) {
    const started = new Program(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } }));
    t.after(() => started.stop());
    return started;
  }

  /** SIGINT, and SIGKILL when that does not do. */
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGINT');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 3_000);
    await this.ended;
    clearTimeout(timer);
  }

  /** How often it has printed this. @param {RegExp} pattern global */
  count(pattern) {
    return [...this.output.matchAll(pattern)].length;
  }
}

/** An even UDP port of 127.0.0.1 that is free, and the one after it too. @returns {Promise<number>} */
export async function freePortPair() {
  for (;;) {
    const [first, second] = [createSocket('udp4'), createSocket('udp4')];
    try {
      await bind(first, 0);
      const { port } = first.address();
      if (port % 2 !== 0) continue;
      await bind(second, port + 1);
      return port;
    } catch {
      continue; // the second one is taken
    } finally {
      first.close();
      second.close();
    }
  }
}

/** @param {import('node:dgram').Socket} socket @param {number} port @returns {Promise<void>} */
function bind(socket, port) {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', resolve);
  });
}
