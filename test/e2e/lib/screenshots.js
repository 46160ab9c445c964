// Where pictures for people to look at go; git does not follow them.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FULL } from './full.js';
import { ROOT } from './server.js';

/** @param {string} name @returns {`${string}.png`} */
function screenshotPath(name) {
  const folder = join(ROOT, 'test-results');
  mkdirSync(folder, { recursive: true });
  return `${join(folder, name)}.png`;
}

/** Only a full run takes it: the browser draws without a GPU, and holds everything up for it. @param {import('playwright-core').Page} page @param {string} name */
export async function takePicture(page, name) {
  if (FULL) await page.screenshot({ path: screenshotPath(name) });
}
