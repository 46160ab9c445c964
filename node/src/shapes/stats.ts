// Statistics and the worker's own numbers, which only travel from the worker.
import type { LogRecord, WorkerLogLevel, WorkerLogTag } from '../types/log.js';
import type {
  BaseTransportStat,
  DataConsumerStat,
  DataProducerStat,
  DirectTransportStat,
  PlainTransportStat,
  RtpStreamStat,
  WebRtcTransportStat,
  WorkerResourceUsage,
} from '../types/stats.js';
import type { SctpState } from '../types/sctp.js';
import type { DtlsState, IceState } from '../types/transport.js';
import * as wire from '../wire/index.js';
import { tupleFromWire } from './listen.js';
import { mediaKind } from './rtp.js';
import { choice, counter, optional, real, required, struct, text, uint32, uint8, type Shape } from './shape.js';
import { transportTuple } from './transport.js';

export const countsByReason: Shape<Record<string, number>, { name: string | Uint8Array | null; value: bigint }[]> = {
  toWire: (value) => Object.entries(value as Record<string, number>).map(([name, count]) => new wire.CounterT(name, BigInt(count))),
  fromWire: (counters) => Object.fromEntries(counters.map(({ name, value }) => [String(name), Number(value)])),
};

const bitrateByLayer: Shape<Record<string, number>, wire.LayerBitrateT[]> = {
  toWire: (value) => Object.entries(value as Record<string, number>).map(([layer, bitrate]) => new wire.LayerBitrateT(layer, bitrate)),
  fromWire: (layers) => Object.fromEntries(layers.map(({ layer, bitrate }) => [String(layer), bitrate])),
};

const transportFields = struct<BaseTransportStat, wire.TransportStatsT>(wire.TransportStatsT, {
  transportId: required(text),
  timestamp: required(counter),
  bytesReceived: required(counter),
  bytesSent: required(counter),
  recvBitrate: required(uint32),
  sendBitrate: required(uint32),
  rtpBytesReceived: required(counter),
  rtpBytesSent: required(counter),
  rtxBytesReceived: required(counter),
  rtxBytesSent: required(counter),
  probationBytesSent: required(counter),
  rtpRecvBitrate: required(uint32),
  rtpSendBitrate: required(uint32),
  rtxRecvBitrate: required(uint32),
  rtxSendBitrate: required(uint32),
  probationSendBitrate: required(uint32),
  availableOutgoingBitrate: optional(uint32),
  availableIncomingBitrate: optional(uint32),
  maxIncomingBitrate: optional(uint32),
  maxOutgoingBitrate: optional(uint32),
  minOutgoingBitrate: optional(uint32),
  rtpPacketLossReceived: optional(real),
  rtpPacketLossSent: optional(real),
  packetsReceived: required(counter),
  packetsSent: required(counter),
  dropped: required(countsByReason),
});

export function webRtcTransportStatFromWire(from: wire.TransportStatsT): WebRtcTransportStat {
  const { iceState, dtlsState, iceSelectedTuple, sctpState } = from;
  return {
    type: 'webrtc-transport',
    ...transportFields.fromWire(from),
    iceState: String(iceState) as IceState,
    dtlsState: String(dtlsState) as DtlsState,
    ...(sctpState ? { sctpState: String(sctpState) as SctpState } : {}),
    ...(iceSelectedTuple === null ? {} : { iceSelectedTuple: transportTuple.fromWire(iceSelectedTuple) }),
  };
}

/** Its tuple has the place of the ICE pair's. */
export function plainTransportStatFromWire(from: wire.TransportStatsT): PlainTransportStat {
  const { rtcpMux, comedia, iceSelectedTuple, rtcpTuple } = from;
  return {
    type: 'plain-rtp-transport',
    ...transportFields.fromWire(from),
    rtcpMux,
    comedia,
    tuple: tupleFromWire(iceSelectedTuple!),
    ...(rtcpTuple === null ? {} : { rtcpTuple: tupleFromWire(rtcpTuple) }),
  };
}

export function directTransportStatFromWire(from: wire.TransportStatsT): DirectTransportStat {
  return { type: 'direct-transport', ...transportFields.fromWire(from) };
}

const dataFields = { type: required(text), timestamp: required(counter), label: required(text), protocol: required(text) };

export const dataProducerStat = struct<DataProducerStat, wire.DataStatsT>(wire.DataStatsT, {
  ...dataFields,
  messagesReceived: required(counter),
  bytesReceived: required(counter),
});

export const dataConsumerStat = struct<DataConsumerStat, wire.DataStatsT>(wire.DataStatsT, {
  ...dataFields,
  messagesSent: required(counter),
  bytesSent: required(counter),
  bufferedAmount: required(uint32),
  dropped: required(countsByReason),
});

export const rtpStreamStat = struct<RtpStreamStat, wire.RtpStreamStatsT>(wire.RtpStreamStatsT, {
  type: required(text),
  timestamp: required(counter),
  ssrc: required(uint32),
  rtxSsrc: optional(uint32),
  rid: optional(text),
  kind: required(mediaKind),
  mimeType: required(text),
  packetCount: required(counter),
  byteCount: required(counter),
  bitrate: required(uint32),
  packetsLost: required(counter),
  fractionLost: required(uint8),
  jitter: required(uint32),
  packetsDiscarded: required(counter),
  packetsRetransmitted: required(counter),
  packetsRepaired: required(counter),
  nackCount: required(counter),
  nackPacketCount: required(counter),
  pliCount: required(counter),
  firCount: required(counter),
  keyFrameCount: required(counter),
  roundTripTime: optional(real),
  rtxPacketsDiscarded: required(counter),
  rtxBitrate: required(uint32),
  score: required(uint8),
  bitrateByLayer: required(bitrateByLayer),
});

/** The fields of getrusage(2) keep their names; flatc writes them in camelCase. */
export function resourceUsageFromWire(from: wire.ResourceUsageReplyT): WorkerResourceUsage {
  const entries = Object.entries(from).filter(([, value]) => typeof value === 'bigint');
  return Object.fromEntries(
    entries.map(([name, value]) => [name.replace(/^ru/, 'ru_').toLowerCase(), Number(value)]),
  ) as unknown as WorkerResourceUsage;
}

export const logLevel = choice<WorkerLogLevel, wire.LogLevel>(wire.LogLevel);
export const logTag = choice<WorkerLogTag, wire.LogTag>(wire.LogTag);

export const logRecord = struct<LogRecord, wire.LogRecordT>(wire.LogRecordT, {
  level: required(logLevel),
  tag: required(logTag),
  object: required(text),
  message: required(text),
});
