// What the statistics of a worker are called in Prometheus: one table, in the naming conventions of
// https://prometheus.io/docs/practices/naming/ (base units, _total for counters). docs/operations.md lists them.
import type { Histogram, WorkerStat } from 'sluice';

export type Labels = Record<string, string | number>;
export type Sample = readonly [labels: Labels, value: number];

interface Described {
  name: string;
  help: string;
}
export type WorkerMetric =
  | (Described & { type: 'gauge' | 'counter'; of: (stat: WorkerStat) => Sample[] })
  | (Described & { type: 'histogram'; of: (stat: WorkerStat) => [Labels, Histogram][] });

type Of = (stat: WorkerStat) => Sample[];
const gauge = (name: string, help: string, of: Of): WorkerMetric => ({ name, help, type: 'gauge', of });
const counter = (name: string, help: string, of: Of): WorkerMetric => ({ name, help, type: 'counter', of });
const histogram = (name: string, help: string, of: (stat: WorkerStat) => [Labels, Histogram][]): WorkerMetric => ({
  name,
  help,
  type: 'histogram',
  of,
});

const one = (value: (stat: WorkerStat) => number): Of => {
  return (stat) => [[{}, value(stat)]];
};
const byReason = (counts: Record<string, number>, labels: Labels = {}): Sample[] =>
  Object.entries(counts).map(([reason, count]) => [{ ...labels, reason }, count]);

type Track = WorkerStat['tracks'][number];
/** Of all tracks, with the way that they go. */
const tracks = (value: (track: Track) => number): Of => {
  return ({ tracks }) =>
    tracks.map((track) => [{ kind: track.kind, direction: track.type === 'inbound-rtp' ? 'received' : 'sent' }, value(track)]);
};
/** Feedback goes the other way than what it is about. */
const feedback = (value: (track: Track) => number): Of => {
  return ({ tracks }) =>
    tracks.map((track) => [{ kind: track.kind, direction: track.type === 'inbound-rtp' ? 'sent' : 'received' }, value(track)]);
};
const tracksOf = (type: Track['type'], value: (track: Track) => number): Of => {
  return ({ tracks }) => tracks.flatMap((track) => (track.type === type ? [[{ kind: track.kind }, value(track)] as Sample] : []));
};

type Data = WorkerStat['data'][number];
const data = (value: (data: Data) => number): Of => {
  return ({ data }) => data.map((one) => [{ direction: one.type === 'data-producer' ? 'received' : 'sent' }, value(one)]);
};
const dataCount = (type: Data['type']): Of => one(({ data }) => data.find((each) => each.type === type)?.count ?? 0);

type Socket = WorkerStat['sockets'][number];
const sockets = (value: (socket: Socket) => number): Of => {
  return ({ sockets }) => sockets.map((socket) => [{ protocol: socket.protocol }, value(socket)]);
};
const bothWays = (received: (socket: Socket) => number, sent: (socket: Socket) => number): Of => {
  return ({ sockets }) =>
    sockets.flatMap((socket): Sample[] => [
      [{ protocol: socket.protocol, direction: 'received' }, received(socket)],
      [{ protocol: socket.protocol, direction: 'sent' }, sent(socket)],
    ]);
};
const udp = (value: (socket: Socket) => Histogram): ((stat: WorkerStat) => [Labels, Histogram][]) => {
  return ({ sockets }) => sockets.flatMap((socket) => (socket.protocol === 'udp' ? [[{}, value(socket)] as [Labels, Histogram]] : []));
};

const there = (received: number, sent: number): Sample[] => [
  [{ direction: 'received' }, received],
  [{ direction: 'sent' }, sent],
];

export const workerMetrics: readonly WorkerMetric[] = [
  // --- What there is
  gauge(
    'sluice_rooms',
    'Rooms.',
    one(({ rooms }) => rooms),
  ),
  gauge(
    'sluice_peers',
    'Peers: participants, WHIP publications and WHEP playbacks.',
    one(({ peers }) => peers),
  ),
  gauge('sluice_transports', 'Transports by kind, and by the states of ICE and DTLS.', ({ transports }) =>
    transports.map(({ type, iceState = '', dtlsState = '', count }) => [{ type, ice_state: iceState, dtls_state: dtlsState }, count]),
  ),
  gauge(
    'sluice_producers',
    'Tracks coming in.',
    tracksOf('inbound-rtp', (track) => track.tracks),
  ),
  gauge(
    'sluice_producers_paused',
    'Tracks coming in that are paused.',
    tracksOf('inbound-rtp', ({ paused }) => paused),
  ),
  gauge(
    'sluice_consumers',
    'Tracks going out.',
    tracksOf('outbound-rtp', (track) => track.tracks),
  ),
  gauge(
    'sluice_consumers_paused',
    'Tracks going out that are paused.',
    tracksOf('outbound-rtp', ({ paused }) => paused),
  ),
  gauge('sluice_data_producers', 'Data channels coming in.', dataCount('data-producer')),
  gauge('sluice_data_consumers', 'Data channels going out.', dataCount('data-consumer')),
  gauge(
    'sluice_observers',
    'Active speaker and audio level observers.',
    one(({ observers }) => observers),
  ),

  // --- Transports: all that goes to and from clients, with STUN, DTLS and RTCP
  counter('sluice_transport_packets_total', 'Packets of transports.', ({ packetsReceived, packetsSent }) =>
    there(packetsReceived, packetsSent),
  ),
  counter('sluice_transport_bytes_total', 'Bytes of transports, without IP and UDP headers.', ({ bytesReceived, bytesSent }) =>
    there(bytesReceived, bytesSent),
  ),
  gauge('sluice_transport_bytes_per_second', 'What all transports carried in the last second.', ({ recvBitrate, sendBitrate }) =>
    there(recvBitrate / 8, sendBitrate / 8),
  ),
  counter('sluice_packets_dropped_total', 'Packets received that went no further.', ({ dropped }) => byReason(dropped)),
  counter('sluice_packets_not_forwarded_total', 'Packets of a producer that one of its consumers did not get.', ({ notForwarded }) =>
    byReason(notForwarded),
  ),

  // --- RTP and RTCP
  counter(
    'sluice_rtp_packets_total',
    'RTP packets of producers and consumers, retransmissions left out.',
    tracks(({ packetCount }) => packetCount),
  ),
  counter(
    'sluice_rtp_bytes_total',
    'Bytes of these packets, headers included.',
    tracks(({ byteCount }) => byteCount),
  ),
  counter(
    'sluice_rtp_retransmitted_packets_total',
    'RTP packets repeated: received in an RTX stream, sent in any.',
    tracks(({ packetsRetransmitted }) => packetsRetransmitted),
  ),
  counter(
    'sluice_rtp_key_frames_total',
    'Video key frames.',
    tracks(({ keyFrameCount }) => keyFrameCount),
  ),
  counter(
    'sluice_rtcp_nacks_total',
    'NACK messages: sent to publishers, received from viewers.',
    feedback(({ nackCount }) => nackCount),
  ),
  counter(
    'sluice_rtcp_nacked_packets_total',
    'Packets that these NACK messages ask for.',
    feedback(({ nackPacketCount }) => nackPacketCount),
  ),
  counter(
    'sluice_rtcp_plis_total',
    'Picture loss indications: sent to publishers, received from viewers.',
    feedback(({ pliCount }) => pliCount),
  ),
  counter(
    'sluice_rtcp_firs_total',
    'Full intra requests: sent to publishers, received from viewers.',
    feedback(({ firCount }) => firCount),
  ),
  histogram('sluice_round_trip_time_seconds', 'Round-trip times to clients, one a report.', ({ roundTripTime }) => [[{}, roundTripTime]]),
  histogram(
    'sluice_packet_loss_ratio',
    'Packets lost of an interval (0 to 1), one a report of a stream: received from publishers, sent to viewers.',
    ({ lossReceived, lossSent }) => [
      [{ direction: 'received' }, lossReceived],
      [{ direction: 'sent' }, lossSent],
    ],
  ),

  // --- Data channels
  counter(
    'sluice_data_messages_total',
    'Messages of data channels.',
    data(({ messages }) => messages),
  ),
  counter(
    'sluice_data_bytes_total',
    'Bytes of these messages.',
    data(({ bytes }) => bytes),
  ),
  counter('sluice_data_messages_dropped_total', 'Messages that a data consumer did not get.', ({ data }) =>
    data.flatMap(({ dropped }) => byReason(dropped)),
  ),
  gauge(
    'sluice_data_buffered_bytes',
    'Bytes of messages that wait to be sent.',
    one(({ data }) => data.reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0)),
  ),

  // --- The worker's process and loop
  counter('sluice_worker_cpu_seconds_total', 'CPU time of the worker. One core is all that it can use.', ({ process }) => [
    [{ mode: 'user' }, process.userCpuTime],
    [{ mode: 'system' }, process.systemCpuTime],
  ]),
  gauge(
    'sluice_worker_resident_memory_bytes',
    'Resident memory of the worker.',
    one(({ process }) => process.residentMemory),
  ),
  counter(
    'sluice_worker_wake_ups_total',
    "Rounds of the worker's event loop.",
    one(({ loop }) => loop.wakeUps),
  ),
  histogram('sluice_worker_deadline_delay_seconds', 'Event loop lag: how late the worker came to what was due.', ({ loop }) => [
    [{}, loop.deadlineDelay],
  ]),
  histogram(
    'sluice_worker_receive_delay_seconds',
    "How long the oldest packet of a batch had waited in the kernel's buffer for the worker.",
    ({ loop }) => [[{}, loop.receiveDelay]],
  ),
  gauge(
    'sluice_packet_buffers',
    'Buffers allocated for packets.',
    one(({ packetBuffers }) => packetBuffers),
  ),
  gauge(
    'sluice_packet_buffers_in_use',
    'Buffers that hold a packet.',
    one(({ packetBuffersInUse }) => packetBuffersInUse),
  ),

  // --- Sockets
  gauge(
    'sluice_sockets',
    'Sockets bound: of TCP, listeners.',
    sockets((socket) => socket.sockets),
  ),
  counter(
    'sluice_socket_datagrams_total',
    'Datagrams of UDP, frames of TCP.',
    bothWays(
      ({ datagramsReceived }) => datagramsReceived,
      ({ datagramsSent }) => datagramsSent,
    ),
  ),
  counter(
    'sluice_socket_bytes_total',
    'Bytes of these.',
    bothWays(
      ({ bytesReceived }) => bytesReceived,
      ({ bytesSent }) => bytesSent,
    ),
  ),
  counter(
    'sluice_socket_calls_total',
    'System calls that receive and send.',
    bothWays(
      ({ receiveCalls }) => receiveCalls,
      ({ sendCalls }) => sendCalls,
    ),
  ),
  counter(
    'sluice_socket_deferred_datagrams_total',
    "Datagrams that waited to be sent, because the kernel's buffer was full.",
    sockets(({ deferred }) => deferred),
  ),
  counter('sluice_socket_dropped_datagrams_total', 'Datagrams dropped between worker and network.', ({ sockets }) =>
    sockets.flatMap(({ protocol, dropped }) => byReason(dropped, { protocol })),
  ),
  histogram(
    'sluice_socket_receive_batch_datagrams',
    'Datagrams that one recvmmsg gave.',
    udp(({ receiveBatch }) => receiveBatch),
  ),
  histogram(
    'sluice_socket_send_batch_datagrams',
    'Datagrams that one sendmmsg took.',
    udp(({ sendBatch }) => sendBatch),
  ),
  histogram(
    'sluice_socket_message_segments',
    'Datagrams of one message sent: above 1 the kernel cut them (GSO).',
    udp(({ messageSegments }) => messageSegments),
  ),
  counter('sluice_socket_segmenting_refused_total', 'Messages that the kernel would not cut into datagrams.', ({ sockets }) =>
    sockets.flatMap(({ protocol, segmentingRefused }) => (protocol === 'udp' ? [[{}, segmentingRefused] as Sample] : [])),
  ),
  gauge('sluice_tcp_connections', 'TCP connections of clients.', ({ sockets }) =>
    sockets.flatMap(({ protocol, connections }) => (protocol === 'tcp' ? [[{}, connections] as Sample] : [])),
  ),
  counter('sluice_tcp_connections_accepted_total', 'TCP connections taken.', ({ sockets }) =>
    sockets.flatMap(({ protocol, connectionsAccepted }) => (protocol === 'tcp' ? [[{}, connectionsAccepted] as Sample] : [])),
  ),
  counter('sluice_tcp_connections_refused_total', 'TCP connections not taken.', ({ sockets }) =>
    sockets.flatMap(({ connectionsRefused }) => byReason(connectionsRefused)),
  ),
];
