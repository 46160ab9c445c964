// The options about tokens, of the server and of `sluice-server token`; and whether they are asked for.
import { createPublicKey } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ecKeyFile, secretKey, secretKeyFile, type Keys } from './keys.js';
import { toOption, type OptionSpec } from '../option_table.js';
import { Access, mint } from './tokens.js';

export const tokenPolicies = ['auto', 'required', 'off'] as const;

export interface AccessOptions {
  tokens: (typeof tokenPolicies)[number];
  tokenSecretFile?: string;
  tokenPublicKey?: string;
}

/** Not on the command line, where every user of the machine could read it. */
export const secretVariable = 'SLUICE_TOKEN_SECRET';

const secretFile: OptionSpec = {
  flags: '--token-secret-file <path>',
  help: 'file with the secret that tokens are signed with (HS256)',
};

export const accessOptions: readonly OptionSpec[] = [
  {
    flags: '--tokens <when>',
    help: 'whether entering a room takes a token; auto: unless --host is this machine only',
    value: 'auto',
    choices: tokenPolicies,
  },
  secretFile,
  { flags: '--token-public-key <path>', help: 'PEM file with the public key that tokens are checked with (ES256)' },
];

function sharedSecret(file: string | undefined): Pick<Keys, 'HS256'> {
  if (file !== undefined) return { HS256: secretKeyFile(file, '--token-secret-file') };
  const text = process.env[secretVariable];
  return text === undefined || text === '' ? {} : { HS256: secretKey(text, secretVariable) };
}

/** Only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Throws TypeError: a key that cannot be used, or none where one is needed. */
export function accessOf({ tokens, tokenSecretFile, tokenPublicKey }: AccessOptions, host: string): Access {
  if (tokens === 'off') return new Access(false, {});
  const keys: Keys = {
    ...sharedSecret(tokenSecretFile),
    ...(tokenPublicKey === undefined ? {} : { ES256: ecKeyFile(tokenPublicKey, '--token-public-key', 'public') }),
  };
  const required = tokens === 'required' || !isLoopback(host);
  if (required && Object.keys(keys).length === 0) {
    const why =
      tokens === 'required' ? '--tokens required' : `--host ${host} can be reached from other machines, so entering takes a token, which`;
    throw new TypeError(
      `${why} needs a key to check tokens with: --token-secret-file, ${secretVariable} or --token-public-key; or let everybody in with --tokens off (SLUICE_TOKENS=off)`,
    );
  }
  return new Access(required, keys);
}

const units = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const longest = 365 * units.d;

function duration(text: string): number {
  const [, digits = '', unit = 's'] = /^(\d{1,8})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(digits) * units[unit as keyof typeof units];
  if (digits !== '' && seconds >= 1 && seconds <= longest) return seconds;
  throw new InvalidArgumentError('Expected a time such as 90s, 30m, 12h or 7d, at most 365d.');
}

const examples = `
Examples:
  sluice-server token --token-secret-file secret.txt --room blue-otter --identity ada
  sluice-server token --token-private-key key.pem --room blue-otter --identity camera-1 --no-subscribe --valid-for 7d

It prints the token, which goes into the page's link (http://HOST/?room=blue-otter&token=TOKEN), into a WHIP or WHEP client
as its bearer token, or into content.token of a join (docs/tokens.md).`;

/** `sluice-server token …`: prints a token. Throws TypeError. */
export async function tokenCommand(argv: string[], write: (line: string) => void): Promise<void> {
  const command = new Command('sluice-server token')
    .description('Makes a token that lets somebody into a room.')
    .helpOption('-h, --help', 'print this help and exit')
    .requiredOption('--room <room>', 'the room it is for')
    .requiredOption('--identity <identity>', 'who it is for: the claim sub')
    .option('--name <name>', 'what others are shown; by default the person chooses')
    .option('--no-publish', 'its holder may not send audio and video')
    .option('--no-subscribe', 'its holder may not receive the others')
    .addOption(new Option('--valid-for <time>', 'how long it lets somebody in').argParser(duration).default(6 * units.h, '6h'))
    .addOption(toOption(secretFile))
    .addOption(new Option('--token-private-key <path>', 'PEM file with a private key on P-256 to sign with instead (ES256)'))
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .showHelpAfterError(false);
  command.parse(argv, { from: 'user' });
  const options = command.opts<{
    room: string;
    identity: string;
    name?: string;
    publish: boolean;
    subscribe: boolean;
    validFor: number;
    tokenSecretFile?: string;
    tokenPrivateKey?: string;
  }>();
  const keys: Keys =
    options.tokenPrivateKey === undefined
      ? sharedSecret(options.tokenSecretFile)
      : { ES256: ecKeyFile(options.tokenPrivateKey, '--token-private-key', 'private') };
  if (Object.keys(keys).length === 0)
    throw new TypeError(`a token needs a key to sign it with: --token-secret-file, ${secretVariable} or --token-private-key`);
  const { room, identity, name, publish: mayPublish, subscribe: maySubscribe, validFor } = options;
  const token = await mint({ room, identity, name, mayPublish, maySubscribe, validFor }, keys);
  // What the server would refuse is not printed.
  await new Access(true, keys.ES256 === undefined ? keys : { ES256: createPublicKey(keys.ES256) }).admit(room, token);
  write(token);
}
