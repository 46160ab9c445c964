#include "rtp/packet_view.h"

#include <array>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "rtp/header_writer.h"
#include "rtp/rtx.h"

namespace sluice::rtp {
namespace {

using Packet = std::vector<std::uint8_t>;

/// Fixed header with X set, an extension block of this profile, and two bytes of payload.
Packet with_block(std::uint16_t profile, std::vector<std::uint8_t> block) {
  Packet packet = {0x90, 0xE0, 0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 2};
  while (block.size() % 4 != 0) block.push_back(0);
  packet.push_back(static_cast<std::uint8_t>(profile >> 8));
  packet.push_back(static_cast<std::uint8_t>(profile));
  packet.push_back(0);
  packet.push_back(static_cast<std::uint8_t>(block.size() / 4));
  packet.insert(packet.end(), block.begin(), block.end());
  packet.push_back(0xAA);
  packet.push_back(0xBB);
  return packet;
}

std::vector<std::uint8_t> ids_of(const PacketView& view) {
  std::vector<std::uint8_t> ids;
  view.for_each_extension([&](std::uint8_t id, Bytes) { ids.push_back(id); });
  return ids;
}

TEST_CASE("every field of a packet is read from its place") {
  const Packet packet = {
      0xB2, 0xE0, 0x12, 0x34,  // V=2 P=1 X=1 CC=2, M=1 PT=96, sequence number
      0xDE, 0xAD, 0xBE, 0xEF,  // timestamp
      0x01, 0x02, 0x03, 0x04,  // SSRC
      0x00, 0x00, 0x00, 0x0A,  // CSRC 1
      0x00, 0x00, 0x00, 0x0B,  // CSRC 2
      0xBE, 0xDE, 0x00, 0x01,  // one word of one-byte extensions
      0x31, 0xCA, 0xFE, 0x00,  // id 3, two bytes
      0x50, 0x51, 0x52,        // payload
      0x00, 0x00, 0x03,        // padding
  };
  const auto view = PacketView::parse(packet);
  REQUIRE(view);
  CHECK(view->marker());
  CHECK(view->payload_type() == PayloadType{96});
  CHECK(view->sequence_number() == SequenceNumber{0x1234});
  CHECK(view->timestamp() == RtpTimestamp{0xDEADBEEF});
  CHECK(view->ssrc() == Ssrc{0x01020304});
  REQUIRE(view->csrc_count() == 2);
  CHECK(view->csrc(0) == Ssrc{10});
  CHECK(view->csrc(1) == Ssrc{11});
  CHECK(view->header_size() == 28);
  CHECK(view->payload().size() == 3);
  CHECK(view->payload()[0] == 0x50);
  CHECK(view->padding_size() == 3);
  CHECK(view->extension_profile() == kOneByteProfile);
  REQUIRE(view->extension(3));
  CHECK(load16(view->extension(3)->data()) == 0xCAFE);
  CHECK_FALSE(view->extension(4));
  CHECK_FALSE(view->extension(0));
}

TEST_CASE("a packet cut short anywhere in its header is refused") {
  const Packet packet = with_block(kOneByteProfile, {0x31, 0xCA, 0xFE});
  for (std::size_t n = 0; n < packet.size() - 2; ++n) {
    const Packet cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(n));
    INFO("length " << n);
    CHECK_FALSE(PacketView::parse(cut));
  }
  CHECK(PacketView::parse(Bytes(packet).first(packet.size() - 2))->payload().empty());
}

TEST_CASE("other versions are refused") {
  Packet packet(12, 0);
  for (const int version : {0, 1, 3}) {
    packet[0] = static_cast<std::uint8_t>(version << 6);
    CHECK_FALSE(PacketView::parse(packet));
  }
}

TEST_CASE("padding that lies is refused") {
  Packet packet = {0xA0, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3};
  packet.back() = 3;
  CHECK(PacketView::parse(packet)->payload().empty());
  packet.back() = 4;  // into the header
  CHECK_FALSE(PacketView::parse(packet));
  packet.back() = 255;
  CHECK_FALSE(PacketView::parse(packet));
  packet.back() = 0;  // padding counts itself, so it is never zero
  CHECK_FALSE(PacketView::parse(packet));
  packet.resize(12);  // no room for a count
  CHECK_FALSE(PacketView::parse(packet));
}

TEST_CASE("an extension block longer than the packet is refused") {
  Packet packet = with_block(kOneByteProfile, {0x10, 1});
  packet[15] = 2;
  CHECK_FALSE(PacketView::parse(packet));
  packet[14] = 0xFF;
  CHECK_FALSE(PacketView::parse(packet));
}

TEST_CASE("one-byte extensions: zero bytes are padding, ids 0 with a length and 15 end the list") {
  CHECK(ids_of(*PacketView::parse(with_block(kOneByteProfile, {0x10, 1, 0, 0, 0x21, 2, 2}))) ==
        std::vector<std::uint8_t>{1, 2});
  // RFC 8285 §4.2: id 15 stops the processing, what stands before it counts.
  CHECK(ids_of(*PacketView::parse(with_block(kOneByteProfile, {0x10, 1, 0xF0, 9, 0x20, 2}))) ==
        std::vector<std::uint8_t>{1});
  CHECK(ids_of(*PacketView::parse(with_block(kOneByteProfile, {0x10, 1, 0x02, 9, 0x20, 2}))) ==
        std::vector<std::uint8_t>{1});
  // A value that would reach out of the block.
  const Packet packet = with_block(kOneByteProfile, {0x10, 1, 0x2F, 9});
  const auto view = PacketView::parse(packet);
  CHECK(ids_of(*view) == std::vector<std::uint8_t>{1});
  CHECK_FALSE(view->extension(2));
}

TEST_CASE("two-byte extensions: empty values, large ids and application bits are read") {
  for (const auto profile : std::array<std::uint16_t, 3>{0x1000, 0x1007, 0x100F}) {
    const Packet packet = with_block(profile, {5, 0, 0, 0, 200, 3, 7, 8, 9, 15, 1, 4});
    const auto view = PacketView::parse(packet);
    REQUIRE(view);
    CHECK(ids_of(*view) == std::vector<std::uint8_t>{5, 200, 15});
    CHECK(view->extension(5)->empty());
    CHECK(view->extension(200)->size() == 3);
    CHECK((*view->extension(200))[2] == 9);
  }
  CHECK(ids_of(*PacketView::parse(with_block(kTwoByteProfile, {5, 1, 1, 6}))) ==
        std::vector<std::uint8_t>{5});
  CHECK(ids_of(*PacketView::parse(with_block(kTwoByteProfile, {5, 1, 1, 6, 2, 0, 0, 6, 9, 9, 9, 9}))) ==
        std::vector<std::uint8_t>{5, 6});
  CHECK(ids_of(*PacketView::parse(with_block(kTwoByteProfile, {6, 3, 9, 9}))).empty());
}

TEST_CASE("extension blocks of other profiles hold nothing we know, and the payload stands behind them") {
  const Packet packet = with_block(0x4242, {0x10, 1, 0x20, 2});
  const auto view = PacketView::parse(packet);
  REQUIRE(view);
  CHECK(ids_of(*view).empty());
  CHECK(view->extension_block().size() == 4);
  CHECK(view->payload()[0] == 0xAA);
}

TEST_CASE("an RTX packet is seen as the packet it repeats") {
  Packet packet = {0x80, 0xE1, 0, 7, 0, 0, 0, 5, 0, 0, 0, 9, 0x12, 0x34, 0xAB};
  const auto rtx = PacketView::parse(packet);
  const auto view = unwrap_rtx(*rtx, Ssrc{1}, PayloadType{96});
  REQUIRE(view);
  CHECK(view->sequence_number() == SequenceNumber{0x1234});
  CHECK(view->ssrc() == Ssrc{1});
  CHECK(view->payload_type() == PayloadType{96});
  CHECK(view->marker());
  CHECK(view->timestamp() == RtpTimestamp{5});
  REQUIRE(view->payload().size() == 1);
  CHECK(view->payload()[0] == 0xAB);

  packet.resize(13);
  CHECK_FALSE(unwrap_rtx(*PacketView::parse(packet), Ssrc{1}, PayloadType{96}));
}

TEST_CASE("an RTX packet of nothing but padding repeats nothing") {
  const Packet packet = {0xA0, 0x61, 0, 7, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 3};
  CHECK_FALSE(unwrap_rtx(*PacketView::parse(packet), Ssrc{1}, PayloadType{96}));
}

TEST_CASE("random bytes never make a view that leaves the packet") {
  const std::uint64_t seed = GENERATE(range(0, 8));
  INFO("seed " << seed);
  Random random(seed);
  for (int i = 0; i < 5000; ++i) {
    Packet packet(random.below(80));
    random.fill(packet);
    if (!packet.empty()) packet[0] = static_cast<std::uint8_t>(0x80 | (packet[0] & 0x31));
    if (packet.size() > 16 && random.chance(0.8)) {
      store16(packet.data() + 12, random.chance(0.5) ? kOneByteProfile : kTwoByteProfile);
      store16(packet.data() + 14, static_cast<std::uint16_t>(random.below(8)));
    }
    const auto view = PacketView::parse(packet);
    if (!view) continue;
    REQUIRE(view->header_size() + view->payload().size() + view->padding_size() == packet.size());
    view->for_each_extension([&](std::uint8_t id, Bytes value) {
      REQUIRE(id != 0);
      REQUIRE(value.data() >= packet.data() + 12);
      REQUIRE(value.data() + value.size() <= packet.data() + view->header_size());
    });
  }
}

}  // namespace
}  // namespace sluice::rtp
