// The start-up self-check: from which networks browsers will reach the page and the media, in one sentence. It knows addresses,
// not firewalls.
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../access/options.js';
import { scopeOf } from './addresses.js';

export interface Situation {
  /** Where the page is served. */
  host: string;
  /** What media is received on (mediaAddresses). */
  addresses: readonly string[];
  /** What clients are told instead. */
  announced: string | undefined;
  tcp: boolean;
  rtcPorts: { min: number; max: number };
  /** In a network of its own behind the host's: what Docker and Podman call bridged. */
  container: boolean;
}

/** An interface whose other end is elsewhere, as those of bridged containers: its link is not itself. */
function isPaired(name: string): boolean {
  const number = (what: string): string => readFileSync(`/sys/class/net/${name}/${what}`, 'utf8').trim();
  try {
    return number('iflink') !== number('ifindex');
  } catch {
    return false; // not shown here
  }
}

/**
 * As Docker, Podman and systemd-nspawn mark their containers: a file, or the variable `container` (systemd's "Container Interface";
 * of Podman's read-only ones the only mark, as its file is hidden by a tmpfs). With host networking the interfaces are the host's own.
 */
export function isBridged(): boolean {
  if (!process.env.container && !existsSync('/.dockerenv') && !existsSync('/run/.containerenv')) return false;
  const names = Object.entries(networkInterfaces()).filter(([, entries]) => entries?.some(({ internal }) => !internal));
  return names.length > 0 && names.every(([name]) => isPaired(name));
}

const list = (words: readonly string[]): string =>
  words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : (words[0] ?? '');

function mediaPart({ addresses, announced, container }: Situation, ports: string): string {
  const howTo = `announce the public address of this ${container ? 'host' : 'machine or its NAT'} with --announced-address`;
  if (announced !== undefined) {
    const scope = scopeOf(announced);
    if (scope === 'loopback' || scope === 'link-local') return `media only on this machine, as ${announced} is announced`;
    if (scope === 'private') return `media in the network of ${announced}, but not from the internet: ${howTo}`;
    return `media from anywhere, at ${announced}, if firewall and NAT let ${ports} through`;
  }
  const of = (scope: string): string[] => addresses.filter((address) => scopeOf(address) === scope);
  if (of('public').length > 0) return `media from anywhere, at ${list(of('public'))}, if the firewall lets ${ports} through`;
  const near = of('private');
  if (near.length === 0) return 'media only on this machine, which has no other address to receive it on';
  if (container)
    return `media only on this host, as ${list(near)} ${near.length > 1 ? 'are addresses' : 'is an address'} of a container: ${howTo}, and publish ${ports}`;
  return `media in the network of ${list(near)}, but not from the internet: ${howTo}`;
}

export function reachability(situation: Situation): string {
  const { host, tcp, rtcPorts } = situation;
  const ports = `${tcp ? 'UDP and TCP' : 'UDP'} ports ${rtcPorts.min}-${rtcPorts.max}`;
  const media = mediaPart(situation, ports);
  if (isLoopback(host))
    return `Browsers open the page on this machine only, as it is served on ${host} (--host, or a proxy for https, opens it to others), and reach ${media}.`;
  const page = host === '0.0.0.0' || host === '::' ? `every address of this ${situation.container ? 'container' : 'machine'}` : host;
  return `Browsers open the page at ${page}, and reach ${media}.`;
}
