// One publisher, one viewer, our worker between them, and nobody else: a page without a user interface on either side, the Node
// controller in the middle, and where it is asked for a network that can be made bad (network.js).

import { createWorker, workerBin } from 'sluice';
import { Chromium } from './browsers.js';
import { Network } from './network.js';
import { stagePage } from './stage_page.js';
import { until } from './wait.js';

/** @import { Publication, SeenFrame, WantedLayer } from './stage_page.js' */

const PUBLISHER = 'publisher';
const VIEWER = 'viewer';
const OPUS = /** @type {const} */ ({ kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 });
/** Without a GPU, and with two browsers on few cores: nothing that only a screen needs. */
const FLAGS = ['--mute-audio', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'];

export class Stage {
  worker = /** @type {import('sluice').Worker} */ (/** @type {unknown} */ (null)); // from start() on
  /** @type {Network | null} */
  network = null;
  publisher = /** @type {End} */ (/** @type {unknown} */ (null));
  viewer = /** @type {End} */ (/** @type {unknown} */ (null));
  /** By kind. @type {Record<string, import('sluice').Producer>} */
  producers = {};
  /** By kind. @type {Record<string, import('sluice').Consumer>} */
  consumers = {};
  /** @type {(() => unknown)[]} */
  #closers = [];
  /** @type {Error | null} */
  #death = null;

  /**
   * @typedef {object} Options
   * @property {Publication} publication
   * @property {import('sluice').RtpCodecCapability} codec  that the room routes
   * @property {boolean} [impairable]  whether a network stands between, which `network` makes bad
   * @property {number} [pinned]       bps: the publisher's bandwidth estimate goes neither below nor begins below it
   * @property {string[]} [flags]      of the browsers
   */

  /** @param {Options} options */
  static async start(options) {
    const stage = new Stage();
    try {
      await stage.#start(options);
    } catch (error) {
      await stage.close().catch(() => {});
      throw error;
    }
    return stage;
  }

  async close() {
    for (const close of this.#closers.reverse()) await close();
    if (this.#death) throw this.#death;
  }

  /** @param {Options} options */
  async #start({ publication, codec, impairable = false, pinned, flags = [] }) {
    if (impairable) {
      const network = (this.network = await Network.start(PUBLISHER, VIEWER));
      this.#closers.push(() => network.close());
    }
    this.worker = await createWorker({
      logLevel: 'warn',
      listen: [{ ip: this.network?.address ?? '127.0.0.1' }],
      workerBin: this.network?.atHub(workerBin) ?? workerBin,
    });
    this.worker.on('died', (error) => (this.#death = error));
    this.#closers.push(() => this.#closeWorker());
    const room = await this.worker.createRoom({ mediaCodecs: [OPUS, codec] });
    const join = async (/** @type {string} */ name, /** @type {'all' | 'manual'} */ subscription) => {
      const runner = this.network ? (/** @type {string} */ program) => String(this.network?.at(name, program)) : undefined;
      const browser = await Chromium.start({ devices: 'fake30', flags: [...FLAGS, ...flags], runner });
      this.#closers.push(() => browser.close());
      return new End(await openPage(browser), await room.createPeer({ name, subscription }));
    };
    [this.publisher, this.viewer] = await Promise.all([join(PUBLISHER, 'manual'), join(VIEWER, 'all')]);
    this.publisher.peer.on('newproducer', (producer) => (this.producers[producer.kind] = producer));
    this.viewer.peer.on('newconsumer', (consumer) => (this.consumers[consumer.kind] = consumer));
    this.viewer.peer.on('negotiationneeded', () => void this.viewer.offerTo());
    await this.publisher.publish(publication, pinned);
  }

  /** Until the viewer decodes. */
  async untilWatched() {
    await until('the first decoded frame', async () => (await this.viewer.sample()).received.video?.framesDecoded > 0, {
      within: 15_000,
      seen: async () => (await this.viewer.sample()).received.video,
    });
  }

  /** Until the viewer sees it at its full size and rate. @param {{ height: number, fps: number }} publication */
  async untilWatchedAt({ height, fps }) {
    if (await this.viewer.untilLayer({ height, interval: 1_000 / fps, within: 10_000 })) return;
    const { frameHeight, framesPerSecond } = (await this.viewer.sample()).received.video;
    const why = JSON.stringify(await this.explain());
    throw new Error(`the viewer sees ${frameHeight} lines at ${framesPerSecond} fps, not ${height} at ${fps}: ${why}`);
  }

  /**
   * Until the publisher sends so many encodings, the largest of this height, at the full rate: it begins with few and small ones.
   * @param {{ encodings: number, height: number, fps: number }} wanted
   */
  async untilSending({ encodings, height, fps }) {
    const sending = async () =>
      (await this.publisher.sample()).sent.video
        .filter((/** @type {any} */ each) => each.active && each.framesPerSecond >= fps * 0.9)
        .map((/** @type {any} */ each) => each.frameHeight);
    await until(
      `${encodings} encodings of up to ${height} lines at ${fps} fps`,
      async () => {
        const heights = await sending();
        return heights.length === encodings && Math.max(...heights) === height;
      },
      { within: 20_000, every: 250, seen: async () => (await this.publisher.sample()).sent.video },
    );
  }

  /** Why the viewer gets what it gets. */
  explain() {
    return this.consumers.video?.explain();
  }

  async #closeWorker() {
    const gone = new Promise((resolve) => this.worker.once('subprocessclose', () => resolve(undefined)));
    if (this.worker.subprocessClosed) return;
    this.worker.close();
    await gone;
  }
}

/** A page and the peer that the worker has for it. */
export class End {
  /** @param {import('playwright-core').Page} page @param {import('sluice').Peer} peer */
  constructor(page, peer) {
    this.page = page;
    this.peer = peer;
  }

  /** @param {Publication} publication @param {number} [pinned] bps */
  async publish(publication, pinned) {
    const sdp = await this.page.evaluate((what) => /** @type {any} */ (window).stage.publish(what), publication);
    await this.peer.setRemoteDescription({ type: 'offer', sdp });
    await this.peer.setLocalDescription();
    const answer = this.peer.localDescription?.sdp ?? '';
    const accepted = pinned ? pinBitrate(answer, pinned) : answer;
    await this.page.evaluate((text) => /** @type {any} */ (window).stage.accept(text), accepted);
  }

  /** The peer's offer, answered. */
  async offerTo() {
    await this.peer.setLocalDescription();
    const offer = this.peer.localDescription?.sdp ?? '';
    const sdp = await this.page.evaluate((text) => /** @type {any} */ (window).stage.answer(text), offer);
    await this.peer.setRemoteDescription({ type: 'answer', sdp });
  }

  /** @returns {Promise<any>} the browser's statistics: stage_page.js */
  sample() {
    return this.page.evaluate(() => /** @type {any} */ (window).stage.sample());
  }

  startFrames() {
    return this.page.evaluate(() => /** @type {any} */ (window).stage.startFrames());
  }

  /** @returns {Promise<SeenFrame[]>} */
  frames() {
    return this.page.evaluate(() => /** @type {any} */ (window).stage.frames());
  }

  /** @param {WantedLayer} layer @returns {Promise<boolean>} */
  untilLayer(layer) {
    return this.page.evaluate((want) => /** @type {any} */ (window).stage.untilLayer(want), layer);
  }
}

/** A page of http://localhost, which may have a camera, with nothing behind it. @param {Chromium} browser */
async function openPage(browser) {
  const { page } = await browser.page();
  await page.addInitScript(stagePage);
  await page.route('http://localhost/**', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto('http://localhost/');
  return page;
}

/**
 * libwebrtc reads these of a codec's parameters (no standard has them): its estimate begins at one and does not fall below the other.
 * @param {string} sdp  an answer
 * @param {number} bps
 */
export function pinBitrate(sdp, bps) {
  const pin = `x-google-min-bitrate=${Math.round(bps / 1_000)};x-google-start-bitrate=${Math.round(bps / 1_000)}`;
  /** @param {string} section */
  const pinned = (section) =>
    section
      .replace(/^a=fmtp:\d+ (?!apt=).*/gm, (line) => `${line};${pin}`)
      .replace(/^a=rtpmap:(\d+) (?!rtx\/).*\r\n/gm, (line, type) =>
        section.includes(`a=fmtp:${type} `) ? line : `${line}a=fmtp:${type} ${pin}\r\n`,
      );
  return sdp
    .split(/(?=^m=)/m)
    .map((section) => (section.startsWith('m=video') ? pinned(section) : section))
    .join('');
}
