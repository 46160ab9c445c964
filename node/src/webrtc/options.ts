import { UnsupportedError } from '../errors.js';
import type { AppData } from '../remote_object.js';
import type { Subscription } from '../peer.js';
import { flag, isObject, uint32, wrong } from '../shapes/shape.js';
import type { CandidateOptions } from '../types/transport.js';

/** Over what the client may reach the worker. */
export interface RTCPeerConnectionTransportOptions {
  /** UDP, where the worker listens on it. Default true. */
  udp?: boolean;
  /** TCP, where the worker listens on it. Default true. */
  tcp?: boolean;
  /** Candidates of IPv4 first. Default: in the order of the worker's `listen`. */
  preferIPv4?: boolean;
  /** Candidates of IPv6 first, unless `preferIPv4` is set. */
  preferIPv6?: boolean;
  /** UDP is preferred anyway; beside `preferTcp` this keeps it so. Default false. */
  preferUdp?: boolean;
  /** Candidates of TCP first. Default false. */
  preferTcp?: boolean;
  /** What the client shall send at most, in bps; told to it by REMB. 0, the default: no limit. */
  maxBitrate?: number;
}

export interface RTCPeerConnectionOptions<Data extends AppData = AppData> {
  /** `all`, the default: the client is offered every track of the others. `manual`: only what `peer.subscribe()` names. */
  subscription?: Subscription;
  transportOptions?: RTCPeerConnectionTransportOptions;
  /** The same as `transportOptions.maxBitrate`. */
  maxBitrate?: number;
  /** Of the peer. */
  appData?: Data;
}

export interface CheckedTransportOptions {
  candidates: CandidateOptions;
  /** bps; 0: no limit. */
  maxBitrate: number;
}

/** Throws TypeError with the path of the field. */
export function checkTransportOptions(options: RTCPeerConnectionOptions): CheckedTransportOptions {
  const given: unknown = options.transportOptions ?? {};
  if (!isObject(given)) throw wrong('transportOptions', 'an object', given);
  const choice = (name: keyof RTCPeerConnectionTransportOptions): boolean | undefined =>
    given[name] === undefined ? undefined : flag.toWire(given[name], `transportOptions.${name}`);
  const udp = choice('udp') ?? true;
  const tcp = choice('tcp') ?? true;
  if (!udp && !tcp) throw wrong('transportOptions', 'udp or tcp, or both', given);
  const candidates: CandidateOptions = { ...(!udp && { enableUdp: false }), ...(!tcp && { enableTcp: false }) };
  for (const name of ['preferIPv4', 'preferIPv6', 'preferUdp', 'preferTcp'] as const) candidates[name] = choice(name) ?? false;
  const maxBitrate =
    given['maxBitrate'] === undefined
      ? uint32.toWire(options.maxBitrate ?? 0, 'maxBitrate')
      : uint32.toWire(given['maxBitrate'], 'transportOptions.maxBitrate');
  return { candidates, maxBitrate };
}

/** An option of older days, when some browsers had nothing better. */
export function refusePlanB(options: object): void {
  if ((options as { usePlanB?: unknown }).usePlanB) {
    throw new UnsupportedError('Plan B is not spoken; expected a client with Unified Plan, as every browser of today', 'usePlanB');
  }
}
