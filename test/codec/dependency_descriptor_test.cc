#include "codec/dependency_descriptor.h"

#include <set>
#include <vector>

#include "catch.h"
#include "codec/capture.h"
#include "codec/decodability.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

Dtis dtis_of(std::string_view letters) {
  Dtis dtis;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    dtis.set(i, letters[i] == '-'   ? Dti::kNotPresent
                : letters[i] == 'D' ? Dti::kDiscardable
                : letters[i] == 'S' ? Dti::kSwitch
                                    : Dti::kRequired);
  }
  return dtis;
}

FrameTemplate make_template(std::uint8_t spatial, std::uint8_t temporal, std::string_view dtis,
                            std::initializer_list<unsigned> diffs,
                            std::initializer_list<std::uint8_t> chains) {
  FrameTemplate made;
  made.spatial_layer = spatial;
  made.temporal_layer = temporal;
  made.dtis = dtis_of(dtis);
  for (const unsigned diff : diffs) REQUIRE(made.frame_diffs.add(diff));
  std::copy(chains.begin(), chains.end(), made.chain_diffs.begin());
  return made;
}

/// L1T3 as W3C WebRTC-SVC §9.2 draws it.
DependencyStructure l1t3() {
  DependencyStructure structure;
  structure.template_id_offset = 62;  // wraps
  structure.decode_target_count = 3;
  structure.chain_count = 1;
  for (const FrameTemplate& one : {make_template(0, 0, "SSS", {}, {0}), make_template(0, 0, "SSS", {4}, {4}),
                                   make_template(0, 1, "-DS", {2}, {2}), make_template(0, 2, "--D", {1}, {1}),
                                   make_template(0, 2, "--D", {1}, {3})}) {
    structure.templates[structure.template_count++] = one;
  }
  structure.has_resolutions = true;
  structure.resolutions[0] = {1280, 720};
  structure.derive();
  return structure;
}

DependencyDescriptor key_frame(const DependencyStructure& structure) {
  DependencyDescriptor descriptor;
  descriptor.is_frame_start = true;
  descriptor.template_id = structure.template_id_offset;
  descriptor.frame_number = 0xFFFE;
  descriptor.has_structure = true;
  return descriptor;
}

Payload write(const DependencyDescriptor& descriptor, const DependencyStructure& structure) {
  Payload out(1500);
  const auto size = descriptor.write(out, structure);
  REQUIRE(size);
  out.resize(*size);
  return out;
}

TEST_CASE("descriptor: three bytes name a template of the structure that was sent before") {
  DependencyStructure structure = l1t3();
  const auto descriptor = DependencyDescriptor::parse(Payload{0x80 | 1, 0x12, 0x34}, structure);
  REQUIRE(descriptor);  // template 1 is the fourth: 62, 63, 0, 1
  CHECK(descriptor->is_frame_start);
  CHECK_FALSE(descriptor->is_frame_end);
  CHECK(descriptor->frame_number == 0x1234);
  CHECK(descriptor->temporal_layer == 2);
  CHECK(descriptor->dtis == dtis_of("--D"));
  CHECK(descriptor->frame_diffs.size() == 1);
  CHECK(descriptor->chain_diffs[0] == 1);
}

TEST_CASE("descriptor: without a structure, or with a template that is none of its, it cannot be read") {
  DependencyStructure unknown;
  CHECK_FALSE(DependencyDescriptor::parse(Payload{0x80, 0, 0}, unknown));
  DependencyStructure structure = l1t3();
  CHECK_FALSE(DependencyDescriptor::parse(Payload{0x80 | 3, 0, 0}, structure));
  CHECK(DependencyDescriptor::parse(Payload{0x80 | 2, 0, 0}, structure));
  CHECK_FALSE(DependencyDescriptor::parse(Payload{0x80, 0}, structure));
}

TEST_CASE("descriptor: a structure is read as it was written, and replaces the one before only when whole") {
  const DependencyStructure sent = l1t3();
  const Payload bytes = write(key_frame(sent), sent);
  DependencyStructure received;
  const auto descriptor = DependencyDescriptor::parse(bytes, received);
  REQUIRE(descriptor);
  CHECK(descriptor->has_structure);
  CHECK(received == sent);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    DependencyStructure kept;
    CHECK_FALSE(DependencyDescriptor::parse(Bytes(bytes).first(size), kept));
    CHECK_FALSE(kept.is_known());
  }
}

TEST_CASE(
    "descriptor: a frame's own indications, references, chains and the active targets win over the "
    "template's") {
  DependencyStructure structure = l1t3();
  DependencyDescriptor sent;
  sent.is_frame_start = sent.is_frame_end = true;
  sent.template_id = 63;
  sent.frame_number = 7;
  sent.active_decode_targets = 0b011;
  sent.has_custom_dtis = true;
  sent.dtis = dtis_of("RD-");
  sent.has_custom_frame_diffs = true;
  for (const unsigned diff : {1U, 16U, 17U, 256U, 257U, 4096U}) REQUIRE(sent.frame_diffs.add(diff));
  sent.has_custom_chains = true;
  sent.chain_diffs[0] = 200;
  const Payload bytes = write(sent, structure);
  const auto received = DependencyDescriptor::parse(bytes, structure);
  REQUIRE(received);
  CHECK(received->active_decode_targets == 0b011U);
  CHECK(received->dtis == sent.dtis);
  CHECK(received->frame_diffs == sent.frame_diffs);
  CHECK(received->chain_diffs[0] == 200);
  CHECK(write(*received, structure) == bytes);
}

TEST_CASE("descriptor: frame number and active targets can be rewritten for a viewer") {
  DependencyStructure structure = l1t3();
  Payload bytes = write(key_frame(structure), structure);
  write_frame_number(bytes.data(), 0x0102);
  auto descriptor = DependencyDescriptor::parse(bytes, structure);
  REQUIRE(descriptor);
  CHECK(descriptor->frame_number == 0x0102);
  CHECK(descriptor->has_structure);
  descriptor->active_decode_targets = 0b001;
  DependencyStructure other;
  const auto again = DependencyDescriptor::parse(write(*descriptor, structure), other);
  REQUIRE(again);
  CHECK(again->active_decode_targets == 0b001U);
  CHECK(other == structure);
}

TEST_CASE("descriptor: there is a limit to templates, layers and references") {
  DependencyStructure structure;
  const auto read = [&](const Payload& bytes) {
    BitReader bits(bytes);
    return structure.read(bits);
  };
  // Offset 0, one target; then 00 (the same layer) for ever: more than 64 templates.
  CHECK_FALSE(read(Payload(200, 0)));
  // 01 for ever: more than eight temporal layers. 10: more than four spatial ones.
  Payload deep(200, 0x55);
  deep[0] = deep[1] = 0;
  CHECK_FALSE(read(deep));
  Payload wide(200, 0xAA);
  wide[0] = wide[1] = 0;
  CHECK_FALSE(read(wide));
  FrameDiffs diffs;
  for (std::size_t i = 0; i < kMaxFrameDiffs; ++i) CHECK(diffs.add(1));
  CHECK_FALSE(diffs.add(1));
}

TEST_CASE("descriptor: choices mean the target with the highest layers not above them") {
  const DependencyStructure structure = l1t3();
  CHECK(structure.target_choices[0] ==
        (layer_bit({0, 0}) | layer_bit({1, 0}) | layer_bit({2, 0}) | layer_bit({3, 0})));
  CHECK(has_layers(structure.target_choices[2], {0, 2}));
  CHECK(has_layers(structure.target_choices[2], {3, 3}));
  DependencyStructure known = structure;
  const auto facts_of = [&](std::uint8_t template_id) {
    return DependencyDescriptor::parse(Payload{static_cast<std::uint8_t>(0x80 | template_id), 0, 9}, known)
        ->facts(known);
  };
  CHECK(facts_of(62).is_key_frame);
  CHECK(facts_of(62).switches == kAllLayers);
  CHECK(facts_of(62).width == 1280);
  CHECK_FALSE(facts_of(63).is_key_frame);
  CHECK(facts_of(63).layers == kAllLayers);
  CHECK(facts_of(0).layers == layers_from(0, 1));
  CHECK(facts_of(0).switches == layers_from(0, 2));
  CHECK_FALSE(facts_of(0).is_discardable);
  CHECK(facts_of(1).layers == layers_from(0, 2));
  CHECK(facts_of(1).is_discardable);
  CHECK(facts_of(1).number == 9);
  CHECK(facts_of(1).number_bits == 16);
}

TEST_CASE("descriptor: in S modes a choice is for its spatial layer alone") {
  DependencyStructure structure;
  structure.decode_target_count = 2;
  structure.template_count = 2;
  structure.templates[0] = make_template(0, 0, "S-", {}, {});
  structure.templates[1] = make_template(1, 0, "-S", {}, {});
  structure.derive();
  CHECK(structure.target_layers[1] == Layers{1, 0});
  const auto facts = [&](std::uint8_t id) {
    return DependencyDescriptor::parse(Payload{static_cast<std::uint8_t>(0x80 | id), 0, 9}, structure)
        ->facts(structure);
  };
  CHECK(facts(0).layers == temporal_from(0, 0));
  CHECK(facts(1).layers == layers_from(1, 0));
  CHECK(facts(1).is_key_frame);
}

std::vector<ModelFrame> frames_of(const Capture& capture) {
  std::vector<ModelFrame> frames;
  DependencyStructure structure;
  for (const Capture::Packet& packet : capture.packets()) {
    REQUIRE(packet.descriptor);
    const auto descriptor = DependencyDescriptor::parse(*packet.descriptor, structure);
    REQUIRE(descriptor);
    if (!descriptor->is_frame_start) continue;
    ModelFrame frame;
    frame.id = descriptor->frame_number;
    for (const std::uint16_t diff : descriptor->frame_diffs) frame.refers_to.push_back(frame.id - diff);
    frame.facts = packet.facts;
    frames.push_back(frame);
  }
  return frames;
}

const std::vector<std::string> kWithDescriptor = {"chromium-av1-l1t3", "chromium-av1-l2t2",
                                                  "chromium-vp9-l3t3-key", "chromium-vp9-s3t3",
                                                  "chromium-h264-l1t3"};

TEST_CASE("captured: descriptors of Chromium, written again, are the same bytes") {
  for (const std::string& name : kWithDescriptor) {
    CAPTURE(name);
    const Capture capture(name);
    DependencyStructure structure;
    for (const Capture::Packet& packet : capture.packets()) {
      const auto descriptor = DependencyDescriptor::parse(*packet.descriptor, structure);
      REQUIRE(descriptor);
      const Payload again = write(*descriptor, structure);
      CHECK(std::equal(again.begin(), again.end(), packet.descriptor->begin(), packet.descriptor->end()));
    }
    CHECK(structure.is_known());
  }
}

TEST_CASE(
    "captured: with the descriptors of Chromium every choice of layers decodes, on every way up and down") {
  for (const std::string& name : kWithDescriptor) {
    CAPTURE(name);
    const Capture capture(name);
    const std::vector<ModelFrame> frames = frames_of(capture);
    CHECK(frames.front().facts.is_key_frame);
    CHECK(frames.front().facts.width > 0);
    const auto undecodable = first_undecodable(frames);
    CAPTURE(undecodable.value_or(-1));
    CHECK_FALSE(undecodable);
  }
}

TEST_CASE("captured: frame numbers count frames, and each has a start and an end") {
  for (const std::string& name : kWithDescriptor) {
    CAPTURE(name);
    const Capture capture(name);
    std::optional<std::uint16_t> number;
    bool has_ended = true;
    std::set<std::pair<int, int>> layers;
    for (const Capture::Packet& packet : capture.packets()) {
      const FrameFacts& facts = packet.facts;
      CHECK(facts.is_frame_start == has_ended);
      if (number) CHECK(facts.number == static_cast<std::uint16_t>(*number + (has_ended ? 1 : 0)));
      number = facts.number;
      has_ended = facts.is_frame_end;
      layers.insert({facts.spatial_layer, facts.temporal_layer});
    }
    CHECK(layers.size() == (name == "chromium-av1-l2t2"             ? 4U
                            : name.find("3t3") != std::string::npos ? 9U
                                                                    : 3U));
  }
}

}  // namespace
}  // namespace sluice::codec
