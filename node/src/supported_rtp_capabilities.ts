// What a worker of this version can route. The table is the worker's (src/negotiate/media_codecs.cc); a test compares the two.
import type {
  MediaKind,
  RtcpFeedback,
  RtpCapabilities,
  RtpCodecCapability,
  RtpHeaderExtension,
  RtpHeaderExtensionDirection,
} from './types/rtp.js';

const feedback: Record<MediaKind, RtcpFeedback[]> = {
  audio: [
    { type: 'nack', parameter: '' },
    { type: 'transport-cc', parameter: '' },
  ],
  video: [
    { type: 'nack', parameter: '' },
    { type: 'nack', parameter: 'pli' },
    { type: 'ccm', parameter: 'fir' },
    { type: 'goog-remb', parameter: '' },
    { type: 'transport-cc', parameter: '' },
  ],
};

const codecs: RtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2, rtcpFeedback: feedback.audio },
  { kind: 'audio', mimeType: 'audio/PCMU', preferredPayloadType: 0, clockRate: 8000, channels: 1, rtcpFeedback: feedback.audio },
  { kind: 'audio', mimeType: 'audio/PCMA', preferredPayloadType: 8, clockRate: 8000, channels: 1, rtcpFeedback: feedback.audio },
  { kind: 'audio', mimeType: 'audio/telephone-event', clockRate: 8000, channels: 1 },
  { kind: 'audio', mimeType: 'audio/telephone-event', clockRate: 48000, channels: 1 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, rtcpFeedback: feedback.video },
];

const extensions: [uri: string, id: number, direction: RtpHeaderExtensionDirection, ...kinds: MediaKind[]][] = [
  ['urn:ietf:params:rtp-hdrext:sdes:mid', 1, 'sendrecv', 'audio', 'video'],
  ['urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', 2, 'recvonly', 'video'],
  ['urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id', 3, 'recvonly', 'video'],
  ['http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', 4, 'sendrecv', 'audio', 'video'],
  ['http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01', 5, 'sendrecv', 'audio', 'video'],
  ['urn:ietf:params:rtp-hdrext:ssrc-audio-level', 10, 'sendrecv', 'audio'],
  ['urn:3gpp:video-orientation', 11, 'sendrecv', 'video'],
  ['urn:ietf:params:rtp-hdrext:toffset', 12, 'sendrecv', 'video'],
];

/** The codecs that a room can be made with, and the header extensions that it then knows. Each call gives a fresh copy. */
export function getSupportedRtpCapabilities(): RtpCapabilities {
  const headerExtensions = extensions.flatMap(([uri, preferredId, direction, ...kinds]) =>
    kinds.map((kind): RtpHeaderExtension => ({ kind, uri, preferredId, preferredEncrypt: false, direction })),
  );
  return structuredClone({ codecs: codecs.map((codec) => ({ rtcpFeedback: [], parameters: {}, ...codec })), headerExtensions });
}
