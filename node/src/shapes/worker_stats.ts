// Statistics of a whole worker, which only travel from it.
import type {
  DataTotals,
  Histogram,
  LoopStats,
  ProcessStats,
  SocketTotals,
  TrackTotals,
  TransportCount,
  WorkerStat,
} from '../types/worker_stats.js';
import * as wire from '../wire/index.js';
import { mediaKind } from './rtp.js';
import { counter, list, optional, real, required, struct, text, uint32 } from './shape.js';
import { countsByReason } from './stats.js';

const histogram = struct<Histogram, wire.HistogramT>(wire.HistogramT, {
  bounds: required(list(real)),
  counts: required(list(counter)),
  sum: required(real),
});

const transportCount = struct<TransportCount, wire.TransportCountT>(wire.TransportCountT, {
  type: required(text),
  iceState: optional(text),
  dtlsState: optional(text),
  count: required(uint32),
});

const trackTotals = struct<TrackTotals, wire.TrackTotalsT>(wire.TrackTotalsT, {
  type: required(text),
  kind: required(mediaKind),
  tracks: required(uint32),
  paused: required(uint32),
  packetCount: required(counter),
  byteCount: required(counter),
  packetsRetransmitted: required(counter),
  nackCount: required(counter),
  nackPacketCount: required(counter),
  pliCount: required(counter),
  firCount: required(counter),
  keyFrameCount: required(counter),
});

const dataTotals = struct<DataTotals, wire.DataTotalsT>(wire.DataTotalsT, {
  type: required(text),
  count: required(uint32),
  messages: required(counter),
  bytes: required(counter),
  bufferedAmount: required(counter),
  dropped: required(countsByReason),
});

const processStats = struct<ProcessStats, wire.ProcessStatsT>(wire.ProcessStatsT, {
  userCpuTime: required(real),
  systemCpuTime: required(real),
  residentMemory: required(counter),
});

const loopStats = struct<LoopStats, wire.LoopStatsT>(wire.LoopStatsT, {
  wakeUps: required(counter),
  deadlineDelay: required(histogram),
  receiveDelay: required(histogram),
});

const socketTotals = struct<SocketTotals, wire.SocketTotalsT>(wire.SocketTotalsT, {
  protocol: required(text),
  sockets: required(uint32),
  receiveCalls: required(counter),
  datagramsReceived: required(counter),
  bytesReceived: required(counter),
  sendCalls: required(counter),
  datagramsSent: required(counter),
  bytesSent: required(counter),
  deferred: required(counter),
  dropped: required(countsByReason),
  segmentingRefused: required(counter),
  receiveBatch: required(histogram),
  sendBatch: required(histogram),
  messageSegments: required(histogram),
  connections: required(uint32),
  connectionsAccepted: required(counter),
  connectionsRefused: required(countsByReason),
});

export const workerStat = struct<WorkerStat, wire.WorkerStatsT>(wire.WorkerStatsT, {
  timestamp: required(counter),
  rooms: required(uint32),
  peers: required(uint32),
  observers: required(uint32),
  transports: required(list(transportCount)),
  tracks: required(list(trackTotals)),
  data: required(list(dataTotals)),
  packetsReceived: required(counter),
  bytesReceived: required(counter),
  packetsSent: required(counter),
  bytesSent: required(counter),
  recvBitrate: required(counter),
  sendBitrate: required(counter),
  dropped: required(countsByReason),
  notForwarded: required(countsByReason),
  roundTripTime: required(histogram),
  lossReceived: required(histogram),
  lossSent: required(histogram),
  packetBuffers: required(uint32),
  packetBuffersInUse: required(uint32),
  process: required(processStats),
  loop: required(loopStats),
  sockets: required(list(socketTotals)),
});
