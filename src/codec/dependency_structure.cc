#include "codec/dependency_structure.h"

#include <algorithm>
#include <bit>

namespace sluice::codec {
namespace {

// next_layer_idc (A.8.4.1)
enum NextLayer : std::uint8_t { kSameLayer = 0, kNextTemporal = 1, kNextSpatial = 2, kNoMore = 3 };

/// TemporalId is written as OBUs have it, in three bits (AV1 §5.3.3).
constexpr unsigned kTemporalIds = 8;

// A.8.4.1, template_layers: next_layer_idc f(2) after each template.
bool read_layers(BitReader& bits, DependencyStructure& structure) {
  unsigned spatial = 0;
  unsigned temporal = 0;
  for (;;) {
    if (structure.template_count == kMaxTemplates) return false;
    FrameTemplate& next = structure.templates[structure.template_count++];
    next.spatial_layer = static_cast<std::uint8_t>(spatial);
    next.temporal_layer = static_cast<std::uint8_t>(temporal);
    const std::uint32_t step = bits.bits(2);
    if (!bits.ok()) return false;
    if (step == kNoMore) return true;
    if (step == kNextTemporal && ++temporal == kTemporalIds) return false;
    if (step == kNextSpatial) {
      temporal = 0;
      if (++spatial == kMaxSpatialLayers) return false;
    }
  }
}

// A.8.4.3, template_fdiffs: fdiff_follows_flag f(1), fdiff_minus_one f(4), again until the flag is 0.
bool read_frame_diffs(BitReader& bits, FrameDiffs& diffs) {
  while (bits.flag()) {
    if (!diffs.add(bits.bits(4) + 1)) return false;
  }
  return true;
}

// A.8.4.4, template_chains: chain_cnt ns(DtCnt + 1), then each target's chain ns(chain_cnt), and for each
// template and chain template_chain_fdiff f(4).
void read_chains(BitReader& bits, DependencyStructure& structure) {
  structure.chain_count = static_cast<std::uint8_t>(bits.non_symmetric(structure.decode_target_count + 1U));
  if (structure.chain_count == 0) return;
  for (unsigned i = 0; i < structure.decode_target_count; ++i) {
    structure.protected_by[i] = static_cast<std::uint8_t>(bits.non_symmetric(structure.chain_count));
  }
  for (unsigned i = 0; i < structure.template_count; ++i) {
    for (unsigned chain = 0; chain < structure.chain_count; ++chain) {
      structure.templates[i].chain_diffs[chain] = static_cast<std::uint8_t>(bits.bits(4));
    }
  }
}

}  // namespace

// A.8.4, template_dependency_structure: template_id_offset f(6), dt_cnt_minus_one f(5), the layers, for each
// template and decode target template_dti f(2), frame diffs, chains, resolutions_present_flag f(1), and for
// each spatial layer max_render_width_minus_1 f(16), max_render_height_minus_1 f(16).
bool DependencyStructure::read(BitReader& bits) {
  *this = DependencyStructure();
  template_id_offset = static_cast<std::uint8_t>(bits.bits(6));
  decode_target_count = static_cast<std::uint8_t>(bits.bits(5) + 1);
  if (!read_layers(bits, *this)) return false;
  for (unsigned i = 0; i < template_count; ++i) {
    for (unsigned target = 0; target < decode_target_count; ++target) {
      templates[i].dtis.set(target, static_cast<Dti>(bits.bits(2)));
    }
  }
  for (unsigned i = 0; i < template_count; ++i) {
    if (!read_frame_diffs(bits, templates[i].frame_diffs)) return false;
  }
  read_chains(bits, *this);
  has_resolutions = bits.flag();
  if (has_resolutions) {
    for (unsigned i = 0; i <= max_spatial_layer(); ++i) {
      const std::uint32_t width = bits.bits(16) + 1;
      const std::uint32_t height = bits.bits(16) + 1;
      if (width > 0xFFFF || height > 0xFFFF) return false;
      resolutions[i] = {static_cast<std::uint16_t>(width), static_cast<std::uint16_t>(height)};
    }
  }
  if (!bits.ok()) return false;
  derive();
  return true;
}

void DependencyStructure::write(BitWriter& bits) const {
  bits.bits(template_id_offset, 6);
  bits.bits(decode_target_count - 1U, 5);
  for (unsigned i = 0; i < template_count; ++i) {
    if (i + 1 == template_count) {
      bits.bits(kNoMore, 2);
    } else if (templates[i + 1].spatial_layer != templates[i].spatial_layer) {
      bits.bits(kNextSpatial, 2);
    } else {
      bits.bits(templates[i + 1].temporal_layer != templates[i].temporal_layer ? kNextTemporal : kSameLayer,
                2);
    }
  }
  for (unsigned i = 0; i < template_count; ++i) {
    for (unsigned target = 0; target < decode_target_count; ++target) {
      bits.bits(static_cast<std::uint32_t>(templates[i].dtis[target]), 2);
    }
  }
  for (unsigned i = 0; i < template_count; ++i) {
    for (const std::uint16_t diff : templates[i].frame_diffs) {
      bits.flag(true);
      bits.bits(diff - 1U, 4);
    }
    bits.flag(false);
  }
  bits.non_symmetric(chain_count, decode_target_count + 1U);
  if (chain_count > 0) {
    for (unsigned i = 0; i < decode_target_count; ++i) bits.non_symmetric(protected_by[i], chain_count);
    for (unsigned i = 0; i < template_count; ++i) {
      for (unsigned chain = 0; chain < chain_count; ++chain) bits.bits(templates[i].chain_diffs[chain], 4);
    }
  }
  bits.flag(has_resolutions);
  if (!has_resolutions) return;
  for (unsigned i = 0; i <= max_spatial_layer(); ++i) {
    bits.bits(resolutions[i].width - 1U, 16);
    bits.bits(resolutions[i].height - 1U, 16);
  }
}

void DependencyStructure::derive() {
  target_layers = {};
  target_choices = {};
  // By choice: its own target, and how many temporal layers that really has.
  LayerMask targets_seen = 0;
  std::array<std::uint8_t, kMaxSpatialLayers * kMaxTemporalLayers> target_of{};
  std::array<std::uint8_t, kMaxSpatialLayers * kMaxTemporalLayers> temporal_of{};
  for (unsigned target = 0; target < decode_target_count; ++target) {
    // A.8.4.6
    Layers& layers = target_layers[target];
    bool has_frames = false;
    for (unsigned i = 0; i < template_count; ++i) {
      if (templates[i].dtis[target] == Dti::kNotPresent) continue;
      has_frames = true;
      layers.spatial = std::max(layers.spatial, templates[i].spatial_layer);
      layers.temporal = std::max(layers.temporal, templates[i].temporal_layer);
    }
    if (!has_frames) continue;
    const std::uint8_t temporal = layers.temporal;
    layers.temporal = std::min<std::uint8_t>(temporal, kMaxTemporalLayers - 1);
    const LayerMask bit = layer_bit(layers);
    const auto choice = static_cast<unsigned>(std::countr_zero(bit));
    // Of more temporal layers than we choose from, the highest choice means all.
    if ((targets_seen & bit) != 0 && temporal <= temporal_of[choice]) continue;
    targets_seen |= bit;
    target_of[choice] = static_cast<std::uint8_t>(target);
    temporal_of[choice] = temporal;
  }
  for (std::uint8_t s = 0; s < kMaxSpatialLayers; ++s) {
    for (std::uint8_t t = 0; t < kMaxTemporalLayers; ++t) {
      // Spatial first: a choice above the highest layer is the highest.
      for (int spatial = s; spatial >= 0; --spatial) {
        const LayerMask below = static_cast<LayerMask>(
            temporal_from(static_cast<std::uint8_t>(spatial), 0) &
            ~temporal_from(static_cast<std::uint8_t>(spatial), static_cast<std::uint8_t>(t + 1)) &
            targets_seen);
        if (below == 0) continue;
        const auto best = static_cast<unsigned>(std::bit_width(below) - 1);
        target_choices[target_of[best]] |= layer_bit({s, t});
        break;
      }
    }
  }
}

}  // namespace sluice::codec
