// RTP capabilities and parameters: the shapes of ORTC and mediasoup, which mediasoup-client sends and takes.

export type MediaKind = 'audio' | 'video';

/** Format-specific parameters, such as `{ 'packetization-mode': 1, apt: 96 }`. Integers stay numbers. */
export type CodecParameters = Record<string, string | number | boolean | null | undefined>;

/** RFC 4585 §4.2: `{ type: 'nack', parameter: 'pli' }`. */
export interface RtcpFeedback {
  type: string;
  /** Empty by default. */
  parameter?: string;
}

/** A codec that an endpoint can handle. */
export interface RtpCodecCapability {
  kind: MediaKind;
  /** `audio/opus`, `video/VP8`; compared without case. */
  mimeType: string;
  /** 0 to 127. */
  preferredPayloadType?: number;
  /** Hz. */
  clockRate: number;
  /** Audio only. Default 1. */
  channels?: number;
  parameters?: CodecParameters;
  rtcpFeedback?: RtcpFeedback[];
}

export type RtpHeaderExtensionDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** A header extension (RFC 8285) that an endpoint can handle. */
export interface RtpHeaderExtension {
  kind: MediaKind;
  uri: string;
  /** 1 to 14. */
  preferredId: number;
  /** RFC 6904. Default false. */
  preferredEncrypt?: boolean;
  /** Default `sendrecv`. */
  direction?: RtpHeaderExtensionDirection;
}

export interface RtpCapabilities {
  codecs?: RtpCodecCapability[];
  headerExtensions?: RtpHeaderExtension[];
}

/** A codec in use. */
export interface RtpCodecParameters {
  mimeType: string;
  /** 0 to 127. */
  payloadType: number;
  /** Hz. */
  clockRate: number;
  /** Audio only. Default 1. */
  channels?: number;
  parameters?: CodecParameters;
  rtcpFeedback?: RtcpFeedback[];
}

/** A header extension in use. */
export interface RtpHeaderExtensionParameters {
  uri: string;
  /** 1 to 14. */
  id: number;
  /** RFC 6904. Default false. */
  encrypt?: boolean;
}

/** One RTP stream of a track. */
export interface RtpEncodingParameters {
  ssrc?: number;
  /** RFC 8851. */
  rid?: string;
  codecPayloadType?: number;
  /** The stream of retransmissions (RFC 4588). */
  rtx?: { ssrc: number };
  /** Discontinuous transmission: silence is not sent. Default false. */
  dtx?: boolean;
  /** `L1T3` (W3C webrtc-svc). */
  scalabilityMode?: string;
  /** bps. */
  maxBitrate?: number;
}

export interface RtcpParameters {
  /** RFC 3550 §6.5.1. */
  cname?: string;
  /** RFC 5506. Default true. */
  reducedSize?: boolean;
}

/** How a track is sent: what `produce()` takes and a consumer has. */
export interface RtpParameters {
  mid?: string;
  codecs: RtpCodecParameters[];
  headerExtensions?: RtpHeaderExtensionParameters[];
  encodings?: RtpEncodingParameters[];
  rtcp?: RtcpParameters;
  /** `stream track` (RFC 8830). */
  msid?: string;
}
