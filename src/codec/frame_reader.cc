#include "codec/frame_reader.h"

#include <algorithm>
#include <array>

#include "codec/av1.h"
#include "codec/dependency_descriptor.h"
#include "codec/h264.h"
#include "codec/h265.h"
#include "codec/vp9.h"

namespace sluice::codec {
namespace {

/// Which frames of late are for every viewer, by frame number.
class FrameHistory {
 public:
  void note(std::uint16_t number, LayerMask layers) {
    entries_[number % entries_.size()] = {number, layers == kAllLayers};
  }
  /// Whether all that a frame refers to is known to be with every viewer.
  [[nodiscard]] bool everyone_has(std::uint16_t number, const FrameDiffs& diffs) const {
    return std::all_of(diffs.begin(), diffs.end(), [&](std::uint16_t diff) {
      const auto referred = static_cast<std::uint16_t>(number - diff);
      const Entry& entry = entries_[referred % entries_.size()];
      return entry.number == referred && entry.is_for_everyone;
    });
  }

 private:
  struct Entry {
    std::uint16_t number = 0;
    bool is_for_everyone = false;
  };
  std::array<Entry, 64> entries_{};
};

}  // namespace

struct FrameReader::State {
  /// The dependency descriptor's: the newest, and the one before it for packets that come late.
  std::array<DependencyStructure, 2> structures;
  std::size_t newest = 0;
  FrameHistory history;
  bool descriptors_are_useless = false;  ///< Broken, or never with a structure: the payload has the word.
  Vp9Structure vp9;

  void note(const Vp9Structure& structure) {
    // Sizes are optional (RFC 9628 §4.2.1, Y) and hold until others are sent.
    if (!structure.has_sizes && structure.spatial_layers == vp9.spatial_layers) return;
    vp9 = structure;
  }
};

FrameReader::FrameReader() = default;
FrameReader::~FrameReader() = default;
FrameReader::FrameReader(FrameReader&&) noexcept = default;
FrameReader& FrameReader::operator=(FrameReader&&) noexcept = default;

FrameReader::State& FrameReader::state() {
  if (!state_) state_ = std::make_unique<State>();
  return *state_;
}

FrameFacts FrameReader::read(Kind kind, Bytes payload, std::optional<Bytes> descriptor, bool marker) {
  FrameFacts facts = read_payload(kind, payload, marker);
  if (!descriptor) return facts;
  const std::optional<FrameFacts> described = read_descriptor(*descriptor);
  if (!described) {
    const bool unread = awaits_structure(*descriptor, facts);
    if (unread && kind == Kind::kAv1) return facts_of_unread(*descriptor);
    facts.is_guess = facts.is_guess || unread;
    return facts;
  }
  state_->descriptors_are_useless = false;
  const FrameFacts told = facts;
  facts = *described;
  facts.picture = told.picture;
  if (facts.width == 0 && told.is_key_frame) {
    facts.width = told.width;
    facts.height = told.height;
  }
  return facts;
}

/// Key frames bring the structure (A.8.2): one without is of a sender whose descriptors say nothing.
bool FrameReader::awaits_structure(Bytes descriptor, const FrameFacts& told) {
  State& known = state();
  if (told.is_key_frame || DependencyDescriptor::carries_structure(descriptor) ||
      descriptor.size() < DependencyDescriptor::kMandatorySize)
    known.descriptors_are_useless = true;
  return !known.descriptors_are_useless;
}

/// Nothing but the start of an OBU tells of an AV1 payload's layers, and a packet in the middle tells
/// nothing.
FrameFacts FrameReader::facts_of_unread(Bytes descriptor) {
  FrameFacts facts;
  facts.is_unread = true;
  facts.is_frame_start = (descriptor[0] & 0x80) != 0;
  facts.is_frame_end = (descriptor[0] & 0x40) != 0;
  facts.layers = 0;
  return facts;
}

FrameFacts FrameReader::read_payload(Kind kind, Bytes payload, bool marker) {
  switch (kind) {
    case Kind::kVp9: {
      const std::optional<Vp9> vp9 = Vp9::parse(payload);
      if (!vp9) return {};
      if (vp9->structure) state().note(*vp9->structure);
      return vp9->facts(state_ ? &state_->vp9 : nullptr);
    }
    case Kind::kH264: {
      const std::optional<H264> h264 = H264::parse(payload);
      if (!h264) return {};
      FrameFacts facts = h264->facts();
      access_unit_.correct(h264->has_slice, marker, facts);
      return facts;
    }
    case Kind::kH265: {
      const std::optional<H265> h265 = H265::parse(payload);
      if (!h265) return {};
      FrameFacts facts = h265->facts();
      access_unit_.correct(h265->has_slice, marker, facts);
      return facts;
    }
    default:
      return frame_facts(kind, payload);
  }
}

std::optional<FrameFacts> FrameReader::read_descriptor(Bytes value) {
  const bool carries = DependencyDescriptor::carries_structure(value);
  if (!carries && !state_) return std::nullopt;
  State& known = state();
  if (carries) {
    // Senders repeat a structure until they change it; then templates are numbered on from the old ones
    // (appendix A.8.4, template_id_offset), so that packets of before are still told apart.
    DependencyStructure fresh = known.structures[known.newest];
    if (!DependencyDescriptor::parse(value, fresh)) return std::nullopt;
    if (fresh != known.structures[known.newest]) {
      known.newest ^= 1;
      known.structures[known.newest] = fresh;
    }
  }
  DependencyStructure* structure = &known.structures[known.newest];
  std::optional<DependencyDescriptor> descriptor = DependencyDescriptor::parse(value, *structure);
  if (!descriptor) {
    structure = &known.structures[known.newest ^ 1];
    descriptor = DependencyDescriptor::parse(value, *structure);
  }
  if (!descriptor) return std::nullopt;
  FrameFacts facts = descriptor->facts(*structure);
  facts.brings_structure = carries;
  if (facts.is_frame_start) {
    facts.is_layer_sync =
        facts.switches != 0 && known.history.everyone_has(descriptor->frame_number, descriptor->frame_diffs);
    known.history.note(descriptor->frame_number, facts.layers);
  }
  return facts;
}

}  // namespace sluice::codec
