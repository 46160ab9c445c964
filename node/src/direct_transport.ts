import { randomUUID } from 'node:crypto';
import type { EventT } from './channel/channel.js';
import type { Link } from './channel/link.js';
import { InvalidStateError } from './errors.js';
import type { Peer } from './peer.js';
import type { AppData } from './remote_object.js';
import type { Room } from './room.js';
import { packetToWire } from './shapes/sctp.js';
import { struct, uint32, withDefault } from './shapes/shape.js';
import { directTransportStatFromWire } from './shapes/stats.js';
import { checkAppData, Transport, type TransportEvents, type TransportObserverEvents } from './transport.js';
import type { DirectTransportStat } from './types/stats.js';
import * as wire from './wire/index.js';

export interface DirectTransportOptions<Data extends AppData = AppData> {
  /** Of a message that is sent here: bytes, 4000000 at most. Default 262144. */
  maxMessageSize?: number;
  appData?: Data;
}

export type DirectTransportEvents = TransportEvents & {
  /** RTCP of the room's side: reports to what is consumed here, requests to what is produced here. */
  rtcp: [packet: Buffer];
};

export type DirectTransportObserverEvents = TransportObserverEvents & { rtcp: [packet: Buffer] };

const createFields = struct<Omit<DirectTransportOptions, 'appData'>, wire.CreateDirectTransportT>(wire.CreateDirectTransportT, {
  maxMessageSize: withDefault(uint32, 262144),
});

/** RTP, RTCP and data messages of this process itself, without a network between it and the room. */
export class DirectTransport extends Transport<DirectTransportEvents, DirectTransportObserverEvents> {
  readonly maxMessageSize: number;

  /** @internal */
  private constructor(link: Link, id: string, maxMessageSize: number, appData: AppData | undefined) {
    super(link, id, appData);
    this.maxMessageSize = maxMessageSize;
  }

  /** @internal */
  static async create(owner: Room | Peer, options: DirectTransportOptions): Promise<DirectTransport> {
    const command = createFields.toWire(options, '');
    const appData = checkAppData(options.appData);
    if ('roomId' in owner) [command.roomId, command.peerId] = [owner.roomId, owner.id];
    else command.roomId = owner.id;
    command.transportId = randomUUID();
    const reply = await owner.request(command, wire.DirectTransportReplyT);
    return new DirectTransport(owner.link, String(reply.transportId), command.maxMessageSize, appData);
  }

  /** A compound packet of feedback or reports about what is produced and consumed here. */
  sendRtcp(packet: Uint8Array): void {
    if (this.closed) throw new InvalidStateError('this transport is closed');
    this.link.send(new wire.SendRtcpT(this.id, packetToWire(packet, 'packet')));
  }

  /** One entry. */
  async getStats(): Promise<DirectTransportStat[]> {
    const { transport } = await this.stats();
    return transport === null ? [] : [directTransportStatFromWire(transport)];
  }

  /** @internal */
  protected override messageLimit(): number {
    return this.maxMessageSize;
  }

  /** @internal */
  override handleEvent(event: EventT): void {
    if (!(event instanceof wire.RtcpReceivedT)) return super.handleEvent(event);
    const packet = Buffer.from(event.packet.buffer, event.packet.byteOffset, event.packet.byteLength);
    this.emit('rtcp', packet);
    this.observer.emit('rtcp', packet);
  }
}
