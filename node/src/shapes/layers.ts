// Layers, scores, traces: fbs/consumer.fbs, producer.fbs and common.fbs ↔ types/layers.ts.
import type { ConsumerLayers, ConsumerScore, ProducerScore, ProducerVideoOrientation, TraceEventData } from '../types/layers.js';
import * as wire from '../wire/index.js';
import { choice, flag, list, optional, required, struct, text, uint16, uint32, uint8 } from './shape.js';

export const consumerLayers = struct<ConsumerLayers, wire.ConsumerLayersT>(wire.ConsumerLayersT, {
  spatialLayer: required(uint8),
  temporalLayer: optional(uint8),
});

export const consumerScore = struct<ConsumerScore, wire.ConsumerScoreT>(wire.ConsumerScoreT, {
  score: required(uint8),
  producerScore: required(uint8),
  producerScores: required(list(uint8)),
});

export const producerScore = struct<ProducerScore, wire.ProducerScoreT>(wire.ProducerScoreT, {
  encodingIdx: required(uint32),
  ssrc: required(uint32),
  rid: optional(text),
  score: required(uint8),
});

export const videoOrientation = struct<ProducerVideoOrientation, Omit<wire.VideoOrientationChangeT, 'producerId'>>(
  wire.VideoOrientationChangeT,
  { camera: required(flag), flip: required(flag), rotation: required(uint16) },
);

const traceType = choice<string, wire.TraceType>(wire.TraceType);
export const traceTypes = list(traceType);

/** What a listener of `trace` is told. */
export function traceFromWire<Type extends string>(event: wire.TraceEventT): TraceEventData<Type> {
  return {
    type: traceType.fromWire(event.type) as Type,
    timestamp: Number(event.timestamp),
    direction: event.outgoing ? 'out' : 'in',
    info: JSON.parse(String(event.info || '{}')) as Record<string, unknown>,
  };
}
