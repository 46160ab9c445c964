// A decoder's model: who gets the frames that a choice of layers needs must be able to decode each of them,
// and go over to another choice where the facts say so.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "codec/codec.h"

namespace sluice::codec {

struct ModelFrame {
  int id = 0;
  std::vector<int> refers_to;
  FrameFacts facts;
};

/// The id of the first frame that a viewer of `from`, who goes over to `to` as soon as one may, gets and
/// cannot decode; nothing when all is well.
inline std::optional<int> first_undecodable(const std::vector<ModelFrame>& frames, Layers from, Layers to) {
  std::set<int> decoded;
  Layers current = from;
  for (const ModelFrame& frame : frames) {
    const bool has_it = has_layers(frame.facts.layers, current);
    if (has_layers(frame.facts.switches, to) && (has_it || frame.facts.is_layer_sync)) current = to;
    if (!has_layers(frame.facts.layers, current)) continue;
    for (const int id : frame.refers_to) {
      if (!decoded.contains(id)) return frame.id;
    }
    decoded.insert(frame.id);
  }
  return std::nullopt;
}

/// The same for every two choices; whoever starts does so with the first frame, a key frame.
inline std::optional<int> first_undecodable(const std::vector<ModelFrame>& frames) {
  for (std::uint8_t from = 0; from < 16; ++from) {
    for (std::uint8_t to = 0; to < 16; ++to) {
      const auto layers = [](std::uint8_t n) {
        return Layers{static_cast<std::uint8_t>(n / kMaxTemporalLayers),
                      static_cast<std::uint8_t>(n % kMaxTemporalLayers)};
      };
      // A viewer of the first choice from the first frame on: the key frame lets go over to any.
      std::vector<ModelFrame> later = frames;
      for (ModelFrame& frame : later) {
        if (!frame.facts.is_key_frame) break;
        frame.facts.switches = 0;
      }
      if (const auto id = first_undecodable(later, layers(from), layers(to))) return id;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::codec
