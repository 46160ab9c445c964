// control.js [SECONDS]: what a request costs from Node and from Python, one after the other and many in flight, beside a bare echo (cat)
// over the same kind of socket pair. Each figure from SECONDS (2) of asking.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { encodeFrame } from '../../node/dist/channel/framing.js';
import { createWorker } from '../../node/dist/index.js';
import * as wire from '../../node/dist/wire/index.js';

const seconds = Number(process.argv[2] ?? 2);
const inFlight = 1000;
const command = new wire.GetStatsT(wire.ObjectKind.TRANSPORT, '3f2a8c1e-0000-4000-8000-000000000000');
const frame = encodeFrame(new wire.RequestT(1, wire.Command.GetStats, command));

async function oneByOne(ask) {
  const times = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const start = performance.now();
    await ask();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)] * 1000;
  return { sequential: (times.length / times.reduce((sum, time) => sum + time, 0)) * 1000, p50: at(0.5), p99: at(0.99) };
}

/** `ask` sends so many and awaits all. Requests a second, and what each takes of this process's processor, in µs. */
async function manyAtOnce(ask) {
  let count = 0;
  const before = process.cpuUsage();
  const start = performance.now();
  for (; performance.now() < start + seconds * 1000; count += inFlight) await ask(inFlight);
  const { user, system } = process.cpuUsage(before);
  return { pipelined: (count / (performance.now() - start)) * 1000, cpu: (user + system) / count };
}

async function echo() {
  const child = spawn('sh', ['-c', 'exec cat <&3 >&3'], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const socket = child.stdio[3];
  let awaited = 0;
  let settle;
  socket.on('data', (chunk) => {
    awaited -= chunk.length;
    if (awaited === 0) settle();
  });
  const ask = (count = 1) =>
    new Promise((resolve) => {
      [awaited, settle] = [frame.length * count, resolve];
      for (let i = 0; i < count; i++) socket.write(frame);
    });
  const result = { ...(await oneByOne(() => ask())), ...(await manyAtOnce(ask)) };
  socket.end();
  child.kill();
  await once(child, 'exit');
  return result;
}

async function measure() {
  const results = { echo: await echo() };
  const worker = await createWorker({ listen: [{ ip: '127.0.0.1' }] });
  const room = await worker.createRoom();
  const transport = await room.createDirectTransport();
  const calls = {
    getResourceUsage: () => worker.getResourceUsage(),
    'transport.getStats': () => transport.getStats(),
    'createDirectTransport, close': async () => (await room.createDirectTransport()).close(),
  };
  for (const [name, call] of Object.entries(calls)) {
    const many = (count) => Promise.all(Array.from({ length: count }, call));
    results[name] = { ...(await oneByOne(call)), ...(await manyAtOnce(many)) };
  }
  worker.close();
  return results;
}

const script = fileURLToPath(new URL('control.py', import.meta.url));
const python = fileURLToPath(new URL('../../.tools/python/bin/python', import.meta.url));
const results = { Node: await measure(), Python: JSON.parse(execFileSync(python, [script, String(seconds)], { encoding: 'utf8' })) };

const cell = (value) => Math.round(value).toLocaleString('en').padStart(10);
console.log(`${''.padEnd(37)}one after the other:            ${inFlight} in flight:`);
console.log(`${''.padEnd(37)}requests/s    p50 µs    p99 µs  requests/s    CPU µs`);
for (const [language, rows] of Object.entries(results)) {
  for (const [name, { sequential, p50, p99, pipelined, cpu }] of Object.entries(rows)) {
    console.log(`${language.padEnd(7)} ${name.padEnd(29)}${cell(sequential)}${cell(p50)}${cell(p99)}${cell(pipelined)}${cell(cpu)}`);
  }
}
