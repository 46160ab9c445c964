#include "srtp/suite.h"

#include "srtp_testing.h"

namespace sluice::srtp {
namespace {

using testing::Buffer;

TEST_CASE("suites are preferred from AES-256-GCM down to the short tag") {
  CHECK(kSuites[0] == Suite::kAeadAes256Gcm);
  CHECK(kSuites[1] == Suite::kAeadAes128Gcm);
  CHECK(kSuites[2] == Suite::kAesCm128HmacSha1_80);
  CHECK(kSuites[3] == Suite::kAesCm128HmacSha1_32);
}

TEST_CASE("a suite is found by its DTLS-SRTP number and by its name") {
  CHECK(suite_from_profile(0x0008) == Suite::kAeadAes256Gcm);
  CHECK(suite_from_profile(0x0001) == Suite::kAesCm128HmacSha1_80);
  CHECK_FALSE(suite_from_profile(0x0005).has_value());
  for (const Suite suite : kSuites) CHECK(parse_suite(to_string(suite)) == suite);
  CHECK_FALSE(parse_suite("AEAD_AES_512_GCM").has_value());
  CHECK(to_string(Suite::kAesCm128HmacSha1_32) == "AES_CM_128_HMAC_SHA1_32");
}

TEST_CASE("the short tag shortens RTP only") {
  CHECK(rtp_overhead(Suite::kAesCm128HmacSha1_32) == 4);
  CHECK(rtcp_overhead(Suite::kAesCm128HmacSha1_32) == 14);
  CHECK(rtp_overhead(Suite::kAesCm128HmacSha1_80) == 10);
  CHECK(rtcp_overhead(Suite::kAeadAes256Gcm) == 20);
}

TEST_CASE("keying material is taken apart into client key, server key, client salt, server salt") {
  for (const Suite suite : kSuites) {
    Buffer material(keying_material_size(suite));
    for (std::size_t i = 0; i < material.size(); ++i) material[i] = static_cast<std::uint8_t>(i);
    const auto pair = split_keying_material(suite, material);
    REQUIRE(pair.has_value());
    CHECK(pair->client.key()[0] == 0);
    CHECK(pair->server.key()[0] == key_size(suite));
    CHECK(pair->client.salt()[0] == 2 * key_size(suite));
    CHECK(pair->server.salt()[0] == 2 * key_size(suite) + salt_size(suite));
    CHECK(pair->server.salt().back() == material.back());
    material.pop_back();
    CHECK_FALSE(split_keying_material(suite, material).has_value());
    CHECK_FALSE(MasterKey::from_bytes(suite, material).has_value());
  }
}

TEST_CASE("backends have names, and the one detected is available") {
  for (const BackendKind kind : {BackendKind::kIpsecMb, BackendKind::kOpenssl, BackendKind::kLibsrtp}) {
    CHECK(parse_backend(to_string(kind)) == kind);
    if (auto backend = make_backend(kind)) CHECK(backend->kind() == kind);
  }
  CHECK_FALSE(parse_backend("nss").has_value());
  CHECK(backend_available(detect_backend()));
  CHECK(backend_available(BackendKind::kOpenssl));
}

}  // namespace
}  // namespace sluice::srtp
