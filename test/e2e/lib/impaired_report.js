// What impaired.test.js measured, as JSON and as Markdown for docs/quality.md.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './server.js';

/** @import { Quality } from './quality.js' */
/** @typedef {{ leg: string, loss: number, delay: number, jitter: number, quality: Quality }} Row */

const percent = (/** @type {number} */ share, digits = 1) => (share * 100).toFixed(digits);

/** @type {[head: string, cell: (row: Row) => string | number][]} */
const COLUMNS = [
  ['leg', ({ leg }) => leg],
  ['loss, %', ({ loss }) => loss],
  ['delay, ms', ({ delay, jitter }) => (jitter ? `${delay} to ${delay + jitter}` : delay)],
  ['decoded, % of 30 fps', ({ quality }) => percent(quality.fps / 30)],
  ['slowest second, fps', ({ quality }) => quality.slowestSecondFps.toFixed(0)],
  ['longest gap, ms', ({ quality }) => Math.round(quality.longestGap)],
  ['freezes (together, s)', ({ quality }) => `${quality.freezes} (${quality.frozenSeconds.toFixed(1)})`],
  ['audio concealed, %', ({ quality }) => percent(quality.concealed, 2)],
  ['viewer asked for: video, audio', ({ quality: { viewerAsked } }) => `${viewerAsked.videoPackets}, ${viewerAsked.audioPackets}`],
  ['worker asked for: video, audio', ({ quality: { workerAsked } }) => `${workerAsked.videoPackets}, ${workerAsked.audioPackets}`],
  ['resent by worker, publisher', ({ quality: { resent } }) => `${resent.byWorker}, ${resent.byPublisher}`],
  [
    'key frames asked for by viewer, worker',
    ({ quality: { viewerAsked, workerAsked } }) => `${viewerAsked.keyFrames}, ${workerAsked.keyFrames}`,
  ],
];

/** @param {Row[]} rows */
export function toMarkdown(rows) {
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  const heads = COLUMNS.map(([head]) => head);
  return [line(heads), line(heads.map(() => '---')), ...rows.map((row) => line(COLUMNS.map(([, cell]) => cell(row))))].join('\n') + '\n';
}

/** @param {Row[]} rows @returns {string} where: the path without `.json` and `.md` */
export function writeReport(rows) {
  const folder = join(ROOT, 'test-results');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'impaired');
  writeFileSync(`${path}.json`, `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(`${path}.md`, toMarkdown(rows));
  return path;
}
