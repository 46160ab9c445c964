// Where pictures for people to look at go; git does not follow them.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './server.js';

/** @param {string} name @returns {`${string}.png`} */
export function screenshotPath(name) {
  const folder = join(ROOT, 'test-results');
  mkdirSync(folder, { recursive: true });
  return `${join(folder, name)}.png`;
}
