// A participant whose client is mediasoup-client (the ORTC way): it makes transports, produces and consumes by itself, with no offers.
// The shapes within its messages are mediasoup's, and checked by the controller and the worker.
import {
  InternalError,
  InvalidArgumentError,
  InvalidStateError,
  RequestError,
  type DtlsParameters,
  type MediaKind,
  type Peer,
  type RtpParameters,
  type WebRtcTransport,
} from 'sluice';
import { needPublish, needSubscribe, type Grant } from '../access/grant.js';
import { SignalingError } from './errors.js';
import type { Messages } from './messages.js';

/** One to send, one to receive, and as many again while they are replaced. */
const mostTransports = 4;

const ortcTypes = ['create_transport', 'connect_transport', 'produce', 'consume', 'close'] as const;
export type OrtcType = (typeof ortcTypes)[number];
export function isOrtcType(type: string): type is OrtcType {
  return (ortcTypes as readonly string[]).includes(type);
}

export type OrtcMessage = { [T in OrtcType]: { type: T; content: Messages[T] } }[OrtcType];
type Reply = [type: string, content: object];

export class Ortc {
  readonly #transports = new Map<string, WebRtcTransport>();
  /** Its own producers and consumers. */
  readonly #tracks = new Map<string, { close(): void }>();

  constructor(
    private readonly peer: Peer,
    private readonly grant: Grant,
  ) {}

  /** Throws SignalingError, AccessError. */
  async handle(message: OrtcMessage): Promise<Reply> {
    try {
      return await this.#dispatch(message);
    } catch (error) {
      throw asRefusal(error);
    }
  }

  async #dispatch({ type, content }: OrtcMessage): Promise<Reply> {
    switch (type) {
      case 'create_transport':
        return ['transport_created', await this.#createTransport()];
      case 'connect_transport':
        await this.#transport(content.transport_id).connect({ dtlsParameters: content.dtlsParameters as DtlsParameters });
        return ['transport_connected', { transport_id: content.transport_id }];
      case 'produce':
        return ['produced', await this.#produce(content)];
      case 'consume':
        return ['consumed', await this.#consume(content)];
      case 'close':
        this.#close(content.id);
        return ['closed', { id: content.id }];
    }
  }

  async #createTransport(): Promise<object> {
    if (this.#transports.size === mostTransports)
      throw new SignalingError('wrong_state', `a participant has at most ${mostTransports} transports`);
    const transport = await this.peer.createWebRtcTransport();
    this.#transports.set(transport.id, transport);
    transport.observer.once('close', () => this.#transports.delete(transport.id));
    const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
    return { id, iceParameters, iceCandidates, dtlsParameters };
  }

  async #produce({ transport_id: transportId, kind, rtpParameters }: Messages['produce']): Promise<object> {
    needPublish(this.grant);
    const transport = this.#transport(transportId);
    const producer = await transport.produce({ kind: kind as MediaKind, rtpParameters: rtpParameters as unknown as RtpParameters });
    this.#tracks.set(producer.id, producer);
    producer.observer.once('close', () => this.#tracks.delete(producer.id));
    return { producer_id: producer.id };
  }

  async #consume({ transport_id: transportId, producer_id: producerId, rtpCapabilities }: Messages['consume']): Promise<object> {
    needSubscribe(this.grant);
    const transport = this.#transport(transportId);
    const consumer = await transport.consume({ producerId, rtpCapabilities: rtpCapabilities });
    this.#tracks.set(consumer.id, consumer);
    consumer.observer.once('close', () => this.#tracks.delete(consumer.id));
    const { id, kind, rtpParameters, type } = consumer;
    return { consumer_id: id, producer_id: producerId, kind, rtpParameters, type };
  }

  #close(id: string): void {
    const owned = this.#tracks.get(id) ?? this.#transports.get(id);
    if (owned === undefined)
      throw new SignalingError('bad_field', 'close: content.id names no transport, producer or consumer of yours', 'id');
    owned.close();
  }

  #transport(id: string): WebRtcTransport {
    const transport = this.#transports.get(id);
    if (transport === undefined) throw new SignalingError('bad_field', 'content.transport_id names no transport of yours', 'transport_id');
    return transport;
  }
}

/** What the controller or the worker found wrong, as the client is told; other failures pass as they are. */
function asRefusal(error: unknown): unknown {
  if (error instanceof InvalidArgumentError) return new SignalingError('bad_field', error.message, error.field);
  if (error instanceof InvalidStateError) return new SignalingError('wrong_state', error.message);
  if (error instanceof RequestError && !(error instanceof InternalError))
    return new SignalingError('bad_field', error.message, error.field);
  return error;
}
