import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createWorker, MalformedFrameError, VersionMismatchError, WorkerClosedError, WorkerDiedError, WorkerStartError } from 'sluice';
import { next } from './support.js';

const fakeBin = fileURLToPath(new URL('fake_worker.js', import.meta.url));

function createFake(way) {
  process.env.SLUICE_FAKE = way;
  return createWorker({ workerBin: fakeBin });
}

async function rejection(promise) {
  return promise.then(
    () => assert.fail('it did not reject'),
    (error) => error,
  );
}

function isGone(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

async function untilGone(pid, timeout = 5_000) {
  for (const end = Date.now() + timeout; !isGone(pid); await wait(20)) assert.ok(Date.now() < end, `process ${pid} is still there`);
}

test('a missing binary is one clear error', async () => {
  const error = await rejection(createWorker({ workerBin: '/nowhere/sluice-worker' }));
  assert.ok(error instanceof WorkerStartError);
  assert.equal(error.message, 'cannot run /nowhere/sluice-worker: ENOENT');
});

test('a file that may not be run is one clear error', async () => {
  const error = await rejection(createWorker({ workerBin: fileURLToPath(import.meta.url) }));
  assert.ok(error instanceof WorkerStartError);
  assert.match(error.message, /^cannot run .*: EACCES$/);
});

test('an occupied port is one clear error that names it', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const error = await rejection(createWorker({ listen: [{ ip: '127.0.0.1', port }] }));
  socket.close();
  assert.ok(error instanceof WorkerStartError);
  assert.match(error.message, new RegExp(`^the worker cannot start: .*127\\.0\\.0\\.1:${port}.*in use`));
  assert.ok(!error.message.includes('\n'));
});

test('an unreadable certificate is one clear error that names the file', async () => {
  const error = await rejection(createWorker({ dtlsCertificateFile: '/nowhere/cert.pem', dtlsPrivateKeyFile: '/nowhere/key.pem' }));
  assert.ok(error instanceof WorkerStartError);
  assert.match(error.message, /cert\.pem/);
  assert.ok(!error.message.includes('\n'));
});

for (const [settings, field] of [
  [{ logLevel: 'loud' }, 'logLevel'],
  [{ logTags: ['ice', 'fire'] }, 'logTags[1]'],
  [{ rtcMinPort: 'a' }, 'rtcMinPort'],
  [{ listen: [{}] }, 'listen[0].ip'],
  [{ listen: [{ ip: '127.0.0.1', port: 70000 }] }, 'listen[0].port'],
  [{ listen: [{ ip: '127.0.0.1', protocol: 'sctp' }] }, 'listen[0].protocol'],
  [{ appData: 3 }, 'appData'],
  [{ dtlsCertificateFile: 5 }, 'dtlsCertificateFile'],
]) {
  test(`a bad ${field} is a TypeError that names it`, async () => {
    const error = await rejection(createWorker(settings));
    assert.ok(error instanceof TypeError);
    assert.equal(error.field, field);
    assert.ok(error.message.startsWith(`${field}: `));
  });
}

test('a worker of another protocol version is told apart', async () => {
  const error = await rejection(createFake('version'));
  assert.ok(error instanceof VersionMismatchError);
  assert.match(error.message, /fake-worker 9\.9\.9.*protocol 2.*speaks 1/);
});

for (const way of ['garbage', 'huge', 'noIdentifier', 'looping', 'noHello']) {
  test(`something that is no worker is refused: ${way}`, { timeout: 5_000 }, async () => {
    const error = await rejection(createFake(way));
    assert.ok(error instanceof WorkerStartError);
    assert.match(error.message, /is no sluice-worker: /);
    assert.ok(error.cause instanceof MalformedFrameError);
  });
}

for (const [way, message] of [
  ['failure', 'the worker cannot start: the moon is in the way'],
  ['stderr', 'the worker cannot start: no such thing as a free port'],
  ['exit', `${fakeBin} ended at once (exit code 7)`],
]) {
  test(`a worker that gives up at once is one clear error: ${way}`, async () => {
    const error = await rejection(createFake(way));
    assert.ok(error instanceof WorkerStartError);
    assert.equal(error.message, message);
  });
}

for (const [way, reason] of [
  ['garbageLater', /malformed frame/],
  ['wrongReply', /holds PeerReplyT, expected DumpReplyT/],
  ['unasked', /response to request 77, which was not asked/],
]) {
  test(`a worker that goes mad is ended, and its requests are rejected: ${way}`, async () => {
    const worker = await createFake(way);
    const died = next(worker, 'died');
    const error = await rejection(worker.dump());
    assert.ok(error instanceof WorkerClosedError || error instanceof MalformedFrameError);
    assert.match(error.message, reason);
    const [end] = await died;
    assert.ok(end instanceof WorkerDiedError);
    assert.match(end.message, reason);
    assert.ok(isGone(worker.pid));
  });
}

test('the exit code of a worker that ends by itself is told', async () => {
  const worker = await createFake('endLater');
  const died = next(worker, 'died');
  assert.ok((await rejection(worker.dump())) instanceof WorkerClosedError);
  const [error] = await died;
  assert.equal(error.code, 3);
  assert.equal(error.signal, null);
});

test('a worker that ends its channel but not itself is ended', async () => {
  const worker = await createFake('hang');
  const died = next(worker, 'died');
  assert.ok((await rejection(worker.dump())) instanceof WorkerClosedError);
  const [error] = await died;
  assert.equal(error.signal, 'SIGKILL');
});

for (const way of ['exits', 'is killed']) {
  test(`no worker is left behind when the controller ${way}`, async () => {
    const program = `import { createWorker } from 'sluice';
      const worker = await createWorker({ listen: [{ ip: '127.0.0.1' }] });
      console.log(worker.pid);
      ${way === 'exits' ? 'setTimeout(() => process.exit(0), 50);' : ''}`;
    const controller = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(controller.stdout, 'data');
    const pid = Number(line);
    assert.ok(pid > 0);
    const exited = once(controller, 'exit');
    if (way === 'is killed') controller.kill('SIGKILL');
    await exited;
    await untilGone(pid);
  });
}
