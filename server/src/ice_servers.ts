// STUN and TURN servers that clients are told of: parsed from --ice-server, written as RTCIceServer and as Link headers.
import { InvalidArgumentError } from 'commander';

/** W3C RTCIceServer. */
export interface IceServer {
  urls: string;
  username?: string;
  credential?: string;
}

/** RFC 7064, RFC 7065, with user:password@ before the host of a TURN server. */
const form = /^(stuns?|turns?):(?:([^:@\s]+):([^@\s]+)@)?([^@\s/?]+)(\?transport=(?:udp|tcp))?$/;

export function iceServer(text: string, before: IceServer[]): IceServer[] {
  // Printable ASCII: it has to go through a header field.
  const [, scheme = '', username, credential, host = '', query = ''] = (/^[!-~]+$/.test(text) && form.exec(text)) || [];
  if (scheme === '') throw new InvalidArgumentError('Expected stun:HOST[:PORT] or turn:USER:PASSWORD@HOST[:PORT][?transport=tcp].');
  const turn = scheme.startsWith('turn');
  if (turn && username === undefined) throw new InvalidArgumentError('A TURN server needs USER:PASSWORD@ before its host.');
  if (!turn && (username !== undefined || query !== ''))
    throw new InvalidArgumentError('A STUN server takes neither user and password nor a transport.');
  const urls = `${scheme}:${host}${query}`;
  return [...before, turn ? { urls, username: username!, credential: credential! } : { urls }];
}

/** RFC 9725 §4.6. */
export function linkHeader({ urls, username, credential }: IceServer): string {
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const parts = [`<${urls}>`, 'rel="ice-server"'];
  if (username !== undefined && credential !== undefined)
    parts.push(`username=${quoted(username)}`, `credential=${quoted(credential)}`, 'credential-type="password"');
  return parts.join('; ');
}
