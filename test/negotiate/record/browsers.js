// node browsers.js: records the offers of Chromium and Firefox into ../offers.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { anonymous, offers } from './offers.js';

const flags = ['--no-sandbox', '--disable-gpu', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];
const preferences = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.gmp-manager.updateEnabled': false,
};

// getUserMedia wants a secure origin: http://localhost is one.
const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const url = `http://localhost:${server.address().port}/`;

/** @param {string} source @param {boolean} gathered */
const inPage = (source, gathered) => `(async () => {
  const make = ${source};
  const pc = await make(() => navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
  await pc.setLocalDescription(await pc.createOffer());
  if (${gathered}) while (pc.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 50));
  return pc.localDescription.sdp;
})()`;

async function record(browser, page) {
  for (const [name, make] of Object.entries(offers)) {
    // Each in a page of its own, as a peer connection left open would take part in the next.
    const fresh = await page();
    try {
      await fresh.goto(url);
      const sdp = await fresh.evaluate(inPage(String(make), name === 'max-bundle'));
      writeFileSync(new URL(`../offers/${browser}-${name}.sdp`, import.meta.url), anonymous(sdp));
      console.log(`${browser}-${name}`);
    } catch (error) {
      console.error(`${browser}-${name}: ${error.message}`);
    }
    await fresh.close();
  }
}

const only = process.argv[2] ?? '';
if (only !== 'firefox') {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags });
  await record('chromium', () => browser.newPage());
  await browser.close();
}
if (only !== 'chromium') {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: preferences,
  });
  await record('firefox', () => browser.newPage());
  await browser.close();
}
server.close();
