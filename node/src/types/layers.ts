// What a viewer asks for and gets, how well streams arrive, and what is traced.

/** Of simulcast, `spatialLayer` counts the encodings from 0, smallest first. Numbers above what the producer sends mean its highest. */
export interface ConsumerLayers {
  spatialLayer: number;
  /** Default: the highest. */
  temporalLayer?: number;
}

/** 0 to 10 each. */
export interface ConsumerScore {
  /** How well the stream arrives at its viewer. */
  score: number;
  /** How well the stream that is forwarded arrives at the worker; 0 when none is. */
  producerScore: number;
  /** Of all the producer's streams. */
  producerScores: number[];
}

/** How well one of a producer's streams arrives: 0 (not at all) to 10. */
export interface ProducerScore {
  /** Its place in the producer's encodings. */
  encodingIdx: number;
  ssrc: number;
  rid?: string;
  score: number;
}

/** How the publisher holds its camera (3GPP TS 26.114 §7.4.5). */
export interface ProducerVideoOrientation {
  /** The back camera. */
  camera: boolean;
  /** Mirrored. */
  flip: boolean;
  /** Degrees clockwise: 0, 90, 180 or 270. */
  rotation: number;
}

export interface TraceEventData<Type extends string = string> {
  type: Type;
  /** Monotonic ms of the worker. */
  timestamp: number;
  /** As the worker sees it. */
  direction: 'in' | 'out';
  /** By type: of `rtp` payloadType, sequenceNumber, ssrc and more. */
  info: Record<string, unknown>;
}

export type ProducerTraceEventType = 'rtp' | 'keyframe' | 'nack' | 'pli' | 'fir' | 'sr';
export type ProducerTraceEventData = TraceEventData<ProducerTraceEventType>;
export type ConsumerTraceEventType = 'rtp' | 'keyframe' | 'nack' | 'pli' | 'fir';
export type ConsumerTraceEventData = TraceEventData<ConsumerTraceEventType>;
export type TransportTraceEventType = 'probation' | 'bwe';
export type TransportTraceEventData = TraceEventData<TransportTraceEventType>;

/** Layers, and what keeps them from being others. */
export interface ExplainedLayers {
  layers: ConsumerLayers | null;
  reason: string;
}

/** Why a consumer gets what it gets: for people. Null where it does not apply. Bitrates in bps. */
export interface ConsumerExplanation {
  consumerId: string;
  producerId: string;
  type: string;
  forwarding: boolean;
  /** What keeps it from being forwarded. */
  paused: {
    consumer: boolean;
    producer: boolean;
    /** A provisional answer does without it. */ negotiation: boolean;
    transportNotReady: boolean;
  };
  priority: number;
  preferredLayers: ExplainedLayers | null;
  /** What is aimed at. */
  targetLayers: ExplainedLayers | null;
  /** What is forwarded. */
  currentLayers: ExplainedLayers | null;
  targetBitrate: number | null;
  availableBitrate: number | null;
  waitingForKeyFrame: { sinceMs: number; requestsSent: number; reason: string } | null;
  streams: {
    spatialLayer: number;
    ssrc: number;
    rid?: string;
    active: boolean;
    /** Up to and including each temporal layer, from 0. */
    bitrateByTemporalLayer: number[];
    score: number;
  }[];
  /** Packets that were not forwarded, by reason. */
  dropped: Record<string, number>;
}
