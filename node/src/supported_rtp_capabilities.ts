// What a worker of this version can route. The table is the worker's (src/negotiate/media_codecs.cc); a test compares the two.
import type {
  CodecParameters,
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

const noNack = feedback.audio.filter(({ type }) => type !== 'nack');

const audio = (
  mimeType: string,
  clockRate: number,
  rtcpFeedback: RtcpFeedback[] = [],
  more: Partial<RtpCodecCapability> = {},
): RtpCodecCapability => ({ kind: 'audio', mimeType, clockRate, channels: 1, rtcpFeedback, ...more });

const multiopus = (channels: number, mapping: string, streams: number, coupled: number): RtpCodecCapability =>
  audio('audio/multiopus', 48000, feedback.audio, {
    channels,
    parameters: { channel_mapping: mapping, num_streams: streams, coupled_streams: coupled },
  });

const video = (mimeType: string, parameters: CodecParameters = {}): RtpCodecCapability => ({
  kind: 'video',
  mimeType,
  clockRate: 90000,
  parameters,
  rtcpFeedback: feedback.video,
});

const codecs: RtpCodecCapability[] = [
  audio('audio/opus', 48000, feedback.audio, { channels: 2 }),
  audio('audio/red', 48000, noNack, { channels: 2 }),
  multiopus(4, '0,1,2,3', 2, 2),
  multiopus(6, '0,4,1,2,3,5', 4, 2),
  multiopus(8, '0,6,1,2,3,4,5,7', 5, 3),
  audio('audio/PCMU', 8000, feedback.audio, { preferredPayloadType: 0 }),
  audio('audio/PCMA', 8000, feedback.audio, { preferredPayloadType: 8 }),
  audio('audio/ISAC', 32000, noNack),
  audio('audio/ISAC', 16000, noNack),
  audio('audio/G722', 8000, noNack, { preferredPayloadType: 9 }),
  audio('audio/iLBC', 8000, noNack),
  ...[24000, 16000, 12000, 8000].map((clockRate) => audio('audio/SILK', clockRate, noNack)),
  audio('audio/CN', 32000),
  audio('audio/CN', 16000),
  audio('audio/CN', 8000, [], { preferredPayloadType: 13 }),
  ...[48000, 32000, 16000, 8000].map((clockRate) => audio('audio/telephone-event', clockRate)),
  video('video/VP8'),
  video('video/VP9'),
  video('video/H264', { 'level-asymmetry-allowed': 1 }),
  video('video/H264-SVC', { 'level-asymmetry-allowed': 1 }),
  video('video/H265'),
  video('video/AV1'),
];

const extensions: [uri: string, id: number, direction: RtpHeaderExtensionDirection, ...kinds: MediaKind[]][] = [
  ['urn:ietf:params:rtp-hdrext:sdes:mid', 1, 'sendrecv', 'audio', 'video'],
  ['urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', 2, 'recvonly', 'video'],
  ['urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id', 3, 'recvonly', 'video'],
  ['http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', 4, 'sendrecv', 'audio', 'video'],
  ['http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01', 5, 'sendrecv', 'audio', 'video'],
  ['https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension', 8, 'sendrecv', 'video'],
  ['http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00', 9, 'recvonly', 'video'],
  ['urn:ietf:params:rtp-hdrext:ssrc-audio-level', 10, 'sendrecv', 'audio'],
  ['urn:3gpp:video-orientation', 11, 'sendrecv', 'video'],
  ['urn:ietf:params:rtp-hdrext:toffset', 12, 'sendrecv', 'video'],
  ['http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time', 13, 'sendrecv', 'audio', 'video'],
  ['http://www.webrtc.org/experiments/rtp-hdrext/playout-delay', 14, 'sendrecv', 'video'],
];

/** The codecs that a room can be made with, and the header extensions that it then knows. Each call gives a fresh copy. */
export function getSupportedRtpCapabilities(): RtpCapabilities {
  const headerExtensions = extensions.flatMap(([uri, preferredId, direction, ...kinds]) =>
    kinds.map((kind): RtpHeaderExtension => ({ kind, uri, preferredId, preferredEncrypt: false, direction })),
  );
  return structuredClone({ codecs: codecs.map((codec) => ({ rtcpFeedback: [], parameters: {}, ...codec })), headerExtensions });
}
