// The image works as it is meant to be run, and a real browser calls through it: the server in a container, each browser in a
// network namespace of its own. scripts/test container builds the image first.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Chromium, missingChromium } from '../e2e/lib/browsers.js';
import { Network, missingNetwork } from '../e2e/lib/network.js';
import { allSeeAll, Participant } from '../e2e/lib/participant.js';
import { until } from '../e2e/lib/wait.js';
import { Container, Image, missingImage } from './container.js';

const PORT = 8000;
/** An operator who looks at an image of this kind expects less than twice a bare Debian. */
const MOST_BYTES = 250e6;
const MOST_START_MS = 5_000;

const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Answers from the hub's network. @param {Network} network @param {string} path */
function ask(network, path) {
  const run = network.atHub(process.execPath);
  const script = `fetch('http://127.0.0.1:${PORT}${path}').then(async (r) => console.log(JSON.stringify([r.status, await r.text()]))).catch(() => console.log('[0,""]'))`;
  return JSON.parse(execFileSync(run, ['-e', script], { encoding: 'utf8' }));
}

/** Each test says why it is skipped: of a suite that is, nobody counts the tests. */
const why = missingImage() || missingNetwork() || missingChromium();
const run = { skip: why || false };

describe('the image', () => {
  /** @type {Image} */
  let image;
  /** @type {Network} */
  let network;
  /** @type {Container} */
  let container;

  before(async () => {
    if (why) return;
    image = Image.open();
    network = await Network.start('ada', 'bob');
  });
  after(async () => {
    await container?.close();
    await network?.close();
    image?.close();
  });

  it('is small, and holds no shell, no package manager, no compiler', run, (t) => {
    const { all, worker, server } = image.sizes();
    t.diagnostic(
      `size ${megabytes(all)}, compressed ${megabytes(image.compressed())}; worker ${megabytes(worker)}, server and packages ${megabytes(server)}`,
    );
    assert.ok(all < MOST_BYTES, megabytes(all));
    const programs = ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'usr/local/bin'].flatMap((folder) =>
      existsSync(join(image.root, folder)) ? readdirSync(join(image.root, folder)) : [],
    );
    assert.deepEqual(programs.sort(), ['node', 'sluice-worker']);
    assert.ok(!readdirSync(join(image.root, 'opt/sluice/node_modules')).includes('typescript'), 'packages for development');
  });

  it('is configured to run as nobody, in exec form, with a health check of its own', run, () => {
    const { User, Entrypoint, Healthcheck, StopSignal } = image.config;
    assert.match(User, /^[1-9]\d*:[1-9]\d*$/);
    assert.equal(Entrypoint[0], 'node');
    assert.equal(Healthcheck.Test[0], 'CMD', 'not CMD-SHELL, as there is no shell');
    assert.equal(StopSignal, 'SIGTERM');
  });

  it('without a key it says what it needs, in the words of the environment', run, async () => {
    const keyless = new Container(image, { namespace: network.hubNamespace });
    assert.equal(await keyless.exited, 1);
    await keyless.close();
    assert.match(keyless.output, /SLUICE_TOKEN_SECRET/);
    assert.match(keyless.output, /SLUICE_TOKENS=off/);
    assert.equal(keyless.output.trim().split('\n').length, 1, keyless.output);
  });

  it('starts with a read-only root and without rights, and is soon ready and healthy', run, async (t) => {
    const began = performance.now();
    container = new Container(image, {
      namespace: network.hubNamespace,
      env: { SLUICE_TOKENS: 'off', SLUICE_WORKERS: '1', SLUICE_METRICS_PORT: '9464' },
    });
    await until('the first line', () => container.output.includes('Sluice is ready'), {
      within: 20_000,
      every: 5,
      seen: () => container.output,
    });
    const ready = performance.now() - began;
    t.diagnostic(`start time ${Math.round(ready)} ms, from the runtime's start to "ready"`);
    assert.ok(ready < MOST_START_MS, `${ready} ms`);
    await until('all that it says at the start', () => container.output.includes('Metrics are at'));
    assert.deepEqual(ask(network, '/readyz'), [200, '{"status":"ready","reasons":[]}']);
    const [, ...check] = image.config.Healthcheck.Test;
    const { status, stdout, stderr } = container.exec(...check);
    assert.equal(status, 0, stdout + stderr);
    assert.match(container.output, /reach media in the network of 10\.77\.0\.1, but not from the internet/);
    const inside = (/** @type {string} */ script) => container.exec('node', '-e', script);
    assert.match(inside('console.log(process.getuid(), process.pid > 1)').stdout, /^10001 true/);
    const written = inside(
      "for (const folder of ['/', '/tmp', '/opt/sluice', '/etc']) try { require('fs').writeFileSync(folder + '/x', ''); console.log(folder) } catch {}",
    );
    assert.equal(written.stdout, '', 'it could write there');
    assert.match(inside("console.log(require('fs').readFileSync('/proc/1/status', 'utf8'))").stdout, /^CapEff:\s+0+$/m);
    assert.match(inside("console.log(require('fs').readFileSync('/proc/1/cmdline', 'utf8'))").stdout, /^node\0/, 'PID 1 is the server');
  });

  it('two browsers in networks of their own call through it', run, async (t) => {
    const base = `http://${network.address}:${PORT}`;
    // Camera and microphone are for https and localhost; a proxy would bring the one.
    const flags = [`--unsafely-treat-insecure-origin-as-secure=${base}`];
    const browsers = await Promise.all(
      ['ada', 'bob'].map((host) => Chromium.start({ flags, runner: (program) => network.at(host, program) })),
    );
    t.after(() => Promise.all(browsers.map((browser) => browser.close())));
    const people = await Promise.all(
      browsers.map((browser, index) => Participant.join(browser, base, 'container', ['Ada', 'Bob'][index] ?? '', { context: {} })),
    );
    await allSeeAll(people, 20_000);
    const samples = await Promise.all(people.map((each) => each.sample()));
    await until('moving pictures', async () => {
      const now = await Promise.all(people.map((each) => each.sample()));
      return now.every((sample, index) => sample[0].framesDecoded > samples[index]?.[0].framesDecoded + 10);
    });
    const counts = await network.counts();
    for (const leg of ['ada', 'bob']) assert.ok((counts[leg]?.toHost.packets ?? 0) > 100, `media went another way than by ${leg}'s leg`);
    const [status, metrics] = ask(network, '/metrics');
    assert.equal(status, 404, 'metrics have a port of their own');
    assert.equal(metrics.includes('sluice_'), false);
  });

  it('ends in order on SIGTERM, as PID 1', run, async (t) => {
    const began = performance.now();
    container.kill('SIGTERM');
    assert.equal(await container.exited, 0, container.output);
    t.diagnostic(`ended ${Math.round(performance.now() - began)} ms after SIGTERM`);
    assert.ok(performance.now() - began < 3_000);
  });
});
