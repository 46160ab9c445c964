// examples/native/peer.cc, started: signaling by lines of JSON on its standard input and output.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './server.js';

/** @param {string} name @returns {string} the example's program; empty when it is not built */
export function nativeExample(name) {
  const places = ['release', 'dev', 'cpp'].map((preset) => join(ROOT, 'build', preset, 'examples/native', `example_${name}`));
  return places.find((path) => existsSync(path)) ?? '';
}

export class NativePeer {
  /** What it has said on standard error. */
  output = '';
  /** @type {any[]} */
  messages = [];
  /** @type {((message: any) => void) | null} */
  onMessage = null;

  /** @param {import('node:test').TestContext} t @param {string[]} args */
  constructor(t, args) {
    this.child = spawn(nativeExample('peer'), args, { stdio: 'pipe' });
    this.child.stderr.on('data', (data) => (this.output += data));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const message = JSON.parse(line);
      if (this.onMessage) this.onMessage(message);
      else this.messages.push(message);
    });
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    t.after(async () => {
      this.child.stdin.end();
      await ended;
    });
  }

  /** From now on, and all that has come before. @param {(message: any) => void} take */
  listen(take) {
    this.onMessage = take;
    for (const message of this.messages.splice(0)) take(message);
  }

  /** @param {any} message */
  send(message) {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }
}
