// The load tool against the conference server: by its signaling, as many browsers would be.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { missingServer, ROOT, Server } from './lib/server.js';

const program = ['release', 'cpp', 'dev']
  .map((preset) => join(ROOT, 'build', preset, 'load', 'sluice-load'))
  .find((path) => existsSync(path));
const missing = missingServer() || (program ? '' : 'sluice-load is not built (scripts/load --version builds it)');

describe('the load tool', { skip: missing || false }, () => {
  /** @type {Server} */
  let server;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-load-'));
  before(async () => {
    server = await Server.start();
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** @param {string[]} options @returns {Promise<{ code: number, output: string }>} */
  const load = (options) =>
    new Promise((resolve) => {
      const command = ['--server', server.url, '--quiet', ...options];
      execFile(String(program), command, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });

  it('joins two rooms, and every viewer gets what was sent', async () => {
    const file = join(folder, 'good.json');
    const watch = String(server.workerPid);
    const { code, output } = await load([
      '--rooms',
      '2',
      '--publishers',
      '2',
      '--viewers',
      '3',
      '--duration',
      '3',
      '--json',
      file,
      '--watch',
      watch,
    ]);
    assert.equal(code, 0, output);
    const { ok, joining, watching, cost } = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(ok, true);
    assert.equal(joining.joined, 10);
    assert.equal(watching.tracks, 32);
    assert.ok(cost.server.peakResidentBytes > 0);
  });

  it('joins over a bad network, and what is lost is repaired', async () => {
    const file = join(folder, 'bad.json');
    const { code, output } = await load([
      '--publishers',
      '2',
      '--viewers',
      '2',
      '--duration',
      '3',
      '--loss',
      '2',
      '--delay',
      '10',
      '--json',
      file,
    ]);
    assert.equal(code, 0, output);
    assert.ok(JSON.parse(readFileSync(file, 'utf8')).watching.repaired > 0);
  });

  it('leaves nobody behind', async () => {
    const health = await fetch(`${server.url}/health`).then((response) => response.json());
    assert.equal(health.participants, 0);
  });

  it('says why a room does not take more', async () => {
    const { code, output } = await load(['--publishers', '1', '--viewers', '105', '--ramp', '0', '--no-video', '--duration', '1']);
    assert.equal(code, 1);
    assert.match(output, /room_full/);
  });
});
