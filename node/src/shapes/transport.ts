// fbs/transport.fbs and fbs/peer.fbs ↔ types/transport.ts.
import type {
  CandidateOptions,
  DtlsFingerprint,
  DtlsParameters,
  DtlsRole,
  IceCandidate,
  IceCandidateType,
  IceParameters,
  IceProtocol,
  SdpType,
  Section,
  TransportTuple,
} from '../types/transport.js';
import * as wire from '../wire/index.js';
import { mediaKind } from './rtp.js';
import { choice, flag, isObject, list, optional, required, struct, text, uint16, uint32, withDefault, wrong } from './shape.js';

export const iceParameters = struct<IceParameters, wire.IceParametersT>(wire.IceParametersT, {
  usernameFragment: required(text),
  password: required(text),
  iceLite: withDefault(flag, false),
});

export const iceProtocol = choice<IceProtocol, wire.IceProtocol>(wire.IceProtocol);

const candidateFields = struct<Omit<IceCandidate, 'ip' | 'tcpType'>, wire.IceCandidateT>(wire.IceCandidateT, {
  foundation: required(text),
  priority: required(uint32),
  address: required(text),
  protocol: required(iceProtocol),
  port: required(uint16),
  type: required(choice<IceCandidateType, wire.IceCandidateType>(wire.IceCandidateType)),
});
const tcpType = choice<NonNullable<IceCandidate['tcpType']>, wire.IceTcpType>(wire.IceTcpType);

/** Only the worker has candidates to tell. */
export function iceCandidateFromWire(from: wire.IceCandidateT): IceCandidate {
  const fields = candidateFields.fromWire(from);
  const candidate: IceCandidate = { ...fields, ip: fields.address };
  if (from.tcpType !== wire.IceTcpType.UNSET) candidate.tcpType = tcpType.fromWire(from.tcpType);
  return candidate;
}

/** The members that CreatePeer and CreateWebRtcTransport have in common. */
export function candidateOptions(value: unknown, path: string) {
  if (!isObject(value)) throw wrong(path === '' ? 'options' : path, 'an object', value);
  const at = (name: keyof CandidateOptions) => (path === '' ? name : `${path}.${name}`);
  const choice = (name: keyof CandidateOptions) => (value[name] === undefined ? null : flag.toWire(value[name], at(name)));
  return {
    enableUdp: choice('enableUdp'),
    enableTcp: choice('enableTcp'),
    preferUdp: choice('preferUdp') ?? false,
    preferTcp: choice('preferTcp') ?? false,
    preferIpv4: choice('preferIPv4') ?? false,
    preferIpv6: choice('preferIPv6') ?? false,
  };
}

export const dtlsRole = choice<DtlsRole, wire.DtlsRole>(wire.DtlsRole);

export const dtlsParameters = struct<DtlsParameters, wire.DtlsParametersT>(wire.DtlsParametersT, {
  role: withDefault(dtlsRole, 'auto'),
  fingerprints: required(
    list(struct<DtlsFingerprint, wire.DtlsFingerprintT>(wire.DtlsFingerprintT, { algorithm: required(text), value: required(text) })),
  ),
});

export const transportTuple = struct<TransportTuple, wire.TransportTupleT>(wire.TransportTupleT, {
  localAddress: required(text),
  localPort: required(uint16),
  remoteIp: optional(text),
  remotePort: optional(uint16),
  protocol: required(text),
});

export const sdpType = choice<SdpType, wire.SdpType>(wire.SdpType);

export const section = struct<Section, wire.SectionInfoT>(wire.SectionInfoT, {
  mid: required(text),
  kind: required(mediaKind),
  sending: required(flag),
  receiving: required(flag),
  producerId: optional(text),
  consumerId: optional(text),
  sourcePeerId: optional(text),
});
