// fbs/rtp_parameters.fbs ↔ types/rtp.ts.
import type {
  CodecParameters,
  MediaKind,
  RtcpFeedback,
  RtcpParameters,
  RtpCapabilities,
  RtpCodecCapability,
  RtpCodecParameters,
  RtpEncodingParameters,
  RtpHeaderExtension,
  RtpHeaderExtensionDirection,
  RtpHeaderExtensionParameters,
  RtpParameters,
} from '../types/rtp.js';
import * as wire from '../wire/index.js';
import { choice, flag, isObject, list, optional, required, struct, text, uint32, uint8, withDefault, wrong, type Shape } from './shape.js';

export const mediaKind = choice<MediaKind, wire.MediaKind>(wire.MediaKind);

/** An object whose values are numbers and strings. What has no value is left out; true is 1. */
const codecParameters: Shape<CodecParameters, wire.CodecParameterT[]> = {
  toWire(value, path) {
    if (!isObject(value)) throw wrong(path, 'an object', value);
    const given = Object.entries(value).filter(([, parameter]) => parameter !== undefined && parameter !== null);
    return given.map(([name, parameter]) => codecParameter(name, parameter, `${path}.${name}`));
  },
  fromWire: (parameters) =>
    Object.fromEntries(
      parameters.map(({ name, integer, text: value, bare }) => [
        String(name),
        value === null && !bare ? Number(integer) : String(value ?? ''),
      ]),
    ),
};

function codecParameter(name: string, value: unknown, path: string): wire.CodecParameterT {
  if (typeof value === 'string') return new wire.CodecParameterT(name, 0n, value, value === '');
  if (typeof value === 'boolean') return new wire.CodecParameterT(name, value ? 1n : 0n);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(path, 'a string or a number', value);
  return Number.isSafeInteger(value) ? new wire.CodecParameterT(name, BigInt(value)) : new wire.CodecParameterT(name, 0n, String(value));
}

const rtcpFeedback = struct<RtcpFeedback, wire.RtcpFeedbackT>(wire.RtcpFeedbackT, {
  type: required(text),
  parameter: withDefault(text, ''),
});

/** Video has no channels: 1 on the wire, nothing in the API. */
function withoutVideoChannels<T extends { mimeType: string; channels?: number }, Wire>(shape: Shape<T, Wire>): Shape<T, Wire> {
  return {
    toWire: (value, path) => shape.toWire(value, path),
    fromWire(from) {
      const plain = shape.fromWire(from);
      if (/^video\//i.test(plain.mimeType)) delete plain.channels;
      return plain;
    },
  };
}

export const rtpCodecCapability = withoutVideoChannels(
  struct<RtpCodecCapability, wire.RtpCodecCapabilityT>(wire.RtpCodecCapabilityT, {
    kind: required(mediaKind),
    mimeType: required(text),
    preferredPayloadType: optional(uint8),
    clockRate: required(uint32),
    channels: withDefault(uint8, 1),
    parameters: withDefault(codecParameters, {}),
    rtcpFeedback: withDefault(list(rtcpFeedback), []),
  }),
);

const rtpHeaderExtension = struct<RtpHeaderExtension, wire.RtpHeaderExtensionT>(wire.RtpHeaderExtensionT, {
  kind: required(mediaKind),
  uri: required(text),
  preferredId: required(uint8),
  preferredEncrypt: withDefault(flag, false),
  direction: withDefault(
    choice<RtpHeaderExtensionDirection, wire.RtpHeaderExtensionDirection>(wire.RtpHeaderExtensionDirection),
    'sendrecv',
  ),
});

export const rtpCapabilities = struct<RtpCapabilities, wire.RtpCapabilitiesT>(wire.RtpCapabilitiesT, {
  codecs: withDefault(list(rtpCodecCapability), []),
  headerExtensions: withDefault(list(rtpHeaderExtension), []),
});

const rtpCodecParameters = withoutVideoChannels(
  struct<RtpCodecParameters, wire.RtpCodecParametersT>(wire.RtpCodecParametersT, {
    mimeType: required(text),
    payloadType: required(uint8),
    clockRate: required(uint32),
    channels: withDefault(uint8, 1),
    parameters: withDefault(codecParameters, {}),
    rtcpFeedback: withDefault(list(rtcpFeedback), []),
  }),
);

const rtpHeaderExtensionParameters = struct<RtpHeaderExtensionParameters, wire.RtpHeaderExtensionParametersT>(
  wire.RtpHeaderExtensionParametersT,
  { uri: required(text), id: required(uint8), encrypt: withDefault(flag, false) },
);

const rtpEncodingParameters = struct<RtpEncodingParameters, wire.RtpEncodingParametersT>(wire.RtpEncodingParametersT, {
  ssrc: optional(uint32),
  rid: optional(text),
  codecPayloadType: optional(uint8),
  rtx: optional(struct<{ ssrc: number }, wire.RtxT>(wire.RtxT, { ssrc: required(uint32) })),
  dtx: withDefault(flag, false),
  scalabilityMode: optional(text),
  maxBitrate: optional(uint32),
});

const rtcpParameters = struct<RtcpParameters, wire.RtcpParametersT>(wire.RtcpParametersT, {
  cname: optional(text),
  reducedSize: withDefault(flag, true),
});

export const rtpParameters = struct<RtpParameters, wire.RtpParametersT>(wire.RtpParametersT, {
  mid: optional(text),
  codecs: required(list(rtpCodecParameters)),
  headerExtensions: withDefault(list(rtpHeaderExtensionParameters), []),
  encodings: withDefault(list(rtpEncodingParameters), []),
  rtcp: withDefault(rtcpParameters, {}),
  msid: optional(text),
});
