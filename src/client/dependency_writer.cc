#include "client/dependency_writer.h"

#include <algorithm>

namespace sluice::client {

DependencyWriter::DependencyWriter(Scalability scalability, std::uint16_t width, std::uint16_t height)
    : scalability_(scalability), width_(width), height_(height) {
  // A.8.3.3: in the order of their layers, spatial first, temporal within.
  for (std::uint8_t s = 0; s < scalability.spatial; ++s) {
    for (std::uint8_t t = 0; t < scalability.temporal; ++t) {
      if (t == 0) templates_.push_back({s, t, true, 0});
      for (std::uint32_t position = 0; position < scalability.period(); ++position) {
        if (scalability.temporal_at(position) == t) templates_.push_back({s, t, false, position});
      }
    }
  }
}

std::uint32_t DependencyWriter::template_of(const Frame& frame) const {
  const auto it = std::find_if(templates_.begin(), templates_.end(), [&](const Template& one) {
    return one.spatial == frame.spatial && one.key == frame.key && one.position == frame.position;
  });
  return static_cast<std::uint32_t>(it - templates_.begin());
}

DependencyWriter::Indication DependencyWriter::indication(const Template& frame, std::uint8_t spatial,
                                                          std::uint8_t temporal) const {
  if (frame.spatial > spatial || frame.temporal > temporal) return Indication::kNotPresent;
  if (frame.key) return Indication::kSwitch;
  if (frame.spatial < spatial) return scalability_.key_only ? Indication::kNotPresent : Indication::kRequired;
  return frame.temporal > 0 && frame.temporal == temporal ? Indication::kDiscardable : Indication::kSwitch;
}

void DependencyWriter::write_layers(BitWriter& out) const {
  for (std::size_t i = 1; i < templates_.size(); ++i) {
    const bool same_spatial = templates_[i].spatial == templates_[i - 1].spatial;
    const bool same = same_spatial && templates_[i].temporal == templates_[i - 1].temporal;
    out.bits(same ? 0 : same_spatial ? 1 : 2, 2);
  }
  out.bits(3, 2);
}

void DependencyWriter::write_differences(BitWriter& out, const Template& frame) const {
  const auto add = [&](std::uint32_t difference) {
    out.bits(1, 1);
    out.bits(difference - 1, 4);
  };
  if (frame.spatial > 0 && (frame.key || !scalability_.key_only)) add(1);
  if (!frame.key) add(scalability_.distance_at(frame.position) * scalability_.spatial);
  out.bits(0, 1);
}

/// Frames back to the one before this in the chain of spatial layer `chain`, which holds the T0 frames that
/// layer needs; 0 for the chain's start.
std::uint32_t DependencyWriter::chain_difference(const Template& frame, std::uint32_t chain) const {
  const std::uint32_t spatial = frame.spatial;
  const std::uint32_t layers = scalability_.spatial;
  if (frame.key) return spatial == 0 ? 0 : spatial - std::min(spatial - 1, chain);
  if (frame.position > 0) return frame.position * layers + spatial - chain;
  if (scalability_.key_only)
    return spatial > chain ? spatial - chain : scalability_.period() * layers + spatial - chain;
  return spatial > 0 ? spatial - std::min(spatial - 1, chain) : scalability_.period() * layers - chain;
}

void DependencyWriter::write_structure(BitWriter& out) const {
  const std::uint32_t targets = scalability_.spatial * scalability_.temporal;
  const std::uint32_t chains = scalability_.spatial;
  out.bits(0, 6);  // template_id_offset
  out.bits(targets - 1, 5);
  write_layers(out);
  for (const Template& frame : templates_) {
    for (std::uint8_t s = 0; s < scalability_.spatial; ++s) {
      for (std::uint8_t t = 0; t < scalability_.temporal; ++t)
        out.bits(static_cast<std::uint32_t>(indication(frame, s, t)), 2);
    }
  }
  for (const Template& frame : templates_) write_differences(out, frame);
  out.non_symmetric(chains, targets + 1);
  for (std::uint32_t target = 0; target < targets; ++target)
    out.non_symmetric(target / scalability_.temporal, chains);
  for (const Template& frame : templates_) {
    for (std::uint32_t chain = 0; chain < chains; ++chain) out.bits(chain_difference(frame, chain), 4);
  }
  out.bits(1, 1);  // resolutions_present_flag
  for (std::uint32_t s = 0; s < scalability_.spatial; ++s) {
    out.bits((std::uint32_t{width_} >> (scalability_.spatial - 1U - s)) - 1, 16);
    out.bits((std::uint32_t{height_} >> (scalability_.spatial - 1U - s)) - 1, 16);
  }
}

// A.8.1: mandatory_descriptor_fields, three bytes; then, when there is more, five flags and what they name.
std::vector<std::uint8_t> DependencyWriter::write(const Frame& frame, bool first, bool last) const {
  BitWriter out;
  out.bits(first ? 1 : 0, 1);
  out.bits(last ? 1 : 0, 1);
  out.bits(template_of(frame), 6);
  out.bits(frame.number, 16);
  if (first && frame.key && frame.spatial == 0) {
    out.bits(0x10, 5);  // template_dependency_structure_present_flag, no custom values
    write_structure(out);
  }
  return out.bytes();
}

}  // namespace sluice::client
