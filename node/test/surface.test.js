// What this package offers is what test/conformance/surface.json says, and so is what the Python package offers (python/tests).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Every leaf as one line. */
function paths(found, path = '') {
  const entries = Array.isArray(found) ? found.map((name) => [name, []]) : Object.entries(found);
  if (entries.length === 0) return [path];
  return entries.flatMap(([name, value]) => paths(value, path === '' ? name : `${path}/${name}`));
}

test('the package offers what both controllers offer, and what only it has with a reason', () => {
  const expected = JSON.parse(readFileSync(new URL('../../test/conformance/surface.json', import.meta.url), 'utf8'));
  const printed = execFileSync(fileURLToPath(new URL('../scripts/surface', import.meta.url)), { encoding: 'utf8' });
  const excused = (path) => Object.keys(expected.node).some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  const offered = new Set(paths(JSON.parse(printed)));
  const lacking = expected.shared.filter((path) => !offered.has(path));
  const surplus = [...offered].filter((path) => !expected.shared.includes(path) && !excused(path));
  assert.deepEqual({ lacking, surplus }, { lacking: [], surplus: [] });
  for (const prefix of Object.keys(expected.node))
    assert.ok(
      [...offered].some((path) => path.startsWith(prefix)),
      `${prefix} is no more`,
    );
});
