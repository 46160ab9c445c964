// The header extension video-layers-allocation00 (webrtc.org): what a publisher currently sends, layer by
// layer, over all RTP streams of a track. Tells a server which layers are off on purpose, before it has to
// notice.
//
// Read by ingress; forwarded to nobody, as viewers get one stream of one choice.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::rtp {

struct VideoLayersAllocation {
  static constexpr std::size_t kMaxStreams = 4;
  static constexpr std::size_t kMaxSpatialLayers = 4;
  static constexpr std::size_t kMaxTemporalLayers = 4;
  static constexpr std::size_t kMaxLayers = kMaxStreams * kMaxSpatialLayers;

  /// An active spatial layer of an RTP stream.
  struct Layer {
    std::uint8_t stream = 0;  ///< In the order of the track's simulcast streams.
    std::uint8_t spatial_layer = 0;
    std::uint8_t temporal_layers = 0;  ///< 1..4
    /// Target in kbit/s by temporal layer, each with those below it; `temporal_layers` are set.
    std::array<std::uint32_t, kMaxTemporalLayers> target_kbps{};
    std::uint16_t width = 0;  ///< Pixels; 0 without `has_sizes`.
    std::uint16_t height = 0;
    std::uint8_t max_frame_rate = 0;  ///< Frames a second.
    friend bool operator==(const Layer&, const Layer&) = default;
  };

  std::uint8_t stream = 0;        ///< That of this packet.
  std::uint8_t stream_count = 1;  ///< 1..4
  bool has_sizes = false;
  std::uint8_t layer_count = 0;            ///< 0: nothing is being sent.
  std::array<Layer, kMaxLayers> layers{};  ///< By stream, then by spatial layer.

  /// Nothing when the value is cut short, or neither without sizes nor with all of them.
  static std::optional<VideoLayersAllocation> parse(Bytes value);
  /// Longest value that `write` makes.
  static constexpr std::size_t kMaxSize =
      1 + 2 + kMaxLayers / 4 + kMaxLayers * kMaxTemporalLayers * 5 + kMaxLayers * 5;
  /// Bytes written; nothing when `out` is too small.
  [[nodiscard]] std::optional<std::size_t> write(MutableBytes out) const;
  friend bool operator==(const VideoLayersAllocation&, const VideoLayersAllocation&) = default;
};

}  // namespace sluice::rtp
