// Runs the end-to-end tests: node test/e2e/run.js [FILE…]
//
// Each file starts its own server and browsers. Those that judge smoothness, delay or bitrates run one after the other, as two cores
// carry no more; the others two at a time. Nothing is retried.
// Firefox connects to no loopback address. Where the machine has no other (containers without a network), everything runs in a network
// namespace of its own, with a global address on `lo`. Without browsers the tests skip and say so; with CI set they fail instead.

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const NAMESPACE_ADDRESS = '10.9.9.9';
const files =
  process.argv.length > 2
    ? process.argv.slice(2)
    : readdirSync(HERE)
        .filter((name) => name.endsWith('.test.js'))
        .sort()
        .map((name) => join(HERE, name));

function hasGlobalAddress() {
  return Object.values(networkInterfaces())
    .flat()
    .some((entry) => entry && !entry.address.startsWith('127.') && entry.address !== '::1' && !entry.address.startsWith('fe80:'));
}

/** The command that gives the rest of its arguments a network with a global address, or null when this user may not have one. */
function namespace() {
  const addresses = `ip link set lo up && ip addr add ${NAMESPACE_ADDRESS}/32 dev lo && ip route add default dev lo`;
  const unshare = process.getuid?.() === 0 ? ['unshare', '--net'] : ['unshare', '--user', '--map-root-user', '--net'];
  const command = [...unshare, 'sh', '-c', `${addresses} && exec "$@"`, 'sh'];
  const [program = '', ...rest] = command;
  return spawnSync(program, [...rest, 'true']).status === 0 ? command : null;
}

/** Files that only ask whether something works, not how fast or how smoothly. */
const UNHURRIED = new Set(
  ['bad_input', 'devices', 'mediasoup_client', 'plain', 'screenshots', 'signaling', 'tokens', 'whip'].map((name) => `${name}.test.js`),
);

const wrapper = hasGlobalAddress() ? [] : namespace();
if (!wrapper) console.log('# only loopback addresses here, and no network namespace to be had: the tests with Firefox will skip');
/** @type {import('node:child_process').ChildProcess | undefined} */
let child;
/** @type {NodeJS.Signals | undefined} */
let stopped;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    stopped = signal;
    child?.kill(signal);
  });
}

/**
 * @param {string[]} some
 * @param {number} concurrency
 * @returns {Promise<boolean>} whether all passed
 */
function run(some, concurrency) {
  if (some.length === 0 || stopped) return Promise.resolve(!stopped);
  const [program = '', ...rest] = [
    ...(wrapper ?? []),
    process.execPath,
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    ...some,
  ];
  child = spawn(program, rest, { stdio: 'inherit' });
  return new Promise((resolve) => child?.on('exit', (code) => resolve(code === 0)));
}

const unhurried = files.filter((file) => UNHURRIED.has(basename(file)));
const alone = files.filter((file) => !UNHURRIED.has(basename(file)));
const passed = [await run(unhurried, 2), await run(alone, 1)];
process.exit(passed.every(Boolean) ? 0 : 1);
