// docker-compose.yml, brought up by docker-compose: Podman serves Docker's API to it, in a network namespace of the test's, with its
// images and containers in the builder's storage. It publishes ports by NAT on a bridge (CNI), as Docker does.

import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../e2e/lib/wait.js';
import { IMAGE_FOLDER, ROOT } from './container.js';

const FOLDER = join(IMAGE_FOLDER, 'podman');
const SOCKET = join(FOLDER, 'api.sock');
const PROJECT = 'sluice-test';
const CNI = '/usr/lib/cni';

/** No control groups, which are often read-only where tests run, and no limits above the test's own. */
const SETTINGS = `
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "cni"
network_config_dir = "${FOLDER}/cni"
`;

/** @returns {string} why docker-compose.yml cannot be brought up here; empty when it can */
export function missingCompose() {
  const missing = ['podman', 'docker-compose'].filter((tool) => spawnSync(tool, ['--version']).status !== 0);
  if (spawnSync('test', ['-x', `${CNI}/bridge`]).status !== 0) missing.push('containernetworking-plugins');
  return missing.length && !process.env.CI ? `not installed: ${missing.join(', ')} (scripts/setup has them)` : '';
}

/** What docker-compose makes of the file with these variables: checked against the schema of the Compose specification, and filled in. @param {Record<string, string>} [variables] @returns {any} */
export function composed(variables = {}) {
  const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))';
  const profiles = ['--profile', 'host', '--profile', 'turn'];
  const text = execFileSync('docker-compose', [...profiles, 'config'], { cwd: ROOT, encoding: 'utf8', env: clean(variables) });
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', script], { input: text, encoding: 'utf8' }));
}

/** None of the developer's own settings. @param {Record<string, string>} variables */
const clean = (variables) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SLUICE|TURN|PAGE|COMPOSE|DOCKER)_/.test(name))),
  ...variables,
});

const podman = [
  'podman',
  `--root=${IMAGE_FOLDER}/storage`,
  `--runroot=${IMAGE_FOLDER}/run`,
  '--storage-driver=overlay',
  `--tmpdir=${FOLDER}/tmp`,
];

/** @returns {Promise<boolean>} */
const answers = () =>
  new Promise((resolve) => {
    const request = get({ socketPath: SOCKET, path: '/_ping' }, (response) => resolve(response.resume().statusCode === 200));
    request.on('error', () => resolve(false));
  });

export class Compose {
  #service;
  #variables;
  /** What Podman says. */
  output = '';

  /** @param {string} namespace of the host's network @param {Record<string, string>} variables as in the file .env */
  constructor(namespace, variables) {
    this.#variables = { ...variables, DOCKER_HOST: `unix://${SOCKET}`, COMPOSE_PROJECT_NAME: PROJECT };
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, 'containers.conf'), SETTINGS);
    const env = { ...process.env, CONTAINERS_CONF: join(FOLDER, 'containers.conf') };
    execFileSync(podman[0] ?? '', [...podman.slice(1), 'tag', 'localhost/sluice:test', 'docker.io/library/sluice:latest'], { env });
    const script = 'mount -t tmpfs tmpfs /sys/fs/cgroup && exec "$@"';
    const command = [
      `--net=${namespace}`,
      'unshare',
      '--mount',
      'sh',
      '-c',
      script,
      'sh',
      ...podman,
      'system',
      'service',
      '--time=0',
      `unix://${SOCKET}`,
    ];
    this.#service = spawn('nsenter', command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#service.stdout, this.#service.stderr]) stream?.on('data', (data) => (this.output += data));
  }

  /** @param {string} namespace @param {Record<string, string>} variables */
  static async start(namespace, variables) {
    const compose = new Compose(namespace, variables);
    await until('Podman to answer', answers, {
      within: 20_000,
      seen: () => compose.output,
    });
    await compose.run('down', '--timeout', '0'); // what a run left that was killed
    return compose;
  }

  /** docker-compose's command line. @param {string[]} words @returns {Promise<string>} what it prints */
  async run(...words) {
    const { stdout, stderr } = await promisify(execFile)('docker-compose', words, {
      cwd: ROOT,
      encoding: 'utf8',
      env: clean(this.#variables),
    });
    return stdout + stderr;
  }

  async close() {
    const gone = new Promise((resolve) => this.#service.once('exit', resolve));
    try {
      await this.run('--profile', 'host', 'down', '--timeout', '0');
    } finally {
      this.#service.kill('SIGTERM');
      await gone;
    }
  }
}
