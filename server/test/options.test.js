// Options by variable, what the server says of its reach, and how it learns its address.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { mediaAddresses, scopeOf } from '../dist/network/addresses.js';
import { reachability } from '../dist/network/reachability.js';
import { mappedAddress, publicAddress } from '../dist/network/stun.js';
import { variableOf } from '../dist/option_table.js';
import { optionGroups, parseOptions } from '../dist/options.js';
import { run, startServer, startServerWith } from './support.js';

/** As the server would read them. */
function optionsOf(variables, args = []) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return parseOptions(args);
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

const samples = {
  port: '9001',
  host: '::1',
  'signaling-port': '9002',
  'room-limit': '7',
  'resume-timeout': '20',
  'drain-timeout': '60',
  workers: '3',
  'listen-ip': '10.0.0.5',
  'announced-address': 'sfu.example.org',
  'rtc-ports': '40000-40010',
  'ice-server': 'turn:ada:s,cret@turn.example.org:3478?transport=tcp',
  tokens: 'required',
  'token-secret-file': '/run/secrets/token',
  'token-public-key': '/run/secrets/key.pem',
  'metrics-port': '9464',
  'metrics-host': '127.0.0.1',
  'metrics-token-file': '/run/secrets/metrics',
  'log-level': 'debug',
};

test('every option means the same on the command line and in its variable', () => {
  const defaults = optionsOf({}).options;
  for (const spec of optionGroups.flatMap(({ options }) => options)) {
    const name = /--([\w-]+)/.exec(spec.flags)[1];
    if (name === 'no-tcp') continue;
    assert.ok(samples[name], `no sample of --${name}`);
    const byLine = optionsOf({}, [`--${name}`, samples[name]]).options;
    assert.deepEqual(optionsOf({ [variableOf(spec)]: samples[name] }).options, byLine, variableOf(spec));
    assert.notDeepEqual(byLine, defaults, name);
    assert.deepEqual(optionsOf({ [variableOf(spec)]: '' }).options, defaults, `${variableOf(spec)} empty is not set`);
  }
  for (const [text, tcp] of [
    ['off', false],
    ['0', false],
    ['No', false],
    ['on', true],
    ['', true],
  ])
    assert.equal(optionsOf({ SLUICE_TCP: text }).options.tcp, tcp, text);
  assert.equal(optionsOf({ SLUICE_TCP: 'on' }, ['--no-tcp']).options.tcp, false, 'the command line has the last word');
  assert.equal(optionsOf({ PORT: '81', SLUICE_PORT: '82' }).options.port, 82);
  assert.equal(optionsOf({ PORT: '81' }).options.port, 81);
});

test('lists hold commas or spaces, passwords too', () => {
  const { options } = optionsOf({
    SLUICE_LISTEN_IP: '10.0.0.5, ::1',
    SLUICE_ICE_SERVER: 'stun:a.example turn:u:p,w@b.example,turns:u:pw@c.example:443',
  });
  assert.deepEqual(options.listenIp, ['10.0.0.5', '::1']);
  assert.deepEqual(
    options.iceServer.map(({ urls, credential }) => [urls, credential]),
    [
      ['stun:a.example', undefined],
      ['turn:b.example', 'p,w'],
      ['turns:c.example:443', 'pw'],
    ],
  );
});

for (const [variables, message] of [
  [{ SLUICE_PORT: 'eighty' }, /'eighty' from env 'SLUICE_PORT' is invalid\. Expected a number from 0 to 65535/],
  [{ SLUICE_TCP: 'maybe' }, /'maybe' from env 'SLUICE_TCP' is invalid\. Expected on or off/],
  [{ SLUICE_LISTEN_IP: '10.0.0.1,there' }, /env 'SLUICE_LISTEN_IP' is invalid\. Expected an IPv4 or IPv6/],
  [{ SLUICE_LOG_LEVEL: 'loud' }, /env 'SLUICE_LOG_LEVEL' is invalid\. Allowed choices are none, error, warn, info, debug/],
  [{ SLUICE_ANNOUNCED_ADDRESS: 'auto' }, /auto asks a STUN server, so it needs one: --ice-server/],
  [{ SLUICE_ANNOUNCED_ADDRESS: 'auto', SLUICE_ICE_SERVER: 'stun:127.0.0.1:9' }, /stun:127\.0\.0\.1:9 does not tell the announced address/],
]) {
  test(`${JSON.stringify(variables)} is one clear line and exit code 1`, async () => {
    const { output, exited } = run([], variables);
    assert.deepEqual(await exited, [1, null]);
    assert.match(output.err, message);
    assert.equal(output.err.trim().split('\n').length, 1, output.err);
  });
}

test('a variable that means nothing is warned of', async (t) => {
  const server = await startServerWith(t, { SLUICE_ANOUNCED_ADDRESS: '203.0.113.7', SLUICE_LOG_LEVEL: 'warn' });
  assert.match(server.output.err, /the variable SLUICE_ANOUNCED_ADDRESS means nothing here/);
});

test("docs/operations.md has the server's own options and metrics", () => {
  const script = fileURLToPath(new URL('../scripts/operations-docs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('what is shipped sets no variable that the server does not know', () => {
  const known = new Set([
    ...optionGroups.flatMap(({ options }) => options.map(variableOf)),
    'SLUICE_TOKEN_SECRET',
    'SLUICE_METRICS_TOKEN',
    'SLUICE_WORKER_BIN',
  ]);
  for (const name of ['Dockerfile', 'docker-compose.yml', 'deploy/sluice.service', 'docs/operations.md', 'README.md']) {
    const text = readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
    const used = [...text.matchAll(/\bSLUICE_[A-Z_]+/g)].map(([variable]) => variable).filter((variable) => variable !== 'SLUICE_');
    assert.ok(used.length > 0, name);
    for (const variable of used) assert.ok(known.has(variable), `${name}: ${variable}`);
  }
});

test('addresses are told apart by who can reach them', () => {
  for (const [address, scope] of [
    ['127.0.0.53', 'loopback'],
    ['::1', 'loopback'],
    ['169.254.1.1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.1', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['100.128.0.1', 'public'],
    ['fd00::1', 'private'],
    ['2001:db8::1', 'public'],
    ['::ffff:10.0.0.1', 'private'],
    ['203.0.113.7', 'public'],
    ['sfu.example.org', 'name'],
  ])
    assert.equal(scopeOf(address), scope, address);
  const interfaces = {
    lo: [{ address: '127.0.0.1' }, { address: '::1' }],
    eth0: [{ address: '10.0.0.5' }, { address: 'fe80::5' }, { address: 'fd00::5' }],
  };
  assert.deepEqual(mediaAddresses([], interfaces), ['127.0.0.1', '10.0.0.5', '::1', 'fd00::5']);
  assert.deepEqual(mediaAddresses(['0.0.0.0', '10.0.0.5'], interfaces), ['127.0.0.1', '10.0.0.5']);
});

const anywhere = { host: '0.0.0.0', announced: undefined, tcp: true, rtcPorts: { min: 10000, max: 59999 }, container: false };
for (const [what, situation, expected] of [
  [
    'a public address',
    { addresses: ['127.0.0.1', '203.0.113.7', '10.0.0.5'] },
    'Browsers open the page at every address of this machine, and reach media from anywhere, at 203.0.113.7, if the firewall lets UDP and TCP ports 10000-59999 through.',
  ],
  [
    'behind NAT',
    { addresses: ['127.0.0.1', '192.168.1.5'] },
    'Browsers open the page at every address of this machine, and reach media in the network of 192.168.1.5, but not from the internet: announce the public address of this machine or its NAT with --announced-address.',
  ],
  [
    'behind NAT, and announced',
    { addresses: ['127.0.0.1', '192.168.1.5'], announced: '203.0.113.7', tcp: false, rtcPorts: { min: 40000, max: 40010 } },
    'Browsers open the page at every address of this machine, and reach media from anywhere, at 203.0.113.7, if firewall and NAT let UDP ports 40000-40010 through.',
  ],
  [
    'an announced address of the wrong side',
    { addresses: ['10.0.0.5'], announced: '10.0.0.5' },
    'Browsers open the page at every address of this machine, and reach media in the network of 10.0.0.5, but not from the internet: announce the public address of this machine or its NAT with --announced-address.',
  ],
  [
    'a bridged container',
    { addresses: ['127.0.0.1', '172.17.0.2'], container: true, rtcPorts: { min: 40000, max: 40100 } },
    'Browsers open the page at every address of this container, and reach media only on this host, as 172.17.0.2 is an address of a container: announce the public address of this host with --announced-address, and publish UDP and TCP ports 40000-40100.',
  ],
  [
    'a laptop',
    { host: 'localhost', addresses: ['127.0.0.1', '192.168.1.5'] },
    'Browsers open the page on this machine only, as it is served on localhost (--host, or a proxy for https, opens it to others), and reach media in the network of 192.168.1.5, but not from the internet: announce the public address of this machine or its NAT with --announced-address.',
  ],
  [
    'no network at all',
    { host: '10.0.0.5', addresses: ['127.0.0.1', '::1'] },
    'Browsers open the page at 10.0.0.5, and reach media only on this machine, which has no other address to receive it on.',
  ],
]) {
  test(`what browsers will reach, in one sentence: ${what}`, () => {
    assert.equal(reachability({ ...anywhere, ...situation }), expected);
  });
}

test('the sentence is said at the start', async (t) => {
  const server = await startServer(t);
  while (server.output.out.split('\n').length < 3) await wait(20);
  assert.match(server.output.out.split('\n')[1], /^Browsers open the page on this machine only, .* media only on this machine/);
});

test('a STUN server tells the address that others see', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-stun-'));
  const taken = createSocket('udp4').bind(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address();
  taken.close();
  await once(taken, 'close');
  const options = ['-n', '--no-cli', '--no-tls', '--no-dtls', '--stun-only', '--listening-ip=127.0.0.1', `--listening-port=${port}`];
  const coturn = spawn('turnserver', [...options, `--pidfile=${folder}/pid`, `--log-file=${folder}/log`, `--userdb=${folder}/db`], {
    stdio: 'ignore',
  });
  const started = await Promise.race([once(coturn, 'spawn').then(() => true), once(coturn, 'error').then(() => false)]);
  t.after(() => {
    coturn.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  if (!started) return t.skip('turnserver (coturn) is not installed');
  for (let attempt = 0; ; attempt++) {
    try {
      assert.equal(await publicAddress(`stun:127.0.0.1:${port}`), '127.0.0.1');
      break;
    } catch (error) {
      if (attempt === 5 || error.code === 'ERR_ASSERTION') throw error;
    }
  }
  assert.equal(await publicAddress(`stun:localhost:${port}`), '127.0.0.1');
  const server = await startServer(t, '--announced-address', 'auto', '--ice-server', `stun:127.0.0.1:${port}`);
  while (server.output.out.split('\n').length < 3) await wait(20);
  assert.match(server.output.out, /media only on this machine, as 127\.0\.0\.1 is announced/);
});

test('an answer of STUN is taken as it stands, and nothing else for one', () => {
  // RFC 5769 §2.2: its mapped address is 192.0.2.1.
  const answer = Buffer.from(
    '0101003c2112a442b7e7a701bc34d686fa87dfae' +
      '8022000b7465737420766563746f7220' +
      '002000080001a147e112a643' +
      '000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7' +
      '80280004c07d4c96',
    'hex',
  );
  const transaction = answer.subarray(8, 20);
  assert.equal(mappedAddress(answer, transaction), '192.0.2.1');
  assert.equal(mappedAddress(answer, Buffer.alloc(12)), undefined);
  for (let size = 0; size < 48; size++) assert.equal(mappedAddress(answer.subarray(0, size), transaction), undefined, `${size} bytes`);
});

test('with --drain-timeout a call goes on after SIGTERM, new rooms are refused, and the end comes with the last to leave', async (t) => {
  const server = await startServer(t, '--drain-timeout', '60');
  const ada = await server.join('room', 'Ada');
  server.child.kill('SIGTERM');
  let ready;
  do ready = await fetch(`${server.url}/readyz`);
  while (ready.status === 200);
  assert.deepEqual((await ready.json()).reasons, ['the server is about to end']);
  const stranger = await server.connect();
  assert.equal((await stranger.request('join', { room: 'another', name: 'Cleo' })).content.code, 'shutting_down');
  const whip = await fetch(`${server.url}/whip/another`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: 'v=0\r\n',
  });
  assert.equal(whip.status, 503);
  const bob = await server.join('room', 'Bob');
  assert.equal(bob.joined.peers.length, 1, 'who joins a call that goes on gets in');
  ada.send('leave');
  await ada.closed;
  assert.equal((await bob.request('ping')).message_type, 'pong');
  bob.send('leave');
  assert.deepEqual(await server.exited, [0, null]);
});

test('a second SIGTERM ends the waiting', async (t) => {
  const server = await startServer(t, '--drain-timeout', '60');
  await server.join('room', 'Ada');
  server.child.kill('SIGTERM');
  do await wait(20);
  while ((await fetch(`${server.url}/readyz`)).status === 200);
  const pids = server.workerPids();
  server.child.kill('SIGTERM');
  assert.deepEqual(await server.exited, [1, null]);
  // Gone, or a zombie that waits for whoever is init here.
  const state = (pid) => (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '')[0] : 'Z');
  while (!pids.every((pid) => state(pid) === 'Z')) await wait(20);
});
