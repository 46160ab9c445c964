// The command line and the environment, parsed and validated.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism, cpus } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { addAccessOptions, type AccessOptions } from './access/options.js';
import { iceServer, type IceServer } from './ice_servers.js';
import { logLevels, type LogLevel } from './log.js';

export interface Options extends AccessOptions {
  /** 0: any free port. */
  port: number;
  /** Name or address to serve the page on. `localhost` is 127.0.0.1 and ::1. */
  host: string;
  workers: number;
  /** Addresses that media is received on; none: all of the machine. */
  listenIp: string[];
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
  logLevel: LogLevel;
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const examples = `
Examples:
  sluice-server                                        http://localhost:8000, for this machine
  sluice-server --port 9000 --host 0.0.0.0 --token-secret-file secret.txt     for the network (browsers want https for camera and microphone there)
  sluice-server --listen-ip 10.0.0.5 --announced-address 203.0.113.7     behind NAT
  sluice-server token --help                           makes tokens that let people into a room`;

function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
  };
}

function address(text: string, before: string[]): string[] {
  if (isIP(text) === 0) throw new InvalidArgumentError('Expected an IPv4 or IPv6 address.');
  return [...before, text];
}

function portRange(text: string): { min: number; max: number } {
  const [, min, max] = /^(\d{1,5})-(\d{1,5})$/.exec(text)?.map(Number) ?? [];
  if (min !== undefined && max !== undefined && min >= 1 && min <= max && max <= 65535) return { min, max };
  throw new InvalidArgumentError('Expected MIN-MAX, each from 1 to 65535.');
}

function notEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a name or an address.');
  return text.trim();
}

/** Prints and exits on --help, --version (0) and on mistakes (1, with one line that names the option). */
export function parseOptions(argv: string[]): Options {
  const cores = typeof availableParallelism === 'function' ? availableParallelism() : cpus().length;
  const command = new Command('sluice-server')
    .description('Serves the conference page of Sluice and its signaling, and runs the media workers behind it.')
    .version(`sluice-server ${version}`, '--version', 'print the version and exit')
    .helpOption('-h, --help', 'print this help and exit')
    .addOption(
      new Option('-p, --port <port>', 'port of the page and its signaling; 0 for any free one')
        .env('PORT')
        .default(8000)
        .argParser(number(0, 65535)),
    )
    .addOption(
      new Option('--host <host>', 'name or address to serve them on; 0.0.0.0 and :: for every one')
        .default('localhost')
        .argParser(notEmpty),
    )
    .addOption(new Option('--workers <count>', 'media workers; default one a core').default(cores).argParser(number(1, 256)))
    .addOption(
      new Option('--listen-ip <ip>', 'address to receive media on; repeatable; default all of this machine')
        .default([], 'all')
        .argParser(address),
    )
    .addOption(new Option('--announced-address <address>', 'address or name that clients are told for media instead').argParser(notEmpty))
    .addOption(new Option('--rtc-ports <min-max>', 'ports for media, of UDP and TCP (default: 10000-59999)').argParser(portRange))
    .addOption(new Option('--no-tcp', 'receive media by UDP only; by default also by TCP, for clients whose network blocks UDP'))
    .addOption(new Option('--room-limit <count>', 'most participants of a room').default(100).argParser(number(1, 10_000)))
    .addOption(
      new Option('--resume-timeout <seconds>', 'how long a participant whose WebSocket dropped is kept')
        .default(15)
        .argParser(number(1, 3600)),
    )
    .addOption(
      new Option(
        '--ice-server <url>',
        'STUN or TURN server that clients are told; repeatable; turn:user:password@host:port for credentials',
      )
        .default([], 'none')
        .argParser(iceServer),
    )
    .addOption(new Option('--signaling-port <port>', 'also serve the short form of the signaling on this port').argParser(number(0, 65535)))
    .addOption(new Option('--log-level <level>', 'how much to log').choices(logLevels).default('info'))
    .usage('[options]\n       sluice-server token [options]')
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .showHelpAfterError(false);
  addAccessOptions(command);
  command.parse(argv, { from: 'user' });
  return command.opts<Options>();
}
