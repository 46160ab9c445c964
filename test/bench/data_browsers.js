// The same file's worth of messages from Chromium to Chromium, through a worker and directly: MB/s and CPU per MB.
// Run by scripts/bench data.
import { createWorker } from '../../node/dist/index.js';
import { Chromium, missingChromium } from '../e2e/lib/browsers.js';
import { descendants, processorSeconds } from '../e2e/lib/processes.js';
import { until } from '../e2e/lib/wait.js';

const SECONDS = 5;
const SIZE = 48 << 10;

if (missingChromium()) {
  console.log(missingChromium());
  process.exit(0);
}

/** In each page: a connection, a channel that sends with a window, and one that counts. */
function pageScript() {
  const w = /** @type {any} */ (window);
  w.pc = new RTCPeerConnection();
  w.own = w.pc.createDataChannel('bench');
  w.received = w.told = w.sent = w.acked = 0;
  w.pc.ondatachannel = ({ channel }) => {
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => {
      if (typeof data === 'string') {
        w.acked = Number(data);
        return w.pump?.();
      }
      w.received += data.byteLength;
      if (w.received - w.told < 256 << 10) return;
      w.told = w.received;
      w.own.send(String(w.received));
    };
  };
  w.start = (/** @type {number} */ size) => {
    const bytes = new Uint8Array(size);
    w.own.bufferedAmountLowThreshold = 256 << 10;
    w.own.onbufferedamountlow = () => w.pump();
    w.pump = () => {
      while (w.sending && w.own.bufferedAmount < 1 << 20 && w.sent - w.acked < 1 << 20) {
        w.own.send(bytes);
        w.sent += size;
      }
    };
    w.sending = true;
    w.pump();
  };
  w.describe = async (/** @type {any} */ remote) => {
    if (remote) await w.pc.setRemoteDescription(remote);
    if (!remote || remote.type === 'offer') await w.pc.setLocalDescription();
    if (w.pc.iceGatheringState !== 'complete')
      await new Promise((resolve) =>
        w.pc.addEventListener('icegatheringstatechange', () => w.pc.iceGatheringState === 'complete' && resolve(undefined)),
      );
    return { type: w.pc.localDescription.type, sdp: w.pc.localDescription.sdp };
  };
}

const cpuOfBrowsers = () =>
  descendants(process.pid)
    .filter(({ name }) => /chrom/i.test(name))
    .reduce((sum, { pid }) => sum + processorSeconds(pid), 0);

/** @param {string} what @param {any[]} pages @param {number | undefined} worker */
async function measure(what, [sender, receiver], worker) {
  await until('the channel to open', () => sender.evaluate(() => /** @type {any} */ (window).own.readyState === 'open'), {
    within: 15_000,
  });
  const received = () => receiver.evaluate(() => /** @type {any} */ (window).received);
  await sender.evaluate((/** @type {number} */ size) => /** @type {any} */ (window).start(size), SIZE);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const before = {
    bytes: await received(),
    at: performance.now(),
    worker: worker ? processorSeconds(worker) : 0,
    browsers: cpuOfBrowsers(),
  };
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const megabytes = ((await received()) - before.bytes) / 1e6;
  const seconds = (performance.now() - before.at) / 1000;
  const per = (/** @type {number} */ cpu) => ((1000 * cpu) / megabytes).toFixed(2).padStart(10);
  const workerCpu = worker ? per(processorSeconds(worker) - before.worker) : '-'.padStart(10);
  console.log(
    `${what.padEnd(32)} ${(megabytes / seconds).toFixed(1).padStart(8)} MB/s ${workerCpu} ms/MB worker ${per(cpuOfBrowsers() - before.browsers)} ms/MB browsers`,
  );
  await sender.evaluate(() => /** @type {any} */ (window.sending = false));
}

async function openPages() {
  const browsers = await Promise.all([Chromium.start(), Chromium.start()]);
  const pages = await Promise.all(browsers.map(async (browser) => (await browser.page()).page));
  for (const page of pages) await page.evaluate(pageScript);
  return { pages, close: () => Promise.all(browsers.map((browser) => browser.close())) };
}

{
  const { pages, close } = await openPages();
  const [a, b] = pages;
  const describe = (page, remote) => page.evaluate((given) => /** @type {any} */ (window).describe(given), remote);
  await describe(a, await describe(b, await describe(a, null)));
  await measure('Chromium to Chromium directly', pages, undefined);
  await close();
}
{
  const worker = await createWorker({ listen: [{ ip: '127.0.0.1' }] });
  const room = await worker.createRoom();
  const { pages, close } = await openPages();
  for (const page of pages) {
    const peer = await room.createPeer({ subscription: 'all' });
    await peer.setRemoteDescription(await page.evaluate(() => /** @type {any} */ (window).describe(null)));
    await peer.setLocalDescription();
    await page.evaluate((answer) => /** @type {any} */ (window).pc.setRemoteDescription(answer), peer.localDescription);
  }
  await until('the others’ channels', async () => (await worker.dump()).counts.dataConsumers === 2, { within: 15_000 });
  await measure('Chromium, worker, Chromium', pages, worker.pid);
  await close();
  worker.close();
}
