// What payloads look like, byte by byte, where the RFCs say it.
#include "catch.h"
#include "codec/h264.h"
#include "packetize/depacketizer.h"
#include "packetize/frames.h"

namespace sluice::packetize {
namespace {

using Data = std::vector<std::uint8_t>;

Packetizer make(Packetizer::Options options) {
  auto packetizer = Packetizer::make(options);
  REQUIRE(packetizer);
  return std::move(*packetizer);
}

std::vector<Data> packetize(Packetizer& packetizer, const Data& data, FrameMetadata told = {},
                            std::size_t max_payload = 100) {
  Payloads payloads;
  REQUIRE(packetizer.packetize({data, told}, {max_payload, 0}, payloads));
  std::vector<Data> out;
  for (std::size_t i = 0; i < payloads.size(); ++i) out.emplace_back(payloads[i].begin(), payloads[i].end());
  return out;
}

EncodedFrame depacketize(Depacketizer& depacketizer, const std::vector<Data>& payloads) {
  const std::vector<Bytes> views(payloads.begin(), payloads.end());
  EncodedFrame out;
  REQUIRE(depacketizer.depacketize(views, out));
  return out;
}

bool is_refused(Format format, const std::vector<Data>& payloads) {
  const std::vector<Bytes> views(payloads.begin(), payloads.end());
  EncodedFrame out;
  return !Depacketizer(format).depacketize(views, out);
}

Data operator+(Data a, const Data& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Data kStart = {0, 0, 0, 1};
const Data kSps = {0x67, 0x42, 0xC0, 0x0D, 0x8C};
const Data kPps = {0x68, 0xCE, 0x3C, 0x80};
const Data kIdr = {0x65, 0x88, 0x84, 0x11};

}  // namespace

TEST_CASE("small NAL units leave together, large ones in fragments (RFC 6184 §5.7.1, §5.8)", "[packetize]") {
  Packetizer packetizer = make({.format = Format::kH264});
  Data slice = kIdr;
  slice.resize(200, 0x22);
  const auto payloads = packetize(packetizer, kStart + kSps + Data{0, 0, 1} + kPps + kStart + slice);
  REQUIRE(payloads.size() == 4);
  // STAP-A of the highest NRI, each NAL unit behind its length.
  CHECK(payloads[0] == Data{0x78, 0, 5} + kSps + Data{0, 4} + kPps);
  // FU-A: S on the first, E on the last, the type in each.
  CHECK(payloads[1][0] == 0x7C);
  CHECK(payloads[1][1] == 0x85);
  CHECK(payloads[2][1] == 0x05);
  CHECK(payloads[3][1] == 0x45);
  // Equal sizes but the last.
  CHECK(payloads[1].size() == payloads[2].size());
  Depacketizer depacketizer(Format::kH264);
  CHECK(depacketize(depacketizer, payloads).data == kStart + kSps + kStart + kPps + kStart + slice);
}

TEST_CASE("NAL units behind their lengths are taken as well (ISO/IEC 14496-15)", "[packetize]") {
  Packetizer packetizer = make({.format = Format::kH264, .h264_format = H264Format::kLengthPrefixed});
  const auto payloads = packetize(packetizer, Data{0, 0, 0, 4} + kIdr);
  REQUIRE(payloads.size() == 1);
  CHECK(payloads[0] == kIdr);
  Payloads out;
  const Data cut = Data{0, 0, 0, 5} + kIdr;
  CHECK_FALSE(packetizer.packetize({cut, {}}, {100, 0}, out));
}

TEST_CASE("an IDR picture without parameter sets gets those of before, at both ends", "[packetize]") {
  const Data whole = kStart + kSps + kStart + kPps + kStart + kIdr;
  SECTION("sent before in a frame") {
    Packetizer packetizer = make({.format = Format::kH264});
    packetize(packetizer, whole);
    Depacketizer depacketizer(Format::kH264);
    CHECK(depacketize(depacketizer, packetize(packetizer, kStart + kIdr)).data == whole);
    // A delimiter stays first (H.264 §7.4.1.2.3).
    const Data delimiter = kStart + Data{0x09, 0xF0};
    CHECK(depacketize(depacketizer, packetize(packetizer, delimiter + kStart + kIdr)).data ==
          delimiter + whole);
  }
  SECTION("told apart from the stream") {
    Packetizer packetizer = make({.format = Format::kH264});
    REQUIRE(packetizer.set_parameter_sets(kStart + kSps + kStart + kPps));
    Depacketizer depacketizer(Format::kH264);
    CHECK(depacketize(depacketizer, packetize(packetizer, kStart + kIdr)).data == whole);
  }
  SECTION("known to the receiver only") {
    Depacketizer depacketizer(Format::kH264);
    CHECK_FALSE(depacketize(depacketizer, {kIdr}).metadata.key_frame);
    CHECK_FALSE(depacketizer.start_of(kIdr).of_key_frame);
    depacketizer.set_parameter_sets(kStart + kSps + kStart + kPps);
    CHECK(depacketizer.start_of(kIdr).of_key_frame);
    const EncodedFrame frame = depacketize(depacketizer, {kIdr});
    CHECK(frame.data == whole);
    CHECK(frame.metadata.key_frame);
  }
}

TEST_CASE("payloads that do not add up are no frame", "[packetize]") {
  CHECK(is_refused(Format::kH264, {{0x7C, 0x05, 1, 2}}));                // FU-A without its start
  CHECK(is_refused(Format::kH264, {{0x7C, 0x85, 1, 2}}));                // ... without its end
  CHECK(is_refused(Format::kH264, {{0x7C, 0x85, 1}, {0x7C, 0x41, 1}}));  // ... of two types
  CHECK(is_refused(Format::kH264, {{0x7C, 0x85, 1}, {0x41, 1}}));        // ... with another between
  CHECK(is_refused(Format::kH264, {{0x78, 0, 9, 1}}));                   // STAP-A cut short
  CHECK(is_refused(Format::kH264, {{0x78}}));                            // ... empty
  CHECK(is_refused(Format::kH264, {{0x79, 0, 0, 0, 1, 1}}));             // STAP-B is of mode 2
  CHECK(is_refused(Format::kVp8, {{0x00, 1}}));                          // no start
  CHECK(is_refused(Format::kVp8, {{0x10, 1}, {0x10, 1}}));               // two
  CHECK(is_refused(Format::kVp9, {{0x04, 1}}));                          // no start
  CHECK(is_refused(Format::kVp9, {{0x0C}}));                             // nothing in it
  CHECK(is_refused(Format::kAv1, {{0x90, 0x30, 1}}));                    // the rest of nothing
  CHECK(is_refused(Format::kAv1, {{0x50, 0x30, 1}}));                    // goes on in nothing
  CHECK(is_refused(Format::kAv1, {{0x20, 9, 0x30, 1}}));                 // a length beyond
  CHECK(is_refused(Format::kAv1, {{0x10, 0xB0, 1}}));                    // the forbidden bit
  CHECK(is_refused(Format::kAv1, {{0x00}}));                             // no OBU
  CHECK(is_refused(Format::kPcmu, {{1}, {2}}));
}

TEST_CASE("AV1: OBUs lose their sizes, N marks a new sequence, fragments say so (AV1 RTP §4.4)",
          "[packetize]") {
  Packetizer packetizer = make({.format = Format::kAv1});
  // Delimiter, sequence header, padding, frame.
  const Data frame(150, 0x11);
  const Data unit = Data{0x12, 0, 0x0A, 3, 1, 2, 3, 0x7A, 1, 0x80, 0x32, 0x96, 0x01} + frame;
  const auto payloads = packetize(packetizer, unit, {.key_frame = true});
  REQUIRE(payloads.size() == 2);
  // W = 2, N, Y; the first element's length, the second without.
  CHECK(payloads[0][0] == 0x68);
  CHECK(Data(payloads[0].begin() + 1, payloads[0].begin() + 7) == Data{4, 0x08, 1, 2, 3, 0x30});
  CHECK(payloads[0].size() == 100);
  CHECK(payloads[1][0] == 0x90);  // Z, W = 1
  Depacketizer depacketizer(Format::kAv1);
  CHECK(depacketize(depacketizer, payloads).data ==
        Data{0x12, 0, 0x0A, 3, 1, 2, 3, 0x32, 0x96, 0x01} + frame);
  // No sequence header, no N.
  CHECK(packetize(packetizer, Data{0x12, 0, 0x32, 1, 5})[0] == Data{0x10, 0x30, 5});
  // An element with its size, which some senders leave in.
  CHECK(depacketize(depacketizer, {{0x10, 0x32, 1, 5}}).data == Data{0x12, 0, 0x32, 1, 5});
  // Two bytes where the size says one are no OBU.
  CHECK(is_refused(Format::kAv1, {{0x10, 0x32, 1, 5, 6}}));
}

TEST_CASE("VP8: layers and non-reference frames are told (RFC 7741 §4.2)", "[packetize]") {
  Packetizer packetizer = make({.format = Format::kVp8, .scalability = {1, 3}, .first_picture_id = 0x7FFF});
  CHECK(packetize(packetizer, {0x10, 0, 0}, {.key_frame = true})[0] ==
        Data{0x90, 0xE0, 0xFF, 0xFF, 1, 0x20, 0x10, 0, 0});
  CHECK(packetize(packetizer, {0x11}, {.temporal_index = 2, .discardable = true, .layer_sync = true})[0] ==
        Data{0xB0, 0xE0, 0x80, 0x00, 1, 0xA0, 0x11});
  CHECK(packetize(packetizer, {0x11})[0] == Data{0x90, 0xE0, 0x80, 0x01, 2, 0x00, 0x11});
}

TEST_CASE("VP9 in flexible mode tells how far back a picture refers (RFC 9628 §4.2)", "[packetize]") {
  Packetizer packetizer = make({.format = Format::kVp9, .scalability = {1, 3}, .vp9_flexible = true});
  const auto first = [&](FrameMetadata told) { return packetize(packetizer, {0x86, 1}, told)[0]; };
  CHECK(first({.key_frame = true})[0] == 0xBF);  // I L F B E V Z
  CHECK(first({.temporal_index = 2})[4] == 1 << 1);
  CHECK(first({.temporal_index = 1})[4] == 2 << 1);
  CHECK(first({.temporal_index = 2})[4] == 1 << 1);
  CHECK(first({})[4] == 4 << 1);
}

TEST_CASE("G.711 leaves in packets of ptime, and a pause shows (RFC 3551 §4.1)", "[packetize]") {
  FrameSender::Options options;
  options.packetizer.format = GENERATE(Format::kPcmu, Format::kPcma);
  options.packetizer.ptime = 20ms;
  auto sender = FrameSender::make(options);
  REQUIRE(sender);
  struct Expected {
    std::uint32_t timestamp;
    std::size_t size;
    bool marker;
  };
  const auto check = [&](std::span<const FrameSender::Packet> packets, std::vector<Expected> expected) {
    REQUIRE(packets.size() == expected.size());
    for (std::size_t i = 0; i < packets.size(); ++i) {
      CHECK(packets[i].timestamp.value == expected[i].timestamp);
      CHECK(packets[i].payload.size() == expected[i].size);
      CHECK(packets[i].marker == expected[i].marker);
      CHECK(packets[i].payload[0] == static_cast<std::uint8_t>(packets[i].timestamp.value / 10));
    }
  };
  const auto samples = [&](std::uint32_t from, std::size_t count) {
    Data data(count);
    for (std::size_t i = 0; i < count; ++i) data[i] = static_cast<std::uint8_t>((from + i) / 10);
    return EncodedFrame{data, {.rtp_timestamp = from}};
  };
  const auto send = [&](std::uint32_t from, std::size_t count) {
    return sender->send(view_of(samples(from, count)));
  };
  check(send(0, 80), {});
  check(send(80, 80), {{0, 160, true}});
  check(send(160, 480), {{160, 160, false}, {320, 160, false}, {480, 160, false}});
  check(send(640, 100), {});
  // Silence for 260 samples: what waited leaves alone.
  check(send(1000, 200), {{640, 100, false}, {1000, 160, true}});
  check(sender->flush(), {{1160, 40, false}});
  check(sender->flush(), {});
}

TEST_CASE("an Opus packet is a payload, and the marker ends silence (RFC 7587 §4.1)", "[packetize]") {
  FrameSender::Options options;
  options.packetizer.format = Format::kOpus;
  auto sender = FrameSender::make(options);
  REQUIRE(sender);
  const Data opus = {0xF8, 1, 2, 3};  // 20 ms
  const auto marker = [&](std::uint32_t timestamp) {
    const auto packets = sender->send({opus, {.rtp_timestamp = timestamp}});
    REQUIRE(packets.size() == 1);
    CHECK(packets[0].payload.size() == opus.size());
    CHECK(packets[0].timestamp.value == timestamp);
    return packets[0].marker;
  };
  CHECK(marker(0));
  CHECK_FALSE(marker(960));
  CHECK_FALSE(marker(1920));
  CHECK(marker(1920 + 20 * 960));  // discontinuous transmission
  CHECK_FALSE(marker(1920 + 21 * 960));
}

TEST_CASE("a frame that the encoder left out leaves true dependency descriptors", "[packetize]") {
  // T0 T2 T1 T2 | T0 without its T1, T2 T0: what refers to what is told by the packets themselves.
  DependencyWriter writer({1, 3}, 0xFFFE);
  codec::DependencyStructure structure;
  std::array<std::uint8_t, DependencyWriter::kMaxSize> out{};
  const auto diff_of = [&](bool key, std::uint8_t temporal) {
    writer.begin_frame({.key = key, .temporal = temporal, .width = 64, .height = 64});
    const std::size_t size = writer.write(out, true, true);
    CHECK((size > 3) ==
          (key || codec::DependencyDescriptor::parse(Bytes(out).first(size), structure)->has_custom_chains));
    const auto told = codec::DependencyDescriptor::parse(Bytes(out).first(size), structure);
    REQUIRE(told);
    CHECK(told->temporal_layer == temporal);
    return std::vector<int>{told->frame_diffs.empty() ? 0 : *told->frame_diffs.begin(), told->chain_diffs[0]};
  };
  CHECK(diff_of(true, 0) == std::vector<int>{0, 0});
  CHECK(diff_of(false, 2) == std::vector<int>{1, 1});
  CHECK(diff_of(false, 1) == std::vector<int>{2, 2});
  CHECK(diff_of(false, 2) == std::vector<int>{1, 3});
  CHECK(diff_of(false, 0) == std::vector<int>{4, 4});
  CHECK(diff_of(false, 2) == std::vector<int>{1, 1});
  CHECK(diff_of(false, 0) == std::vector<int>{2, 2});  // the cycle is broken
  CHECK(diff_of(false, 1) == std::vector<int>{1, 1});
}

TEST_CASE("once buffers have grown, sending a frame allocates nothing", "[packetize]") {
  const Format format = GENERATE(from_range(kVideoFormats));
  FrameSender::Options options;
  options.packetizer.format = format;
  options.dependency_descriptor = true;
  auto sender = FrameSender::make(options);
  REQUIRE(sender);
  Random random(3);
  const EncodedFrame large = make_frame(format, 50'000, true, 0, random);
  const EncodedFrame small = make_frame(format, 20'000, false, 3000, random);
  const auto places = [&](const EncodedFrame& frame) {
    const auto packets = sender->send(view_of(frame));
    REQUIRE(packets.size() > 10);
    return std::vector<const void*>{packets.data(), packets[0].payload.data(),
                                    packets[0].dependency_descriptor.data()};
  };
  const auto first = places(large);
  CHECK(places(small) == first);
  CHECK(places(large) == first);
}

TEST_CASE("options that make no sense are named", "[packetize]") {
  FrameSender::Options options;
  options.max_payload = 20;
  CHECK(FrameSender::make(options).error().field == "maxPayload");
  options = {};
  options.packetizer.scalability = {3, 1};
  CHECK(FrameSender::make(options).error().field == "scalability");
  options = {};
  options.packetizer.format = Format::kPcmu;
  options.packetizer.ptime = 0ms;
  CHECK(FrameSender::make(options).error().field == "ptime");
  options.packetizer.ptime = 20ms;
  options.dependency_descriptor = true;
  CHECK(FrameSender::make(options).error().field == "dependencyDescriptor");
  CHECK(format_of("VIDEO/vp9") == Format::kVp9);
  CHECK_FALSE(format_of("video/rtx"));
}

}  // namespace sluice::packetize
