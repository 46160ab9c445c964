#include "codec/vp9.h"

#include <set>
#include <vector>

#include "catch.h"
#include "codec/capture.h"
#include "codec/decodability.h"
#include "codec/frame_reader.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

// First byte of a descriptor (RFC 9628 §4.2).
constexpr std::uint8_t kI = 0x80;
constexpr std::uint8_t kP = 0x40;
constexpr std::uint8_t kL = 0x20;
constexpr std::uint8_t kF = 0x10;
constexpr std::uint8_t kB = 0x08;
constexpr std::uint8_t kE = 0x04;
constexpr std::uint8_t kV = 0x02;
constexpr std::uint8_t kZ = 0x01;

constexpr std::uint8_t layer_byte(unsigned temporal, bool up, unsigned spatial, bool inter_layer) {
  return static_cast<std::uint8_t>((temporal << 5) | (up ? 0x10 : 0) | (spatial << 1) |
                                   (inter_layer ? 1 : 0));
}

FrameFacts facts_of(const Payload& payload) {
  return frame_facts(Kind::kVp9, payload);
}

TEST_CASE("VP9: the shortest descriptor is one byte") {
  const auto vp9 = Vp9::parse(Payload{kB | kE});
  REQUIRE(vp9);
  CHECK(vp9->is_frame_start);
  CHECK(vp9->is_frame_end);
  CHECK_FALSE(vp9->picture_id);
  CHECK_FALSE(vp9->tl0_pic_idx);
  CHECK(vp9->descriptor_size == 1);
}

TEST_CASE("VP9: picture ids of 7 and of 15 bits, and TL0PICIDX in non-flexible mode, can be rewritten") {
  const Payload with_long = {kI | kP | kL | kB, 0x92, 0x34, layer_byte(2, false, 1, true), 77, 0xAA};
  const auto vp9 = Vp9::parse(with_long);
  REQUIRE(vp9);
  CHECK(vp9->picture_id == 0x1234);
  CHECK(vp9->temporal_layer == 2);
  CHECK(vp9->spatial_layer == 1);
  CHECK(vp9->is_inter_layer_predicted);
  CHECK(vp9->tl0_pic_idx == 77);
  CHECK(vp9->descriptor_size == 5);

  const FrameFacts facts = vp9->facts();
  CHECK(facts.number == 0x1234);
  CHECK(facts.number_bits == 15);
  Payload copy = with_long;
  REQUIRE(facts.picture.descriptor_size == 5);
  write_picture_id(copy.data(), facts.picture, 0x7FFF);
  write_tl0_pic_idx(copy.data(), facts.picture, 200);
  CHECK(copy == Payload{kI | kP | kL | kB, 0xFF, 0xFF, layer_byte(2, false, 1, true), 200, 0xAA});

  const FrameFacts with_short = facts_of({kI | kP | kB, 0x7F});
  CHECK(with_short.number == 0x7F);
  CHECK(with_short.number_bits == 7);
  CHECK(with_short.picture.descriptor_size == 2);
  CHECK_FALSE(with_short.picture.has_tl0_pic_idx());
}

TEST_CASE("VP9: flexible mode has references instead of TL0PICIDX, three at most") {
  const auto vp9 =
      Vp9::parse(Payload{kP | kL | kF | kB, layer_byte(1, false, 0, false), 0x03, 0x05, 0x08, 0xAA});
  REQUIRE(vp9);
  CHECK_FALSE(vp9->tl0_pic_idx);
  REQUIRE(vp9->reference_count == 3);
  CHECK(vp9->reference_diffs == std::array<std::uint8_t, 3>{1, 2, 4});
  CHECK(vp9->descriptor_size == 5);
  CHECK_FALSE(Vp9::parse(Payload{kP | kF | kB, 0x03, 0x05, 0x07, 0x09, 0x0A}));
  CHECK_FALSE(Vp9::parse(Payload{kP | kF | kB, 0x03}));
}

TEST_CASE("VP9: the scalability structure tells each spatial layer's size") {
  const Payload payload = {kI | kL | kB | kV,
                           5,
                           layer_byte(0, true, 0, false),
                           9,
                           (1 << 5) | 0x10 | 0x08,  // two layers, sizes, a group
                           0x01,
                           0x40,
                           0x00,
                           0xB4,
                           0x02,
                           0x80,
                           0x01,
                           0x68,
                           2,
                           0x04,
                           1,
                           (1 << 5) | 0x08,
                           1,
                           2,  // of two pictures with one and two references
                           0xAA};
  const auto vp9 = Vp9::parse(payload);
  REQUIRE(vp9);
  REQUIRE(vp9->structure);
  CHECK(vp9->structure->spatial_layers == 2);
  CHECK(vp9->structure->group_size == 2);
  CHECK(vp9->structure->sizes[1] == Vp9Structure::Size{640, 360});
  CHECK(vp9->descriptor_size == payload.size() - 1);

  FrameReader reader;
  CHECK(reader.read(Kind::kVp9, payload, std::nullopt, false).width == 320);
  // The structure holds for the packets that follow.
  const FrameFacts second =
      reader.read(Kind::kVp9, Payload{kI | kL | kB, 5, layer_byte(0, true, 1, true), 9}, std::nullopt, true);
  CHECK(second.width == 640);
  CHECK(second.height == 360);
  const FrameFacts later = reader.read(
      Kind::kVp9, Payload{kI | kP | kL | kB, 6, layer_byte(0, true, 1, true), 9}, std::nullopt, true);
  CHECK(later.width == 0);
  // A structure may leave the sizes out when they are known.
  const Payload again = {kI | kL | kB | kV, 7, layer_byte(0, true, 0, false), 9, 1 << 5};
  CHECK(reader.read(Kind::kVp9, again, std::nullopt, false).width == 320);
}

TEST_CASE("VP9: a descriptor cut short anywhere is refused") {
  const Payload whole = {kI | kP | kL | kF | kB | kV,
                         0x80,
                         1,
                         layer_byte(0, false, 0, false),
                         3,
                         2,
                         0x18,
                         0x01,
                         0x40,
                         0x00,
                         0xB4,
                         1,
                         0x04,
                         1};
  REQUIRE(Vp9::parse(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(Vp9::parse(Bytes(whole).first(size)));
}

TEST_CASE("VP9: only the first packet of a frame that needs no other is a key frame") {
  CHECK(facts_of({kI | kB, 1}).is_key_frame);
  CHECK_FALSE(facts_of({kI, 1}).is_key_frame);
  CHECK_FALSE(facts_of({kI | kP | kB, 1}).is_key_frame);
  CHECK(facts_of({kI | kL | kB, 1, layer_byte(0, true, 0, false), 0}).is_key_frame);
  // Needs the spatial layer below, or does not (simulcast in one stream, S modes).
  CHECK_FALSE(facts_of({kI | kL | kB, 1, layer_byte(0, true, 1, true), 0}).is_key_frame);
  CHECK(facts_of({kI | kL | kB | kZ, 1, layer_byte(0, true, 1, false), 0}).is_key_frame);
}

/// The base layer of a key picture, with a structure of three spatial layers and nothing else.
const Payload kKeyOfThree = {kI | kL | kB | kV, 1, layer_byte(0, true, 0, false), 0, 2 << 5};

TEST_CASE("VP9: a frame is for its layers and those above, with Z for its own spatial layer only") {
  CHECK(facts_of({kI | kP | kL | kB, 1, layer_byte(1, false, 1, true), 0}).layers == layers_from(1, 1));
  // Before a structure has told of a layer above, too much rather than too little.
  const Payload not_for_upper = {kI | kP | kL | kB | kZ, 1, layer_byte(1, false, 1, true), 0};
  CHECK(facts_of(not_for_upper).layers == layers_from(1, 1));
  CHECK(facts_of(not_for_upper).is_guess);
  FrameReader of_three;
  CHECK(of_three.read(Kind::kVp9, kKeyOfThree, std::nullopt, true).layers == kAllLayers);
  CHECK_FALSE(of_three.read(Kind::kVp9, not_for_upper, std::nullopt, true).is_guess);
  CHECK(of_three.read(Kind::kVp9, not_for_upper, std::nullopt, true).layers == temporal_from(1, 1));
  // Without layer indices there is one layer.
  CHECK(facts_of({kI | kP | kB | kZ, 1}).layers == kAllLayers);

  // Z says nothing on the highest layer, whose choices are all there are above.
  FrameReader reader;
  const auto read = [&](const Payload& payload) {
    return reader.read(Kind::kVp9, payload, std::nullopt, true);
  };
  CHECK(read({kI | kL | kB | kV | kZ, 1, layer_byte(0, true, 0, false), 0, 0x00}).layers == kAllLayers);
  CHECK(read({kI | kL | kB | kP | kZ, 2, layer_byte(2, true, 0, false), 0}).layers == layers_from(0, 2));
}

TEST_CASE("VP9: choices begin where there is no reference to earlier pictures, higher temporal ones with U") {
  CHECK(facts_of({kI | kL | kB, 1, layer_byte(0, false, 0, false), 0}).switches == kAllLayers);
  const FrameFacts up = facts_of({kI | kL | kB, 1, layer_byte(0, false, 1, true), 0});
  CHECK(up.switches == layers_from(1, 0));
  CHECK(up.is_layer_sync);
  // The layer below it is one that not everyone has.
  CHECK_FALSE(facts_of({kI | kL | kB, 1, layer_byte(0, false, 2, true), 0}).is_layer_sync);
  FrameReader reader;
  const auto switches_of = [&](const Payload& payload) {
    return reader.read(Kind::kVp9, payload, std::nullopt, true).switches;
  };
  CHECK(switches_of(kKeyOfThree) == kAllLayers);
  CHECK(switches_of({kI | kL | kB | kZ, 1, layer_byte(0, false, 1, false), 0}) == temporal_from(1, 0));
  CHECK(switches_of({kI | kP | kL | kB, 1, layer_byte(1, true, 1, true), 0}) == temporal_from(1, 1));
  // The highest, above which there is nothing.
  CHECK(switches_of({kI | kP | kL | kB, 1, layer_byte(1, true, 2, true), 0}) == layers_from(2, 1));
  CHECK(facts_of({kI | kP | kL | kB, 1, layer_byte(1, false, 1, true), 0}).switches == 0);
  CHECK(facts_of({kI | kP | kL, 1, layer_byte(1, true, 1, true), 0}).switches == 0);
}

TEST_CASE("VP9: layers beyond those one can choose count as the highest") {
  const FrameFacts facts = facts_of({kI | kP | kL | kB, 1, layer_byte(7, true, 7, true), 0});
  CHECK(facts.temporal_layer == 3);
  CHECK(facts.spatial_layer == 3);
  CHECK(facts.layers == layer_bit({3, 3}));
}

TEST_CASE("VP9: a sender without picture ids is not believed that a frame refers to nothing") {
  // ffmpeg leaves P at 0; the frame's header has frame_marker 2, profile 0 and frame_type 1: no key frame.
  CHECK_FALSE(facts_of({kB | kE, 0x86, 0x00, 0x40}).is_key_frame);
  // With a picture id the payload may be encrypted, and looks like anything.
  CHECK(facts_of({kI | kB | kE, 1, 0x86, 0x00, 0x40}).is_key_frame);
  const FrameFacts key = facts_of({kB, 0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xF0, 0x0B, 0x36, 0x10});
  CHECK(key.is_key_frame);
  CHECK(key.width == 320);
  CHECK(key.height == 180);
}

/// Frames of a capture in flexible mode, with what they refer to.
std::vector<ModelFrame> frames_of(const Capture& capture) {
  std::vector<ModelFrame> frames;
  for (const Capture::Packet& packet : capture.packets()) {
    const auto vp9 = Vp9::parse(packet.payload);
    REQUIRE(vp9);
    if (!vp9->is_frame_start) continue;
    ModelFrame frame;
    const int picture = *vp9->picture_id;
    frame.id = picture * 8 + vp9->spatial_layer;
    for (std::size_t i = 0; i < vp9->reference_count; ++i) {
      frame.refers_to.push_back((picture - vp9->reference_diffs[i]) * 8 + vp9->spatial_layer);
    }
    if (vp9->is_inter_layer_predicted) frame.refers_to.push_back(frame.id - 1);
    frame.facts = packet.facts;
    frames.push_back(frame);
  }
  return frames;
}

/// What holds for every VP9 stream with picture ids: they count pictures, E and the marker end them.
void check_pictures(const Capture& capture, bool has_spatial_layers) {
  std::optional<std::uint16_t> picture;
  bool frame_ended = true;
  bool picture_ended = true;
  for (const Capture::Packet& packet : capture.packets()) {
    const FrameFacts& facts = packet.facts;
    REQUIRE(facts.number_bits == 15);
    CHECK(facts.is_frame_start == frame_ended);
    if (picture) CHECK(facts.number == ((*picture + (picture_ended ? 1 : 0)) & 0x7FFF));
    picture = facts.number;
    frame_ended = facts.is_frame_end;
    picture_ended = packet.view.marker();
    if (picture_ended) CHECK(frame_ended);
    if (!has_spatial_layers) CHECK(frame_ended == picture_ended);
  }
}

TEST_CASE(
    "captured: VP9 of Chromium in L3T3, where every choice of layers decodes and higher temporal ones are "
    "taken on the way") {
  const Capture capture("chromium-vp9-l3t3");
  check_pictures(capture, true);
  const Capture::Packet& first = capture.packets().front();
  CHECK(first.facts.is_key_frame);
  CHECK(first.facts.switches == kAllLayers);
  std::set<std::pair<int, int>> layers;
  std::set<std::pair<int, int>> sizes;
  for (const Capture::Packet& packet : capture.packets()) {
    const FrameFacts& facts = packet.facts;
    layers.insert({facts.spatial_layer, facts.temporal_layer});
    if (facts.width != 0) sizes.insert({facts.spatial_layer, facts.width * 10'000 + facts.height});
    CHECK(facts.is_key_frame == (&packet == &first));
    CHECK(facts.layers == layers_from(facts.spatial_layer, facts.temporal_layer));
  }
  CHECK(layers.size() == 9);
  CHECK(sizes == std::set<std::pair<int, int>>{{0, 240'0135}, {1, 480'0270}, {2, 960'0540}});
  CHECK_FALSE(first_undecodable(frames_of(capture)));
}

TEST_CASE("captured: VP9 of Chromium in L1T3, in one spatial layer") {
  const Capture capture("chromium-vp9-l1t3");
  check_pictures(capture, false);
  std::set<int> temporal;
  for (const Capture::Packet& packet : capture.packets()) {
    temporal.insert(packet.facts.temporal_layer);
    CHECK(packet.facts.layers == layers_from(0, packet.facts.temporal_layer));
    CHECK(packet.facts.picture.has_picture_id());
  }
  CHECK(temporal == std::set<int>{0, 1, 2});
  CHECK(capture.packets().front().facts.width == 640);
}

TEST_CASE(
    "captured: VP9 payloads of L3T3_KEY need the lower layers in key pictures only, those of S3T3 never") {
  // By the payload alone: Chromium sends the dependency descriptor as well.
  for (const std::string name : {"chromium-vp9-l3t3-key", "chromium-vp9-s3t3"}) {
    CAPTURE(name);
    const Capture capture(name);
    FrameReader reader;
    std::vector<ModelFrame> frames = frames_of(capture);
    auto frame = frames.begin();
    std::uint16_t key_picture = 0;
    for (const Capture::Packet& packet : capture.packets()) {
      const FrameFacts facts = reader.read(Kind::kVp9, packet.payload, std::nullopt, packet.view.marker());
      if (facts.is_frame_start) (frame++)->facts = facts;
      if (facts.is_key_frame) key_picture = facts.number;
      const bool is_key_picture = facts.number == key_picture;
      const bool is_top = facts.spatial_layer == 2;
      const bool for_upper = name == "chromium-vp9-l3t3-key" && is_key_picture;
      CHECK(facts.layers == (for_upper || is_top ? layers_from(facts.spatial_layer, facts.temporal_layer)
                                                 : temporal_from(facts.spatial_layer, facts.temporal_layer)));
    }
    CHECK_FALSE(first_undecodable(frames));
  }
}

TEST_CASE("captured: VP9 of GStreamer and of ffmpeg, key frames with their size") {
  const Capture gstreamer("gstreamer-vp9");
  check_pictures(gstreamer, false);
  const Capture ffmpeg("ffmpeg-vp9");
  for (const Capture* capture : {&gstreamer, &ffmpeg}) {
    std::size_t frames = 0;
    std::size_t key_frames = 0;
    for (const Capture::Packet& packet : capture->packets()) {
      if (packet.facts.is_frame_start) ++frames;
      if (!packet.facts.is_key_frame) continue;
      ++key_frames;
      CHECK(packet.facts.width == 320);
      CHECK(packet.facts.height == 180);
    }
    CHECK(frames == 45);
    CHECK(key_frames == 3);
  }
}

}  // namespace
}  // namespace sluice::codec
