#include "codec/red.h"

#include <array>
#include <vector>

#include "catch.h"
#include "codec/capture.h"
#include "codec/opus.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

TEST_CASE("a payload without redundancy is a byte and the primary block") {
  const Payload payload = {111, 0xFC, 1, 2};
  const auto red = Red::parse(payload);
  REQUIRE(red);
  CHECK(red->block_count == 1);
  CHECK(red->primary().payload_type == 111);
  CHECK(red->primary().offset == 1);
  CHECK(red->primary().size == 3);
}

TEST_CASE("redundant blocks stand before the primary, in the order of their headers (RFC 2198 §3)") {
  // Type 111, 960 units before, two bytes; type 112, 480 units before, one byte; the primary.
  const Payload payload = {0x80 | 111, 0x0F, 0x00, 0x02, 0x80 | 112, 0x07, 0x80, 0x01,
                           111,        'a',  'b',  'c',  'd',        'e',  'f'};
  const auto red = Red::parse(payload);
  REQUIRE(red);
  REQUIRE(red->block_count == 3);
  CHECK(red->blocks[0].timestamp_offset == 960);
  CHECK(red->blocks[1].payload_type == 112);
  CHECK(red->blocks[1].timestamp_offset == 480);
  CHECK(as_text(Red::bytes_of(red->blocks[0], payload)) == "ab");
  CHECK(as_text(Red::bytes_of(red->blocks[1], payload)) == "c");
  CHECK(as_text(Red::bytes_of(red->primary(), payload)) == "def");
}

TEST_CASE("blocks beyond the payload, missing headers and too many blocks are refused") {
  CHECK_FALSE(Red::parse({}));
  CHECK_FALSE(Red::parse(Payload{0x80 | 111, 0, 0}));
  CHECK_FALSE(Red::parse(Payload{0x80 | 111, 0, 0, 2, 111, 1}));
  Payload many;
  for (std::size_t i = 0; i < Red::kMaxBlocks; ++i) many.insert(many.end(), {0x80, 0, 0, 0});
  many.push_back(111);
  CHECK_FALSE(Red::parse(many));
}

TEST_CASE("the headers are copied with another payload type, all else as it was") {
  const Payload payload = {0x80 | 111, 0x0F, 0x00, 0x02, 0x80 | 111, 0x07, 0x80, 0x01,
                           111,        'a',  'b',  'c',  'd',        'e',  'f'};
  CHECK(Red::names_only(payload, 3, 111));
  CHECK_FALSE(Red::names_only(payload, 3, 112));
  std::array<std::uint8_t, Red::kMaxHeadersSize> headers{};
  REQUIRE(Red::write_headers(headers.data(), payload, 3, 96) == 9);
  CHECK(Payload(headers.begin(), headers.begin() + 9) ==
        Payload{0x80 | 96, 0x0F, 0x00, 0x02, 0x80 | 96, 0x07, 0x80, 0x01, 96});
  Payload mixed = payload;
  mixed[4] = 0x80 | 13;
  CHECK_FALSE(Red::names_only(mixed, 3, 111));
}

TEST_CASE("captured: each RED packet of Chromium repeats the frame before it") {
  Payload before;
  std::size_t repeated = 0;
  const Capture capture("chromium-red");
  for (const Capture::Packet& packet : capture.packets()) {
    const auto red = Red::parse(packet.payload);
    REQUIRE(red);
    const Bytes primary = Red::bytes_of(red->primary(), packet.payload);
    REQUIRE(Opus::parse(primary));
    if (red->block_count == 2 && red->blocks[0].timestamp_offset == 960) {
      const Bytes redundant = Red::bytes_of(red->blocks[0], packet.payload);
      CHECK(std::equal(redundant.begin(), redundant.end(), before.begin(), before.end()));
      ++repeated;
    }
    before.assign(primary.begin(), primary.end());
  }
  CHECK(repeated > 50);
}

TEST_CASE("captured: GStreamer's RED of distance two") {
  const Capture capture("gstreamer-red");
  std::vector<Payload> primaries;
  for (const Capture::Packet& packet : capture.packets()) {
    const auto red = Red::parse(packet.payload);
    REQUIRE(red);
    const Bytes primary = Red::bytes_of(red->primary(), packet.payload);
    if (red->block_count == 2 && primaries.size() >= 2) {
      const Bytes redundant = Red::bytes_of(red->blocks[0], packet.payload);
      const Payload& earlier = primaries[primaries.size() - 2];
      CHECK(std::equal(redundant.begin(), redundant.end(), earlier.begin(), earlier.end()));
    }
    primaries.emplace_back(primary.begin(), primary.end());
  }
  CHECK(primaries.size() > 40);
}

}  // namespace
}  // namespace sluice::codec
