// Any bytes as dependency descriptors, one after the other: a size, then so many bytes. What can be read can
// be written, and is read again as the same; the known structure changes only when a whole one came.
#include <algorithm>
#include <array>

#include "codec/dependency_descriptor.h"
#include "facts.h"

namespace {

using namespace sluice;
using namespace sluice::codec;

void check_structure(const DependencyStructure& structure) {
  require(structure.template_count >= 1 && structure.template_count <= kMaxTemplates);
  require(structure.decode_target_count >= 1 && structure.decode_target_count <= kMaxDecodeTargets);
  require(structure.chain_count <= structure.decode_target_count);
  // Each choice means one target at most.
  LayerMask seen = 0;
  for (unsigned i = 0; i < structure.decode_target_count; ++i) {
    require((seen & structure.target_choices[i]) == 0);
    seen |= structure.target_choices[i];
    require(structure.chain_count == 0 || structure.protected_by[i] < structure.chain_count);
  }
}

void check_round_trip(const DependencyDescriptor& descriptor, const DependencyStructure& structure) {
  // A custom reference of the template's size may be written shorter, so bytes can differ; meaning may not.
  static std::array<std::uint8_t, 8192> bytes;
  const auto size = descriptor.write(bytes, structure);
  require(size.has_value());
  DependencyStructure again = descriptor.has_structure ? DependencyStructure() : structure;
  const auto read = DependencyDescriptor::parse(Bytes(bytes).first(*size), again);
  require(read.has_value() && again == structure);
  require(read->is_frame_start == descriptor.is_frame_start && read->is_frame_end == descriptor.is_frame_end);
  require(read->frame_number == descriptor.frame_number && read->template_id == descriptor.template_id);
  require(read->active_decode_targets == descriptor.active_decode_targets);
  require(read->dtis == descriptor.dtis && read->frame_diffs == descriptor.frame_diffs);
  require(read->chain_diffs == descriptor.chain_diffs);
  // In a buffer that is one byte too small nothing is said to have been written.
  require(!descriptor.write(MutableBytes(bytes).first(*size - 1), structure));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader rest(Bytes(data, size));
  DependencyStructure structure;
  while (rest.remaining() > 0) {
    const std::size_t length = rest.u8();
    const Bytes value = rest.bytes(std::min(length, rest.remaining()));
    const bool carries = DependencyDescriptor::carries_structure(value);
    const DependencyStructure before = carries ? structure : DependencyStructure();
    const auto descriptor = DependencyDescriptor::parse(value, structure);
    if (!descriptor) {
      if (carries) require(structure == before);
      continue;
    }
    require(descriptor->has_structure == carries);
    check_structure(structure);
    for (const std::uint16_t diff : descriptor->frame_diffs) require(diff >= 1 && diff <= 4096);
    check_facts(descriptor->facts(structure), {});
    check_round_trip(*descriptor, structure);
  }
  return 0;
}
