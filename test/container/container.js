// The image, run as Docker would run it: by an OCI runtime, from the image's own configuration, with a read-only root, without
// rights, as PID 1 of its own namespaces; only the network is one that the test made.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** As in scripts/lib/image.sh. */
export const IMAGE_FOLDER = join(ROOT, 'build', 'container');
/** Control groups are the machine's business, often read-only where tests run, and crun refuses some ways to lay them out: it sees none. */
const RUNTIME = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /sys/fs/cgroup && exec crun --cgroup-manager=disabled "$@"', 'sh'];

/** Its command line. @param {string[]} words @returns {[string, string[]]} */
const runtime = (...words) => [RUNTIME[0] ?? '', [...RUNTIME.slice(1), ...words]];

/** Runs a function of scripts/lib/image.sh. @param {string[]} words */
function library(...words) {
  const script = 'source scripts/lib/common.sh && source scripts/lib/image.sh && "$@"';
  return execFileSync('bash', ['-c', script, 'bash', ...words], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

/** @returns {string} why there is no image to run here; empty when there is */
export function missingImage() {
  const missing = library('why_no_image');
  if (missing) return missing;
  return spawnSync(...runtime('--version')).status === 0 ? '' : 'crun is not installed (scripts/setup has it)';
}

/** Bytes of all files below, as du counts them. @param {string} folder */
const bytesBelow = (folder) => Number(execFileSync('du', ['-sb', folder], { encoding: 'utf8' }).split('\t')[0]);

export class Image {
  #container = '';
  root = '';
  /** @type {{ Env: string[], Entrypoint: string[], User: string, WorkingDir: string, StopSignal: string, Healthcheck: { Test: string[] } }} */
  config = /** @type {any} */ (null);

  /** Its files, mounted. */
  static open() {
    const image = new Image();
    image.#container = library('builder', 'from', 'localhost/sluice:test');
    image.root = library('builder', 'mount', image.#container);
    image.config = JSON.parse(library('builder', 'inspect', '--type', 'image', 'localhost/sluice:test')).Docker.config;
    return image;
  }

  /** What it takes on a disk, and what of that is whose. */
  sizes() {
    const at = (/** @type {string} */ path) => bytesBelow(join(this.root, path));
    return { all: at('.'), worker: at('usr/local/bin/sluice-worker'), server: at('opt/sluice') };
  }

  /** Bytes that have to be fetched: its files packed as a registry has them. */
  compressed() {
    return Number(execFileSync('bash', ['-c', `tar -C '${this.root}' -c . | gzip -6 | wc -c`], { encoding: 'utf8' }));
  }

  close() {
    library('builder', 'rm', this.#container);
  }
}

let count = 0;

export class Container {
  #id = `sluice-test-${process.pid}-${++count}`;
  #folder = mkdtempSync(join(tmpdir(), 'sluice-container-'));
  /** @type {import('node:child_process').ChildProcess} */
  #child;
  #state = '';
  #user = '';
  /** All that it printed. */
  output = '';
  /** Resolves with the exit code. @type {Promise<number | null>} */
  exited;

  /**
   * @param {Image} image
   * @param {{ namespace: string, env?: Record<string, string> }} options  `namespace`: the path of a network namespace
   */
  constructor(image, { namespace, env = {} }) {
    const { Env, Entrypoint, User, WorkingDir } = image.config;
    this.#user = User;
    const [uid = 0, gid = 0] = User.split(':').map(Number);
    const none = { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] };
    const kernel = (/** @type {string} */ type, destination = `/${type}`, /** @type {string[]} */ ...options) => ({
      destination,
      type,
      source: type,
      options,
    });
    writeFileSync(
      join(this.#folder, 'config.json'),
      JSON.stringify({
        ociVersion: '1.0.2',
        process: {
          terminal: false,
          user: { uid, gid },
          args: Entrypoint,
          env: [...Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
          cwd: WorkingDir,
          capabilities: none,
          noNewPrivileges: true,
        },
        root: { path: image.root, readonly: true },
        hostname: 'sluice',
        mounts: [
          kernel('proc'),
          kernel('sysfs', '/sys', 'nosuid', 'noexec', 'nodev', 'ro'),
          { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
          // Docker's mark of a container, by which the server knows that its network may be none of the host's.
          { destination: '/.dockerenv', type: 'bind', source: '/dev/null', options: ['bind', 'ro'] },
        ],
        linux: {
          namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }, { type: 'network', path: namespace }],
        },
      }),
    );
    this.#state = join(this.#folder, 'state');
    mkdirSync(this.#state);
    this.#child = spawn(...runtime(...this.#options(), 'run', '--bundle', this.#folder, this.#id), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (data) => (this.output += data));
    this.exited = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
  }

  /** Another program in it, as `docker exec`. @param {string[]} words */
  exec(...words) {
    return spawnSync(...runtime(...this.#options(), 'exec', `--user=${this.#user}`, '--no-new-privs', this.#id, ...words), {
      encoding: 'utf8',
    });
  }

  /** To PID 1. @param {string} signal */
  kill(signal) {
    execFileSync(...runtime(...this.#options(), 'kill', this.#id, signal));
  }

  async close() {
    spawnSync(...runtime(...this.#options(), 'delete', '--force', this.#id));
    await this.exited;
    rmSync(this.#folder, { recursive: true });
  }

  #options() {
    return [`--root=${this.#state}`];
  }
}
