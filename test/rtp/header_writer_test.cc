#include "rtp/header_writer.h"

#include <array>
#include <vector>

#include "base/random.h"
#include "catch.h"

namespace sluice::rtp {
namespace {

std::vector<std::uint8_t> first(const std::array<std::uint8_t, 256>& out, std::size_t n) {
  return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n)};
}

TEST_CASE("a header without extensions is the fixed header and its CSRCs") {
  std::array<std::uint8_t, 256> out{};
  const std::array<Ssrc, 1> csrcs = {Ssrc{7}};
  const auto written = write_header(out,
                                    {true, true, PayloadType{96}, SequenceNumber{0x1234},
                                     RtpTimestamp{0xDEADBEEF}, Ssrc{0x01020304}, csrcs},
                                    {});
  REQUIRE(written);
  CHECK(first(out, written->size) ==
        std::vector<std::uint8_t>{0xA1, 0xE0, 0x12, 0x34, 0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3, 4, 0, 0, 0, 7});
}

TEST_CASE("small extensions take the one-byte form, padded to a word, and late fields tell their place") {
  std::array<std::uint8_t, 256> out{};
  const std::array<ExtensionToWrite, 3> extensions = {{
      {Extension::kMid, 4, as_bytes("a")},
      {Extension::kAbsSendTime, 2, blank(3)},
      {Extension::kTransportCc, 3, blank(2)},
  }};
  const auto written = write_header(out, {false, false, PayloadType{111}, {1}, {2}, Ssrc{3}}, extensions);
  REQUIRE(written);
  CHECK(first(out, written->size) ==
        std::vector<std::uint8_t>{0x90, 111, 0,    1,   0,    0, 0, 2, 0,    0, 0, 3, 0xBE, 0xDE,
                                  0,    3,   0x40, 'a', 0x22, 0, 0, 0, 0x31, 0, 0, 0, 0,    0});
  CHECK(written->abs_send_time == 19);
  CHECK(written->transport_cc == 23);

  write_abs_send_time(out.data() + written->abs_send_time, Instant(1'500'000us));
  write_transport_cc(out.data() + written->transport_cc, SequenceNumber{0xCAFE});
  const auto view = PacketView::parse(Bytes(out).first(written->size));
  REQUIRE(view);
  CHECK(read_abs_send_time(*view->extension(2)) == 0x60000u);  // 1.5 s in 6.18
  CHECK(read_transport_cc(*view->extension(3)) == SequenceNumber{0xCAFE});
}

TEST_CASE("a large id, an empty value or a long one make all extensions two-byte") {
  static const std::vector<std::uint8_t> long_value(17, 9);  // outlives each generated case
  const ExtensionToWrite odd = GENERATE_COPY(ExtensionToWrite{Extension::kRid, 16, as_bytes("x")},
                                             ExtensionToWrite{Extension::kRid, 5, Bytes()},
                                             ExtensionToWrite{Extension::kRid, 5, Bytes(long_value)});
  std::array<std::uint8_t, 256> out{};
  const std::array<ExtensionToWrite, 2> extensions = {{{Extension::kMid, 1, as_bytes("m")}, odd}};
  const auto written = write_header(out, {}, extensions);
  REQUIRE(written);
  CHECK(written->size % 4 == 0);
  const auto view = PacketView::parse(Bytes(out).first(written->size));
  REQUIRE(view);
  CHECK(view->extension_profile() == kTwoByteProfile);
  CHECK(as_text(*view->extension(1)) == "m");
  REQUIRE(view->extension(odd.id));
  CHECK(view->extension(odd.id)->size() == odd.value.size());
}

TEST_CASE("ids that cannot be written are left out") {
  std::array<std::uint8_t, 256> out{};
  const std::array<ExtensionToWrite, 2> extensions = {
      {{Extension::kMid, 0, as_bytes("m")}, {Extension::kRid, 15, as_bytes("r")}}};
  const auto written = write_header(out, {}, extensions);
  REQUIRE(written);
  CHECK(written->size == kFixedHeaderSize);
  CHECK(out[0] == 0x80);
}

TEST_CASE("a header that does not fit is not given") {
  const std::array<ExtensionToWrite, 1> extensions = {{{Extension::kMid, 1, as_bytes("mid")}}};
  std::array<std::uint8_t, 20> out{};
  CHECK(write_header(out, {}, extensions)->size == 20);
  for (std::size_t n = 0; n < 20; ++n) CHECK_FALSE(write_header(MutableBytes(out).first(n), {}, extensions));
}

TEST_CASE("what the writer writes the view reads") {
  const std::uint64_t seed = GENERATE(range(0, 8));
  INFO("seed " << seed);
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    std::array<std::uint8_t, 4096> out{};
    std::array<std::uint8_t, 64> values{};
    random.fill(values);
    std::vector<Ssrc> csrcs(random.below(16));
    for (Ssrc& csrc : csrcs) csrc = {random.u32()};
    std::vector<ExtensionToWrite> extensions;
    const bool two_byte = random.chance(0.3);
    for (std::uint8_t id = 1; id < 12; ++id) {
      if (random.chance(0.5)) continue;
      const auto number = static_cast<std::uint8_t>(two_byte ? id * 20 : id);
      extensions.push_back(
          {static_cast<Extension>(id), number, Bytes(values).first(1 + random.below(two_byte ? 60 : 16))});
    }
    const Header header{random.chance(0.5),
                        false,
                        PayloadType{static_cast<std::uint8_t>(random.below(128))},
                        {static_cast<std::uint16_t>(random.u32())},
                        {random.u32()},
                        {random.u32()},
                        csrcs};
    const auto written = write_header(out, header, extensions);
    REQUIRE(written);
    const auto view = PacketView::parse(Bytes(out).first(written->size));
    REQUIRE(view);
    CHECK(view->header_size() == written->size);
    CHECK(view->payload().empty());
    CHECK(view->marker() == header.marker);
    CHECK(view->payload_type() == header.payload_type);
    CHECK(view->sequence_number() == header.sequence_number);
    CHECK(view->timestamp() == header.timestamp);
    CHECK(view->ssrc() == header.ssrc);
    REQUIRE(view->csrc_count() == csrcs.size());
    for (std::size_t i = 0; i < csrcs.size(); ++i) CHECK(view->csrc(i) == csrcs[i]);
    for (const ExtensionToWrite& extension : extensions) {
      const auto value = view->extension(extension.id);
      REQUIRE(value);
      CHECK(std::equal(value->begin(), value->end(), extension.value.begin(), extension.value.end()));
    }
  }
}

}  // namespace
}  // namespace sluice::rtp
