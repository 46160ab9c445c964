// Where a transport listens, whom it talks to, and the keys of SRTP: fbs/transport.fbs ↔ types/transport.ts.
import type {
  IceProtocol,
  PortRange,
  SrtpParameters,
  TransportListenInfo,
  TransportSocketFlags,
  TransportTuple,
} from '../types/transport.js';
import * as wire from '../wire/index.js';
import { choice, flag, integer, optional, required, struct, text, uint16, uint32, withDefault } from './shape.js';
import { transportTuple } from './transport.js';

const port = integer(1, 0xffff);

export const listenInfo = struct<TransportListenInfo, wire.ListenInfoT>(wire.ListenInfoT, {
  protocol: withDefault(choice<IceProtocol, wire.IceProtocol>(wire.IceProtocol), 'udp'),
  ip: required(text),
  announcedAddress: optional(text),
  port: withDefault(uint16, 0),
  portRange: optional(struct<PortRange, wire.PortRangeT>(wire.PortRangeT, { min: required(port), max: required(port) })),
  flags: optional(
    struct<TransportSocketFlags, wire.ListenFlagsT>(wire.ListenFlagsT, {
      ipv6Only: optional(flag),
      udpReusePort: withDefault(flag, false),
    }),
  ),
  sendBufferSize: withDefault(uint32, 0),
  recvBufferSize: withDefault(uint32, 0),
});

export const srtpParameters = struct<SrtpParameters, wire.SrtpParametersT>(wire.SrtpParametersT, {
  cryptoSuite: required(text),
  keyBase64: required(text),
});

/** A remote end that is not known yet is left out. */
export function tupleFromWire(from: wire.TransportTupleT): TransportTuple {
  const tuple = transportTuple.fromWire(from);
  if (tuple.remoteIp === undefined) delete tuple.remotePort;
  return tuple;
}
