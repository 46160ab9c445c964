// ICE, DTLS and the descriptions of a session.
import type { MediaKind } from './rtp.js';

/** RFC 8445 §5.3. */
export interface IceParameters {
  usernameFragment: string;
  password: string;
  iceLite?: boolean;
}

export type IceProtocol = 'udp' | 'tcp';
export type IceCandidateType = 'host' | 'srflx' | 'prflx' | 'relay';
/** RFC 6544 §4.5. */
export type IceTcpType = 'active' | 'passive' | 'so';

/** Where the worker can be reached. */
export interface IceCandidate {
  foundation: string;
  priority: number;
  /** The same as `address`, under its older name. */
  ip: string;
  /** IP address or host name. */
  address: string;
  protocol: IceProtocol;
  port: number;
  type: IceCandidateType;
  /** TCP only. */
  tcpType?: IceTcpType;
}

/** Which of the worker's addresses a transport offers to its client, and in what order of preference. */
export interface CandidateOptions {
  /** Whether the worker's UDP addresses are offered. Default: if it listens on any. `true` is refused when it does not. */
  enableUdp?: boolean;
  /** The same for its TCP addresses. */
  enableTcp?: boolean;
  /** UDP is preferred anyway; beside `preferTcp` this keeps it so. Default false. */
  preferUdp?: boolean;
  /** Gives TCP candidates the higher priority. Default false. */
  preferTcp?: boolean;
  /** IPv4 before IPv6, among candidates of one protocol. Default: in the order of the worker's `listen`. */
  preferIPv4?: boolean;
  /** IPv6 before IPv4, unless `preferIPv4` is set. */
  preferIPv6?: boolean;
}

export type IceState = 'new' | 'connected' | 'completed' | 'disconnected' | 'closed';
export type DtlsState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';
/** RFC 5763 §5: `client` is active, `server` is passive. */
export type DtlsRole = 'auto' | 'client' | 'server';

/** RFC 8122 §5. */
export interface DtlsFingerprint {
  /** `sha-1`, `sha-224`, `sha-256`, `sha-384` or `sha-512`. */
  algorithm: string;
  /** Upper-case hexadecimal bytes joined by colons. */
  value: string;
}

export interface DtlsParameters {
  /** Default `auto`. */
  role?: DtlsRole;
  fingerprints: DtlsFingerprint[];
}

/** Both ends of a transport: of the selected ICE pair, or of a plain transport. */
export interface TransportTuple {
  localAddress: string;
  localPort: number;
  /** Absent while a plain transport does not know it. */
  remoteIp?: string;
  remotePort?: number;
  protocol: IceProtocol;
}

export interface PortRange {
  min: number;
  max: number;
}

export interface TransportSocketFlags {
  /** An IPv6 socket takes IPv6 only, whatever this says; false is refused for `::`. */
  ipv6Only?: boolean;
  /** SO_REUSEPORT. Default false. */
  udpReusePort?: boolean;
}

/** Where a socket is opened. */
export interface TransportListenInfo {
  /** Plain transports: `udp`, the default. */
  protocol?: IceProtocol;
  /** Numeric. */
  ip: string;
  /** IP address or host name told instead of `ip`. Needed beside `0.0.0.0` and `::`. */
  announcedAddress?: string;
  /** Default: one of `portRange`, or of the worker's range. */
  port?: number;
  /** When given, `port` is ignored. */
  portRange?: PortRange;
  flags?: TransportSocketFlags;
  /** Bytes. */
  sendBufferSize?: number;
  /** Bytes. */
  recvBufferSize?: number;
}

export type SrtpCryptoSuite = 'AEAD_AES_256_GCM' | 'AEAD_AES_128_GCM' | 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32';

/** What one side sends with. */
export interface SrtpParameters {
  cryptoSuite: SrtpCryptoSuite;
  /** Master key, then master salt: 30 bytes for AES_CM, 28 for AEAD_AES_128_GCM, 44 for AEAD_AES_256_GCM. */
  keyBase64: string;
}

export type SdpType = 'offer' | 'answer' | 'pranswer' | 'rollback';

/** W3C `RTCSessionDescriptionInit`. */
export interface SessionDescriptionInit {
  type: SdpType;
  /** Not needed for `rollback`, nor to set what was created last. */
  sdp?: string;
}

/** W3C `RTCSessionDescription`. */
export interface SessionDescription {
  readonly type: SdpType;
  readonly sdp: string;
}

/** W3C `RTCIceCandidateInit`. */
export interface IceCandidateInit {
  /** `candidate:1 1 udp …`; empty ends the candidates. */
  candidate?: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

export type SignalingState =
  'stable' | 'have-local-offer' | 'have-remote-offer' | 'have-local-pranswer' | 'have-remote-pranswer' | 'closed';

/** One m-line of a peer's newest description. */
export interface Section {
  mid: string;
  kind: MediaKind;
  /** The worker sends here: `consumerId` of `producerId`, which `sourcePeerId` made. */
  sending: boolean;
  /** The client sends here: `producerId` is its producer. */
  receiving: boolean;
  producerId?: string;
  consumerId?: string;
  sourcePeerId?: string;
}
