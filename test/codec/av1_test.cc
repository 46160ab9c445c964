#include "codec/av1.h"

#include <vector>

#include "catch.h"
#include "codec/capture.h"
#include "codec/frame_reader.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

// Aggregation header (AV1 RTP §4.4).
constexpr std::uint8_t kZ = 0x80;
constexpr std::uint8_t kY = 0x40;
constexpr std::uint8_t kN = 0x08;
constexpr std::uint8_t w(unsigned count) {
  return static_cast<std::uint8_t>(count << 4);
}

// OBU headers without size: sequence header, frame, tile group; with X an extension follows.
constexpr std::uint8_t kSequenceHeader = 1 << 3;
constexpr std::uint8_t kFrame = 6 << 3;
constexpr std::uint8_t kTileGroup = 4 << 3;
constexpr std::uint8_t kX = 0x04;

// The sequence header that Chromium sends for 640 by 360, without its OBU header.
const Payload kChromiumSequence = {0x00, 0x00, 0x00, 0x0C, 0xC4, 0xFF, 0x67, 0x00, 0x68, 0x02};

TEST_CASE("AV1: the first packet of a coded video sequence is a key frame's") {
  const auto av1 = Av1::parse(Payload{static_cast<std::uint8_t>(kN | w(1)), kFrame, 1});
  REQUIRE(av1);
  CHECK(av1->facts().is_key_frame);
  CHECK(av1->facts().is_frame_start);
  CHECK(av1->facts().switches == kAllLayers);
  CHECK_FALSE(Av1::parse(Payload{w(1), kFrame, 1})->facts().is_key_frame);
  // It does not begin with the rest of something.
  CHECK_FALSE(Av1::parse(Payload{kN | kZ, 1, 1}));
}

TEST_CASE("AV1: a frame starts with its header, not with the rest of an OBU nor with more tiles") {
  CHECK(Av1::parse(Payload{w(1), kFrame, 1})->facts().is_frame_start);
  CHECK_FALSE(Av1::parse(Payload{w(1), kTileGroup, 1})->facts().is_frame_start);
  CHECK_FALSE(Av1::parse(Payload{static_cast<std::uint8_t>(kZ | w(1)), kFrame, 1})->facts().is_frame_start);
  CHECK_FALSE(
      Av1::parse(Payload{static_cast<std::uint8_t>(kZ | w(2)), 1, 9, kFrame, 1})->facts().is_frame_start);
  CHECK(Av1::parse(Payload{static_cast<std::uint8_t>(kY | w(1)), kFrame, 1})->facts().is_frame_start);
}

TEST_CASE("AV1: elements have lengths, the last one none when they are counted") {
  CHECK(Av1::parse(Payload{w(0), 2, kFrame, 1, 1, kTileGroup})->element_count == 2);
  CHECK(Av1::parse(Payload{w(2), 2, kFrame, 1, kTileGroup})->element_count == 2);
  CHECK(Av1::parse(Payload{w(3), 1, kFrame, 1, kTileGroup, kTileGroup, 7})->element_count == 3);
  CHECK_FALSE(Av1::parse({}));
  CHECK_FALSE(Av1::parse(Payload{w(0), 3, kFrame, 1}));
  CHECK_FALSE(Av1::parse(Payload{w(2), 3, kFrame, 1}));
  CHECK_FALSE(Av1::parse(Payload{w(0), 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}));
}

TEST_CASE("AV1: an OBU's extension tells its layers") {
  const FrameFacts facts = Av1::parse(Payload{w(1), kFrame | kX, (2 << 5) | (1 << 3), 1})->facts();
  CHECK(facts.temporal_layer == 2);
  CHECK(facts.spatial_layer == 1);
  CHECK(facts.layers == layers_from(1, 2));
  CHECK(Av1::parse(Payload{w(1), kFrame | kX, 7 << 5, 1})->facts().temporal_layer == 3);
}

TEST_CASE("AV1: the sequence header tells the largest frame") {
  Payload payload = {static_cast<std::uint8_t>(kN | w(2)),
                     static_cast<std::uint8_t>(kChromiumSequence.size() + 1), kSequenceHeader};
  payload.insert(payload.end(), kChromiumSequence.begin(), kChromiumSequence.end());
  payload.insert(payload.end(), {kFrame, 1});
  const auto av1 = Av1::parse(payload);
  REQUIRE(av1);
  CHECK(av1->has_sequence_header);
  CHECK(av1->width == 640);
  CHECK(av1->height == 360);
}

TEST_CASE(
    "captured: AV1 of Chromium without descriptor, a frame each marker and one key frame with its size") {
  const Capture capture("chromium-av1-plain");
  bool after_marker = true;
  for (const Capture::Packet& packet : capture.packets()) {
    CHECK(packet.facts.is_frame_start == after_marker);
    CHECK(packet.facts.is_key_frame == (&packet == &capture.packets().front()));
    after_marker = packet.view.marker();
  }
  CHECK(capture.packets().front().facts.width == 640);
  CHECK(capture.packets().front().facts.height == 360);
}

TEST_CASE("captured: AV1 payloads of Chromium tell layers and key frame as its descriptors do") {
  for (const std::string name : {"chromium-av1-l1t3", "chromium-av1-l2t2"}) {
    CAPTURE(name);
    const Capture capture(name);
    for (const Capture::Packet& packet : capture.packets()) {
      const FrameFacts facts = frame_facts(Kind::kAv1, packet.payload);
      CHECK(facts.is_key_frame == packet.facts.is_key_frame);
      if (facts.is_frame_start) CHECK(packet.facts.is_frame_start);
      if (!Av1::parse(packet.payload)->has_layers) continue;
      CHECK(facts.spatial_layer == packet.facts.spatial_layer);
      CHECK(facts.temporal_layer == packet.facts.temporal_layer);
    }
  }
}

}  // namespace
}  // namespace sluice::codec
