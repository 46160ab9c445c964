// What the addresses of a machine are good for: who can reach them.
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** `name`: a host name, of which nothing is known here. */
export type Scope = 'loopback' | 'link-local' | 'private' | 'public' | 'name';

function scopeOfIPv4(address: string): Scope {
  const [a = 0, b = 0] = address.split('.').map(Number);
  if (a === 127) return 'loopback';
  if (a === 169 && b === 254) return 'link-local'; // RFC 3927
  if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)) return 'private'; // RFC 1918
  if (a === 100 && b >= 64 && b <= 127) return 'private'; // RFC 6598: between a carrier's NAT and its customers
  if (a === 198 && (b === 18 || b === 19)) return 'private'; // RFC 2544: benchmarks
  return 'public';
}

function scopeOfIPv6(address: string): Scope {
  const text = address.toLowerCase().replace(/%.*$/, '');
  const mapped = /^::ffff:([\d.]+)$/.exec(text)?.[1];
  if (mapped !== undefined) return scopeOfIPv4(mapped);
  if (text === '::1') return 'loopback';
  if (/^fe[89ab]/.test(text)) return 'link-local'; // RFC 4291 §2.4
  if (/^f[cd]/.test(text)) return 'private'; // RFC 4193
  return 'public';
}

export function scopeOf(address: string): Scope {
  if (isIPv4(address)) return scopeOfIPv4(address);
  return isIPv6(address) ? scopeOfIPv6(address) : 'name';
}

/** Those that media is received on: `listenIp`, where 0.0.0.0 and :: stand for all of the machine's of their family. */
export function mediaAddresses(listenIp: readonly string[], interfaces = networkInterfaces()): string[] {
  const all = Object.values(interfaces).flatMap((entries) => (entries ?? []).map(({ address }) => address));
  const found = (listenIp.length === 0 ? ['0.0.0.0', '::'] : listenIp).flatMap((ip) => {
    if (ip === '0.0.0.0') return all.filter(isIPv4);
    // The worker leaves link-local ones out: they mean nothing without their interface.
    return ip === '::' ? all.filter((address) => isIPv6(address) && scopeOf(address) !== 'link-local') : [ip];
  });
  return [...new Set(found)];
}
