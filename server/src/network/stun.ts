// What address others see this machine by: one question to a STUN server (RFC 8489).
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { lookup } from 'node:dns/promises';

const magicCookie = 0x2112a442;
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const xorMappedAddress = 0x0020;
const headerSize = 20;
const defaultPort = 3478;
/** RFC 8489 §6.2.1, cut short: an operator waits for the start. */
const attempts = 4;
const firstWaitMs = 250;

/** The address in a response to this transaction; nothing when it is none. IPv4 only: IPv6 is not translated. */
export function mappedAddress(message: Buffer, transaction: Buffer): string | undefined {
  if (message.length < headerSize || message.readUInt16BE(0) !== bindingSuccess) return undefined;
  if (message.readUInt32BE(4) !== magicCookie || !message.subarray(8, headerSize).equals(transaction)) return undefined;
  const end = Math.min(message.length, headerSize + message.readUInt16BE(2));
  for (let at = headerSize; at + 4 <= end;) {
    const type = message.readUInt16BE(at);
    const length = message.readUInt16BE(at + 2);
    // §14.2: a family, 1 for IPv4, then port and address, both XORed with the cookie.
    if (type === xorMappedAddress && length === 8 && at + 12 <= end && message[at + 5] === 1) {
      const address = (message.readUInt32BE(at + 8) ^ magicCookie) >>> 0;
      return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
    }
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return undefined;
}

/** `stun:HOST[:PORT]` */
function hostAndPort(url: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^stun:(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(url) ?? [];
  return { host: bracketed ?? plain ?? '', port: port === undefined ? defaultPort : Number(port) };
}

/** Rejects with one sentence. */
export async function publicAddress(stunUrl: string): Promise<string> {
  const { host, port } = hostAndPort(stunUrl);
  const transaction = randomBytes(12);
  const request = Buffer.alloc(headerSize);
  request.writeUInt16BE(bindingRequest, 0);
  request.writeUInt32BE(magicCookie, 4);
  transaction.copy(request, 8);
  const ip =
    isIP(host) === 0
      ? await lookup(host, 4).then(
          ({ address }) => address,
          () => undefined,
        )
      : host;
  if (ip === undefined) throw new TypeError(`${stunUrl} does not tell the announced address: no IPv4 address is known by its name`);
  const socket = createSocket(isIP(ip) === 6 ? 'udp6' : 'udp4');
  try {
    const answer = new Promise<string>((resolve, reject) => {
      socket.on('message', (message) => {
        const address = mappedAddress(message, transaction);
        if (address !== undefined) resolve(address);
      });
      socket.on('error', reject);
    });
    answer.catch(() => {});
    for (let attempt = 0, wait = firstWaitMs; attempt < attempts; attempt++, wait *= 2) {
      socket.send(request, port, ip);
      const late = new Promise<undefined>((resolve) => void setTimeout(() => resolve(undefined), wait).unref?.());
      const address = await Promise.race([answer, late]);
      if (address !== undefined) return address;
    }
  } catch (error) {
    throw new TypeError(`${stunUrl} does not tell the announced address: ${(error as Error).message}`);
  } finally {
    socket.close();
  }
  throw new TypeError(`${stunUrl} does not tell the announced address: it does not answer`);
}
