// The scenarios of test/conformance, and that they use all that this package offers.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Runner, used } from './conformance_runner.js';

const folder = new URL('../../test/conformance/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const only = process.env.SLUICE_SCENARIO;

for (const file of readdirSync(new URL('scenarios/', folder)).sort()) {
  const { values = {}, scenarios } = read(`scenarios/${file}`);
  for (const { name, steps } of scenarios) {
    if (only && !name.includes(only)) continue;
    test(`${file.replace('.json', '')}: ${name}`, { timeout: 30_000 }, (t) =>
      new Runner(t, { ...read('values.json'), ...values }).run(steps),
    );
  }
}

test('the scenarios use every method, option, event and error', { skip: only !== undefined }, () => {
  const { inherits, elsewhere } = read('coverage.json');
  const { shared } = read('surface.json');
  const excused = (path) => Object.keys(elsewhere).some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  /** What a class has from its base is asked of the base. */
  const inherited = (path) => {
    const [kind, name, ...rest] = path.split('/');
    return kind === 'classes' && (inherits[name] ?? []).some((base) => shared.includes([kind, base, ...rest].join('/')));
  };
  const asked = shared.filter((path) => !/^values|\/properties\//.test(path) && !inherited(path) && !excused(path));
  assert.deepEqual(
    asked.filter((path) => !used.has(path)),
    [],
  );
});
