// What createWorker takes, and the command line that it makes of it.
import { logLevel, logTag } from './shapes/stats.js';
import { iceProtocol } from './shapes/transport.js';
import { isObject, list, needObject, text, uint16, uint32, wrong } from './shapes/shape.js';
import type { AppData } from './remote_object.js';
import type { WorkerLogLevel, WorkerLogTag } from './types/log.js';
import { checkAppData } from './transport.js';
import type { IceProtocol } from './types/transport.js';

/** An address that the worker receives media on. */
export interface ListenAddress {
  /** Default `udp`. `tcp` is for clients whose network blocks UDP (ICE-TCP, passive). */
  protocol?: IceProtocol;
  /** IPv4 or IPv6. `0.0.0.0` and `::` stand for every address of the machine. */
  ip: string;
  /** Default: the first free one between rtcMinPort and rtcMaxPort. */
  port?: number;
  /** IP address or host name that clients are told instead of `ip`. */
  announcedAddress?: string;
}

export interface WorkerSettings<Data extends AppData = AppData> {
  /** Default `error`. */
  logLevel?: WorkerLogLevel;
  /** What debug lines are about. Default: none. */
  logTags?: WorkerLogTag[];
  /** Default 10000. */
  rtcMinPort?: number;
  /** Default 59999. */
  rtcMaxPort?: number;
  /** Default: every address of the machine, loopback included, by UDP. */
  listen?: ListenAddress[];
  /** For every address of `listen` without its own. */
  announcedAddress?: string;
  /** PEM. By default a certificate is made at start. Both files or neither. */
  dtlsCertificateFile?: string;
  /** PEM. */
  dtlsPrivateKeyFile?: string;
  /** Path of the executable. Default: {@link workerBin}. */
  workerBin?: string;
  appData?: Data;
}

/** What can be changed while the worker runs. */
export type UpdatableSettings = Pick<WorkerSettings, 'logLevel' | 'logTags'>;

function listenArgument(value: unknown, path: string): string {
  if (!isObject(value)) throw wrong(path, 'an object', value);
  const protocol = value['protocol'] ?? 'udp';
  iceProtocol.toWire(protocol, `${path}.protocol`);
  const ip = text.toWire(value['ip'], `${path}.ip`) as string;
  const port = value['port'] === undefined ? '' : `:${uint16.toWire(value['port'], `${path}.port`)}`;
  const announced =
    value['announcedAddress'] === undefined ? '' : `=${text.toWire(value['announcedAddress'], `${path}.announcedAddress`) as string}`;
  return `${protocol === 'tcp' ? 'tcp:' : ''}${port !== '' && ip.includes(':') ? `[${ip}]` : ip}${port}${announced}`;
}

/** The command line. Throws InvalidArgumentError; what only the worker can know to be wrong it says itself. */
export function workerArguments(settings: WorkerSettings): string[] {
  needObject(settings, 'settings');
  checkAppData(settings.appData);
  const args: string[] = [];
  const add = (option: string, value: unknown): void => void args.push(`--${option}=${String(value)}`);
  const { logLevel: level = 'error', logTags = [], rtcMinPort, rtcMaxPort, listen = [] } = settings;
  logLevel.toWire(level, 'logLevel');
  list(logTag).toWire(logTags, 'logTags');
  add('log-level', level);
  if (logTags.length > 0) add('log-tags', logTags.join(','));
  if (rtcMinPort !== undefined || rtcMaxPort !== undefined) {
    const range = [uint32.toWire(rtcMinPort ?? 10_000, 'rtcMinPort'), uint32.toWire(rtcMaxPort ?? 59_999, 'rtcMaxPort')];
    add('port-range', range.join('-'));
  }
  if (!Array.isArray(listen)) throw wrong('listen', 'an array', listen);
  listen.forEach((address, index) => add('listen', listenArgument(address, `listen[${index}]`)));
  const plain = {
    'announced-address': 'announcedAddress',
    'dtls-certificate-file': 'dtlsCertificateFile',
    'dtls-private-key-file': 'dtlsPrivateKeyFile',
  } as const;
  for (const [option, name] of Object.entries(plain)) {
    if (settings[name] !== undefined) add(option, text.toWire(settings[name], name));
  }
  return args;
}
