// The worker in one network namespace, browsers in others, and between them links that lose, delay and reorder (network.py).

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'network.py');
const TOOLS = ['python3', 'ip', 'nsenter'];

/**
 * What happens to packets on their way: loss in percent, delay and jitter in ms.
 * @typedef {{ loss?: number, delay?: number, jitter?: number }} Conditions
 * @typedef {{ packets: number, lost: number, overtaken: number, refused: number }} Counts
 * @typedef {{ toHost: Counts, toHub: Counts }} LegCounts
 */

/** @returns {string} why there is no such network here; empty when there is. A machine that forbids it is a reason in CI too */
export function missingNetwork() {
  const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error);
  if (missing.length) return process.env.CI ? '' : `not installed: ${missing.join(', ')}`;
  const { status, stderr } = spawnSync('python3', [PROGRAM, '--probe'], { encoding: 'utf8' });
  return status === 0 ? '' : `this machine allows no network namespaces with TUN devices (${stderr.trim().split('\n').at(-1)})`;
}

export class Network {
  #child;
  #lines;
  #folder = mkdtempSync(join(tmpdir(), 'sluice-network-'));
  /** Where the hub is reached. */
  address = '';
  /** For running it again: SLUICE_SEED. What is lost depends on it and on the order of packets. */
  seed = 0;
  #hub = '';
  /** @type {Record<string, { namespace: string, address: string }>} */
  #hosts = {};
  #runners = 0;

  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.#child = child;
    this.#lines = createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stdout) })[Symbol.asyncIterator]();
  }

  /** @param {string[]} hosts their names, each with a leg to the hub */
  static async start(...hosts) {
    const network = new Network(spawn('python3', [PROGRAM, ...hosts], { stdio: ['pipe', 'pipe', 'inherit'] }));
    const made = await network.#reply();
    network.address = made.address;
    network.seed = made.seed;
    network.#hub = made.hub;
    network.#hosts = made.hosts;
    return network;
  }

  /** For whoever enters it by other means. */
  get hubNamespace() {
    return this.#hub;
  }

  /** The path of a program that runs another one inside the hub. @param {string} program */
  atHub(program) {
    return this.#runner(this.#hub, program);
  }

  /** @param {string} host @param {string} program */
  at(host, program) {
    return this.#runner(this.#hosts[host]?.namespace ?? '', program);
  }

  /** @param {string} host */
  addressOf(host) {
    return this.#hosts[host]?.address ?? '';
  }

  /** From now on; what is not named stays. @param {string} leg @param {{ toHost?: Conditions, toHub?: Conditions }} conditions */
  set(leg, conditions) {
    return this.#ask({ leg, ...conditions });
  }

  /** The same conditions for all legs both ways. @param {Conditions} conditions */
  async setAll(conditions) {
    for (const leg of Object.keys(this.#hosts)) await this.set(leg, { toHost: conditions, toHub: conditions });
  }

  /** Packets so far. @returns {Promise<Record<string, LegCounts>>} */
  counts() {
    return this.#ask({ report: true });
  }

  async close() {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null) {
      this.#child.stdin?.end();
      await gone;
    }
    rmSync(this.#folder, { recursive: true });
  }

  /** @param {object} command */
  #ask(command) {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    return this.#reply();
  }

  async #reply() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the network ended by itself');
    return JSON.parse(value);
  }

  /** @param {string} namespace @param {string} program */
  #runner(namespace, program) {
    const path = join(this.#folder, `run-${++this.#runners}`);
    writeFileSync(path, `#!/bin/sh\nexec nsenter --net=${namespace} '${program}' "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }
}
