// How files travel on a data channel: control messages as JSON text, pieces of a file as binary messages.
//
//   piece:  | transfer: 4 bytes | offset: 8 bytes | up to 48 KiB of the file |      numbers big-endian
//
// Control messages of the sender: `file` (name, size, mime: what comes), `end` (sha256, or null), `stop` (why).
// Of a receiver: `got` (how much it has, which ranges are missing before its highest byte, whether it is done), `no` (why).

export const PIECE = 48 << 10;
const HEADER = 12;
/** Of a file; it is kept in the browser's memory until it is saved. */
export const MOST_BYTES = 256 << 20;
/** Missing ranges in one `got`. */
export const MOST_RANGES = 64;

/**
 * @param {number} transfer
 * @param {number} offset
 * @param {Uint8Array} bytes
 */
export function writePiece(transfer, offset, bytes) {
  const out = new Uint8Array(HEADER + bytes.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, transfer);
  view.setBigUint64(4, BigInt(offset));
  out.set(bytes, HEADER);
  return out.buffer;
}

/**
 * Null when it is none.
 * @param {unknown} data
 */
export function readPiece(data) {
  if (!(data instanceof ArrayBuffer) || data.byteLength <= HEADER || data.byteLength > HEADER + PIECE) return null;
  const view = new DataView(data);
  const offset = view.getBigUint64(4);
  if (offset > BigInt(MOST_BYTES)) return null;
  return { transfer: view.getUint32(0), offset: Number(offset), bytes: new Uint8Array(data, HEADER) };
}

/**
 * Null when it is no control message. What is in it is anybody's and must be checked where it is used.
 * @param {unknown} data
 * @returns {Record<string, any> | null}
 */
export function readControl(data) {
  if (typeof data !== 'string' || data.length > 64 << 10) return null;
  try {
    const value = JSON.parse(data);
    return typeof value === 'object' && value !== null && Number.isInteger(value.transfer) ? value : null;
  } catch {
    return null;
  }
}

/** In hexadecimal; null where the browser has no crypto.subtle: pages that came by plain http from elsewhere. @param {Blob} blob */
export async function sha256(blob) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What of a file is there: disjoint ranges [from, to) in ascending order. */
export class Ranges {
  /** @type {[number, number][]} */
  list = [];
  bytes = 0;

  /**
   * False when all of it was there already, or overlaps with what was.
   * @param {number} from
   * @param {number} to
   */
  add(from, to) {
    let i = this.list.length;
    while (i > 0 && /** @type {[number, number]} */ (this.list[i - 1])[0] > from) i--;
    const before = this.list[i - 1];
    const after = this.list[i];
    if ((before && before[1] > from) || (after && after[0] < to)) return false;
    this.bytes += to - from;
    this.list.splice(i, 0, [from, to]);
    if (after && after[0] === to) this.list.splice(i, 2, [from, after[1]]);
    const joined = /** @type {[number, number]} */ (this.list[i]);
    if (before && before[1] === from) this.list.splice(i - 1, 2, [before[0], joined[1]]);
    return true;
  }

  /** How much is there from the start without a gap. */
  get contiguous() {
    const first = this.list[0];
    return first && first[0] === 0 ? first[1] : 0;
  }

  /** The gaps before `end`, the first few. @param {number} end @returns {[number, number][]} */
  missing(end) {
    /** @type {[number, number][]} */
    const gaps = [];
    let at = 0;
    for (const [from, to] of this.list) {
      if (from > at) gaps.push([at, Math.min(from, end)]);
      at = to;
      if (at >= end || gaps.length >= MOST_RANGES) break;
    }
    if (at < end && gaps.length < MOST_RANGES) gaps.push([at, end]);
    return gaps;
  }
}
