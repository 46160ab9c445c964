// Runs the end-to-end tests: node test/e2e/run.js [FILE…]
//
// Each file starts its own server and browsers. Those that judge smoothness or delay of pictures run one after the other, as two cores
// carry no more; the others two at a time, and the longest first. Nothing is retried.
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

/** Files that only ask whether something works, not how fast or how smoothly; and such as leave a core to another: sound alone. The longest first. */
const UNHURRIED = [
  'whip',
  'data',
  'tokens',
  'mediasoup_client',
  'audio',
  'devices',
  'renegotiation',
  'plain',
  'native_peer',
  'screenshots',
  'signaling',
  'load',
  'bad_input',
].map((name) => `${name}.test.js`);

const wrapper = hasGlobalAddress() ? [] : namespace();
if (!wrapper) console.log('# only loopback addresses here, and no network namespace to be had: the tests with Firefox will skip');
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
/** @type {NodeJS.Signals | undefined} */
let stopped;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    stopped = signal;
    for (const child of running) child.kill(signal);
  });
}

/** What it prints comes in one piece, when it has ended. @param {string} file @returns {Promise<boolean>} whether all passed */
function run(file) {
  const [program = '', ...rest] = [...(wrapper ?? []), process.execPath, '--test', '--test-reporter=spec', file];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  /** @type {Buffer[]} */
  const said = [];
  child.stdout.on('data', (data) => said.push(data));
  return new Promise((resolve) =>
    child.on('close', (code) => {
      running.delete(child);
      process.stdout.write(Buffer.concat(said));
      resolve(code === 0);
    }),
  );
}

/** In their order. (`node --test` would sort them.) @param {string[]} some @param {number} atOnce @returns {Promise<boolean>} */
async function runAll(some, atOnce) {
  const waiting = [...some];
  let passed = true;
  const lane = async () => {
    for (let file = waiting.shift(); file !== undefined && !stopped; file = waiting.shift()) passed = (await run(file)) && passed;
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return passed && !stopped;
}

const unhurried = UNHURRIED.flatMap((name) => files.filter((file) => basename(file) === name));
const alone = files.filter((file) => !UNHURRIED.includes(basename(file)));
const passed = [await runAll(unhurried, 2), await runAll(alone, 1)];
process.exit(passed.every(Boolean) ? 0 : 1);
