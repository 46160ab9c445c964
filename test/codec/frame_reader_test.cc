#include "codec/frame_reader.h"

#include <set>
#include <vector>

#include "catch.h"
#include "codec/capture.h"
#include "codec/dependency_descriptor.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

// VP8 (RFC 7741 §4.2): picture id 5, TL0PICIDX 9, temporal layer 0; a key frame of 640 by 360.
const Payload kVp8Key = {0x90, 0xE0, 5, 9, 0x00, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01};

/// One decode target, one spatial layer, two temporal ones; without resolutions.
DependencyStructure small_structure(std::uint8_t offset) {
  DependencyStructure structure;
  structure.template_id_offset = offset;
  structure.decode_target_count = 2;
  structure.template_count = 3;
  structure.templates[0].dtis.set(0, Dti::kSwitch);
  structure.templates[0].dtis.set(1, Dti::kSwitch);
  structure.templates[1] = structure.templates[0];
  REQUIRE(structure.templates[1].frame_diffs.add(2));
  structure.templates[2].temporal_layer = 1;
  structure.templates[2].dtis.set(1, Dti::kSwitch);
  REQUIRE(structure.templates[2].frame_diffs.add(1));
  structure.derive();
  return structure;
}

Payload descriptor_of(const DependencyStructure& structure, unsigned which, std::uint16_t number,
                      bool with_structure) {
  DependencyDescriptor descriptor;
  descriptor.is_frame_start = true;
  descriptor.template_id = static_cast<std::uint8_t>((structure.template_id_offset + which) % 64);
  descriptor.frame_number = number;
  descriptor.has_structure = with_structure;
  Payload out(200);
  out.resize(*descriptor.write(out, structure));
  return out;
}

TEST_CASE("a descriptor wins over the payload, whose fields to rewrite and size still count") {
  FrameReader reader;
  const Payload descriptor = descriptor_of(small_structure(0), 0, 100, true);
  const FrameFacts key = reader.read(Kind::kVp8, kVp8Key, Bytes(descriptor), false);
  CHECK(key.is_key_frame);
  CHECK(key.number == 100);
  CHECK(key.number_bits == 16);
  CHECK(key.width == 640);
  CHECK(key.picture.picture_id == 5);
  CHECK(key.picture.tl0_pic_idx == 9);
  // The payload speaks of temporal layer 0 still.
  const Payload next = descriptor_of(small_structure(0), 2, 101, false);
  const FrameFacts facts = reader.read(Kind::kVp8, kVp8Key, Bytes(next), false);
  CHECK(facts.temporal_layer == 1);
  CHECK_FALSE(facts.is_key_frame);
  CHECK(facts.width == 640);
}

TEST_CASE("a descriptor that cannot be read leaves the payload's word") {
  FrameReader reader;
  const Payload unknown = descriptor_of(small_structure(0), 2, 100, false);
  CHECK(reader.read(Kind::kVp8, kVp8Key, Bytes(unknown), false).is_key_frame);
  CHECK(reader.read(Kind::kVp8, kVp8Key, Bytes(Payload{1}), false).number == 5);
  // Its structure may come yet, unless a key frame came without.
  const Payload later = {0x90, 0xE0, 6, 9, 0x00, 0x11, 0, 0, 0};
  FrameReader fresh;
  CHECK(fresh.read(Kind::kVp8, later, Bytes(unknown), false).is_guess);
  CHECK_FALSE(reader.read(Kind::kVp8, later, Bytes(unknown), false).is_guess);
}

TEST_CASE("encrypted payloads are read by their descriptors") {
  FrameReader reader;
  const Payload noise(40, 0xE5);
  const Payload first = descriptor_of(small_structure(0), 0, 1, true);
  CHECK(reader.read(Kind::kVp9, noise, Bytes(first), false).is_key_frame);
  const Payload second = descriptor_of(small_structure(0), 2, 2, false);
  CHECK(reader.read(Kind::kVp9, noise, Bytes(second), false).layers == layers_from(0, 1));
}

TEST_CASE("frames of before a new structure are read with the old one when they come late") {
  FrameReader reader;
  const DependencyStructure old_one = small_structure(0);
  DependencyStructure new_one = small_structure(3);
  new_one.templates[2].temporal_layer = 0;
  new_one.derive();
  const auto read = [&](const Payload& descriptor) {
    return reader.read(Kind::kAv1, Payload{0x10, 0x30, 1}, Bytes(descriptor), false);
  };
  read(descriptor_of(old_one, 0, 10, true));
  read(descriptor_of(new_one, 0, 14, true));
  const FrameFacts late = read(descriptor_of(old_one, 2, 11, false));
  CHECK(late.number == 11);
  CHECK(late.temporal_layer == 1);
  CHECK(read(descriptor_of(new_one, 2, 15, false)).temporal_layer == 0);
}

TEST_CASE("by the descriptor, a frame that refers to what everyone has lets anyone go over") {
  FrameReader reader;
  const DependencyStructure structure = small_structure(0);
  const auto read = [&](unsigned which, std::uint16_t number) {
    return reader.read(Kind::kAv1, Payload{0x10, 0x30, 1},
                       Bytes(descriptor_of(structure, which, number, number == 1)), false);
  };
  read(0, 1);
  const FrameFacts upper = read(2, 2);
  CHECK(upper.switches == layers_from(0, 1));
  CHECK(upper.is_layer_sync);
  CHECK(read(1, 3).is_layer_sync);
  // Refers to frame 4, which was lost, so that nobody knows whose it was.
  CHECK_FALSE(read(2, 5).is_layer_sync);
}

TEST_CASE("an access unit in several packets starts once, and its key frame with the parameter sets") {
  const Payload delimiter = {0x09, 0xF0};
  const Payload sps = {0x67, 0x42, 0xC0, 0x1F, 0x8C, 0x8D, 0x40, 0x50, 0x17, 0xFC,
                       0xB3, 0x50, 0x60, 0x60, 0x60, 0x78, 0x44, 0x23, 0x50};
  const Payload pps = {0x68, 0xCE, 0x0F, 0xC8};
  const Payload idr = {0x65, 0x88, 0x84};
  const Payload slice = {0x41, 0x9A, 0x23};
  FrameReader reader;
  const auto read = [&](const Payload& payload, bool marker) {
    return reader.read(Kind::kH264, payload, std::nullopt, marker);
  };
  const FrameFacts first = read(sps, false);
  CHECK(first.is_key_frame);
  CHECK(first.width == 640);
  CHECK_FALSE(read(pps, false).is_frame_start);
  CHECK_FALSE(read({0x7C, 0x46, 1}, false).is_frame_start);  // the end of a long SEI
  const FrameFacts picture = read(idr, true);
  CHECK_FALSE(picture.is_frame_start);
  CHECK_FALSE(picture.is_key_frame);
  CHECK(read(slice, true).is_frame_start);

  // A delimiter does not tell a key frame: the parameter sets behind it do.
  CHECK(read(delimiter, false).is_frame_start);
  CHECK(read(sps, false).is_key_frame);
  CHECK_FALSE(read(idr, true).is_key_frame);
  CHECK(read(delimiter, false).is_frame_start);
  CHECK_FALSE(read(slice, true).is_frame_start);

  // The IDR of these parameter sets came before them: the next frame is another.
  CHECK(read(idr, true).is_key_frame);
  CHECK(read(sps, false).is_key_frame);
  CHECK(read(slice, true).is_frame_start);
}

TEST_CASE("a reader moves with its stream's structure") {
  FrameReader reader;
  reader.read(Kind::kVp9, Payload{1, 2}, Bytes(descriptor_of(small_structure(0), 0, 1, true)), false);
  FrameReader moved = std::move(reader);
  CHECK(moved.read(Kind::kVp9, Payload{1, 2}, Bytes(descriptor_of(small_structure(0), 2, 2, false)), false)
            .number == 2);
}

TEST_CASE("captured: VP8 of Chromium in three streams, each in three temporal layers") {
  const Capture capture("chromium-vp8-simulcast");
  REQUIRE(capture.stream_count() == 3);
  std::set<int> widths;
  for (std::size_t n = 0; n < 3; ++n) {
    CAPTURE(n);
    const std::vector<Capture::Packet> packets = capture.stream(n);
    CHECK(packets.front().facts.is_key_frame);
    widths.insert(packets.front().facts.width);
    CHECK(packets.front().view.extension(capture.extension_id("rtp-stream-id")));
    std::uint16_t picture = packets.front().facts.number;
    bool after_marker = true;
    LayerMask layers = 0;
    for (const Capture::Packet& packet : packets) {
      if (&packet != &packets.front() && after_marker) picture = (picture + 1) & 0x7FFF;
      CHECK(packet.facts.number == picture);
      CHECK(packet.facts.is_frame_start == after_marker);
      after_marker = packet.view.marker();
      layers |= layer_bit({0, packet.facts.temporal_layer});
    }
    CHECK(layers == 0b0111);
  }
  CHECK(widths == std::set<int>{240, 480, 960});
}

TEST_CASE("captured: VP8 of Chromium, GStreamer and ffmpeg") {
  for (const std::string name : {"chromium-vp8-l1t3", "gstreamer-vp8", "ffmpeg-vp8"}) {
    CAPTURE(name);
    const Capture capture(name);
    bool after_marker = true;
    std::size_t keys = 0;
    for (const Capture::Packet& packet : capture.packets()) {
      CHECK(packet.facts.is_frame_start == after_marker);
      after_marker = packet.view.marker();
      if (!packet.facts.is_key_frame) continue;
      ++keys;
      CHECK(packet.facts.width == (name == "chromium-vp8-l1t3" ? 640 : 320));
    }
    CHECK(keys >= 1);
  }
}

}  // namespace
}  // namespace sluice::codec
