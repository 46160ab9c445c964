// All backends, libsrtp2 among them, write the same bits and read each other's.
#include "srtp_testing.h"

namespace sluice::srtp {
namespace {

using testing::Buffer;
using testing::to_hex;

/// One Outbound and one Inbound in every backend, all under one key.
struct Field {
  std::vector<std::unique_ptr<Backend>> backends = testing::all_backends();
  std::vector<Outbound> out;
  std::vector<Inbound> in;

  explicit Field(const MasterKey& key) {
    for (const auto& backend : backends) {
      out.emplace_back(*backend, key);
      in.emplace_back(*backend, key);
    }
  }

  /// Protects in every backend; all must agree. Gives the packet.
  Buffer protect(const Buffer& header, const Buffer& prefix, const Buffer& payload) {
    const Buffer first = testing::protect(*backends[0], out[0], header, prefix, payload);
    for (std::size_t i = 1; i < backends.size(); ++i) {
      INFO("backend " << to_string(backends[i]->kind()));
      REQUIRE(to_hex(testing::protect(*backends[i], out[i], header, prefix, payload)) == to_hex(first));
    }
    return first;
  }

  void unprotect(const Buffer& packet, const Buffer& plain) {
    for (std::size_t i = 0; i < backends.size(); ++i) {
      INFO("backend " << to_string(backends[i]->kind()));
      Buffer copy(packet);
      const UnprotectResult result = in[i].unprotect_rtp(copy);
      REQUIRE(to_string(result.status) == "ok");
      copy.resize(result.size);
      REQUIRE(to_hex(copy) == to_hex(plain));
    }
  }
};

TEST_CASE("this machine compares at least OpenSSL and libsrtp") {
  CHECK(testing::all_backends().size() >= (backend_available(BackendKind::kLibsrtp) ? 2U : 1U));
}

TEST_CASE("every payload size from 0 to 1400 is the same in every backend") {
  const Suite suite = GENERATE(Suite::kAeadAes256Gcm, Suite::kAeadAes128Gcm, Suite::kAesCm128HmacSha1_80,
                               Suite::kAesCm128HmacSha1_32);
  INFO("suite " << to_string(suite) << ", seed 11");
  Random random(11);
  Field field(testing::random_key(random, suite));
  testing::RtpShape shape;
  shape.sequence = 65000;  // wraps on the way
  for (std::size_t size = 0; size <= 1400; ++size) {
    const Buffer header = testing::rtp_header(random, shape);
    const Buffer payload = testing::random_bytes(random, size);
    const Buffer packet = field.protect(header, {}, payload);
    REQUIRE(packet.size() == header.size() + size + rtp_overhead(suite));
    REQUIRE(std::equal(header.begin(), header.end(),
                       packet.begin()));  // headers are authenticated, not encrypted
    field.unprotect(packet, testing::joined(header, payload));
    ++shape.sequence;
  }
}

TEST_CASE("every header shape and prefix is the same in every backend") {
  const Suite suite = GENERATE(Suite::kAeadAes256Gcm, Suite::kAeadAes128Gcm, Suite::kAesCm128HmacSha1_80,
                               Suite::kAesCm128HmacSha1_32);
  INFO("suite " << to_string(suite) << ", seed 12");
  Random random(12);
  Field field(testing::random_key(random, suite));
  testing::RtpShape shape;
  for (const unsigned csrcs : {0U, 1U, 15U}) {
    for (const int extension_words : {-1, 0, 1, 2, 5, 17, 64}) {
      for (const std::size_t prefix_size : {0U, 1U, 2U, 6U, 16U, 33U}) {
        shape.csrcs = csrcs;
        shape.extension_words = extension_words;
        const Buffer header = testing::rtp_header(random, shape);
        const Buffer prefix = testing::random_bytes(random, prefix_size);
        const Buffer payload = testing::random_bytes(random, random.below(900));
        field.unprotect(field.protect(header, prefix, payload), testing::joined(header, prefix, payload));
        ++shape.sequence;
      }
    }
  }
}

TEST_CASE("sequence numbers that wrap, jump, get lost and are retransmitted are the same in every backend") {
  const Suite suite = GENERATE(Suite::kAeadAes256Gcm, Suite::kAesCm128HmacSha1_80);
  const std::uint64_t seed = GENERATE(13, 14);
  INFO("suite " << to_string(suite) << ", seed " << seed);
  Random random(seed);
  Field field(testing::random_key(random, suite));
  std::uint64_t newest = 60000;
  for (int i = 0; i < 4000; ++i) {
    newest += random.chance(0.01) ? random.below(20000) : random.below(3);
    const std::uint64_t index = newest - random.below(random.chance(0.3) ? 2000 : 1 + 3);
    testing::RtpShape shape;
    shape.ssrc = 0xCAFE;
    shape.sequence = static_cast<std::uint16_t>(index);
    const Buffer header = testing::rtp_header(random, shape);
    (void)field.protect(header, {}, testing::random_bytes(random, 40));
  }
  CHECK(newest > 4 * 65536);
}

TEST_CASE("a retransmission is encrypted exactly as the first time") {
  for (const auto& backend : testing::all_backends()) {
    INFO("backend " << to_string(backend->kind()));
    Random random(15);
    Outbound out(*backend, testing::random_key(random, Suite::kAeadAes128Gcm));
    testing::RtpShape shape;
    shape.sequence = 65535;
    const Buffer header = testing::rtp_header(random, shape);
    const Buffer payload = testing::random_bytes(random, 300);
    const Buffer first = testing::protect(*backend, out, header, {}, payload);
    for (std::uint16_t sequence = 0; sequence < 500; ++sequence) {
      shape.sequence = sequence;
      testing::protect(*backend, out, testing::rtp_header(random, shape), {}, payload);
    }
    CHECK(testing::protect(*backend, out, header, {}, payload) == first);
  }
}

TEST_CASE("RTCP is the same in every backend, and each reads the others'") {
  const Suite suite = GENERATE(Suite::kAeadAes256Gcm, Suite::kAeadAes128Gcm, Suite::kAesCm128HmacSha1_80,
                               Suite::kAesCm128HmacSha1_32);
  INFO("suite " << to_string(suite) << ", seed 16");
  Random random(16);
  Field field(testing::random_key(random, suite));
  for (int i = 0; i < 600; ++i) {
    const Buffer plain =
        testing::rtcp_packet(random, 1 + random.below(3), 8 + 4 * std::size_t{random.below(350)});
    const Buffer packet = testing::protect_rtcp(field.out[0], plain);
    REQUIRE(packet.size() == plain.size() + rtcp_overhead(suite));
    for (std::size_t k = 0; k < field.backends.size(); ++k) {
      INFO("backend " << to_string(field.backends[k]->kind()));
      if (k > 0) REQUIRE(to_hex(testing::protect_rtcp(field.out[k], plain)) == to_hex(packet));
      Buffer copy(packet);
      const UnprotectResult result = field.in[k].unprotect_rtcp(copy);
      REQUIRE(to_string(result.status) == "ok");
      copy.resize(result.size);
      REQUIRE(copy == plain);
    }
  }
}

TEST_CASE("buffers may stand at any address") {
  const Suite suite = GENERATE(Suite::kAeadAes256Gcm, Suite::kAeadAes128Gcm, Suite::kAesCm128HmacSha1_80,
                               Suite::kAesCm128HmacSha1_32);
  Random random(17);
  const MasterKey key = testing::random_key(random, suite);
  const Buffer header = testing::rtp_header(random, {});
  const Buffer payload = testing::random_bytes(random, 333);
  for (const auto& backend : testing::all_backends()) {
    INFO("backend " << to_string(backend->kind()) << ", suite " << to_string(suite));
    Outbound reference(*backend, key);
    const Buffer expected = testing::protect(*backend, reference, header, {}, payload);
    for (std::size_t shift = 0; shift < 16; ++shift) {
      Outbound out(*backend, key);
      Buffer slot(1024);
      Buffer source(1024);
      std::ranges::copy(header, slot.begin() + static_cast<std::ptrdiff_t>(shift));
      std::ranges::copy(payload, source.begin() + 15 - static_cast<std::ptrdiff_t>(shift));
      Batch batch(*backend);
      const std::size_t size = batch.protect_rtp(out, slot.data() + shift, header.size(), 0,
                                                 Bytes(source).subspan(15 - shift, payload.size()));
      batch.flush();
      REQUIRE(size == expected.size());
      REQUIRE(
          std::equal(expected.begin(), expected.end(), slot.begin() + static_cast<std::ptrdiff_t>(shift)));
      Inbound in(*backend, key);
      REQUIRE(in.unprotect_rtp(MutableBytes(slot).subspan(shift, size)).ok());
    }
  }
}

}  // namespace
}  // namespace sluice::srtp
