// fbs/sctp.fbs, and messages ↔ types/sctp.ts.
import type { NumSctpStreams, SctpParameters, SctpPpid, SctpStreamParameters, SctpTransportOptions } from '../types/sctp.js';
import * as wire from '../wire/index.js';
import { flag, integer, isObject, list, optional, required, struct, uint16, uint32, withDefault, wrong, type Shape } from './shape.js';

const streamFields = struct<SctpStreamParameters, wire.SctpStreamParametersT>(wire.SctpStreamParametersT, {
  streamId: required(integer(0, 65534)),
  ordered: withDefault(flag, true),
  maxPacketLifeTime: optional(uint16),
  maxRetransmits: optional(uint16),
});

/** As mediasoup has it: unordered by default with one of the limits, and never ordered with one of them. */
export const sctpStreamParameters: Shape<SctpStreamParameters, wire.SctpStreamParametersT> = {
  toWire(value, path) {
    const stream = streamFields.toWire(value, path);
    const limited = stream.maxPacketLifeTime !== null || stream.maxRetransmits !== null;
    if (stream.maxPacketLifeTime !== null && stream.maxRetransmits !== null)
      throw wrong(`${path}.maxRetransmits`, 'nothing beside maxPacketLifeTime', stream.maxRetransmits);
    if (limited && isObject(value)) {
      if (value.ordered === true) throw wrong(`${path}.ordered`, 'false with maxPacketLifeTime or maxRetransmits', true);
      stream.ordered = false;
    }
    return stream;
  },
  fromWire: (from) => streamFields.fromWire(from),
};

export function streamFromWire(from: wire.SctpStreamParametersT | null): SctpStreamParameters | undefined {
  return from === null ? undefined : sctpStreamParameters.fromWire(from);
}

const numStreams = struct<NumSctpStreams, NumSctpStreams>(Object as unknown as new () => NumSctpStreams, {
  OS: withDefault(integer(1, 65535), 1024),
  MIS: withDefault(integer(1, 65535), 1024),
});

const messageSize = integer(1, 0xffff_ffff);

/** Null without `enableSctp`. */
export function sctpOptions(options: SctpTransportOptions): wire.SctpOptionsT | null {
  const given = <T>(name: keyof SctpTransportOptions, shape: Shape<T, T>, absent: T): T =>
    options[name] === undefined ? absent : shape.toWire(options[name], name);
  const { OS, MIS } = given('numSctpStreams', numStreams, { OS: 1024, MIS: 1024 });
  const size = given('maxSctpMessageSize', messageSize, 262_144);
  const sctp = new wire.SctpOptionsT(
    OS,
    MIS,
    given('maxSendMessageSize', messageSize, size),
    given('maxReceiveMessageSize', messageSize, size),
    given('sctpSendBufferSize', uint32, 2_000_000),
    given('sctpPerStreamSendQueueLimit', uint32, 2_000_000),
    given('sctpMaxReceiverWindowBufferSize', uint32, 5_242_880),
  );
  return given('enableSctp', flag, false) ? sctp : null;
}

export function sctpParametersFromWire(from: wire.SctpParametersT | null): SctpParameters | undefined {
  if (from === null) return undefined;
  return { port: from.port, OS: from.outgoingStreams, MIS: from.maxIncomingStreams, maxMessageSize: from.maxMessageSize };
}

export const subchannel = uint16;
export const subchannels = list(uint16);

const ppids = { stringEmpty: 56, string: 51, binaryEmpty: 57, binary: 53 } as const;

/** What the application sends, as SCTP carries it: an empty message is one byte of another kind (RFC 8831 §6.6). */
export function messageToWire(message: unknown, ppid?: unknown): { payload: Uint8Array; ppid: SctpPpid } {
  let bytes: Uint8Array;
  let kind: SctpPpid;
  if (typeof message === 'string') {
    bytes = Buffer.from(message, 'utf8');
    kind = bytes.length === 0 ? ppids.stringEmpty : ppids.string;
  } else if (message instanceof Uint8Array) {
    bytes = message;
    kind = bytes.length === 0 ? ppids.binaryEmpty : ppids.binary;
  } else {
    throw wrong('message', 'a string, a Buffer or another Uint8Array', message);
  }
  if (ppid !== undefined) {
    if (!Object.values(ppids).includes(ppid as SctpPpid)) throw wrong('ppid', '51, 53, 56 or 57', ppid);
    kind = ppid as SctpPpid;
  }
  if (kind === ppids.stringEmpty || kind === ppids.binaryEmpty || bytes.length === 0) bytes = new Uint8Array(1);
  return { payload: bytes, ppid: kind };
}

/** Empty where the kind says so. */
export function messageFromWire(payload: Uint8Array, ppid: number): Buffer {
  if (ppid === ppids.stringEmpty || ppid === ppids.binaryEmpty) return Buffer.alloc(0);
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

/** An RTP packet or an RTCP compound. */
export function packetToWire(packet: unknown, path: string): Uint8Array {
  if (!(packet instanceof Uint8Array) || packet.length === 0) throw wrong(path, 'a Buffer or another Uint8Array that is not empty', packet);
  return packet;
}
