// The image in a network of its own behind the host's NAT, as `docker run -p` and docker-compose.yml have it: what it says of its reach,
// and whether that is so. Browsers are on other machines, for which the host has a public address and the container none.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Chromium, missingChromium } from '../e2e/lib/browsers.js';
import { Network, missingNetwork } from '../e2e/lib/network.js';
import { allSeeAll, Participant } from '../e2e/lib/participant.js';
import { until } from '../e2e/lib/wait.js';
import { Bridge, CONTAINER_ADDRESS, giveHostAddress, HOST_ADDRESS, missingNat } from './bridge.js';
import { Container, Image, missingImage } from './container.js';

const BASE = `http://${HOST_ADDRESS}:8000`;
/** As docker-compose.yml publishes them. */
const MEDIA = { min: 40000, max: 40019 };
const PUBLISHED = { tcp: ['8000', `${MEDIA.min}:${MEDIA.max}`], udp: [`${MEDIA.min}:${MEDIA.max}`] };
const SETTINGS = { SLUICE_TOKENS: 'off', SLUICE_WORKERS: '1', SLUICE_RTC_PORTS: `${MEDIA.min}-${MEDIA.max}` };

const why = missingImage() || missingNetwork() || missingNat() || missingChromium();
const run = { skip: why || false };

describe('the image, bridged', () => {
  /** @type {Image} */
  let image;
  /** @type {Network} */
  let network;
  /** @type {Bridge} */
  let bridge;
  /** @type {Chromium[]} */
  let browsers = [];

  before(async () => {
    if (why) return;
    image = Image.open();
    network = await Network.start('ada', 'bob');
    giveHostAddress(network);
    bridge = await Bridge.start(network, PUBLISHED);
    // Camera and microphone are for https and localhost; a proxy would bring the one.
    const flags = [`--unsafely-treat-insecure-origin-as-secure=${BASE}`];
    browsers = await Promise.all(['ada', 'bob'].map((host) => Chromium.start({ flags, runner: (program) => network.at(host, program) })));
  });
  after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    bridge?.close();
    await network?.close();
    image?.close();
  });

  /** @param {import('node:test').TestContext} t @param {Record<string, string>} [env] */
  async function start(t, env) {
    const container = new Container(image, { namespace: bridge.namespace, env: { ...SETTINGS, ...env } });
    t.after(() => container.close());
    await until('what it says of its reach', () => /^.*Browsers open the page.*$/m.test(container.output), {
      within: 20_000,
      seen: () => container.output,
    });
    return container;
  }

  /** @param {import('node:test').TestContext} t @param {number} index @param {string} name */
  async function join(t, index, name) {
    const person = await Participant.join(/** @type {Chromium} */ (browsers[index]), BASE, 'bridged', name, { context: {} });
    t.after(() => person.close());
    return person;
  }

  it('without an announced address it says that media reaches this host only, and what to set; and so it is', run, async (t) => {
    const container = await start(t);
    assert.ok(
      container.output.includes(
        `Browsers open the page at every address of this container, and reach media only on this host, as ${CONTAINER_ADDRESS} is an ` +
          'address of a container: announce the public address of this host with --announced-address, and publish UDP and TCP ports ' +
          `${MEDIA.min}-${MEDIA.max}.`,
      ),
      container.output,
    );
    const ada = await join(t, 0, 'Ada');
    await ada.until('is told where media is', () => ada.page.evaluate(() => /** @type {any} */ (window).sluice?.pc?.remoteDescription));
    const told = await ada.page.evaluate(() => /** @type {any} */ (window).sluice.pc.remoteDescription.sdp);
    assert.match(told, new RegExp(`^a=candidate:.* udp .* ${CONTAINER_ADDRESS} `, 'im'));
    assert.doesNotMatch(told, new RegExp(HOST_ADDRESS));
    const checks = () =>
      ada.page.evaluate(async () => {
        const pairs = [...(await /** @type {any} */ (window).sluice.pc.getStats()).values()].filter(
          ({ type }) => type === 'candidate-pair',
        );
        const sum = (/** @type {string} */ name) => pairs.reduce((all, pair) => all + (pair[name] ?? 0), 0);
        return { sent: sum('requestsSent'), answered: sum('responsesReceived') };
      });
    await until('ten checks of Ada’s browser', async () => (await checks()).sent >= 10);
    assert.equal((await checks()).answered, 0, 'something answers at an address that is nobody’s here');
    assert.equal((await ada.state()).connection, 'connecting');
  });

  it(
    'with the host’s address announced it says how far that reaches, and browsers call through the NAT, by UDP and by TCP',
    run,
    async (t) => {
      const container = await start(t, { SLUICE_ANNOUNCED_ADDRESS: HOST_ADDRESS });
      assert.ok(
        container.output.includes(
          `Browsers open the page at every address of this container, and reach media from anywhere, at ${HOST_ADDRESS}, if firewall and ` +
            `NAT let UDP and TCP ports ${MEDIA.min}-${MEDIA.max} through.`,
        ),
        container.output,
      );
      const before = bridge.published();
      bridge.blockUdpOf(network.addressOf('bob'));
      const people = [await join(t, 0, 'Ada'), await join(t, 1, 'Bob')];
      await allSeeAll(people, 20_000);
      const samples = await Promise.all(people.map((each) => each.sample()));
      await until('moving pictures', async () => {
        const now = await Promise.all(people.map((each) => each.sample()));
        return now.every((sample, index) => sample[0].framesDecoded > samples[index]?.[0].framesDecoded + 30);
      });
      for (const [index, protocol] of ['udp', 'tcp'].entries()) {
        const { remote, address, port } = (await people[index]?.selectedPair()) ?? {};
        assert.deepEqual({ remote, address }, { remote: protocol, address: HOST_ADDRESS });
        assert.ok(Number(port) >= MEDIA.min && Number(port) <= MEDIA.max, `port ${port} is none that is published`);
      }
      const now = bridge.published();
      for (const rule of [`udp ${MEDIA.min}:${MEDIA.max}`, `tcp ${MEDIA.min}:${MEDIA.max}`, 'tcp 8000'])
        assert.ok(Number(now[rule]) > Number(before[rule]), `nothing came in by ${rule}: ${JSON.stringify(now)}`);
    },
  );
});
