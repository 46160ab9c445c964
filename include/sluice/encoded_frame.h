// Coded media as an encoder makes it and a decoder takes it: what PeerConnection's tracks send and give.
//
// A frame is everything that was captured at one time: of VP8 a frame, of VP9 a picture with all its spatial
// layers (several of them as a superframe: VP9 bitstream specification, Annex B), of H.264 an access unit
// (Annex B byte stream), of AV1 a temporal unit (low-overhead format, §5.2), of audio what one packet holds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sluice {

/// Names of W3C's RTCEncodedVideoFrameMetadata where it has them.
struct FrameMetadata {
  /// Capture time in units of the RTP clock. Of a frame to send from any origin: the sender adds its offset.
  std::uint32_t rtp_timestamp = 0;
  bool key_frame = false;           ///< Video: it decodes by itself.
  std::uint8_t temporal_index = 0;  ///< Of the picture.
  std::uint8_t spatial_index = 0;   ///< The highest in it. Received only.
  bool discardable = false;         ///< Nothing refers to it (VP8's N).
  bool layer_sync = false;          ///< It refers to temporal layer 0 only (VP8's Y).
  std::uint16_t width = 0;          ///< Pixels, of key frames; 0: not known.
  std::uint16_t height = 0;
  /// Received only: frames before this one were lost. Of video it is a key frame then, unless the receiver
  /// was told not to wait for one.
  bool after_loss = false;
};

/// A frame to send; the bytes are borrowed.
struct EncodedFrameView {
  std::span<const std::uint8_t> data;
  FrameMetadata metadata;
};

/// A frame that was received.
struct EncodedFrame {
  std::vector<std::uint8_t> data;
  FrameMetadata metadata;
};

}  // namespace sluice
