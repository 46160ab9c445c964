// The captures' file format (see test/data/README.md) and a UDP socket that fills one.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

/** @param {Buffer} packet @returns {boolean} whether it is RTP rather than RTCP, STUN or DTLS (RFC 7983, RFC 5761 §4) */
export const isRtp = (packet) => packet.length >= 12 && packet[0] >> 6 === 2 && (packet[1] < 192 || packet[1] > 223);

/** @param {Buffer} packet */
export const payloadType = (packet) => packet[1] & 0x7f;

export class Capture {
  /** @param {string} path @param {Record<string, string | number | undefined>} head @param {number} [limit] bytes */
  constructor(path, head, limit = 56_000) {
    this.path = path;
    this.head = head;
    this.limit = limit;
    this.size = 0;
    /** @type {Buffer[]} */
    this.packets = [];
  }

  get full() {
    return this.size >= this.limit;
  }

  /** @param {Buffer} packet */
  add(packet) {
    if (this.full) return;
    this.packets.push(Buffer.from(packet));
    this.size += packet.length + 2;
  }

  save() {
    const lines = Object.entries(this.head).filter(([, value]) => value !== undefined);
    const text = ['rtp-capture: 1', ...lines.map(([name, value]) => `${name}: ${value}`), '', ''].join('\n');
    const parts = [Buffer.from(text)];
    for (const packet of this.packets) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(packet.length);
      parts.push(length, packet);
    }
    writeFileSync(this.path, Buffer.concat(parts));
    console.log(`${this.path}: ${this.packets.length} packets, ${this.size} bytes`);
  }
}

/** A socket on the loopback address. */
export async function openSocket() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
