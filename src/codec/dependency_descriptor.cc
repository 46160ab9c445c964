#include "codec/dependency_descriptor.h"

#include <algorithm>

namespace sluice::codec {
namespace {

// A.8.3.1, frame_fdiffs: next_fdiff_size f(2); until it is 0, fdiff_minus_one f(4 * next_fdiff_size) and the
// next.
bool read_frame_diffs(BitReader& bits, FrameDiffs& diffs) {
  diffs = FrameDiffs();
  while (const std::uint32_t size = bits.bits(2)) {
    if (!diffs.add(bits.bits(4 * size) + 1)) return false;
  }
  return true;
}

void write_frame_diffs(BitWriter& bits, const FrameDiffs& diffs) {
  for (const std::uint16_t diff : diffs) {
    const std::uint32_t size = diff <= 0x10 ? 1 : diff <= 0x100 ? 2 : 3;
    bits.bits(size, 2);
    bits.bits(diff - 1U, 4 * size);
  }
  bits.bits(0, 2);
}

}  // namespace

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |S|E| template  |         frame_number          |T|A|D|F|C| …       A.8.2, A.8.3
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// S start_of_frame, E end_of_frame. From T on only in values of more than three bytes:
// T: the structure follows              A: active_decode_targets_bitmask follows, a bit for each target
// D: frame_dti f(2) for each target     F: frame_fdiffs      C: frame_chain_fdiff f(8) for each chain
std::optional<DependencyDescriptor> DependencyDescriptor::parse(Bytes value, DependencyStructure& structure) {
  BitReader bits(value);
  DependencyDescriptor descriptor;
  descriptor.is_frame_start = bits.flag();
  descriptor.is_frame_end = bits.flag();
  descriptor.template_id = static_cast<std::uint8_t>(bits.bits(6));
  descriptor.frame_number = static_cast<std::uint16_t>(bits.bits(16));
  bool has_active = false;
  if (value.size() > kMandatorySize) {
    descriptor.has_structure = bits.flag();
    has_active = bits.flag();
    descriptor.has_custom_dtis = bits.flag();
    descriptor.has_custom_frame_diffs = bits.flag();
    descriptor.has_custom_chains = bits.flag();
  }
  // A structure may turn out to be cut short, and then the known one stays.
  std::optional<DependencyStructure> fresh;
  if (descriptor.has_structure && !fresh.emplace().read(bits)) return std::nullopt;
  const DependencyStructure& current = fresh ? *fresh : structure;
  if (!current.is_known()) return std::nullopt;
  if (has_active) descriptor.active_decode_targets = bits.bits(current.decode_target_count);

  // A.8.3.1, frame_dependency_definition
  const unsigned index = (descriptor.template_id + 64U - current.template_id_offset) % 64U;
  if (index >= current.template_count) return std::nullopt;
  const FrameTemplate& used = current.templates[index];
  descriptor.spatial_layer = used.spatial_layer;
  descriptor.temporal_layer = used.temporal_layer;
  descriptor.dtis = used.dtis;
  descriptor.frame_diffs = used.frame_diffs;
  descriptor.chain_diffs = used.chain_diffs;
  if (descriptor.has_custom_dtis) {
    for (unsigned i = 0; i < current.decode_target_count; ++i) {
      descriptor.dtis.set(i, static_cast<Dti>(bits.bits(2)));
    }
  }
  if (descriptor.has_custom_frame_diffs && !read_frame_diffs(bits, descriptor.frame_diffs))
    return std::nullopt;
  if (descriptor.has_custom_chains) {
    for (unsigned i = 0; i < current.chain_count; ++i) {
      descriptor.chain_diffs[i] = static_cast<std::uint8_t>(bits.bits(8));
    }
  }
  if (!bits.ok()) return std::nullopt;
  if (fresh) structure = *fresh;
  return descriptor;
}

std::optional<std::size_t> DependencyDescriptor::write(MutableBytes out,
                                                       const DependencyStructure& structure) const {
  BitWriter bits(out);
  bits.flag(is_frame_start);
  bits.flag(is_frame_end);
  bits.bits(template_id, 6);
  bits.bits(frame_number, 16);
  if (has_structure || active_decode_targets || has_custom_dtis || has_custom_frame_diffs ||
      has_custom_chains) {
    bits.flag(has_structure);
    bits.flag(active_decode_targets.has_value());
    bits.flag(has_custom_dtis);
    bits.flag(has_custom_frame_diffs);
    bits.flag(has_custom_chains);
    if (has_structure) structure.write(bits);
    if (active_decode_targets) bits.bits(*active_decode_targets, structure.decode_target_count);
    if (has_custom_dtis) {
      for (unsigned i = 0; i < structure.decode_target_count; ++i) {
        bits.bits(static_cast<std::uint32_t>(dtis[i]), 2);
      }
    }
    if (has_custom_frame_diffs) write_frame_diffs(bits, frame_diffs);
    if (has_custom_chains) {
      for (unsigned i = 0; i < structure.chain_count; ++i) bits.bits(chain_diffs[i], 8);
    }
  }
  if (!bits.ok()) return std::nullopt;
  return bits.size();
}

FrameFacts DependencyDescriptor::facts(const DependencyStructure& structure) const {
  FrameFacts facts;
  facts.is_frame_start = is_frame_start;
  facts.is_frame_end = is_frame_end;
  facts.temporal_layer = std::min<std::uint8_t>(temporal_layer, kMaxTemporalLayers - 1);
  facts.spatial_layer = spatial_layer;
  facts.layers = 0;
  bool is_needed = false;
  bool is_present = false;
  for (unsigned i = 0; i < structure.decode_target_count; ++i) {
    const Dti dti = dtis[i];
    if (dti == Dti::kNotPresent) continue;
    is_present = true;
    is_needed = is_needed || dti != Dti::kDiscardable;
    facts.layers |= structure.target_choices[i];
    if (is_frame_start && dti == Dti::kSwitch) facts.switches |= structure.target_choices[i];
  }
  facts.is_discardable = is_present && !is_needed;
  // One that refers to nothing, and that something can be decoded from.
  facts.is_key_frame = frame_diffs.empty() && facts.switches != 0;
  facts.is_layer_sync = facts.is_key_frame;
  if (is_frame_start && facts.switches != 0 && structure.has_resolutions) {
    facts.width = structure.resolutions[spatial_layer].width;
    facts.height = structure.resolutions[spatial_layer].height;
  }
  facts.number = frame_number;
  facts.number_bits = 16;
  return facts;
}

}  // namespace sluice::codec
