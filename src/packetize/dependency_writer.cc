#include "packetize/dependency_writer.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::packetize {

using codec::Dti;

DependencyWriter::DependencyWriter(Scalability scalability, std::uint16_t first_frame_number)
    : scalability_(scalability), next_number_(first_frame_number) {
  make_structure();
}

void DependencyWriter::make_structure() {
  structure_.decode_target_count = static_cast<std::uint8_t>(scalability_.spatial * scalability_.temporal);
  structure_.chain_count = scalability_.spatial;
  // A.8.3.3: in the order of their layers, spatial first, temporal within.
  for (std::uint8_t s = 0; s < scalability_.spatial; ++s) {
    for (std::uint8_t t = 0; t < scalability_.temporal; ++t) {
      if (t == 0) add_template(s, true, 0);
      for (std::uint32_t position = 0; position < scalability_.period(); ++position) {
        if (scalability_.temporal_at(position) == t) add_template(s, false, position);
      }
    }
  }
  for (std::uint8_t target = 0; target < structure_.decode_target_count; ++target)
    structure_.protected_by[target] = static_cast<std::uint8_t>(target / scalability_.temporal);
  structure_.derive();
  begin_frame({.key = true, .spatial = 0, .temporal = 0, .width = 0xFFFF, .height = 0xFFFF});
  --next_number_;
  newest_ = {};
  chains_ = {};
  std::array<std::uint8_t, kMaxSize> out{};
  structure_size_ = write(out, true, true) - codec::DependencyDescriptor::kMandatorySize;
}

/// What a frame of this kind refers to while the cycle is kept.
void DependencyWriter::add_template(std::uint8_t spatial, bool key, std::uint32_t position) {
  const std::uint32_t layers = scalability_.spatial;
  of_key_[structure_.template_count] = key;
  codec::FrameTemplate& out = structure_.templates[structure_.template_count++];
  out.spatial_layer = spatial;
  out.temporal_layer = scalability_.temporal_at(position);
  const Frame frame{key, spatial, out.temporal_layer, 0, 0};
  for (std::uint8_t s = 0; s < scalability_.spatial; ++s) {
    for (std::uint8_t t = 0; t < scalability_.temporal; ++t)
      out.dtis.set(static_cast<std::size_t>(s) * scalability_.temporal + t, indication(frame, s, t));
  }
  if (spatial > 0 && (key || !scalability_.key_only)) out.frame_diffs.add(1);
  if (!key) out.frame_diffs.add(scalability_.distance_at(position) * layers);
  for (std::uint32_t chain = 0; chain < layers; ++chain) {
    std::uint32_t diff = 0;
    if (key || (position == 0 && !scalability_.key_only && spatial > 0)) {
      diff = spatial == 0 ? 0 : spatial - std::min<std::uint32_t>(spatial - 1U, chain);
    } else if (position > 0 || (scalability_.key_only && spatial > chain)) {
      diff = position * layers + spatial - chain;
    } else {
      diff = scalability_.period() * layers + spatial - chain;
    }
    out.chain_diffs[chain] = static_cast<std::uint8_t>(diff);
  }
}

Dti DependencyWriter::indication(const Frame& frame, std::uint8_t spatial, std::uint8_t temporal) const {
  if (frame.spatial > spatial || frame.temporal > temporal) return Dti::kNotPresent;
  if (frame.key) return Dti::kSwitch;
  if (frame.spatial < spatial) return scalability_.key_only ? Dti::kNotPresent : Dti::kRequired;
  return frame.temporal > 0 && frame.temporal == temporal ? Dti::kDiscardable : Dti::kSwitch;
}

void DependencyWriter::begin_frame(const Frame& frame) {
  SLUICE_CHECK(frame.spatial < scalability_.spatial && frame.temporal < scalability_.temporal);
  if (frame.key && frame.spatial == 0) {
    newest_ = {};
    chains_ = {};
    structure_.has_resolutions =
        frame.width >> (scalability_.spatial - 1U) != 0 && frame.height >> (scalability_.spatial - 1U) != 0;
    for (std::uint8_t s = 0; s < scalability_.spatial; ++s) {
      const unsigned halvings = scalability_.spatial - 1U - s;
      structure_.resolutions[s] = {static_cast<std::uint16_t>(frame.width >> halvings),
                                   static_cast<std::uint16_t>(frame.height >> halvings)};
    }
  }
  carries_structure_ = frame.key && frame.spatial == 0;
  descriptor_ = {};
  descriptor_.frame_number = next_number_++;
  refer(frame);
  choose_template(frame);
  newest_[frame.spatial][frame.temporal] = {true, descriptor_.frame_number};
  for (std::uint8_t chain = 0; chain < structure_.chain_count; ++chain) {
    if (is_in_chain(frame, chain)) chains_[chain] = {true, descriptor_.frame_number};
  }
}

/// A chain holds the frames of temporal layer 0 that its spatial layer needs.
bool DependencyWriter::is_in_chain(const Frame& frame, std::uint8_t chain) const {
  if (frame.temporal > 0 || frame.spatial > chain) return false;
  return frame.spatial == chain || frame.key || !scalability_.key_only;
}

void DependencyWriter::refer(const Frame& frame) {
  const auto back = [&](const Newest& to) {
    return static_cast<std::uint16_t>(descriptor_.frame_number - to.number);
  };
  if (frame.spatial > 0 && (frame.key || !scalability_.key_only)) descriptor_.frame_diffs.add(1);
  if (!frame.key) {
    // A frame of the base layer refers to the one before it, the others to the newest below them.
    std::uint16_t nearest = 0;
    for (std::uint8_t t = 0; t == 0 || t < frame.temporal; ++t) {
      const Newest& one = newest_[frame.spatial][t];
      if (one.known && (nearest == 0 || back(one) < nearest)) nearest = back(one);
    }
    if (nearest != 0 && nearest <= 4096) descriptor_.frame_diffs.add(nearest);
  }
  for (std::uint8_t chain = 0; chain < structure_.chain_count; ++chain) {
    const Newest& last = chains_[chain];
    // A.8.3.1: eight bits.
    descriptor_.chain_diffs[chain] =
        last.known ? static_cast<std::uint8_t>(std::min<std::uint16_t>(back(last), 255)) : std::uint8_t{0};
  }
}

/// The first template that says what `refer` found, or one of the layers and the difference told.
void DependencyWriter::choose_template(const Frame& frame) {
  bool found = false;
  for (std::uint8_t i = 0; i < structure_.template_count; ++i) {
    const codec::FrameTemplate& one = structure_.templates[i];
    if (one.spatial_layer != frame.spatial || one.temporal_layer != frame.temporal || of_key_[i] != frame.key)
      continue;
    const bool same_diffs = one.frame_diffs == descriptor_.frame_diffs;
    const bool same_chains = one.chain_diffs == descriptor_.chain_diffs;
    if (found && !(same_diffs && same_chains)) continue;
    found = true;
    descriptor_.template_id = i;
    descriptor_.has_custom_frame_diffs = !same_diffs;
    descriptor_.has_custom_chains = !same_chains;
    if (same_diffs && same_chains) break;
  }
  SLUICE_CHECK(found);
}

std::size_t DependencyWriter::write(MutableBytes out, bool first, bool last) const {
  codec::DependencyDescriptor descriptor = descriptor_;
  descriptor.is_frame_start = first;
  descriptor.is_frame_end = last;
  descriptor.has_structure = first && carries_structure_;
  const auto size = descriptor.write(out, structure_);
  SLUICE_CHECK(size);
  return *size;
}

}  // namespace sluice::packetize
