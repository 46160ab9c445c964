#include "codec/h264.h"

#include <vector>

#include "catch.h"
#include "codec/capture.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

// Baseline, level 3.1, 640 by 360 (40 by 23 macroblocks, cropped by 8 lines): x264.
const Payload kSps = {0x67, 0x42, 0xC0, 0x1E, 0xDA, 0x02, 0x80, 0xBF, 0xE5, 0xC0, 0x44, 0x00, 0x00,
                      0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xF0, 0x3C, 0x58, 0xBA, 0x80};
const Payload kPps = {0x68, 0xCE, 0x0F, 0xC8};
const Payload kIdr = {0x65, 0x88, 0x84};
const Payload kSlice = {0x41, 0x9A, 0x23};        // nal_ref_idc 2, first_mb_in_slice 0
const Payload kSecondSlice = {0x41, 0x04, 0x23};  // first_mb_in_slice is not 0
const Payload kDiscardable = {0x01, 0x9E, 0x62};  // nal_ref_idc 0

Payload stap(const std::vector<Payload>& units) {
  Payload out = {24};
  for (const Payload& unit : units) {
    out.push_back(0);
    out.push_back(static_cast<std::uint8_t>(unit.size()));
    out.insert(out.end(), unit.begin(), unit.end());
  }
  return out;
}

FrameFacts facts_of(const Payload& payload) {
  return frame_facts(Kind::kH264, payload);
}

TEST_CASE("H264: a single NAL unit tells by its type") {
  const FrameFacts idr = facts_of(kIdr);
  CHECK(idr.is_frame_start);
  CHECK(idr.is_key_frame);
  CHECK(idr.switches == kAllLayers);
  CHECK(idr.layers == kAllLayers);
  const FrameFacts slice = facts_of(kSlice);
  CHECK(slice.is_frame_start);
  CHECK_FALSE(slice.is_key_frame);
  CHECK_FALSE(slice.is_discardable);
  CHECK(slice.switches == 0);
  CHECK_FALSE(facts_of(kSecondSlice).is_frame_start);
  CHECK_FALSE(facts_of({0x65, 0x04}).is_key_frame);
  CHECK(facts_of(kPps).is_frame_start);
  CHECK_FALSE(facts_of(kPps).is_key_frame);
  CHECK(facts_of({0x09, 0xF0}).is_frame_start);
}

TEST_CASE("H264: the SPS tells the size after cropping, and starts a key frame") {
  const FrameFacts facts = facts_of(kSps);
  CHECK(facts.is_key_frame);
  CHECK(facts.width == 640);
  CHECK(facts.height == 360);
  for (std::size_t size = 1; size < 9; ++size) {
    CHECK(facts_of(Payload(kSps.begin(), kSps.begin() + static_cast<std::ptrdiff_t>(size))).width == 0);
  }
}

TEST_CASE("H264: what nobody refers to is a temporal layer of its own, which one can take up at any time") {
  const FrameFacts facts = facts_of(kDiscardable);
  CHECK(facts.is_discardable);
  CHECK(facts.temporal_layer == 1);
  CHECK(facts.layers == layers_from(0, 1));
  CHECK(facts.switches == layers_from(0, 1));
  CHECK(facts.is_layer_sync);
}

TEST_CASE("H264: STAP-A holds parameter sets and the slice") {
  const auto h264 = H264::parse(stap({kSps, kPps, kIdr}));
  REQUIRE(h264);
  CHECK(h264->has_sps);
  CHECK(h264->has_pps);
  CHECK(h264->is_idr);
  CHECK(h264->begins_access_unit);
  CHECK(h264->width == 640);
  CHECK(h264->facts().is_key_frame);
}

TEST_CASE("H264: lengths beyond the packet, empty units and undefined types are refused") {
  Payload cut = stap({kSps, kPps});
  cut.pop_back();
  CHECK_FALSE(H264::parse(cut));
  CHECK_FALSE(H264::parse(Payload{24}));
  CHECK_FALSE(H264::parse(Payload{24, 0}));
  CHECK_FALSE(H264::parse(Payload{24, 0, 0}));
  CHECK_FALSE(H264::parse({}));
  CHECK_FALSE(H264::parse(Payload{0, 1}));
  CHECK_FALSE(H264::parse(Payload{30, 1}));
  CHECK_FALSE(H264::parse(Payload{28}));
  CHECK_FALSE(H264::parse(Payload{29, 0x85, 0}));
}

TEST_CASE("H264: only the first fragment of a FU-A starts anything, all know what they belong to") {
  const FrameFacts first = facts_of({0x7C, 0x85, 0x88, 0x84});
  CHECK(first.is_frame_start);
  CHECK(first.is_key_frame);
  for (const std::uint8_t header : Payload{0x05, 0x45}) {
    const FrameFacts next = facts_of({0x7C, header, 0x88, 0x84});
    CHECK_FALSE(next.is_frame_start);
    CHECK_FALSE(next.is_key_frame);
    CHECK_FALSE(next.is_discardable);
  }
  const FrameFacts middle = facts_of({0x1C, 0x01, 0x88});
  CHECK(middle.is_discardable);
  CHECK(middle.layers == layers_from(0, 1));
  CHECK_FALSE(facts_of({0x7C, 0x85, 0x04}).is_frame_start);
}

TEST_CASE("H264: STAP-B, MTAP and FU-B are read past their decoding order numbers") {
  CHECK(H264::parse(Payload{25, 0, 1, 0, 3, 0x65, 0x88, 0x84})->is_idr);
  CHECK(H264::parse(Payload{26, 0, 1, 0, 3, 9, 9, 9, 0x65, 0x88, 0x84})->is_idr);
  CHECK(H264::parse(Payload{27, 0, 1, 0, 3, 9, 9, 9, 9, 0x65, 0x88, 0x84})->is_idr);
  CHECK(H264::parse(Payload{0x7D, 0x85, 0, 1, 0x88})->begins_access_unit);
}

TEST_CASE("H264: a prefix NAL unit tells the temporal layer (RFC 6190 §1.1.3)") {
  const auto with_prefix = [](std::uint8_t temporal) {
    return stap({{0x6E, 0x80, 0x00, static_cast<std::uint8_t>((temporal << 5) | 7)}, kSlice});
  };
  CHECK(facts_of(with_prefix(2)).temporal_layer == 2);
  CHECK(facts_of(with_prefix(2)).layers == layers_from(0, 2));
  CHECK(facts_of(with_prefix(7)).temporal_layer == 3);
  const auto enhancement = H264::parse(Payload{0x74, 0x80, 0x10, 0x27, 0x80});
  REQUIRE(enhancement);
  CHECK(enhancement->spatial_layer == 1);
  CHECK(enhancement->temporal_layer == 1);
  CHECK(enhancement->begins_access_unit);
}

TEST_CASE("H264: the SPS of Chromium's encoder, 640 by 360 as well") {
  const FrameFacts facts = facts_of({0x67, 0x42, 0xC0, 0x1F, 0x8C, 0x8D, 0x40, 0x50, 0x17, 0xFC, 0xB3, 0x50,
                                     0x60, 0x60, 0x60, 0x78, 0x44, 0x23, 0x50});
  CHECK(facts.width == 640);
  CHECK(facts.height == 360);
}

/// How many frames start, and how many of them as key frames of this size.
void check_counts(const std::string& name, std::size_t frames, std::size_t key_frames, int width,
                  int height) {
  CAPTURE(name);
  const Capture capture(name);
  std::size_t starts = 0;
  std::size_t keys = 0;
  std::size_t markers = 0;
  bool before_marker = true;
  for (const Capture::Packet& packet : capture.packets()) {
    if (packet.facts.is_frame_start) {
      ++starts;
      CHECK(before_marker);
    }
    before_marker = packet.view.marker();
    if (before_marker) ++markers;
    if (packet.facts.is_key_frame) {
      ++keys;
      CHECK(packet.facts.width == width);
      CHECK(packet.facts.height == height);
    }
  }
  CHECK(starts == markers);
  CHECK(starts >= frames);
  CHECK(keys == key_frames);
}

TEST_CASE("captured: H264 frames start once each, key frames with parameter sets, however they are packed") {
  check_counts("ffmpeg-h264", 45, 3, 320, 180);
  check_counts("gstreamer-h264", 44, 3, 320, 180);
  check_counts("chromium-h264", 30, 1, 640, 360);
}

TEST_CASE("captured: H264 of ffmpeg with B frames, of which those without reference can be left out") {
  const Capture capture("ffmpeg-h264");
  std::size_t discardable = 0;
  for (const Capture::Packet& packet : capture.packets()) {
    CHECK(packet.facts.is_discardable == (packet.facts.temporal_layer == 1));
    if (packet.facts.is_discardable) ++discardable;
  }
  CHECK(discardable > 5);
}

}  // namespace
}  // namespace sluice::codec
