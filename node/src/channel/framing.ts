// Frames of the control channel: a little-endian 32-bit size, then that many bytes of a flatbuffer with the identifier "SLCE".
//
//    0       4           8         12
//    +-------+-----------+---------+-----
//    | size  | root table| "SLCE"  | ...      size counts what follows it
//    +-------+-----------+---------+-----
import { Builder, type Offset } from 'flatbuffers';
import { MalformedFrameError } from '../errors.js';
import * as wire from '../wire/index.js';
import { CheckedBuffer } from './checked_buffer.js';

/** Twin of kProtocolVersion in worker/control/protocol.h. */
export const protocolVersion = 1;

const prefixSize = 4;
/** Twin of kMaxFrameSize. */
const maxFrameSize = 4 << 20;
const minFrameSize = 8;

export type BodyT = NonNullable<wire.FrameT['body']>;

const bodyTypes = new Map<unknown, wire.Body>([
  [wire.HelloT, wire.Body.Hello],
  [wire.RequestT, wire.Body.Request],
  [wire.ResponseT, wire.Body.Response],
  [wire.NotificationT, wire.Body.Notification],
  [wire.FailureT, wire.Body.Failure],
]);

/**
 * flatc 2.0's code would leave out an optional scalar that equals zero, so defaults are forced; but the builder then writes absent
 * tables, strings and vectors too, as offsets to nowhere.
 */
class FrameBuilder extends Builder {
  constructor() {
    super(1024);
    this.forceDefaults(true);
  }

  override addFieldOffset(voffset: number, value: Offset, defaultValue: Offset): void {
    if (value !== 0) super.addFieldOffset(voffset, value, defaultValue);
  }
}

/** Throws MalformedFrameError when the frame would be longer than the other side takes. */
export function encodeFrame(body: BodyT): Uint8Array {
  const builder = new FrameBuilder();
  const frame = new wire.FrameT(bodyTypes.get(body.constructor), body);
  wire.Frame.finishSizePrefixedFrameBuffer(builder, frame.pack(builder));
  const bytes = builder.asUint8Array();
  if (bytes.length - prefixSize > maxFrameSize) {
    throw new MalformedFrameError(`the request takes ${bytes.length} bytes, expected at most ${maxFrameSize}`);
  }
  return bytes;
}

/** `bytes`: one frame with its prefix. Throws MalformedFrameError. */
export function decodeFrame(bytes: Uint8Array): BodyT {
  const buffer = new CheckedBuffer(bytes);
  try {
    buffer.setPosition(prefixSize);
    if (!wire.Frame.bufferHasIdentifier(buffer)) throw new RangeError('no frame of the control protocol (its identifier is missing)');
    const { body } = wire.Frame.getRootAsFrame(buffer).unpack();
    if (body === null) throw new RangeError('no body, or one of unknown type');
    return body;
  } catch (error) {
    throw new MalformedFrameError(`malformed frame: ${(error as Error).message}`);
  }
}

/** Cuts a stream into frames. */
export class Deframer {
  #parts: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
  }

  /** True between frames: the stream may end here. */
  get idle(): boolean {
    return this.#size === 0;
  }

  /** The next whole frame with its prefix. Throws MalformedFrameError. */
  next(): Uint8Array | undefined {
    if (this.#size < prefixSize) return undefined;
    if (this.#parts[0]!.length < prefixSize) this.#join();
    const size = this.#parts[0]!.readUInt32LE(0);
    if (size < minFrameSize || size > maxFrameSize) {
      throw new MalformedFrameError(`malformed frame: its prefix announces ${size} bytes, expected ${minFrameSize} to ${maxFrameSize}`);
    }
    const total = prefixSize + size;
    if (this.#size < total) return undefined;
    if (this.#parts[0]!.length < total) this.#join();
    const first = this.#parts[0]!;
    if (first.length === total) this.#parts.shift();
    else this.#parts[0] = first.subarray(total);
    this.#size -= total;
    return first.subarray(0, total);
  }

  #join(): void {
    this.#parts = [Buffer.concat(this.#parts)];
  }
}
