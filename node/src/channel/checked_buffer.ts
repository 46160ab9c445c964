// A ByteBuffer that throws where flatbuffers' own reads past the end or, given a forged length, for minutes.
//
// flatbuffers has no verifier for JavaScript. All of its reads come down to the few overridden here: each must lie inside the
// frame, and a frame may cause only so many reads, as offsets that overlap let a small frame describe a huge value.
import { ByteBuffer } from 'flatbuffers';

/** A field is read with three reads or so, and takes at least a byte. */
const readsPerByte = 8;
const readsAtLeast = 10_000;

export class CheckedBuffer extends ByteBuffer {
  #reads: number;
  readonly #size: number;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#size = bytes.length;
    this.#reads = readsAtLeast + bytes.length * readsPerByte;
  }

  override readUint8(offset: number): number {
    this.#check(offset, 1);
    return super.readUint8(offset);
  }

  override readUint16(offset: number): number {
    this.#check(offset, 2);
    return super.readUint16(offset);
  }

  override readInt32(offset: number): number {
    this.#check(offset, 4);
    return super.readInt32(offset);
  }

  override __vector_len(offset: number): number {
    const length = super.__vector_len(offset);
    this.#check(this.__vector(offset), length);
    return length;
  }

  // flatbuffers declares two overloads; the one without an encoding is what generated code uses.
  override __string(offset: number, encoding?: unknown): string & Uint8Array {
    const at = offset + this.readInt32(offset);
    const length = this.readInt32(at);
    this.#check(at + 4, length);
    this.#reads -= length >> 2;
    return super.__string(offset, encoding as undefined) as string & Uint8Array;
  }

  #check(offset: number, size: number): void {
    if (!(offset >= 0 && size >= 0 && offset + size <= this.#size)) throw new RangeError('offsets or sizes point outside the frame');
    if (--this.#reads < 0) throw new RangeError('the frame describes more than it holds');
  }
}
