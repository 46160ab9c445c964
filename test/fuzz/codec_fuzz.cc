// Any bytes as payloads of one stream, the first byte naming the codec: facts are read without harm and hold
// together, and a rewrite touches its own fields only. Then packets follow each other: 0, size, flags and
// bytes, so that a FrameReader's memory is fuzzed as well.
#include <algorithm>

#include "codec/av1.h"
#include "codec/frame_reader.h"
#include "codec/h264.h"
#include "codec/h265.h"
#include "codec/vp9.h"
#include "facts.h"

namespace {

using namespace sluice;
using namespace sluice::codec;

constexpr Kind kKinds[] = {Kind::kVp8, Kind::kVp9, Kind::kH264, Kind::kH265, Kind::kAv1};

void check_vp9(Bytes payload) {
  const auto vp9 = Vp9::parse(payload);
  if (!vp9) return;
  require(vp9->descriptor_size >= 1 && vp9->descriptor_size <= payload.size());
  require(vp9->reference_count <= 3 && vp9->temporal_layer < 8 && vp9->spatial_layer < 8);
  require(!vp9->structure || (vp9->structure->spatial_layers >= 1 && vp9->structure->spatial_layers <= 8));
}

void check_one(Kind kind, Bytes payload) {
  if (kind == Kind::kVp9) check_vp9(payload);
  const FrameFacts facts = frame_facts(kind, payload);
  check_facts(facts, payload);
  // A one-packet reader says what the packet says by itself.
  FrameReader reader;
  const FrameFacts read = reader.read(kind, payload, std::nullopt, true);
  require(read.is_key_frame == facts.is_key_frame && read.temporal_layer == facts.temporal_layer);
  check_rewrite(kind, facts, payload);
}

void check_stream(Kind kind, Bytes packets) {
  FrameReader reader;
  ByteReader rest(packets);
  while (rest.remaining() > 2) {
    const std::size_t size = std::min<std::size_t>(rest.u8(), rest.remaining() - 1);
    const std::uint8_t flags = rest.u8();
    const Bytes payload = rest.bytes(std::min(size, rest.remaining()));
    std::optional<Bytes> descriptor;
    if ((flags & 2) != 0) descriptor = rest.bytes(std::min<std::size_t>(flags >> 2, rest.remaining()));
    const FrameFacts facts = reader.read(kind, payload, descriptor, (flags & 1) != 0);
    if (!descriptor) {
      check_facts(facts, payload);
    } else {
      require(facts.temporal_layer < kMaxTemporalLayers && facts.spatial_layer < kMaxSpatialLayers);
      require(facts.picture.descriptor_size <= payload.size());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Kind kind = kKinds[(data[0] & 0x7F) % std::size(kKinds)];
  const Bytes rest = Bytes(data, size).subspan(1);
  if ((data[0] & 0x80) != 0) {
    check_stream(kind, rest);
  } else {
    check_one(kind, rest);
  }
  return 0;
}
