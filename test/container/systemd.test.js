// deploy/sluice.service: checked by systemd-analyze, then installed by the very commands in its head and started by a real systemd.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Chromium, missingChromium } from '../e2e/lib/browsers.js';
import { allSeeAll, Participant } from '../e2e/lib/participant.js';
import { until } from '../e2e/lib/wait.js';
import { Machine, missingSystemd } from './boot.js';
import { ROOT } from './container.js';

const UNIT = join(ROOT, 'deploy', 'sluice.service');
const WORKER = process.env.SLUICE_WORKER_BIN ?? join(ROOT, 'build', 'release', 'worker', 'sluice-worker');
const PAGE = 'http://localhost:8000';
/** systemd's measure of what a service could do if it were taken over: 0 to 10, "OK" below 2. */
const MOST_EXPOSURE = 2;

const whyNotChecked = spawnSync('systemd-analyze', ['--version']).error ? 'systemd-analyze is not installed' : '';
const notBuilt =
  existsSync(WORKER) && existsSync(join(ROOT, 'server/dist/main.js')) ? '' : 'worker or server are not built (scripts/run --build-only)';
const why = whyNotChecked || missingSystemd() || notBuilt;
const run = { skip: why || false };

/** What the unit's head tells the operator to type, with root's rights. @returns {string[]} */
function installation() {
  const lines = readFileSync(UNIT, 'utf8').split('\n');
  const head = lines.slice(0, lines.indexOf('[Unit]'));
  return head
    .flatMap((line) => /^# {3}(.*)$/.exec(line)?.[1] ?? [])
    .map((line) => line.replace(/ {3,}the tree with .*/, '').replaceAll('sudo ', ''));
}

describe('the systemd unit', () => {
  /** @type {Machine} */
  let machine;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-unit-'));
  after(async () => {
    await machine?.close();
    rmSync(folder, { recursive: true });
  });

  it('is understood by systemd whole, and exposes little', { skip: whyNotChecked || false }, () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', UNIT], { encoding: 'utf8' });
    assert.equal(stdout + stderr, '');
    assert.equal(status, 0);
    const security = spawnSync('systemd-analyze', ['security', '--offline=yes', `--threshold=${MOST_EXPOSURE * 10}`, UNIT], {
      encoding: 'utf8',
    });
    assert.equal(
      security.status,
      0,
      security.stdout
        .split('\n')
        .filter((line) => line.startsWith('✗') || line.startsWith('→'))
        .join('\n'),
    );
  });

  before(async () => {
    if (why) return;
    const commands = installation();
    const [build, copy, ...others] = commands;
    assert.equal(build, 'scripts/run --build-only');
    assert.equal(copy, 'cp -r . /opt/sluice');
    // The tree takes gigabytes where it was tested: shown there, not copied, and what is written to it stays there.
    const inside = others.map((line) => line.replace(' --now', '')).join('\n');
    const prepare = `
mkdir -p "$root/opt/sluice" "$folder/tree" "$folder/tree-work"
mount -t overlay overlay -o 'lowerdir=${ROOT}',"upperdir=$folder/tree,workdir=$folder/tree-work" "$root/opt/sluice"
mkdir -p "$root/opt/sluice/build/release/worker"
[ '${WORKER}' -ef '${ROOT}/build/release/worker/sluice-worker' ] || cp '${WORKER}' "$root/opt/sluice/build/release/worker/"
chroot "$root" sh -e -c 'cd /opt/sluice
${inside}' >/dev/null 2>&1
printf '[Unit]\\nDefaultDependencies=no\\nWants=dbus.socket\\n' >"$root/etc/systemd/system/test.target"`;
    machine = await Machine.start(prepare);
  });

  it('starts the server as a user of its own, without rights, over files that it cannot write', run, async () => {
    assert.equal(machine.run('systemctl', 'is-enabled', 'sluice').trim(), 'enabled');
    machine.run('systemctl', 'start', 'sluice');
    await until('the server to be ready', ready, { within: 20_000, seen: () => machine.try('systemctl', 'status', 'sluice').stdout });
    const pid = mainPid();
    const status = machine.run('cat', `/proc/${pid}/status`);
    const { uid, gid } = { uid: machine.run('id', '-u', 'sluice').trim(), gid: machine.run('id', '-g', 'sluice').trim() };
    for (const line of [
      `Uid:\t${uid}\t`,
      `Gid:\t${gid}\t`,
      'CapEff:\t0000000000000000',
      'CapBnd:\t0000000000000000',
      'NoNewPrivs:\t1',
      'Seccomp:\t2',
    ])
      assert.ok(status.includes(`\n${line}`), `${line}\n${status}`);
    const mounts = machine.run('cat', `/proc/${pid}/mountinfo`).split('\n');
    const options =
      mounts
        .filter((line) => line.split(' ')[4] === '/')
        .at(-1)
        ?.split(' ')[5] ?? '';
    assert.match(options, /^ro,/);
    assert.equal(
      machine.run('cat', `/proc/${pid}/environ`).split('\0').includes('SLUICE_TOKEN_SECRET_FILE=/etc/sluice/token-secret'),
      true,
    );
  });

  it('lets people call: nothing that server and workers need is refused', { skip: why || missingChromium() || false }, async (t) => {
    const runner = (/** @type {string} */ program) => {
      const path = join(folder, 'run');
      writeFileSync(path, `#!/bin/sh\nexec ${machine.inNetwork(program).join(' ')} "$@"\n`);
      chmodSync(path, 0o755);
      return path;
    };
    const browser = await Chromium.start({ runner });
    t.after(() => browser.close());
    const people = await Promise.all(['Ada', 'Bob'].map((name) => Participant.join(browser, PAGE, 'unit', name)));
    await allSeeAll(people, 20_000);
  });

  it('starts it again when it dies, and stops it in order', run, async () => {
    const before = mainPid();
    machine.run('kill', '-KILL', before);
    await until('another one', async () => mainPid() !== before && ready(), { within: 20_000 });
    assert.equal(property('NRestarts'), '1');
    const began = performance.now();
    machine.run('systemctl', 'stop', 'sluice');
    assert.ok(performance.now() - began < 5_000, 'it had to be killed');
    assert.deepEqual([property('ActiveState'), property('Result')], ['inactive', 'success']);
    assert.deepEqual(
      machine.processes().filter((name) => /node|sluice/.test(name)),
      [],
      'left behind',
    );
  });

  const property = (/** @type {string} */ name) => machine.run('systemctl', 'show', '--value', `--property=${name}`, 'sluice').trim();
  const mainPid = () => property('MainPID');
  const ready = () => machine.try('node', '-e', `fetch('${PAGE}/readyz').then(({ ok }) => process.exit(ok ? 0 : 1))`).status === 0;
});
