// The layer selection extension of WHEP (draft-ietf-wish-whep's core extensions): what layers there are, and the choice among them.
import type { Consumer, ConsumerLayers } from 'sluice';
import { HttpError } from './http_error.js';
import type { Playback } from './playback.js';

/** Above what any producer has: its highest. */
const highest = 7;

interface Layer {
  rid?: string;
  spatialLayerId: number;
  temporalLayerId: number;
  /** bps; absent: inactive. */
  bitrate?: number;
}

/** The data of a `layers` event: by m-line, the best first. Empty when no video that is watched has layers. */
export async function layersOf(playback: Playback): Promise<Record<string, Layer[]>> {
  const out: Record<string, Layer[]> = {};
  for (const { index, kind, consumer } of playback.watched) {
    if (kind !== 'video' || consumer === undefined || consumer.type === 'simple' || consumer.closed) continue;
    const { streams, type } = await consumer.explain();
    out[index] = streams
      .flatMap(({ rid, spatialLayer, active, bitrateByTemporalLayer }) =>
        bitrateByTemporalLayer.map((bitrate, temporalLayerId) => ({
          // Of simulcast each encoding is a stream of one spatial layer (RFC 9429 §3.7).
          ...(rid === undefined ? {} : { rid }),
          spatialLayerId: type === 'simulcast' ? 0 : spatialLayer,
          temporalLayerId,
          ...(active && bitrate > 0 ? { bitrate: Math.round(bitrate) } : {}),
        })),
      )
      .reverse();
  }
  return out;
}

const numbers = ['spatialLayerId', 'temporalLayerId', 'maxSpatialLayerId', 'maxTemporalLayerId'] as const;
type Choice = Partial<Record<(typeof numbers)[number], number>> & { mediaId?: string; rid?: string };

/** Throws HttpError. */
function readChoice(body: unknown): Choice {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new HttpError(400, 'the choice of a layer is a JSON object');
  const given = body as Record<string, unknown>;
  for (const name of ['mediaId', 'rid']) {
    if (given[name] !== undefined && typeof given[name] !== 'string') throw new HttpError(400, `${name} must be a string`);
  }
  for (const name of numbers) {
    const value = given[name];
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= 0 && (value as number) <= highest))
      throw new HttpError(400, `${name} must be an integer from 0 to ${highest}`);
  }
  for (const name of ['maxWidth', 'maxHeight']) {
    if (given[name] !== undefined) throw new HttpError(422, `${name} is not supported: the sizes of layers are not known here`);
  }
  return given;
}

/**
 * What the viewer gets at most from now on; without a layer in it, the choice is the server's again. A layer that its link does not
 * carry, or that is not sent, is replaced by a lower one all the same. Throws HttpError.
 */
export async function chooseLayer(playback: Playback, body: unknown): Promise<void> {
  const choice = readChoice(body);
  const consumer = videoOf(playback, choice.mediaId);
  const free = choice.rid === undefined && numbers.every((name) => choice[name] === undefined);
  if (consumer.type === 'simple') {
    if (free) return;
    throw new HttpError(422, 'this video has one layer only');
  }
  await consumer.setPreferredLayers(await wantedLayers(consumer, choice));
}

async function wantedLayers(consumer: Consumer, choice: Choice): Promise<ConsumerLayers> {
  const least = (...values: (number | undefined)[]): number => Math.min(highest, ...values.filter((value) => value !== undefined));
  const temporalLayer = least(choice.temporalLayerId, choice.maxTemporalLayerId);
  if (choice.rid === undefined) {
    // Of simulcast, layers count its encodings here; a viewer names those by rid alone.
    const spatial = consumer.type === 'simulcast' ? highest : least(choice.spatialLayerId, choice.maxSpatialLayerId);
    return { spatialLayer: spatial, temporalLayer };
  }
  const { streams } = await consumer.explain();
  const named = streams.find(({ rid }) => rid === choice.rid);
  if (named !== undefined) return { spatialLayer: named.spatialLayer, temporalLayer };
  const rids = streams.flatMap(({ rid }) => rid ?? []);
  throw new HttpError(422, rids.length > 0 ? `rid must be one of ${rids.join(', ')}` : 'this video has no rids');
}

function videoOf(playback: Playback, mediaId: string | undefined): Consumer {
  const videos = playback.watched.filter(({ kind }) => kind === 'video');
  const chosen = mediaId === undefined ? videos[0] : videos.find(({ index }) => String(index) === mediaId);
  if (chosen === undefined)
    throw new HttpError(
      mediaId === undefined ? 422 : 400,
      mediaId === undefined ? 'no video is watched' : `mediaId must be the number of a video m-line`,
    );
  if (chosen.consumer === undefined) throw new HttpError(409, 'nobody is sending this video by now', { 'Retry-After': '2' });
  return chosen.consumer;
}
