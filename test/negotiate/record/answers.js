// node answers.js: has @roamhq/wrtc, werift, libdatachannel, Chromium and Firefox answer an offer of ours (../golden/first-of-2.sdp), and records
// what they say into ../answers. Records again after that offer has changed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import wrtc from '@roamhq/wrtc';
import nd from 'node-datachannel';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import * as werift from 'werift';
import { anonymous } from './offers.js';

const offer = readFileSync(new URL('../golden/first-of-2.sdp', import.meta.url), 'utf8');
mkdirSync(new URL('../answers/', import.meta.url), { recursive: true });

/** @param {string} client @param {() => Promise<string>} answer */
async function record(client, answer) {
  try {
    writeFileSync(new URL(`../answers/${client}.sdp`, import.meta.url), anonymous(await answer()));
    console.log(client);
  } catch (error) {
    console.error(`${client}: ${error.message}`);
  }
}

async function answerOf(pc) {
  await pc.setRemoteDescription({ type: 'offer', sdp: offer });
  await pc.setLocalDescription(await pc.createAnswer());
  return pc.localDescription.sdp;
}

await record('roamhq', async () => {
  const pc = new wrtc.RTCPeerConnection();
  const sdp = await answerOf(pc);
  pc.close();
  return sdp;
});

await record('werift', async () => {
  const pc = new werift.RTCPeerConnection({ iceServers: [], codecs: { video: [werift.useVP8()], audio: [werift.useOPUS()] } });
  const sdp = await answerOf(pc);
  await pc.close();
  return sdp;
});

await record('libdatachannel', async () => {
  nd.initLogger('Error', () => {});
  const pc = new nd.PeerConnection('answers', { iceServers: [], bindAddress: '127.0.0.1' });
  pc.onTrack(() => {});
  pc.setRemoteDescription(offer, 'offer');
  await sleep(1000);
  const { sdp } = pc.localDescription();
  pc.close();
  return sdp;
});

// A secure origin is not needed to receive, and yet a page is.
const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const url = `http://localhost:${server.address().port}/`;
const inPage = `(async () => {
  const pc = new RTCPeerConnection();
  await pc.setRemoteDescription({ type: 'offer', sdp: ${JSON.stringify(offer)} });
  await pc.setLocalDescription(await pc.createAnswer());
  return pc.localDescription.sdp;
})()`;
for (const [client, start] of [
  [
    'chromium',
    () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: ['--no-sandbox'] }),
  ],
  [
    'firefox',
    () => puppeteer.launch({ browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', headless: true }),
  ],
]) {
  const browser = await start();
  await record(client, async () => {
    const page = await browser.newPage();
    await page.goto(url);
    return page.evaluate(inPage);
  });
  await browser.close();
}
server.close();
process.exit(0);
