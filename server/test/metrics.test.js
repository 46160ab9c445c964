// /metrics, /healthz and /readyz: what they say, to whom, and what the dashboard makes of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { workerBin } from 'sluice';
import { publish, run, startServer, startServerWith } from './support.js';

const token = 'a-token-of-metrics-1234';

/** name{labels} → value, and the families that HELP and TYPE announce. */
function parse(text) {
  const values = new Map();
  const families = new Set();
  for (const line of text.split('\n')) {
    const [, family] = /^# TYPE (\S+) (?:gauge|counter|histogram|summary)$/.exec(line) ?? [];
    if (family !== undefined) families.add(family);
    const [, series, value] = /^([a-z_]\w*(?:\{.*\})?) (\S+)$/i.exec(line) ?? [];
    if (series !== undefined) values.set(series, Number(value));
  }
  return { values, families };
}

async function scrape(url) {
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200, await response.clone().text());
  assert.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  return response.text();
}

/** What fetch() does not let one say: another name of the server. */
function get(url, headers) {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    })
      .on('error', reject)
      .end();
  });
}

test('a scrape tells what there is in each worker, and what it has counted', async (t) => {
  const server = await startServer(t, '--workers', '2');
  const ada = await server.join('room', 'Ada');
  await publish(ada);
  const bob = await server.join('room', 'Bob');
  await bob.request('ping');
  const { values } = parse(await scrape(server.url));
  const sum = (family, labels = '') => {
    const series = [...values].filter(([name]) => name.startsWith(family) && name.slice(family.length).includes(labels));
    assert.ok(series.length > 0, `no ${family}${labels}`);
    return series.reduce((total, [, value]) => total + value, 0);
  };
  assert.equal(values.get('sluice_workers_running'), 2);
  assert.equal(values.get('sluice_participants'), 2);
  assert.equal(values.get('sluice_signaling_connections'), 2);
  assert.equal(sum('sluice_worker_up{'), 2);
  assert.equal(sum('sluice_rooms{'), 1);
  assert.equal(sum('sluice_peers{'), 2);
  assert.equal(sum('sluice_producers{', 'kind="video"'), 1);
  assert.equal(sum('sluice_producers{', 'kind="audio"'), 1);
  assert.equal(sum('sluice_transports{', 'type="webrtc",ice_state="new",dtls_state="'), 2, "Ada's, and that which Bob was offered");
  assert.ok(sum('sluice_worker_cpu_seconds_total{') > 0);
  assert.ok(sum('sluice_worker_resident_memory_bytes{') > 1e6);
  assert.ok(sum('sluice_worker_wake_ups_total{') > 0);
  assert.ok(values.get('process_resident_memory_bytes') > 1e6);
  assert.ok(values.has('nodejs_eventloop_lag_seconds'));
  // A histogram counts upwards, to the same number as its _count.
  for (const worker of ['0', '1']) {
    const buckets = [...values].filter(
      ([name]) => name.startsWith('sluice_worker_deadline_delay_seconds_bucket') && name.includes(`worker="${worker}"`),
    );
    assert.equal(buckets.length, 16);
    assert.deepEqual(
      [...buckets.map(([, value]) => value)].sort((a, b) => a - b),
      buckets.map(([, value]) => value),
    );
    assert.match(buckets.at(-1)[0], /le="\+Inf"/);
    assert.equal(buckets.at(-1)[1], values.get(`sluice_worker_deadline_delay_seconds_count{worker="${worker}"}`));
  }
});

test('it is well-formed for Prometheus, and so are its names', async (t) => {
  const server = await startServer(t);
  const ada = await server.join('room', 'Ada');
  await publish(ada);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: await scrape(server.url), encoding: 'utf8' });
  if (checked.error?.code === 'ENOENT') return t.skip('promtool is not installed (Debian: prometheus)');
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.equal(checked.stdout + checked.stderr, '');
});

test('the dashboard asks for nothing that a scrape does not have', async (t) => {
  const dashboard = JSON.parse(readFileSync(fileURLToPath(new URL('../../docs/grafana/sluice.json', import.meta.url)), 'utf8'));
  const server = await startServer(t);
  const { families } = parse(await scrape(server.url));
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(queries.length >= 20, `${queries.length} queries`);
  const rules = queries.map((expr, index) => ({
    record: `query_${index}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
  }));
  const folder = mkdtempSync(join(tmpdir(), 'sluice-queries-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  const checked = spawnSync('promtool', ['check', 'rules', join(folder, 'rules.yml')], { encoding: 'utf8' });
  if (checked.error?.code !== 'ENOENT') assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  const asked = new Set(queries.flatMap((expr) => expr.match(/\b(?:sluice|process|nodejs)_[a-z0-9_]+/g)));
  for (const name of asked) {
    const family = families.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(families.has(family), `the dashboard asks for ${name}, which is not there`);
  }
  for (const part of ['dropped', 'nacks', 'plis', 'round_trip', 'loss', 'deadline_delay', 'batch', 'cpu', 'memory', 'transports'])
    assert.ok(
      [...asked].some((name) => name.includes(part)),
      `the dashboard shows nothing of ${part}`,
    );
});

test('the operations page lists every metric', async (t) => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
  const server = await startServer(t);
  const { families } = parse(await scrape(server.url));
  for (const family of families)
    if (family.startsWith('sluice_')) assert.ok(page.includes(`\`${family}\``), `docs/operations.md lacks ${family}`);
  for (const [, name] of page.matchAll(/`(sluice_[a-z_]+)`/g))
    assert.ok(families.has(name), `docs/operations.md has ${name}, which is not there`);
});

test('without a token metrics are for this machine, where the page is too', async (t) => {
  const server = await startServer(t);
  const metrics = `${server.url}/metrics`;
  assert.equal((await get(metrics, {})).status, 200);
  for (const headers of [
    { host: 'conference.example' }, // a name that a page of somebody else's may have here
    { 'x-forwarded-for': '203.0.113.9' }, // a proxy
    { forwarded: 'for=203.0.113.9' },
  ]) {
    const { status, text } = await get(metrics, headers);
    assert.equal(status, 403, JSON.stringify(headers));
    assert.match(text, /--metrics-port and --metrics-token-file/);
  }
  const open = await startServer(t, '--host', '0.0.0.0', '--tokens', 'off');
  assert.equal((await get(`${open.url}/metrics`, {})).status, 403, 'served for others, so not by where one asks from');
  assert.equal((await get(`${open.url}/readyz`, {})).status, 200);
});

test('with a token metrics are for who bears it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-metrics-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'token'), `${token}\n`);
  const fromFile = await startServer(t, '--metrics-token-file', join(folder, 'token'));
  const fromVariable = await startServerWith(t, { SLUICE_METRICS_TOKEN: token }, '--host', '0.0.0.0', '--tokens', 'off');
  for (const { url } of [fromFile, fromVariable]) {
    assert.equal((await get(`${url}/metrics`, { authorization: `Bearer ${token}` })).status, 200);
    assert.equal((await get(`${url}/metrics`, { authorization: `Bearer ${token}x` })).status, 401);
    assert.equal((await get(`${url}/metrics`, {})).status, 401);
  }
});

test('on a port of their own metrics are for who reaches it, and only there', async (t) => {
  const server = await startServer(t, '--metrics-port', '0');
  while (!server.output.out.includes('Metrics are at')) await wait(20);
  const [, own] = /Metrics are at (\S+)\/metrics\./.exec(server.output.out);
  assert.ok(parse(await scrape(own)).values.size > 100);
  assert.equal((await fetch(`${own}/readyz`)).status, 200);
  assert.equal((await fetch(`${own}/`)).status, 404);
  assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
});

test('a metrics token that is none is one clear line', async () => {
  for (const [args, env, message] of [
    [[], { SLUICE_METRICS_TOKEN: 'short' }, /SLUICE_METRICS_TOKEN holds no token: expected 16 printable/],
    [['--metrics-token-file', '/nowhere'], {}, /--metrics-token-file \/nowhere cannot be read: ENOENT/],
  ]) {
    const { output, exited } = run(['--port', '0', '--workers', '1', ...args], env);
    assert.deepEqual(await exited, [1, null]);
    assert.match(output.err, message);
  }
});

test('alive and ready are told apart: without a worker it lives on, and says why nobody can enter', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-worker-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bin = join(folder, 'worker');
  symlinkSync(process.env.SLUICE_WORKER_BIN || workerBin, bin);
  const server = await startServerWith(t, { SLUICE_WORKER_BIN: bin });
  const ready = async () => (await fetch(`${server.url}/readyz`)).json();
  const until = async (status) => {
    for (let now; ; await wait(20)) if ((now = await ready()).status === status) return now;
  };
  assert.deepEqual(await ready(), { status: 'ready', reasons: [] });
  renameSync(bin, `${bin}.away`); // no other can start
  process.kill(server.workerPids()[0], 'SIGKILL');
  assert.deepEqual(await until('not ready'), { status: 'not ready', reasons: ['0 of 1 media workers run'] });
  const alive = await fetch(`${server.url}/healthz`);
  assert.deepEqual([alive.status, (await alive.json()).status], [200, 'alive']);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
  const down = parse(await scrape(server.url)).values;
  assert.equal(down.get('sluice_worker_up{worker="0"}'), 0);
  const check = run(['healthcheck', '--port', new URL(server.url).port]);
  assert.deepEqual(await check.exited, [1, null]);
  assert.match(check.output.err, /0 of 1 media workers run/);
  renameSync(`${bin}.away`, bin);
  await until('ready');
  const { values } = parse(await scrape(server.url));
  assert.equal(values.get('sluice_worker_restarts_total'), 1);
  assert.equal(values.get('sluice_worker_up{worker="0"}'), 1);
  const well = run(['healthcheck'], { SLUICE_PORT: new URL(server.url).port });
  assert.deepEqual(await well.exited, [0, null]);
});

test('a worker that does not answer costs its own figures and 2 s, not the scrape', async (t) => {
  const server = await startServer(t, '--workers', '2');
  const [stopped] = server.workerPids();
  process.kill(stopped, 'SIGSTOP');
  const began = performance.now();
  const texts = await Promise.all([scrape(server.url), scrape(server.url)]);
  const took = performance.now() - began;
  process.kill(stopped, 'SIGCONT');
  assert.ok(took < 4_000, `${took} ms`);
  assert.equal(texts[0], texts[1], 'scrapes at the same time are one');
  const { values } = parse(texts[0]);
  assert.equal([...values].filter(([name]) => name.startsWith('sluice_rooms{')).length, 1);
  assert.equal(values.get('sluice_worker_up{worker="0"}') + values.get('sluice_worker_up{worker="1"}'), 1);
});
