#include "codec/bit_reader.h"

#include <vector>

#include "catch.h"
#include "codec/rbsp.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

TEST_CASE("bits come most significant first, across bytes") {
  const Payload bytes = {0xA5, 0x0F, 0xFF, 0x00, 0x12};
  BitReader bits(bytes);
  CHECK(bits.bits(1) == 1);
  CHECK(bits.bits(3) == 2);
  CHECK(bits.bits(8) == 0x50);
  CHECK(bits.bits(20) == 0xFFF00);
  CHECK(bits.bits(8) == 0x12);
  CHECK(bits.ok());
}

TEST_CASE("a read past the end gives zero and stays failed") {
  const Payload bytes = {0xFF};
  BitReader bits(bytes);
  CHECK(bits.bits(7) == 0x7F);
  CHECK(bits.bits(2) == 0);
  CHECK_FALSE(bits.ok());
  CHECK(bits.bits(1) == 0);
  BitReader skipping(bytes);
  skipping.skip(9);
  CHECK_FALSE(skipping.ok());
}

TEST_CASE("Exp-Golomb codes are those of H.264 §9.1") {
  // 1 010 011 00100 00101 (0 1 2 3 4), then signed 1 010 011 00100 00101 (0 1 -1 2 -2)
  const Payload bytes = {0b10100110, 0b01000010, 0b11010011, 0b00100001, 0b01000000};
  BitReader bits(bytes);
  for (std::uint32_t i = 0; i < 5; ++i) CHECK(bits.exp_golomb() == i);
  for (const int expected : {0, 1, -1, 2, -2}) CHECK(bits.signed_exp_golomb() == expected);
  CHECK(bits.ok());
  const Payload none(20, 0);
  BitReader zeros(none);
  CHECK(zeros.exp_golomb() == 0);
  CHECK_FALSE(zeros.ok());
}

TEST_CASE("numbers below a limit take the fewest bits, both ways") {
  for (std::uint32_t limit = 1; limit <= 33; ++limit) {
    Payload bytes(64);
    BitWriter writer(bytes);
    for (std::uint32_t value = 0; value < limit; ++value) writer.non_symmetric(value, limit);
    REQUIRE(writer.ok());
    BitReader reader(bytes);
    for (std::uint32_t value = 0; value < limit; ++value) CHECK(reader.non_symmetric(limit) == value);
  }
}

TEST_CASE("a writer stops at the end of its room") {
  Payload bytes = {0xEE, 0xEE};
  BitWriter writer(MutableBytes(bytes).first(1));
  writer.bits(0x15, 5);
  CHECK(writer.size() == 1);
  CHECK(bytes[0] == 0xA8);
  writer.bits(0xF, 4);
  CHECK_FALSE(writer.ok());
  CHECK(bytes[1] == 0xEE);
}

TEST_CASE("emulation prevention bytes are taken out") {
  const Payload nal = {0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 3, 0, 0};
  const Rbsp rbsp(nal);
  const Payload expected = {0, 0, 1, 0, 0, 0, 0, 3, 0, 0};
  CHECK(Payload(rbsp.bytes().begin(), rbsp.bytes().end()) == expected);
  CHECK(Rbsp(Payload(2000, 7)).bytes().size() == 512);
}

}  // namespace
}  // namespace sluice::codec
