// Writes dependency descriptors (AV1 RTP specification, appendix A) for frames of a Scalability: a template a
// kind of frame, a decode target a pair of layers, a chain a spatial layer. Held by LayeredSource.
#pragma once

#include <cstdint>
#include <vector>

#include "client/bit_writer.h"
#include "client/scalability.h"

namespace sluice::client {

class DependencyWriter {
 public:
  /// `width` and `height` of the highest spatial layer; each lower one has half of them.
  DependencyWriter(Scalability scalability, std::uint16_t width, std::uint16_t height);

  struct Frame {
    bool key = false;
    std::uint8_t spatial = 0;
    std::uint32_t position = 0;  ///< Of the picture in its cycle.
    std::uint16_t number = 0;
  };
  /// With the template structure on the first packet of a key picture.
  [[nodiscard]] std::vector<std::uint8_t> write(const Frame& frame, bool first, bool last) const;

 private:
  struct Template {
    std::uint8_t spatial = 0;
    std::uint8_t temporal = 0;
    bool key = false;
    std::uint32_t position = 0;
  };
  enum class Indication : std::uint8_t { kNotPresent, kDiscardable, kSwitch, kRequired };

  [[nodiscard]] std::uint32_t template_of(const Frame& frame) const;
  [[nodiscard]] Indication indication(const Template& frame, std::uint8_t spatial,
                                      std::uint8_t temporal) const;
  void write_layers(BitWriter& out) const;
  void write_differences(BitWriter& out, const Template& frame) const;
  [[nodiscard]] std::uint32_t chain_difference(const Template& frame, std::uint32_t chain) const;
  void write_structure(BitWriter& out) const;

  Scalability scalability_;
  std::uint16_t width_;
  std::uint16_t height_;
  std::vector<Template> templates_;
};

}  // namespace sluice::client
