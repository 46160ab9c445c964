// What the conference server can be told, by its command line or its environment.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism, cpus } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { accessOptions, secretVariable, type AccessOptions } from './access/options.js';
import { iceServer, type IceServer } from './ice_servers.js';
import { logLevels, type LogLevel } from './log.js';
import { each, notEmpty, number, parseWith, type OptionGroup, type ParsedOptions } from './option_table.js';

export interface Options extends AccessOptions {
  /** 0: any free port. */
  port: number;
  /** Name or address to serve the page on. `localhost` is 127.0.0.1 and ::1. */
  host: string;
  workers: number;
  /** Addresses that media is received on; none: all of the machine. */
  listenIp: string[];
  /** `auto`: what a STUN server sees. */
  announcedAddress?: string;
  /** Media also by TCP, for clients whose network blocks UDP. */
  tcp: boolean;
  /** Ports for media, of UDP and TCP. */
  rtcPorts?: { min: number; max: number };
  /** Most participants of a room. */
  roomLimit: number;
  /** How long a participant whose WebSocket dropped is kept, seconds. */
  resumeTimeout: number;
  /** URLs of STUN and TURN servers that clients are told. */
  iceServer: IceServer[];
  /** Another port, for the signaling of docs/signaling.md's short form alone. */
  signalingPort?: number;
  /** How long those who are in a room may stay after SIGTERM, seconds. */
  drainTimeout: number;
  /** Where metrics and health are served besides. */
  metricsPort?: number;
  metricsHost: string;
  metricsTokenFile?: string;
  logLevel: LogLevel;
}

export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** Secrets are variables only: a command line can be read by every user of the machine. */
export const metricsTokenVariable = 'SLUICE_METRICS_TOKEN';
/** The worker's executable, which the controller looks for. */
const workerVariable = 'SLUICE_WORKER_BIN';
const otherVariables = [secretVariable, metricsTokenVariable, workerVariable];

const examples = `
Every option has a variable, which --help names; the command line has the last word. Besides: ${secretVariable} and ${metricsTokenVariable}
hold secrets, ${workerVariable} the path of sluice-worker.

Examples:
  sluice-server                                        http://localhost:8000, for this machine
  sluice-server --port 9000 --host 0.0.0.0 --token-secret-file secret.txt     for the network (browsers want https for camera and microphone there)
  sluice-server --listen-ip 10.0.0.5 --announced-address 203.0.113.7     behind NAT
  sluice-server token --help                           makes tokens that let people into a room
  sluice-server healthcheck                            exit code 0 when the server of these options is ready`;

function address(text: string, before: string[]): string[] {
  if (isIP(text) === 0) throw new InvalidArgumentError('Expected an IPv4 or IPv6 address.');
  return [...before, text];
}

function portRange(text: string): { min: number; max: number } {
  const [, min, max] = /^(\d{1,5})-(\d{1,5})$/.exec(text)?.map(Number) ?? [];
  if (min !== undefined && max !== undefined && min >= 1 && min <= max && max <= 65535) return { min, max };
  throw new InvalidArgumentError('Expected MIN-MAX, each from 1 to 65535.');
}

const cores = typeof availableParallelism === 'function' ? availableParallelism() : cpus().length;

export const optionGroups: readonly OptionGroup[] = [
  {
    title: 'Page and signaling',
    options: [
      {
        flags: '-p, --port <port>',
        help: 'port of the page and its signaling; 0 for any free one',
        value: 8000,
        parse: number(0, 65535),
        alias: 'PORT',
      },
      {
        flags: '--host <host>',
        help: 'name or address to serve them on; 0.0.0.0 and :: for every one',
        value: 'localhost',
        parse: notEmpty,
      },
      { flags: '--signaling-port <port>', help: 'also serve the short form of the signaling on this port', parse: number(0, 65535) },
      { flags: '--room-limit <count>', help: 'most participants of a room', value: 100, parse: number(1, 10_000) },
      {
        flags: '--resume-timeout <seconds>',
        help: 'how long a participant whose WebSocket dropped is kept',
        value: 15,
        parse: number(1, 3600),
      },
      {
        flags: '--drain-timeout <seconds>',
        help: 'how long calls may go on after SIGTERM; no room is opened meanwhile',
        value: 0,
        parse: number(0, 86_400),
      },
    ],
  },
  {
    title: 'Media',
    options: [
      { flags: '--workers <count>', help: 'media workers', value: cores, valueText: 'one a core', parse: number(1, 256) },
      {
        flags: '--listen-ip <ip>',
        help: 'address to receive media on; repeatable',
        value: [],
        valueText: 'all of this machine',
        parse: each(address),
      },
      {
        flags: '--announced-address <address>',
        help: 'address or name that clients are told for media instead; auto: what the first STUN server of --ice-server sees',
        parse: notEmpty,
      },
      { flags: '--rtc-ports <min-max>', help: 'ports for media, of UDP and TCP', valueText: '10000-59999', parse: portRange },
      { flags: '--no-tcp', help: 'receive media by UDP only; by default also by TCP, for clients whose network blocks UDP' },
      {
        flags: '--ice-server <url>',
        help: 'STUN or TURN server that clients are told; repeatable; turn:user:password@host:port for credentials',
        value: [],
        valueText: 'none',
        parse: each(iceServer, /[\s,]+(?=(?:stun|turn)s?:)/), // a password may hold a comma
      },
    ],
  },
  { title: 'Who may enter', options: accessOptions },
  {
    title: 'Watching it',
    options: [
      { flags: '--metrics-port <port>', help: 'serve /metrics and health on a port of its own', parse: number(0, 65535) },
      { flags: '--metrics-host <host>', help: 'name or address of that port', value: 'localhost', parse: notEmpty },
      { flags: '--metrics-token-file <path>', help: 'file with the token that reading /metrics takes' },
      { flags: '--log-level <level>', help: 'how much to log', value: 'info', choices: logLevels },
    ],
  },
];

/** Prints and exits on --help, --version (0) and on mistakes (1, with one line that names the option). */
export function parseOptions(argv: string[], name = 'sluice-server'): ParsedOptions<Options> {
  const command = new Command(name)
    .description('Serves the conference page of Sluice and its signaling, and runs the media workers behind it.')
    .version(`sluice-server ${version}`, '--version', 'print the version and exit')
    .helpOption('-h, --help', 'print this help and exit')
    .usage('[options]\n       sluice-server token [options]\n       sluice-server healthcheck [options]')
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .showHelpAfterError(false);
  return parseWith<Options>(command, optionGroups, argv, otherVariables);
}
