#include "codec/h265.h"

#include <set>
#include <vector>

#include "catch.h"
#include "codec/capture.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

Payload nal(unsigned type, unsigned temporal, const Payload& rest) {
  Payload out = {static_cast<std::uint8_t>(type << 1), static_cast<std::uint8_t>(temporal + 1)};
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}
Payload aggregate(const std::vector<Payload>& units) {
  Payload out = {48 << 1, 1};
  for (const Payload& unit : units) {
    out.push_back(0);
    out.push_back(static_cast<std::uint8_t>(unit.size()));
    out.insert(out.end(), unit.begin(), unit.end());
  }
  return out;
}
FrameFacts facts_of(const Payload& payload) {
  return frame_facts(Kind::kH265, payload);
}

constexpr unsigned kTrail = 1;
constexpr unsigned kTsa = 3;
constexpr unsigned kStsa = 5;
constexpr unsigned kIdr = 19;
constexpr unsigned kCra = 21;
constexpr unsigned kVps = 32;
const Payload kFirstSegment = {0x80, 0x11};
const Payload kNextSegment = {0x00, 0x11};

TEST_CASE("H265: pictures at which decoding can begin are key frames") {
  for (const unsigned type : {16U, kIdr, 20U, kCra}) {
    const FrameFacts facts = facts_of(nal(type, 0, kFirstSegment));
    CHECK(facts.is_frame_start);
    CHECK(facts.is_key_frame);
    CHECK(facts.switches == kAllLayers);
  }
  CHECK_FALSE(facts_of(nal(kIdr, 0, kNextSegment)).is_key_frame);
  CHECK_FALSE(facts_of(nal(kTrail, 0, kFirstSegment)).is_key_frame);
  CHECK(facts_of(nal(kTrail, 0, kFirstSegment)).is_frame_start);
  CHECK(facts_of(nal(kVps, 0, {1})).is_frame_start);
}

TEST_CASE("H265: the NAL header tells the temporal layer, TSA and STSA where one may go up") {
  CHECK(facts_of(nal(kTrail, 2, kFirstSegment)).layers == layers_from(0, 2));
  CHECK(facts_of(nal(kTrail, 2, kFirstSegment)).switches == 0);
  const FrameFacts tsa = facts_of(nal(kTsa, 1, kFirstSegment));
  CHECK(tsa.switches == layers_from(0, 1));
  CHECK(tsa.is_layer_sync);
  const FrameFacts stsa = facts_of(nal(kStsa, 2, kFirstSegment));
  CHECK(stsa.switches == temporal_only(2));
  CHECK_FALSE(stsa.is_layer_sync);
  CHECK(facts_of(nal(kTsa, 1, kNextSegment)).switches == 0);
  CHECK(facts_of(nal(kTrail, 6, kFirstSegment)).temporal_layer == 3);
}

TEST_CASE("H265: aggregates and fragments") {
  const auto packet =
      H265::parse(aggregate({nal(kVps, 0, {1}), nal(34, 0, {1}), nal(kIdr, 0, kFirstSegment)}));
  REQUIRE(packet);
  CHECK(packet->has_vps);
  CHECK(packet->has_pps);
  CHECK(packet->is_irap);
  CHECK(packet->facts().is_key_frame);

  CHECK(facts_of(nal(49, 0, {0x80 | kIdr, 0x80})).is_key_frame);
  CHECK_FALSE(facts_of(nal(49, 0, {kIdr, 0x80})).is_frame_start);
  const FrameFacts last = facts_of(nal(49, 2, {0x40 | kTrail, 0x80}));
  CHECK_FALSE(last.is_frame_start);
  CHECK(last.layers == layers_from(0, 2));
}

TEST_CASE("H265: a PACI packet is what it contains (RFC 7798 §4.4.4)") {
  // cType IDR, three bytes of extensions.
  CHECK(facts_of(nal(50, 0, {kIdr << 1, 0x30, 1, 2, 3, 0x80})).is_key_frame);
  CHECK_FALSE(H265::parse(nal(50, 0, {kIdr << 1, 0x30, 1, 2})));
  CHECK_FALSE(H265::parse(nal(50, 0, {50 << 1, 0, 0})));
}

TEST_CASE("H265: lengths beyond the packet, missing headers and undefined types are refused") {
  Payload cut = aggregate({nal(kIdr, 0, kFirstSegment)});
  cut.pop_back();
  CHECK_FALSE(H265::parse(cut));
  CHECK_FALSE(H265::parse(aggregate({})));
  CHECK_FALSE(H265::parse(aggregate({{kIdr << 1}})));
  CHECK_FALSE(H265::parse(Payload{kIdr << 1}));
  CHECK_FALSE(H265::parse(Payload{kIdr << 1, 0}));  // TID 0 is forbidden
  CHECK_FALSE(H265::parse(nal(49, 0, {})));
  CHECK_FALSE(H265::parse(nal(51, 0, {1})));
}

TEST_CASE("captured: H265 of ffmpeg and GStreamer, frames that start once and key frames with their size") {
  for (const std::string name : {"ffmpeg-h265", "gstreamer-h265"}) {
    CAPTURE(name);
    std::size_t starts = 0;
    std::size_t keys = 0;
    std::size_t markers = 0;
    bool has_parameter_sets = false;
    const Capture capture(name);
    for (const Capture::Packet& packet : capture.packets()) {
      const auto h265 = H265::parse(packet.payload);
      REQUIRE(h265);
      if (packet.facts.is_frame_start) ++starts;
      if (packet.view.marker()) ++markers;
      has_parameter_sets = has_parameter_sets || (h265->has_vps && h265->has_sps && h265->has_pps);
      if (!packet.facts.is_key_frame) continue;
      ++keys;
      // A clean random access picture within a stream need not repeat the parameter sets.
      CHECK((h265->has_sps || keys > 1));
      CHECK(packet.facts.width == (h265->has_sps ? 320 : 0));
      CHECK(packet.facts.height == (h265->has_sps ? 180 : 0));
    }
    CHECK(starts == markers);
    CHECK(starts >= 44);
    CHECK(keys >= 1);
    CHECK(has_parameter_sets);
  }
}

TEST_CASE("captured: H265 of ffmpeg in two temporal layers") {
  std::set<int> temporal;
  const Capture capture("ffmpeg-h265");
  for (const Capture::Packet& packet : capture.packets()) temporal.insert(packet.facts.temporal_layer);
  CHECK(temporal == std::set<int>{0, 1});
}

}  // namespace
}  // namespace sluice::codec
