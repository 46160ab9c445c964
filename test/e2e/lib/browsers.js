// Chromium by Playwright and Firefox by WebDriver BiDi (Puppeteer): found, started with fake devices, and closed.

import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { probe } from './probe.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/snap/bin/chromium', '/usr/bin/google-chrome'];
const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/snap/bin/firefox'];

const CHROMIUM_FLAGS = [
  '--no-sandbox', // containers
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection', // machines without another address
];
/** What `devices` stands for. */
const DEVICES = {
  fake: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
  refused: ['--use-fake-ui-for-media-stream=deny', '--use-fake-device-for-media-stream'],
  none: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=device-count=0'],
  fake30: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=fps=30'], // 20 otherwise
};

const FIREFOX_PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.peerconnection.ice.tcp': true, // off in some releases
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
};

/** @param {string | undefined} named @param {string[]} places */
const find = (named, places) => (named ? [named] : places).find((path) => existsSync(path)) ?? '';
const chromiumPath = find(process.env.CHROMIUM, CHROMIUM);
const firefoxPath = find(process.env.FIREFOX, FIREFOX);

/** In CI a missing browser is a failure, not a reason to skip. @param {string} reason */
const unlessCI = (reason) => (process.env.CI ? '' : reason);

/** @returns {string} why tests with Chromium skip; empty when they run */
export function missingChromium() {
  return chromiumPath ? '' : unlessCI(`no Chromium is installed (looked for ${CHROMIUM.join(', ')}; CHROMIUM=path names another)`);
}

/** @returns {string} why tests with Firefox skip; empty when they run */
export function missingFirefox() {
  if (!firefoxPath) return unlessCI(`no Firefox is installed (looked for ${FIREFOX.join(', ')}; FIREFOX=path names another)`);
  const addresses = Object.values(networkInterfaces())
    .flat()
    .map((entry) => entry?.address ?? '');
  if (addresses.every((address) => address.startsWith('127.') || address === '::1' || address.startsWith('fe80:')))
    return unlessCI('Firefox connects to no loopback address and this machine has no other (run.js makes a namespace where it may)');
  return '';
}

/**
 * A page of either browser, as far as the tests use both alike.
 * @typedef {object} Page
 * @property {(url: string) => Promise<unknown>} goto
 * @property {<T, A>(run: (argument: A) => T | Promise<T>, argument?: A) => Promise<T>} evaluate
 * @property {(selector: string) => Promise<unknown>} click
 * @property {() => Promise<unknown>} reload
 */

export class Chromium {
  /** @param {import('playwright-core').Browser} browser */
  constructor(browser) {
    this.browser = browser;
  }

  /** @param {{ devices?: keyof typeof DEVICES, flags?: string[], runner?: (program: string) => string }} [options] the runner wraps the executable */
  static async start({ devices = 'fake', flags = [], runner = (program) => program } = {}) {
    const { chromium } = await import('playwright-core');
    const args = [...CHROMIUM_FLAGS, ...DEVICES[devices], ...flags];
    return new Chromium(await chromium.launch({ executablePath: runner(chromiumPath), headless: true, args }));
  }

  /** A page of a person of their own: nothing is shared with the other pages. @param {import('playwright-core').BrowserContextOptions} [options] */
  async page(options) {
    const context = await this.browser.newContext({ viewport: { width: 800, height: 600 }, ...options });
    await context.addInitScript(probe);
    const page = await context.newPage();
    return { page, close: () => context.close() };
  }

  async close() {
    await this.browser.close();
  }
}

export class Firefox {
  /** @param {import('puppeteer-core').Browser} browser */
  constructor(browser) {
    this.browser = browser;
  }

  static async start() {
    const { default: puppeteer } = await import('puppeteer-core');
    return new Firefox(
      await puppeteer.launch({
        browser: 'firefox',
        executablePath: firefoxPath,
        headless: true,
        extraPrefsFirefox: FIREFOX_PREFERENCES,
        timeout: 60_000,
      }),
    );
  }

  async page() {
    const page = await this.browser.newPage();
    await page.evaluateOnNewDocument(probe);
    return { page, close: () => page.close() };
  }

  async close() {
    await this.browser.close();
  }
}
