// The server as a program: its page, its health, its workers, its end, its command line.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { publish, run, startServer } from './support.js';

const quick = ['--workers', '1', '--listen-ip', '127.0.0.1'];

test('the page and its health are served, and nothing else', async (t) => {
  const server = await startServer(t, '--workers', '2');
  const page = await fetch(server.url);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /text\/html/);
  assert.match(await page.text(), /<!doctype html>/i);
  assert.match((await fetch(`${server.url}/signaling.js`)).headers.get('content-type'), /javascript/);
  await server.join('health', 'Ada');
  assert.deepEqual(await (await fetch(`${server.url}/health`)).json(), {
    status: 'ok',
    workers: { running: 2, wanted: 2 },
    rooms: 1,
    participants: 1,
  });
  assert.equal((await fetch(`${server.url}/nothing`)).status, 404);
  assert.equal((await fetch(`${server.url}/../package.json`)).status, 404);
  const elsewhere = new WebSocket(`${server.url.replace('http', 'ws')}/elsewhere`);
  const [error] = await once(elsewhere, 'error');
  assert.match(error.message, /404/);
});

test('rooms are spread over the workers, and gone when the last has left', async (t) => {
  const server = await startServer(t, '--workers', '2', '--log-level', 'debug');
  const clients = [];
  for (const room of ['a', 'b', 'c', 'd']) clients.push(await server.join(room, 'Ada'));
  for (const client of clients) client.send('leave');
  await Promise.all(clients.map(({ closed }) => closed));
  const health = await (await fetch(`${server.url}/health`)).json();
  assert.deepEqual([health.rooms, health.participants], [0, 0]);
});

test('localhost is both of its addresses', async (t) => {
  const server = await startServer(t);
  const { port } = new URL(server.url);
  assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200);
  assert.equal((await fetch(`http://[::1]:${port}/health`)).status, 200);
});

test('when a worker dies its participants join anew, in a new one', async (t) => {
  const server = await startServer(t);
  const ada = await server.join('room', 'Ada');
  const bob = await server.join('room', 'Bob');
  await publish(ada);
  const [pid] = server.workerPids();
  process.kill(pid, 'SIGKILL');
  for (const client of [ada, bob]) {
    const { content, id } = await client.next('error');
    assert.equal(content.code, 'session_expired');
    assert.equal(content.in_reply_to, null);
    assert.equal(id, undefined);
    assert.equal((await client.request('resume', { session: client.joined.session })).content.code, 'session_expired');
  }
  assert.deepEqual((await ada.request('join', { room: 'room', name: 'Ada' })).content.peers, []);
  const rejoined = await bob.request('join', { room: 'room', name: 'Bob' });
  assert.equal(rejoined.content.peers.length, 1);
  await publish(ada);
  assert.equal((await bob.next('offer')).message_type, 'offer');
  const pids = server.workerPids();
  assert.equal(pids.length, 1);
  assert.notEqual(pids[0], pid);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} ends it in order: 1001 to the clients, no worker left, exit code 0`, async (t) => {
    const server = await startServer(t);
    const ada = await server.join('room', 'Ada');
    const pids = server.workerPids();
    server.child.kill(signal);
    assert.equal(await ada.closed, 1001);
    assert.deepEqual(await server.exited, [0, null]);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
}

test('an occupied port is one clear line, exit code 1, and no worker left', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address();
  const { output, exited } = run(['--port', String(port), ...quick]);
  assert.deepEqual(await exited, [1, null]);
  occupant.close();
  assert.equal(output.err, `sluice-server: cannot listen on 127.0.0.1:${port}: it is in use already; choose another with --port\n`);
  assert.equal(output.out, '');
});

for (const [args, env, message] of [
  [['--port', 'eighty'], {}, /--port.*'eighty'.*number from 0 to 65535/],
  [['--port', '65536'], {}, /--port/],
  [[], { PORT: 'x' }, /'x' from env 'PORT'.*number/],
  [['--workers', '0'], {}, /--workers.*number from 1/],
  [['--listen-ip', 'here'], {}, /--listen-ip.*IPv4 or IPv6/],
  [['--rtc-ports', '5-1'], {}, /--rtc-ports.*MIN-MAX/],
  [['--log-level', 'loud'], {}, /--log-level.*none, error, warn, info, debug/],
  [['--frobnicate'], {}, /unknown option '--frobnicate'/],
  [['extra'], {}, /too many arguments/],
  [
    ['--port', '0', '--host', '203.0.113.9', '--tokens', 'off', ...quick],
    {},
    /cannot listen on 203\.0\.113\.9:0: this machine does not have that address/,
  ],
  [['--port', '0', '--listen-ip', '203.0.113.9', '--workers', '2'], {}, /the worker cannot start: .*203\.0\.113\.9/],
  [['--port', '0', '--announced-address', 'a b', ...quick], {}, /the worker cannot start: .*announced-address/],
  [['--port', '0', ...quick], { SLUICE_WORKER_BIN: '/nowhere/worker' }, /cannot run \/nowhere\/worker: ENOENT/],
]) {
  test(`${JSON.stringify({ args, ...env })} is one clear line and exit code 1`, async () => {
    const { output, exited } = run(args, env);
    assert.deepEqual(await exited, [1, null]);
    assert.match(output.err, message);
    assert.equal(output.err.trim().split('\n').length, 1, output.err);
  });
}

test('--help and --version print and end well', async () => {
  const help = run(['--help']);
  assert.deepEqual(await help.exited, [0, null]);
  for (const option of ['--port', '--host', '--workers', '--listen-ip', '--announced-address', '--no-tcp', '--log-level'])
    assert.ok(help.output.out.includes(option));
  const version = run(['--version']);
  assert.deepEqual(await version.exited, [0, null]);
  assert.match(version.output.out, /^sluice-server \d+\.\d+\.\d+\n$/);
});

test('PORT chooses the port, --port has the last word', async (t) => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  await once(free, 'close');
  const started = run(quick, { PORT: String(port) });
  t.after(() => started.child.kill());
  for (let i = 0; i < 100 && started.output.out === ''; i++) await wait(50);
  assert.match(started.output.out, new RegExp(`http://localhost:${port} `));
});
