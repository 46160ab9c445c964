// Runs the end-to-end tests: node test/e2e/run.js [FILE…]
//
// Files run one after the other (each starts its own server and browsers, and two cores carry no more), and nothing is retried.
// Firefox connects to no loopback address. Where the machine has no other (containers without a network), everything runs in a network
// namespace of its own, with a global address on `lo`. Without browsers the tests skip and say so; with CI set they fail instead.

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
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

const wrapper = hasGlobalAddress() ? [] : namespace();
if (!wrapper) console.log('# only loopback addresses here, and no network namespace to be had: the tests with Firefox will skip');
const [program = '', ...rest] = [...(wrapper ?? []), process.execPath, '--test', '--test-concurrency=1', '--test-reporter=spec', ...files];
const child = spawn(program, rest, { stdio: 'inherit' });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
