// Writes dependency descriptors (AV1 RTP specification, appendix A) for frames of a Scalability: a template a
// kind of frame, a decode target a pair of layers, a chain a spatial layer. A frame that does not come where
// the cycle has it, as the encoder left one out, tells its own references. Held by FrameSender and by
// synthetic encoders.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "codec/dependency_descriptor.h"
#include "packetize/scalability.h"

namespace sluice::packetize {

class DependencyWriter {
 public:
  DependencyWriter(Scalability scalability, std::uint16_t first_frame_number);

  struct Frame {
    bool key = false;  ///< Of a key picture.
    std::uint8_t spatial = 0;
    std::uint8_t temporal = 0;
    std::uint16_t width =
        0;  ///< Of the highest spatial layer, each lower one has half; of key pictures. 0: the
    std::uint16_t height = 0;  ///< structure tells no sizes.
  };
  /// The next frame: one layer of a picture, the lower ones before it.
  void begin_frame(const Frame& frame);
  /// The descriptor of a packet of it, which holds the structure on the first one of a key picture. Bytes
  /// written to `out`, at most kMaxSize.
  [[nodiscard]] std::size_t write(MutableBytes out, bool first, bool last) const;

  /// Bytes by which the first packet of a key picture is longer than others, with sizes in the structure.
  [[nodiscard]] std::size_t structure_size() const { return structure_size_; }

  /// What one extension can hold (RFC 8285 §4.3); three spatial and three temporal layers take half of it.
  static constexpr std::size_t kMaxSize = 255;

 private:
  void make_structure();
  void add_template(std::uint8_t spatial, bool key, std::uint32_t position);
  [[nodiscard]] codec::Dti indication(const Frame& frame, std::uint8_t spatial, std::uint8_t temporal) const;
  void refer(const Frame& frame);
  void choose_template(const Frame& frame);
  [[nodiscard]] bool is_in_chain(const Frame& frame, std::uint8_t chain) const;

  Scalability scalability_;
  codec::DependencyStructure structure_;
  std::array<bool, codec::kMaxTemplates> of_key_{};  ///< By template.
  codec::DependencyDescriptor descriptor_;           ///< Of the frame that was begun.
  bool carries_structure_ = false;
  std::size_t structure_size_ = 0;
  std::uint16_t next_number_;
  struct Newest {
    bool known = false;
    std::uint16_t number = 0;
  };
  std::array<std::array<Newest, 3>, 3> newest_{};  ///< The newest frame by spatial and temporal layer.
  std::array<Newest, 3> chains_{};                 ///< The newest frame of each chain.
};

}  // namespace sluice::packetize
