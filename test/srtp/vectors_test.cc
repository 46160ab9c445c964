// The RFCs' own numbers: RFC 3711 appendix B, RFC 6188 §7.4, RFC 7714 §16 and §17.
#include "srtp/key_derivation.h"
#include "srtp/packet_cipher.h"
#include "srtp_testing.h"

namespace sluice::srtp {
namespace {

using testing::Buffer;
using testing::from_hex;
using testing::to_hex;

std::string derived(std::string_view key, std::string_view salt, std::uint8_t label, std::size_t size) {
  Buffer out(size);
  derive_key(from_hex(key), from_hex(salt), label, out);
  return to_hex(out);
}

SessionKeys session_keys(Suite suite, std::string_view key, std::string_view salt) {
  SessionKeys keys;
  keys.suite = suite;
  for (SessionKey* each : {&keys.rtp, &keys.rtcp}) {
    std::ranges::copy(from_hex(key), each->key.begin());
    std::ranges::copy(from_hex(salt), each->salt.begin());
  }
  return keys;
}

template <class Check>
void with_primitive_backends(Check check) {
  for (const auto& backend : testing::all_backends()) {
    if (auto* primitive = dynamic_cast<PrimitiveBackend*>(backend.get())) {
      INFO("backend " << to_string(backend->kind()));
      check(*primitive);
    }
  }
}

TEST_CASE("RFC 3711 B.3: session keys are derived from the master key") {
  constexpr std::string_view kKey = "E1F97A0D3E018BE0D64FA32C06DE4139";
  constexpr std::string_view kSalt = "0EC675AD498AFEEBB6960B3AABE6";
  CHECK(derived(kKey, kSalt, 0, 16) == "c61e7a93744f39ee10734afe3ff7a087");
  CHECK(derived(kKey, kSalt, 2, 14) == "30cbbc08863d8c85d49db34a9ae1");
  CHECK(derived(kKey, kSalt, 1, 94) ==
        "cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbce"
        "e049646c43d9327ad175578ef72270986371c10c9a369ac2f94a8c5fbcdddc25"
        "6d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2");

  const auto master =
      MasterKey::from_bytes(Suite::kAesCm128HmacSha1_80, from_hex(std::string(kKey) + std::string(kSalt)));
  REQUIRE(master.has_value());
  const SessionKeys keys = derive_session_keys(*master);
  CHECK(to_hex(Bytes(keys.rtp.key).first(16)) == "c61e7a93744f39ee10734afe3ff7a087");
  CHECK(to_hex(keys.rtp.salt) == "30cbbc08863d8c85d49db34a9ae1");
  CHECK(to_hex(keys.rtp.auth) == "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
  CHECK(keys.rtcp.key != keys.rtp.key);
}

TEST_CASE("RFC 6188 7.4: session keys are derived from a master key of 256 bits") {
  constexpr std::string_view kKey = "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6";
  constexpr std::string_view kSalt = "3b04803de51ee7c96423ab5b78d2";
  CHECK(derived(kKey, kSalt, 0, 32) == "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
  CHECK(derived(kKey, kSalt, 2, 14) == "fa31791685ca444a9e07c6c64e93");
  CHECK(derived(kKey, kSalt, 1, 20) == "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
}

TEST_CASE("RFC 3711 B.2: the AES counter mode key stream") {
  // A payload of zeros under SSRC 0 and index 0 comes out as the key stream itself.
  const SessionKeys keys = session_keys(Suite::kAesCm128HmacSha1_80, "2B7E151628AED2A6ABF7158809CF4F3C",
                                        "F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
  with_primitive_backends([&](PrimitiveBackend& backend) {
    const auto cipher = backend.make_session_cipher(keys, Direction::kOutbound);
    const Buffer payload(0xFF02 * 16);
    Buffer out(12 + payload.size() + kMaxOverhead);
    out[0] = 0x80;
    REQUIRE(cipher->protect_rtp({out.data(), 12, 0, payload, 0}) == 12 + payload.size() + 10);
    backend.flush();
    const auto block = [&](std::size_t n) { return to_hex(Bytes(out).subspan(12 + n * 16, 16)); };
    CHECK(block(0) == "e03ead0935c95e80e166b16dd92b4eb4");
    CHECK(block(1) == "d23513162b02d0f72a43a2fe4a5f97ab");
    CHECK(block(2) == "41e95b3bb0a2e8dd477901e4fca894c0");
    CHECK(block(0xFEFF) == "ec8cdf7398607cb0f2d21675ea9ea1e4");
    CHECK(block(0xFF00) == "362b7c3c6773516318a077d7fc5073ae");
    CHECK(block(0xFF01) == "6a2cc3787889374fbeb4c81b17ba6c44");
  });
}

constexpr std::string_view kKey128 = "000102030405060708090a0b0c0d0e0f";
constexpr std::string_view kKey256 = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr std::string_view kSalt = "517569642070726f2071756f";

void check_rtp(Suite suite, std::string_view key, std::string_view ciphertext_and_tag) {
  const Buffer header = from_hex("8040f17b 8041f8d3 5501a0b2");
  const Bytes payload = as_bytes("Gallia est omnis divisa in partes tres");
  with_primitive_backends([&](PrimitiveBackend& backend) {
    const SessionKeys keys = session_keys(suite, key, kSalt);
    const auto sender = backend.make_session_cipher(keys, Direction::kOutbound);
    const auto receiver = backend.make_session_cipher(keys, Direction::kInbound);
    Buffer out(header);
    out.resize(header.size() + payload.size() + kMaxOverhead);
    out.resize(sender->protect_rtp({out.data(), header.size(), 0, payload, 0xf17b}));
    CHECK(to_hex(out) == to_hex(header) + std::string(ciphertext_and_tag));
    REQUIRE(receiver->unprotect_rtp(out, header.size(), 0xf17b));
    CHECK(as_text(Bytes(out).subspan(12, payload.size())) == as_text(payload));
  });
}

void check_rtcp(Suite suite, std::string_view key, std::string_view protected_packet) {
  const Buffer plain = from_hex(
      "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61"
      "deadbeef deadbeef deadbeef deadbeef deadbeef");
  with_primitive_backends([&](PrimitiveBackend& backend) {
    const SessionKeys keys = session_keys(suite, key, kSalt);
    const auto sender = backend.make_session_cipher(keys, Direction::kOutbound);
    const auto receiver = backend.make_session_cipher(keys, Direction::kInbound);
    Buffer out(plain);
    out.resize(plain.size() + kMaxOverhead);
    out.resize(sender->protect_rtcp(out.data(), plain.size(), 0x5d4));
    CHECK(to_hex(out) == to_hex(from_hex(protected_packet)));
    REQUIRE(receiver->unprotect_rtcp(out, 0x5d4));
    out.resize(plain.size());
    CHECK(to_hex(out) == to_hex(plain));
  });
}

TEST_CASE("RFC 7714 16.1: SRTP with AEAD_AES_128_GCM") {
  check_rtp(Suite::kAeadAes128Gcm, kKey128,
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
            "899d7f27beb16a9152cf765ee4390cce");
}

TEST_CASE("RFC 7714 16.2: SRTP with AEAD_AES_256_GCM") {
  check_rtp(Suite::kAeadAes256Gcm, kKey256,
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
            "7aa3db36dfffd6b0f9bb7878d7a76c13");
}

TEST_CASE("RFC 7714 17.1: SRTCP with AEAD_AES_128_GCM") {
  check_rtcp(Suite::kAeadAes128Gcm, kKey128,
             "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda"
             "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4");
}

TEST_CASE("RFC 7714 17.2: SRTCP with AEAD_AES_256_GCM") {
  check_rtcp(Suite::kAeadAes256Gcm, kKey256,
             "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be"
             "8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4");
}

}  // namespace
}  // namespace sluice::srtp
