// docker-compose.yml as it is: validated, brought up, called through, with the TURN server that it describes. Only the image of coturn
// comes from nowhere without a registry: Debian's coturn takes its place, with the file's own command line.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { Chromium, missingChromium } from '../e2e/lib/browsers.js';
import { Network, missingNetwork } from '../e2e/lib/network.js';
import { allSeeAll, Participant } from '../e2e/lib/participant.js';
import { until } from '../e2e/lib/wait.js';
import { giveHostAddress, HOST_ADDRESS, HUB_ADDRESS, missingNat } from './bridge.js';
import { Compose, composed, missingCompose } from './compose.js';
import { missingImage } from './container.js';

const BASE = `http://${HOST_ADDRESS}:8000`;
const PASSWORD = 'no-secret';
/** What the file's head tells operators to put into .env. */
const SETTINGS = {
  SLUICE_ANNOUNCED_ADDRESS: HOST_ADDRESS,
  PAGE_ADDRESS: '0.0.0.0',
  TURN_PASSWORD: PASSWORD,
  SLUICE_ICE_SERVER: `turn:sluice:${PASSWORD}@${HOST_ADDRESS}:3478`,
  SLUICE_TOKENS: 'off',
  SLUICE_WORKERS: '1',
};

const whyNotChecked = missingCompose();
const why = whyNotChecked || missingImage() || missingNetwork() || missingNat() || missingChromium();
const run = { skip: why || false };
const withCoturn = { skip: why || (spawnSync('turnserver', ['--version']).error ? 'coturn is not installed' : false) };

/** Asks the TURN server to relay to a peer. */
const ASK_FOR_PEER = `
import asyncio, sys
from aioice import turn

async def main(server, password, peer):
    transport, _ = await turn.create_turn_endpoint(asyncio.DatagramProtocol, server_addr=(server, 3478), username="sluice", password=password)
    transport.sendto(b"hello", (peer, 9))
    await asyncio.sleep(0.5)

asyncio.run(main(*sys.argv[1:]))
`;

/** Runs in the page before its scripts: nothing but the TURN server is tried. */
function onlyByRelay() {
  const w = /** @type {any} */ (window);
  w.RTCPeerConnection = class extends w.RTCPeerConnection {
    /** @param {any} configuration */
    constructor(configuration) {
      super({ ...configuration, iceTransportPolicy: 'relay' });
    }
    /** @param {any} configuration */
    setConfiguration(configuration) {
      super.setConfiguration({ ...configuration, iceTransportPolicy: 'relay' });
    }
  };
}

describe('docker-compose.yml', () => {
  /** @type {Network} */
  let network;
  /** @type {Compose} */
  let compose;
  /** @type {Chromium} */
  let browser;

  before(async () => {
    if (why) return;
    network = await Network.start('ada');
    giveHostAddress(network);
    compose = await Compose.start(network.hubNamespace, SETTINGS);
    // Camera and microphone are for https and localhost; a proxy would bring the one.
    const flags = [`--unsafely-treat-insecure-origin-as-secure=${BASE}`];
    browser = await Chromium.start({ flags, runner: (program) => network.at('ada', program) });
  });
  after(async () => {
    await browser?.close();
    await compose?.close();
    await network?.close();
  });

  /** The answer of /readyz at the page's address. */
  const ready = () => {
    const script = `fetch('${BASE}/readyz').then((r) => console.log(r.status)).catch(() => console.log(0))`;
    return spawnSync(network.at('ada', process.execPath), ['-e', script], { encoding: 'utf8' }).stdout.trim() === '200';
  };

  /** Nothing happens when it is up already. @param {string} service @returns {Promise<string>} what it has said when it is ready */
  async function up(service) {
    await compose.run('--profile', 'host', 'up', '--no-build', '--detach', service);
    const logs = () => compose.run('logs', '--no-color', service);
    await until(`${service} to be ready`, ready, { within: 20_000, seen: logs });
    return logs();
  }

  /** Two people whose pictures move. @param {import('node:test').TestContext} t @param {string} room @param {() => void} [init] */
  async function call(t, room, init) {
    const join = (/** @type {string} */ name) =>
      Participant.join(browser, BASE, room, name, init ? { context: {}, init } : { context: {} });
    const people = await Promise.all(['Ada', 'Bob'].map(join));
    t.after(() => Promise.all(people.map((each) => each.close())));
    await allSeeAll(people, 20_000);
    const samples = await Promise.all(people.map((each) => each.sample()));
    await until('moving pictures', async () => {
      const now = await Promise.all(people.map((each) => each.sample()));
      return now.every((sample, index) => sample[0].framesDecoded > samples[index]?.[0].framesDecoded + 20);
    });
    return people;
  }

  it(
    'is what the Compose specification allows, and publishes no port that the server does not use',
    { skip: whyNotChecked || false },
    () => {
      const { services } = composed({ ...SETTINGS, PAGE_ADDRESS: '127.0.0.1' });
      const { ports, environment, read_only, cap_drop, security_opt } = services.sluice;
      assert.deepEqual([read_only, cap_drop, security_opt], [true, ['ALL'], ['no-new-privileges:true']]);
      const [min = 0, max = 0] = environment.SLUICE_RTC_PORTS.split('-').map(Number);
      const media = Array.from({ length: max - min + 1 }, (_, index) => min + index);
      const published = (/** @type {string} */ protocol) =>
        ports
          .filter((/** @type {any} */ port) => port.protocol === protocol)
          .map((/** @type {any} */ port) => [port.published, port.target]);
      for (const protocol of ['udp', 'tcp'])
        assert.deepEqual(
          published(protocol),
          media.map((port) => [port, port]),
          protocol,
        );
      assert.deepEqual(
        ports.filter((/** @type {any} */ port) => typeof port === 'string'),
        ['127.0.0.1:8000:8000/tcp'],
      );
      assert.equal(services['sluice-host'].network_mode, 'host');
    },
  );

  it('brings the server up bridged, read-only and without rights, and two people call through it', run, async (t) => {
    const said = await up('sluice');
    assert.ok(
      said.includes(
        `Browsers open the page at every address of this container, and reach media from anywhere, at ${HOST_ADDRESS}, if firewall and ` +
          'NAT let UDP and TCP ports 40000-40019 through.',
      ),
      said,
    );
    const status = await compose.run(
      'exec',
      '-T',
      'sluice',
      'node',
      '-e',
      'console.log(require("fs").readFileSync("/proc/1/status", "utf8"))',
    );
    for (const line of [/^Uid:\t10001\t/m, /^CapEff:\t0+$/m, /^CapBnd:\t0+$/m, /^NoNewPrivs:\t1$/m]) assert.match(status, line);
    await assert.rejects(compose.run('exec', '-T', 'sluice', 'node', '-e', 'require("fs").writeFileSync("/opt/x", "")'), /EROFS/);
    for (const each of await call(t, 'bridged')) {
      const { remote, address } = await each.selectedPair();
      assert.deepEqual([remote, address], ['udp', HOST_ADDRESS]);
    }
  });

  for (const [where, own] of [
    ['at a public address', HOST_ADDRESS],
    ['behind NAT', HUB_ADDRESS],
  ])
    it(`has a coturn that relays to the server and to nobody else, ${where}`, withCoturn, async (t) => {
      await up('sluice');
      const { command, network_mode, read_only } = composed({ ...SETTINGS, TURN_ADDRESS: String(own) }).services.coturn;
      assert.deepEqual([network_mode, read_only], ['host', true]);
      // As its image is run: by nobody, and with the read-only root that the file demands.
      const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const script = 'mount --bind / / && mount -o remount,bind,ro / && cd / && exec chroot / "$@"';
      const words = ['--mount', 'sh', '-c', script, 'sh', ...nobody, 'turnserver', ...command];
      const coturn = spawn(network.atHub('unshare'), words, { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [coturn.stdout, coturn.stderr]) stream.on('data', (data) => (said += data));
      const gone = new Promise((resolve) => coturn.once('exit', resolve));
      t.after(async () => {
        coturn.kill('SIGKILL');
        await gone;
      });
      const connects = ['-c', `exec 3<>/dev/tcp/${HOST_ADDRESS}/3478`];
      await until('coturn to listen', () => spawnSync(network.at('ada', 'bash'), connects).status === 0, { every: 100, seen: () => said });
      const people = await call(t, `relayed ${own}`.replaceAll(/\W/g, '-'), onlyByRelay);
      for (const each of people) {
        const policy = await each.page.evaluate(() => /** @type {any} */ (window).sluice.pc.getConfiguration().iceTransportPolicy);
        assert.deepEqual([(await each.selectedPair()).address, policy], [HOST_ADDRESS, 'relay']);
      }
      const stranger = network.addressOf('ada');
      const { stderr } = spawnSync(network.at('ada', '/usr/bin/python3'), ['-c', ASK_FOR_PEER, HOST_ADDRESS, PASSWORD, stranger], {
        encoding: 'utf8',
      });
      assert.match(stderr, /403/, 'it would relay to anybody');
    });

  it('stops in order, and runs with host networking too', run, async () => {
    await up('sluice');
    await compose.run('stop', 'sluice');
    assert.match(await compose.run('ps', 'sluice'), /Exit 0/);
    const said = await up('sluice-host');
    assert.ok(
      said.includes(`Browsers open the page at every address of this machine, and reach media from anywhere, at ${HOST_ADDRESS}`),
      said,
    );
  });
});
