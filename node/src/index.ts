/**
 * Controller of sluice-worker, with the names and value shapes of mediasoup v3, and above them Room and Peer.
 *
 * @packageDocumentation
 */
export { createWorker, observer, Worker, type WorkerEvents, type WorkerObserverEvents } from './worker.js';
export type { ListenAddress, UpdatableSettings, WorkerSettings } from './worker_settings.js';
export { workerBin } from './worker_bin.js';
export { version } from './version.js';
export { setLogEventListeners, type LogEventListeners } from './log.js';
export { getSupportedRtpCapabilities } from './supported_rtp_capabilities.js';
export { Room, Room as Router, type RoomEvents, type RoomObserverEvents, type RoomOptions } from './room.js';
export * as webrtc from './webrtc/index.js';
export { Peer, type OfferOptions, type PeerEvents, type PeerObserverEvents, type PeerOptions, type Subscription } from './peer.js';
export { Transport, type TransportEvents, type TransportObserverEvents } from './transport.js';
export { DtlsTransport, type DtlsTransportEvents, type DtlsTransportObserverEvents } from './dtls_transport.js';
export { WebRtcTransport, type WebRtcTransportOptions } from './webrtc_transport.js';
export {
  PlainTransport,
  type PlainTransportConnectOptions,
  type PlainTransportEvents,
  type PlainTransportObserverEvents,
  type PlainTransportOptions,
} from './plain_transport.js';
export {
  DirectTransport,
  type DirectTransportEvents,
  type DirectTransportObserverEvents,
  type DirectTransportOptions,
} from './direct_transport.js';
export { DataProducer, type DataProducerEvents, type DataProducerObserverEvents, type DataProducerOptions } from './data_producer.js';
export { DataConsumer, type DataConsumerEvents, type DataConsumerObserverEvents, type DataConsumerOptions } from './data_consumer.js';
export { Producer, type ProducerEvents, type ProducerObserverEvents, type ProducerOptions, type ProducerType } from './producer.js';
export { Consumer, type ConsumerEvents, type ConsumerObserverEvents, type ConsumerOptions, type ConsumerType } from './consumer.js';
export {
  ActiveSpeakerObserver,
  AudioLevelObserver,
  RtpObserver,
  type ActiveSpeakerObserverDominantSpeaker,
  type ActiveSpeakerObserverEvents,
  type ActiveSpeakerObserverObserverEvents,
  type ActiveSpeakerObserverOptions,
  type AudioLevelObserverEvents,
  type AudioLevelObserverObserverEvents,
  type AudioLevelObserverOptions,
  type AudioLevelObserverVolume,
  type RtpObserverAddRemoveProducerOptions,
  type RtpObserverEvents,
  type RtpObserverObserverEvents,
} from './rtp_observer.js';
export { parseScalabilityMode, type ScalabilityMode } from './scalability_mode.js';
export type { AppData } from './remote_object.js';
export { EnhancedEventEmitter } from './events.js';
export * from './errors.js';
export type * from './types/layers.js';
export type * from './types/rtp.js';
export type * from './types/transport.js';
export type * from './types/sctp.js';
export type * from './types/stats.js';
export type * from './types/worker_stats.js';
export type * from './types/log.js';
