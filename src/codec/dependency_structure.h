// The template dependency structure of the dependency descriptor (AV1 RTP, appendix A.8.4): what a stream's
// later frames refer to by number. Sent with key frames, kept by FrameReader, read by descriptors.
//
// Invariants of one that was read: 1..64 templates, 1..32 decode targets, at most that many chains, spatial
// layers below 4 and temporal layers below 8.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "codec/bit_reader.h"
#include "codec/layers.h"

namespace sluice::codec {

inline constexpr std::size_t kMaxDecodeTargets = 32;
inline constexpr std::size_t kMaxTemplates = 64;
/// Frames that one frame refers to. Appendix A sets no limit; H.264 (A.3.1), the widest codec, has 16.
inline constexpr std::size_t kMaxFrameDiffs = 16;

/// Decode target indication: what a frame is to one decode target (A.4, table A.1).
enum class Dti : std::uint8_t {
  kNotPresent = 0,
  kDiscardable = 1,  ///< In the target, and nothing of the target refers to it.
  kSwitch = 2,       ///< In the target, and from it on all of the target can be decoded.
  kRequired = 3,
};

/// Indications of all decode targets, two bits each.
class Dtis {
 public:
  [[nodiscard]] Dti operator[](std::size_t target) const {
    return static_cast<Dti>((bits_ >> (2 * target)) & 3);
  }
  void set(std::size_t target, Dti dti) {
    bits_ = (bits_ & ~(std::uint64_t{3} << (2 * target))) | (static_cast<std::uint64_t>(dti) << (2 * target));
  }
  friend bool operator==(Dtis, Dtis) = default;

 private:
  std::uint64_t bits_ = 0;
};

/// Differences of frame numbers, to the frames that one refers to. 1..4096 each.
class FrameDiffs {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const std::uint16_t* begin() const { return diffs_.data(); }
  [[nodiscard]] const std::uint16_t* end() const { return diffs_.data() + size_; }
  /// False when there is no room.
  bool add(std::uint32_t diff) {
    if (size_ == diffs_.size()) return false;
    diffs_[size_++] = static_cast<std::uint16_t>(diff);
    return true;
  }
  friend bool operator==(const FrameDiffs& a, const FrameDiffs& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::uint8_t size_ = 0;
  std::array<std::uint16_t, kMaxFrameDiffs> diffs_{};
};

/// Per chain: the difference of frame numbers to the chain's previous frame; 0: there is none.
using ChainDiffs = std::array<std::uint8_t, kMaxDecodeTargets>;

struct FrameTemplate {
  std::uint8_t spatial_layer = 0;
  std::uint8_t temporal_layer = 0;
  Dtis dtis;
  FrameDiffs frame_diffs;
  ChainDiffs chain_diffs{};
  friend bool operator==(const FrameTemplate&, const FrameTemplate&) = default;
};

struct Resolution {
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  friend bool operator==(Resolution, Resolution) = default;
};

struct DependencyStructure {
  std::uint8_t template_id_offset = 0;
  std::uint8_t template_count = 0;  ///< 0: nothing is known yet.
  std::uint8_t decode_target_count = 0;
  std::uint8_t chain_count = 0;
  bool has_resolutions = false;
  std::array<FrameTemplate, kMaxTemplates> templates{};
  std::array<std::uint8_t, kMaxDecodeTargets> protected_by{};  ///< A decode target's chain.
  std::array<Resolution, kMaxSpatialLayers> resolutions{};     ///< By spatial layer, less than 65536 each.

  /// Derived, A.8.4.6: the highest layers of each decode target's frames.
  std::array<Layers, kMaxDecodeTargets> target_layers{};
  /// Derived: the choices that mean this target. Each choice means one: that with the highest layers not
  /// above it, or nothing where there is none.
  std::array<LayerMask, kMaxDecodeTargets> target_choices{};

  [[nodiscard]] bool is_known() const { return template_count != 0; }
  [[nodiscard]] std::uint8_t max_spatial_layer() const {
    return is_known() ? templates[template_count - 1U].spatial_layer : std::uint8_t{0};
  }
  /// False when the bits are none. `*this` is then unspecified.
  bool read(BitReader& bits);
  /// Templates must stand in the order that A.8.4 can say: by spatial, then by temporal layer, without gaps.
  void write(BitWriter& bits) const;
  /// Fills what is derived; `read` does so itself.
  void derive();
  friend bool operator==(const DependencyStructure&, const DependencyStructure&) = default;
};

}  // namespace sluice::codec
