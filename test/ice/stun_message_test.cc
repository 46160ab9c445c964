// STUN messages: the vectors of RFC 5769, and every way in which bytes can fail to be a message.
#include "ice/stun_message.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "catch.h"
#include "ice/crc32.h"
#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

std::vector<std::uint8_t> unhex(std::string_view text) {
  std::vector<std::uint8_t> out;
  std::string digits;
  for (const char c : text) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() == 2) {
      out.push_back(static_cast<std::uint8_t>(std::stoul(digits, nullptr, 16)));
      digits.clear();
    }
  }
  return out;
}

constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";
const TransactionId kVectorId = {0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};

const auto kSampleRequest = unhex(
    "00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
    "80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74"
    "00 24 00 04 6e 00 01 ff 80 29 00 08 93 2f f9 b1 51 26 3b 36"
    "00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20"
    "00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2"
    "80 28 00 04 e5 7a 3b cf");
const auto kIpv4Response = unhex(
    "01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
    "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
    "00 20 00 08 00 01 a1 47 e1 12 a6 43"
    "00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7"
    "80 28 00 04 c0 7d 4c 96");
const auto kIpv6Response = unhex(
    "01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
    "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
    "00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9"
    "00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41"
    "80 28 00 04 c8 fb 0b 4c");
const auto kLongTermRequest = unhex(
    "00 01 00 60 21 12 a4 42 78 ad 34 33 c6 ad 72 c0 29 da 41 2e"
    "00 06 00 12 e3 83 9e e3 83 88 e3 83 aa e3 83 83 e3 82 af e3 82 b9 00 00"
    "00 15 00 1c 66 2f 2f 34 39 39 6b 39 35 34 64 36 4f 4c 33 34 6f 4c 39 46 53 54 76 79 36 34 73 41"
    "00 14 00 0b 65 78 61 6d 70 6c 65 2e 6f 72 67 00"
    "00 08 00 14 f6 70 24 65 6d d6 4a 3e 02 b8 e0 71 2e 85 c9 a2 8c a8 96 66");

/// A Binding request that consists of the given attributes, without fingerprint.
std::vector<std::uint8_t> raw_request(std::string_view attributes) {
  std::vector<std::uint8_t> out = unhex("00 01 00 00 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae");
  const auto more = unhex(attributes);
  out.insert(out.end(), more.begin(), more.end());
  store16(out.data() + 2, static_cast<std::uint16_t>(more.size()));
  return out;
}

TEST_CASE("RFC 5769 §2.1: the sample request is read and verified") {
  const auto m = StunMessage::parse(kSampleRequest);
  REQUIRE(m);
  CHECK(m->stun_class == StunClass::kRequest);
  CHECK(m->method == StunMethod::kBinding);
  CHECK(m->transaction_id == kVectorId);
  CHECK(m->software == "STUN test client");
  CHECK(m->priority == 0x6e0001ffU);
  CHECK(m->ice_controlled == 0x932ff9b151263b36ULL);
  CHECK_FALSE(m->ice_controlling);
  CHECK(m->username == "evtj:h6vY");
  CHECK(m->verify_integrity(as_bytes(kPassword)));
  CHECK_FALSE(m->verify_integrity(as_bytes("VOkJxbRl1RmTxUk/WvJxBu")));
  CHECK(m->verify_fingerprint());
  CHECK(m->unknown_required().empty());
  CHECK(peek_local_ufrag(kSampleRequest) == "evtj");
  CHECK(peek_transaction_id(kSampleRequest) == kVectorId);
}

TEST_CASE("RFC 5769 §2.2: the sample IPv4 response is read and verified") {
  const auto m = StunMessage::parse(kIpv4Response);
  REQUIRE(m);
  CHECK(m->stun_class == StunClass::kSuccess);
  CHECK(m->software == "test vector");
  CHECK(m->xor_mapped_address == SocketAddress::parse("192.0.2.1", 32853));
  CHECK(m->verify_integrity(as_bytes(kPassword)));
  CHECK(m->verify_fingerprint());
}

TEST_CASE("RFC 5769 §2.3: the sample IPv6 response is read and verified") {
  const auto m = StunMessage::parse(kIpv6Response);
  REQUIRE(m);
  CHECK(m->stun_class == StunClass::kSuccess);
  CHECK(m->xor_mapped_address == SocketAddress::parse("2001:db8:1234:5678:11:2233:4455:6677", 32853));
  CHECK(m->verify_integrity(as_bytes(kPassword)));
  CHECK(m->verify_fingerprint());
}

TEST_CASE("RFC 5769 §2.4: the sample request with long-term authentication is read and verified") {
  const auto m = StunMessage::parse(kLongTermRequest);
  REQUIRE(m);
  CHECK(m->username == "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9");
  CHECK(m->nonce == "f//499k954d6OL34oL9FSTvy64sA");
  CHECK(m->realm == "example.org");
  // MD5(username ":" realm ":" SASLprep(password)), RFC 8489 §9.2.2
  CHECK(m->verify_integrity(unhex("e8ca7ad59d5eb0518e312911d2dab2a9")));
  CHECK_FALSE(m->has_fingerprint());
  CHECK_FALSE(m->verify_fingerprint());
  CHECK(peek_local_ufrag(kLongTermRequest).empty());
}

TEST_CASE("the writer gives the IPv4 and IPv6 addresses of RFC 5769 the same bytes") {
  for (const auto& [vector, address] :
       {std::pair(kIpv4Response, SocketAddress::parse("192.0.2.1", 32853)),
        std::pair(kIpv6Response, SocketAddress::parse("2001:db8:1234:5678:11:2233:4455:6677", 32853))}) {
    std::array<std::uint8_t, 128> buffer{};
    StunWriter writer(buffer, StunClass::kSuccess, StunMethod::kBinding, kVectorId);
    writer.xor_mapped_address(*address);
    const Bytes out = writer.finish();
    const auto at = vector.begin() + 36;  // after SOFTWARE
    const std::size_t size = 8 + address->size();
    REQUIRE(out.size() == kStunHeaderSize + size + 8);
    CHECK(std::equal(at, at + static_cast<std::ptrdiff_t>(size), out.begin() + kStunHeaderSize));
  }
}

TEST_CASE("CRC-32 has its check value") {
  CHECK(crc32(as_bytes("123456789")) == 0xCBF43926U);
}

TEST_CASE("what the writer writes, the parser reads and verifies") {
  std::array<std::uint8_t, 512> buffer{};
  StunWriter writer(buffer, StunClass::kError, StunMethod::kBinding, kVectorId);
  writer.username("abc", "defgh");
  writer.error_code(487, "Role Conflict");
  const std::array<std::uint16_t, 3> unknown = {0x0031, 0x7FFF, 0x0002};
  writer.unknown_attributes(unknown);
  writer.priority(0x01020304);
  writer.use_candidate();
  writer.ice_controlled(0x1122334455667788);
  writer.ice_controlling(0x99AABBCCDDEEFF00);
  writer.nomination(7);
  writer.software("sluice");
  writer.xor_mapped_address(*SocketAddress::parse("::1", 9));
  const Bytes bytes = writer.finish(as_bytes("secret"));
  REQUIRE_FALSE(bytes.empty());
  const auto m = StunMessage::parse(bytes);
  REQUIRE(m);
  CHECK(m->stun_class == StunClass::kError);
  CHECK(m->username == "abc:defgh");
  CHECK(m->error_code == 487);
  CHECK(m->error_reason == "Role Conflict");
  CHECK(std::ranges::equal(m->unknown_attributes, unhex("00317fff0002")));
  CHECK(m->priority == 0x01020304U);
  CHECK(m->use_candidate);
  CHECK(m->ice_controlled == 0x1122334455667788U);
  CHECK(m->ice_controlling == 0x99AABBCCDDEEFF00U);
  CHECK(m->nomination == 7U);
  CHECK(m->software == "sluice");
  CHECK(m->xor_mapped_address == SocketAddress::parse("::1", 9));
  CHECK(m->verify_integrity(as_bytes("secret")));
  CHECK(m->verify_fingerprint());
}

TEST_CASE("a buffer that is too small gives nothing, at every size") {
  for (std::size_t room = 0; room < 84; ++room) {
    std::vector<std::uint8_t> buffer(room);
    StunWriter writer(buffer, StunClass::kSuccess, StunMethod::kBinding, kVectorId);
    writer.username("abcd", "efg");
    writer.xor_mapped_address(*SocketAddress::parse("192.0.2.1", 1));
    const Bytes out = writer.finish(as_bytes("k"));
    INFO("room " << room);
    CHECK(out.empty() == (room < 20 + 12 + 12 + 24 + 8));
  }
}

TEST_CASE("classes and methods are told apart by their interleaved bits") {
  for (const auto c : {StunClass::kRequest, StunClass::kIndication, StunClass::kSuccess, StunClass::kError}) {
    for (const int method : {1, 2, 3, 0x00F, 0x010, 0x080, 0xABC, 0xFFF}) {
      std::array<std::uint8_t, 64> buffer{};
      StunWriter writer(buffer, c, static_cast<StunMethod>(method), kVectorId);
      const auto m = StunMessage::parse(writer.finish());
      REQUIRE(m);
      CHECK(m->stun_class == c);
      CHECK(static_cast<int>(m->method) == method);
    }
  }
}

TEST_CASE("every truncation and every stretching of a message is malformed") {
  for (const auto& vector : {kSampleRequest, kIpv4Response, kIpv6Response, kLongTermRequest}) {
    for (std::size_t n = 0; n < vector.size(); ++n) {
      const Bytes cut = Bytes(vector).first(n);
      CHECK_FALSE(StunMessage::parse(cut));
      CHECK(peek_local_ufrag(cut).empty());
      // Also with the length made to fit: attributes may be cut then, never read past.
      if (n < kStunHeaderSize || n % 4 != 0) continue;
      std::vector<std::uint8_t> fitted(cut.begin(), cut.end());
      store16(fitted.data() + 2, static_cast<std::uint16_t>(n - kStunHeaderSize));
      if (const auto m = StunMessage::parse(fitted)) CHECK_FALSE(m->verify_fingerprint());
    }
    std::vector<std::uint8_t> longer = vector;
    longer.resize(longer.size() + 4);
    CHECK_FALSE(StunMessage::parse(longer));
  }
}

TEST_CASE("any single changed bit breaks the fingerprint or the form") {
  for (std::size_t bit = 0; bit < kSampleRequest.size() * 8; ++bit) {
    auto changed = kSampleRequest;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
    const auto m = StunMessage::parse(changed);
    INFO("bit " << bit);
    CHECK_FALSE((m && m->verify_fingerprint()));
  }
}

TEST_CASE("header fields that are not STUN's are refused") {
  auto bytes = kSampleRequest;
  SECTION("the top two bits") {
    bytes[0] = 0x80;
  }
  SECTION("the magic cookie") {
    bytes[4] = 0;
  }
  SECTION("a length that is not a multiple of four") {
    bytes[3] = 0x57;
  }
  SECTION("a length beyond the datagram") {
    bytes[3] = 0x5c;
  }
  SECTION("a length short of the datagram") {
    bytes[3] = 0x54;
  }
  CHECK_FALSE(StunMessage::parse(bytes));
  CHECK(peek_local_ufrag(bytes).empty());
  CHECK_FALSE(peek_transaction_id(bytes));
}

TEST_CASE("attributes of an impossible size are malformed") {
  const auto* const attributes = GENERATE(
      "0024 0003 00000000", "0024 0008 0000000000000000",                  // PRIORITY
      "0025 0004 00000000",                                                // USE-CANDIDATE
      "8029 0004 00000000", "802a 0010 00000000000000000000000000000000",  // ICE-CONTROLLED, ICE-CONTROLLING
      "c001 0002 00000000",                                                // NOMINATION
      "0020 0004 00010000", "0020 0008 00020000 00000000",
      "0020 0008 00030000 00000000",  // XOR-MAPPED-ADDRESS
      "0020 0014 00010000 00000000 00000000 00000000 00000000", "0020 0000",
      "0008 0010 00000000 00000000 00000000 00000000",                                // MESSAGE-INTEGRITY
      "8028 0000", "8028 0008 00000000 00000000",                                     // FINGERPRINT
      "0009 0000", "0009 0004 00000200", "0009 0004 00000700", "0009 0004 00000464",  // ERROR-CODE
      "000a 0003 00000000",                                                           // UNKNOWN-ATTRIBUTES
      "0006 0005 61626364", "0006 ffff 61626364",  // a value beyond the message
      "8028 0004 00000000 0024 0004 00000000");    // something after FINGERPRINT
  INFO(attributes);
  CHECK_FALSE(StunMessage::parse(raw_request(attributes)));
}

TEST_CASE("a USERNAME longer than two ufrags and a colon is malformed") {
  for (const std::size_t size : {std::size_t{513}, std::size_t{514}}) {
    std::vector<std::uint8_t> buffer(600);
    StunWriter writer(buffer, StunClass::kRequest, StunMethod::kBinding, kVectorId);
    writer.username(std::string(256, 'a'), std::string(size - 257, 'b'));
    CHECK(StunMessage::parse(writer.finish()).has_value() == (size == 513));
  }
}

TEST_CASE("only the first of equal attributes counts") {
  const auto bytes =
      raw_request("0024 0004 00000001 0024 0004 00000002 0006 0003 613a6200 0006 0003 633a6400");
  const auto m = StunMessage::parse(bytes);
  REQUIRE(m);
  CHECK(m->priority == 1U);
  CHECK(m->username == "a:b");
}

TEST_CASE("what follows MESSAGE-INTEGRITY is ignored, except FINGERPRINT") {
  const auto bytes = raw_request(
      "0008 0014 0000000000000000000000000000000000000000"
      "0025 0000 0024 0004 00000001 7f00 0000 8028 0004 00000000");
  const auto m = StunMessage::parse(bytes);
  REQUIRE(m);
  CHECK_FALSE(m->use_candidate);
  CHECK_FALSE(m->priority);
  CHECK(m->unknown_required().empty());
  CHECK(m->has_fingerprint());
}

TEST_CASE("unknown attributes are remembered once each when comprehension is required, and only so many") {
  std::string attributes = "7f00 0000 7f00 0000 8123 0004 00000000 c057 0004 00000000";
  for (int i = 0; i < 20; ++i)
    attributes += " 7e" + std::string(i < 10 ? "0" : "1") + std::to_string(i % 10) + " 0000";
  const auto bytes = raw_request(attributes);
  const auto m = StunMessage::parse(bytes);
  REQUIRE(m);
  REQUIRE(m->unknown_required().size() == StunMessage::kMaxUnknown);
  CHECK(m->unknown_required()[0] == 0x7f00);
  CHECK(m->unknown_required()[1] == 0x7e00);
}

TEST_CASE("the ufrag of a first check is found without a colon's surprise") {
  CHECK(peek_local_ufrag(raw_request("0024 0004 00000001 0006 0003 613a6200")) == "a");
  CHECK(peek_local_ufrag(raw_request("0006 0002 61620000")).empty());
  CHECK(peek_local_ufrag(raw_request("0006 0002 3a620000")).empty());
  CHECK(peek_local_ufrag(raw_request("0006 0000")).empty());
  CHECK(peek_local_ufrag({}).empty());
}

}  // namespace
}  // namespace sluice::ice
