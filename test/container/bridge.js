// A container's network as Docker makes it: an address of its own on a bridge, which nobody outside the host has a route to, and
// ports published by the host's NAT. Here the host is the hub of a Network, and gets a public address besides.
//
//   browser ada (10.77.0.2) ── 203.0.113.7  host  172.30.0.1 ── bridge ── 172.30.0.2 container
//                              DNAT of what is published ─────────────────▶
//                              ◀────────────────── MASQUERADE of what leaves

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** RFC 5737: for documentation, so nobody's; public for whoever asks for its scope. */
export const HOST_ADDRESS = '203.0.113.7';
/** The host's own on the browsers' side (network.py). */
export const HUB_ADDRESS = '10.77.0.1';
export const CONTAINER_ADDRESS = '172.30.0.2';
const GATEWAY = '172.30.0.1';
const SUBNET = '172.30.0.0/16';
const BRIDGE = 'docker0';

/** The rules that Docker writes for one container (its chains left out), and only those. @param {{ tcp: string[], udp: string[] }} published ports, or ranges of them as MIN:MAX */
const rules = ({ tcp, udp }) => [
  ...[...tcp.map((ports) => ['tcp', ports]), ...udp.map((ports) => ['udp', ports])].flatMap(([protocol, ports]) => {
    const [first, last] = String(ports).split(':');
    const one = last === undefined ? `:${first}` : ''; // of a range every port keeps its number
    return [
      `-t nat -A PREROUTING -m addrtype --dst-type LOCAL ! -i ${BRIDGE} -p ${protocol} --dport ${ports} -j DNAT --to-destination ${CONTAINER_ADDRESS}${one}`,
      `-A FORWARD -d ${CONTAINER_ADDRESS} ! -i ${BRIDGE} -o ${BRIDGE} -p ${protocol} --dport ${ports} -j ACCEPT`,
    ];
  }),
  `-t nat -A POSTROUTING -s ${SUBNET} ! -o ${BRIDGE} -j MASQUERADE`,
  `-t raw -A PREROUTING -d ${CONTAINER_ADDRESS} ! -i ${BRIDGE} -j DROP`, // nobody comes in but by what is published
  `-A FORWARD -o ${BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  `-A FORWARD -i ${BRIDGE} ! -o ${BRIDGE} -j ACCEPT`,
  '-P FORWARD DROP',
];

/** What makes the host of it, one command a line; run inside its namespace. @param {number} pid of a process in the container's namespace @param {{ tcp: string[], udp: string[] }} published */
const host = (pid, published) => [
  'sysctl -qw net.ipv4.ip_forward=1',
  `ip link add ${BRIDGE} type bridge`,
  `ip address add ${GATEWAY}/16 dev ${BRIDGE}`,
  `ip link add veth0 type veth peer name eth0 netns ${pid}`,
  `ip link set veth0 master ${BRIDGE} up`,
  `ip link set ${BRIDGE} up`,
  ...rules(published).map((rule) => `iptables -w ${rule}`),
];

const guest = [
  'ip link set lo up',
  `ip address add ${CONTAINER_ADDRESS}/16 dev eth0`,
  'ip link set eth0 up',
  `ip route add default via ${GATEWAY}`,
];

/** A namespace without a name, for as long as the process that waits in it: gone with its standard input, however the test ends. */
async function newNamespace() {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo there && exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (holder.stdout) await once(holder.stdout, 'data');
  return holder;
}

/** @param {string} namespace @param {string[]} commands */
const within = (namespace, commands) =>
  execFileSync('nsenter', [`--net=${namespace}`, 'sh', '-e', '-c', commands.join('\n')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** @param {import('../e2e/lib/network.js').Network} network */
export const giveHostAddress = (network) => within(network.hubNamespace, [`ip address add ${HOST_ADDRESS}/32 dev lo`]);

/** @returns {string} why this machine has no bridged network; empty when it has */
export function missingNat() {
  if (spawnSync('iptables', ['--version']).error) return process.env.CI ? '' : 'iptables is not installed (scripts/setup has it)';
  const commands = host(1, { tcp: ['8000'], udp: ['40000:40019'] }).map((command) => command.replace(/ netns 1$/, ''));
  const { status, stderr } = spawnSync('unshare', ['--net', 'sh', '-e', '-c', commands.join('\n')], { encoding: 'utf8' });
  return status === 0 ? '' : `this kernel has no NAT, or no bridges (${stderr.trim().split('\n')[0]})`;
}

export class Bridge {
  #hub;
  #holder;

  /** @param {string} hub @param {import('node:child_process').ChildProcess} holder */
  constructor(hub, holder) {
    this.#hub = hub;
    this.#holder = holder;
  }

  /** @param {import('../e2e/lib/network.js').Network} network @param {{ tcp: string[], udp: string[] }} published */
  static async start(network, published) {
    const bridge = new Bridge(network.hubNamespace, await newNamespace());
    try {
      within(network.hubNamespace, host(bridge.#holder.pid ?? 0, published));
      within(bridge.namespace, guest);
    } catch (error) {
      bridge.close();
      throw error;
    }
    return bridge;
  }

  /** The container's. */
  get namespace() {
    return `/proc/${this.#holder.pid}/ns/net`;
  }

  /** From now on no UDP of the host at this address gets through. @param {string} address */
  blockUdpOf(address) {
    within(this.#hub, [`iptables -w -I FORWARD -s ${address} -p udp -j DROP`]);
  }

  /** Connections that came in by each rule of DNAT so far, by protocol and ports. @returns {Record<string, number>} */
  published() {
    const lines = within(this.#hub, ['iptables -w -t nat -vnxL PREROUTING']).split('\n');
    const counted = lines.map((line) => /^\s*(\d+).* DNAT .* (tcp|udp) dpts?:(\S+)/.exec(line)).filter((match) => match !== null);
    return Object.fromEntries(counted.map(([, packets, protocol, ports]) => [`${protocol} ${ports}`, Number(packets)]));
  }

  close() {
    this.#holder.stdin?.end();
  }
}
