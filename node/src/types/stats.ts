// Statistics. Counters count from the start of their object; bitrates are in bps over the last second.
import type { MediaKind } from './rtp.js';
import type { SctpState } from './sctp.js';
import type { DtlsState, IceState, TransportTuple } from './transport.js';

/** What all kinds of transport count. */
export interface BaseTransportStat {
  transportId: string;
  /** Monotonic ms of the worker. */
  timestamp: number;
  bytesReceived: number;
  bytesSent: number;
  /** bps. */
  recvBitrate: number;
  /** bps. */
  sendBitrate: number;
  rtpBytesReceived: number;
  rtpBytesSent: number;
  rtxBytesReceived: number;
  rtxBytesSent: number;
  probationBytesSent: number;
  /** bps, as those that follow. */
  rtpRecvBitrate: number;
  rtpSendBitrate: number;
  rtxRecvBitrate: number;
  rtxSendBitrate: number;
  probationSendBitrate: number;
  /** Absent while it is not known. */
  availableOutgoingBitrate?: number;
  availableIncomingBitrate?: number;
  /** As setMaxIncomingBitrate() has set it; so the two that follow. */
  maxIncomingBitrate?: number;
  maxOutgoingBitrate?: number;
  minOutgoingBitrate?: number;
  /** 0 to 1, of the last report interval. Absent when nothing came. */
  rtpPacketLossReceived?: number;
  rtpPacketLossSent?: number;
  packetsReceived: number;
  packetsSent: number;
  /** Packets dropped, by reason; reasons that never happened are absent. */
  dropped: Record<string, number>;
}

export interface WebRtcTransportStat extends BaseTransportStat {
  type: 'webrtc-transport';
  iceState: IceState;
  dtlsState: DtlsState;
  /** With data channels. */
  sctpState?: SctpState;
  iceSelectedTuple?: TransportTuple;
}

export interface PlainTransportStat extends BaseTransportStat {
  type: 'plain-rtp-transport';
  rtcpMux: boolean;
  comedia: boolean;
  tuple: TransportTuple;
  /** Without `rtcpMux`. */
  rtcpTuple?: TransportTuple;
}

export interface DirectTransportStat extends BaseTransportStat {
  type: 'direct-transport';
}

export type TransportStat = WebRtcTransportStat | PlainTransportStat | DirectTransportStat;

export interface DataProducerStat {
  type: 'data-producer';
  /** Monotonic ms of the worker. */
  timestamp: number;
  label: string;
  protocol: string;
  messagesReceived: number;
  /** Of messages, without what SCTP adds. */
  bytesReceived: number;
}

export interface DataConsumerStat {
  type: 'data-consumer';
  /** Monotonic ms of the worker. */
  timestamp: number;
  label: string;
  protocol: string;
  /** Given to the client's SCTP association, or to this process. */
  messagesSent: number;
  bytesSent: number;
  /** Bytes that wait. */
  bufferedAmount: number;
  /** Messages dropped, by reason: `queue-full`, `too-large`, `expired`. Reasons that never happened are absent. */
  dropped: Record<string, number>;
}

/** One RTP stream: `inbound-rtp` of a producer, `outbound-rtp` of a consumer. */
export interface RtpStreamStat {
  type: 'inbound-rtp' | 'outbound-rtp';
  /** Monotonic ms of the worker. */
  timestamp: number;
  ssrc: number;
  rtxSsrc?: number;
  rid?: string;
  kind: MediaKind;
  mimeType: string;
  packetCount: number;
  byteCount: number;
  /** bps. */
  bitrate: number;
  packetsLost: number;
  /** In 1/256 (RFC 3550 §6.4.1). */
  fractionLost: number;
  /** In units of the RTP clock. */
  jitter: number;
  packetsDiscarded: number;
  packetsRetransmitted: number;
  packetsRepaired: number;
  nackCount: number;
  nackPacketCount: number;
  pliCount: number;
  firCount: number;
  keyFrameCount: number;
  /** ms. Absent until it was measured. */
  roundTripTime?: number;
  rtxPacketsDiscarded: number;
  /** bps of retransmissions, in a stream of their own or not. */
  rtxBitrate: number;
  /** 0 (nothing arrives) to 10. */
  score: number;
  /** Of a stream with layers: bps by `spatial.temporal`, each with all that it needs. */
  bitrateByLayer: Record<string, number>;
}

/** getrusage(2) of the worker's process. */
export interface WorkerResourceUsage {
  /** ms. */
  ru_utime: number;
  /** ms. */
  ru_stime: number;
  /** KiB. */
  ru_maxrss: number;
  ru_ixrss: number;
  ru_idrss: number;
  ru_isrss: number;
  ru_minflt: number;
  ru_majflt: number;
  ru_nswap: number;
  ru_inblock: number;
  ru_oublock: number;
  ru_msgsnd: number;
  ru_msgrcv: number;
  ru_nsignals: number;
  ru_nvcsw: number;
  ru_nivcsw: number;
}
