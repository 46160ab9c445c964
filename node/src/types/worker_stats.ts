// What a worker and all it holds add up to, for monitoring. Counters count from the worker's start and never go back: what was
// closed stays counted.
import type { MediaKind } from './rtp.js';
import type { DtlsState, IceState } from './transport.js';

/** How many values came, by their size. */
export interface Histogram {
  /** Upper ones, ascending; a value on a bound is within it. */
  bounds: number[];
  /** One more than bounds: the last is of values above them all. */
  counts: number[];
  sum: number;
}

/** Transports that exist now, by kind and state. */
export interface TransportCount {
  type: 'webrtc' | 'plain' | 'direct';
  /** Of WebRTC transports, as is dtlsState. */
  iceState?: IceState;
  dtlsState?: DtlsState;
  count: number;
}

/** All producers (`inbound-rtp`) or all consumers (`outbound-rtp`) of a kind. */
export interface TrackTotals {
  type: 'inbound-rtp' | 'outbound-rtp';
  kind: MediaKind;
  /** That exist now, as `paused`. */
  tracks: number;
  paused: number;
  packetCount: number;
  byteCount: number;
  packetsRetransmitted: number;
  /** Feedback: what was sent to publishers, what came from viewers. */
  nackCount: number;
  nackPacketCount: number;
  pliCount: number;
  firCount: number;
  keyFrameCount: number;
}

export interface DataTotals {
  type: 'data-producer' | 'data-consumer';
  /** That exist now. */
  count: number;
  messages: number;
  bytes: number;
  /** Bytes that wait now. */
  bufferedAmount: number;
  /** By reason; reasons that never happened are absent. */
  dropped: Record<string, number>;
}

export interface ProcessStats {
  /** s. */
  userCpuTime: number;
  /** s. */
  systemCpuTime: number;
  /** Bytes. */
  residentMemory: number;
}

export interface LoopStats {
  wakeUps: number;
  /** s: how late the worker came to what was due. */
  deadlineDelay: Histogram;
  /** s: how long the oldest datagram of a batch had waited in the kernel. */
  receiveDelay: Histogram;
}

/** All sockets of a protocol. Of TCP, datagrams are frames, calls are reads and writes. */
export interface SocketTotals {
  protocol: 'udp' | 'tcp';
  /** Bound now: TCP's listeners. */
  sockets: number;
  receiveCalls: number;
  datagramsReceived: number;
  bytesReceived: number;
  sendCalls: number;
  datagramsSent: number;
  bytesSent: number;
  /** Datagrams that waited, because the kernel's buffer was full. */
  deferred: number;
  dropped: Record<string, number>;
  /** UDP: messages that the kernel would not segment. */
  segmentingRefused: number;
  /** UDP: datagrams a call of recvmmsg that gave any. Without bounds for TCP, as the two that follow. */
  receiveBatch: Histogram;
  /** UDP: datagrams a call of sendmmsg. */
  sendBatch: Histogram;
  /** UDP: datagrams a message sent, above 1 by GSO. */
  messageSegments: Histogram;
  /** TCP: open now. */
  connections: number;
  connectionsAccepted: number;
  connectionsRefused: Record<string, number>;
}

export interface WorkerStat {
  /** Monotonic ms of the worker. */
  timestamp: number;
  rooms: number;
  peers: number;
  observers: number;
  transports: TransportCount[];
  /** Of each type and kind, also where there are none. */
  tracks: TrackTotals[];
  data: DataTotals[];
  /** All transports, as those that follow. */
  packetsReceived: number;
  bytesReceived: number;
  packetsSent: number;
  bytesSent: number;
  /** bps over the last second. */
  recvBitrate: number;
  /** bps over the last second. */
  sendBitrate: number;
  /** Packets received that went no further, by reason. */
  dropped: Record<string, number>;
  /** Packets of a producer that a consumer did not get, by reason (as in `explain()`). */
  notForwarded: Record<string, number>;
  /** s; a value each report that tells it. */
  roundTripTime: Histogram;
  /** 0 to 1: what was lost of each interval that is reported to a publisher. */
  lossReceived: Histogram;
  /** 0 to 1: what a viewer reports. */
  lossSent: Histogram;
  /** Allocated for packets. */
  packetBuffers: number;
  packetBuffersInUse: number;
  process: ProcessStats;
  loop: LoopStats;
  sockets: SocketTotals[];
}
