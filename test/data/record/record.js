// node test/data/record/record.js [NAME…]: makes test/data/NAME.rtp anew, or all of them. Needs Chromium, ffmpeg and GStreamer.

import { fileURLToPath } from 'node:url';
import { CASES, recordChromium } from './chromium.js';
import { PROGRAMS, recordProgram } from './programs.js';

const folder = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const every = [...Object.keys(PROGRAMS), ...Object.keys(CASES)];
const names = process.argv.length > 2 ? process.argv.slice(2) : every;
const unknown = names.find((name) => !every.includes(name));
if (unknown) {
  console.error(`no capture '${unknown}'; there are: ${every.join(' ')}`);
  process.exit(1);
}
for (const name of names.filter((one) => one in PROGRAMS)) await recordProgram(name, folder);
const chromium = names.filter((one) => one in CASES);
if (chromium.length > 0) await recordChromium(chromium, folder);
