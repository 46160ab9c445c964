import type { EventT } from './channel/channel.js';
import { webRtcTransportStatFromWire } from './shapes/stats.js';
import { transportTuple } from './shapes/transport.js';
import { Transport, type TransportEvents, type TransportObserverEvents } from './transport.js';
import type { SctpState } from './types/sctp.js';
import type { WebRtcTransportStat } from './types/stats.js';
import type { DtlsState, IceState, TransportTuple } from './types/transport.js';
import * as wire from './wire/index.js';

export type DtlsTransportEvents = TransportEvents & {
  icestatechange: [iceState: IceState];
  iceselectedtuplechange: [tuple: TransportTuple];
  /** `reason`: one sentence, when the state is `failed`. */
  dtlsstatechange: [dtlsState: DtlsState, reason?: string];
  sctpstatechange: [sctpState: SctpState];
};

export type DtlsTransportObserverEvents = TransportObserverEvents & {
  icestatechange: [iceState: IceState];
  iceselectedtuplechange: [tuple: TransportTuple];
  dtlsstatechange: [dtlsState: DtlsState];
  sctpstatechange: [sctpState: SctpState];
};

/** The ICE and DTLS association with one client: negotiated by a peer, or signaled by the application as a {@link WebRtcTransport}. */
export class DtlsTransport extends Transport<DtlsTransportEvents, DtlsTransportObserverEvents> {
  #iceState: IceState = 'new';
  #iceSelectedTuple: TransportTuple | undefined;
  #dtlsState: DtlsState = 'new';
  #dtlsRemoteCert: string | undefined;
  #sctpState: SctpState | undefined;

  get iceState(): IceState {
    return this.#iceState;
  }

  get iceSelectedTuple(): TransportTuple | undefined {
    return this.#iceSelectedTuple;
  }

  get dtlsState(): DtlsState {
    return this.#dtlsState;
  }

  /** PEM, once DTLS is connected. */
  get dtlsRemoteCert(): string | undefined {
    return this.#dtlsRemoteCert;
  }

  /** Undefined without data channels. */
  get sctpState(): SctpState | undefined {
    return this.#sctpState;
  }

  /** One entry. */
  async getStats(): Promise<WebRtcTransportStat[]> {
    const { transport } = await this.stats();
    return transport === null ? [] : [webRtcTransportStatFromWire(transport)];
  }

  /** @internal */
  override handleEvent(event: EventT): void {
    if (event instanceof wire.IceStateChangeT) this.#setIceState(String(event.iceState) as IceState);
    else if (event instanceof wire.IceSelectedTupleChangeT) this.#setTuple(event.iceSelectedTuple);
    else if (event instanceof wire.DtlsStateChangeT) this.#setDtlsState(event);
    else if (event instanceof wire.SctpStateChangeT) this.#setSctpState(String(event.sctpState) as SctpState);
    else super.handleEvent(event);
  }

  /** @internal */
  protected enabledSctp(): void {
    this.#sctpState = 'new';
  }

  /** @internal */
  protected override endOwned(): void {
    super.endOwned();
    this.#iceState = 'closed';
    this.#dtlsState = 'closed';
    this.#iceSelectedTuple = undefined;
    if (this.#sctpState !== undefined) this.#sctpState = 'closed';
  }

  #setIceState(iceState: IceState): void {
    this.#iceState = iceState;
    this.emit('icestatechange', iceState);
    this.observer.emit('icestatechange', iceState);
  }

  #setTuple(tuple: wire.TransportTupleT | null): void {
    if (tuple === null) return;
    const selected = transportTuple.fromWire(tuple);
    this.#iceSelectedTuple = selected;
    this.emit('iceselectedtuplechange', selected);
    this.observer.emit('iceselectedtuplechange', selected);
  }

  #setDtlsState({ dtlsState, dtlsRemoteCert, reason }: wire.DtlsStateChangeT): void {
    this.#dtlsState = String(dtlsState) as DtlsState;
    if (dtlsRemoteCert) this.#dtlsRemoteCert = String(dtlsRemoteCert);
    this.emit('dtlsstatechange', this.#dtlsState, ...(reason ? ([String(reason)] as const) : []));
    this.observer.emit('dtlsstatechange', this.#dtlsState);
  }

  #setSctpState(sctpState: SctpState): void {
    this.#sctpState = sctpState;
    this.emit('sctpstatechange', sctpState);
    this.observer.emit('sctpstatechange', sctpState);
  }
}
