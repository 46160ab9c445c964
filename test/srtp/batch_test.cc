// A batch gathers packets of many transports; what leaves is what each alone would have given.
#include "srtp_testing.h"

namespace sluice::srtp {
namespace {

using testing::Buffer;

TEST_CASE("a batch of 1 to 40 and of 200 packets over many transports equals one packet at a time") {
  const auto reference = make_backend(BackendKind::kOpenssl);
  for (const auto& backend : testing::all_backends()) {
    INFO("backend " << to_string(backend->kind()) << ", seed 21");
    Random random(21);
    std::vector<Outbound> batched;
    std::vector<Outbound> alone;
    for (std::size_t i = 0; i < 12; ++i) {
      const MasterKey key = testing::random_key(random, kSuites[i < 8 ? 2 + i % 2 : i % 2]);
      batched.emplace_back(*backend, key);
      alone.emplace_back(*reference, key);
    }
    std::uint16_t sequence = 65400;
    for (std::size_t count = 1; count <= 41; ++count) {
      const std::size_t packets = count == 41 ? 200 : count;
      Batch batch(*backend);
      std::vector<Buffer> slots(packets);
      std::vector<Buffer> payloads(packets);
      std::vector<Buffer> expected(packets);
      for (std::size_t i = 0; i < packets; ++i) {
        const std::size_t who = random.below(12);
        testing::RtpShape shape;
        shape.sequence = sequence++;
        shape.extension_words = static_cast<int>(random.below(4)) - 1;
        const Buffer header = testing::rtp_header(random, shape);
        payloads[i] = testing::random_bytes(random, random.below(1400));
        expected[i] = testing::protect(*reference, alone[who], header, {}, payloads[i]);
        slots[i] = header;
        slots[i].resize(header.size() + payloads[i].size() + kMaxOverhead, 0xEE);
        REQUIRE(batch.protect_rtp(batched[who], slots[i].data(), header.size(), 0, payloads[i]) ==
                expected[i].size());
      }
      batch.flush();
      REQUIRE(batch.pending() == 0);
      for (std::size_t i = 0; i < packets; ++i) {
        REQUIRE(std::equal(expected[i].begin(), expected[i].end(), slots[i].begin()));
        for (std::size_t k = expected[i].size(); k < slots[i].size(); ++k) REQUIRE(slots[i][k] == 0xEE);
      }
    }
  }
}

TEST_CASE("packets may stand wall to wall: a tag never reaches into the next packet") {
  // Version 1.3 of ipsec-mb writes 20 bytes where 10 were asked for.
  for (const auto& backend : testing::all_backends()) {
    INFO("backend " << to_string(backend->kind()) << ", seed 22");
    Random random(22);
    const MasterKey key = testing::random_key(random, Suite::kAesCm128HmacSha1_80);
    Outbound out(*backend, key);
    Inbound in(*backend, key);
    const std::size_t stride = 12 + 100 + rtp_overhead(Suite::kAesCm128HmacSha1_80);
    Buffer slots(20 * stride);
    std::vector<Buffer> payloads;
    Batch batch(*backend);
    for (std::size_t i = 20; i-- > 0;) {  // backwards, so that an overrun would hit a finished packet
      testing::RtpShape shape;
      shape.sequence = static_cast<std::uint16_t>(100 - i);
      const Buffer header = testing::rtp_header(random, shape);
      std::ranges::copy(header, slots.begin() + static_cast<std::ptrdiff_t>(i * stride));
      payloads.push_back(testing::random_bytes(random, 100));
      REQUIRE(batch.protect_rtp(out, slots.data() + i * stride, 12, 0, payloads.back()) == stride);
    }
    batch.flush();
    for (std::size_t i = 0; i < 20; ++i) {
      const auto result = in.unprotect_rtp(MutableBytes(slots).subspan(i * stride, stride));
      REQUIRE(result.ok());
      REQUIRE(std::equal(payloads[19 - i].begin(), payloads[19 - i].end(),
                         slots.begin() + static_cast<std::ptrdiff_t>(i * stride + 12)));
    }
  }
}

TEST_CASE("a transport may close between protecting and flushing") {
  for (const auto& backend : testing::all_backends()) {
    INFO("backend " << to_string(backend->kind()) << ", seed 23");
    Random random(23);
    const MasterKey key = testing::random_key(random, Suite::kAesCm128HmacSha1_32);
    Buffer slot = testing::rtp_header(random, {});
    const Buffer payload = testing::random_bytes(random, 500);
    slot.resize(slot.size() + payload.size() + kMaxOverhead);
    Batch batch(*backend);
    {
      Outbound out(*backend, key);
      slot.resize(batch.protect_rtp(out, slot.data(), 12, 0, payload));
    }
    batch.flush();
    Inbound in(*backend, key);
    CHECK(in.unprotect_rtp(slot).ok());
  }
}

TEST_CASE("RTCP protected while RTP waits for the flush disturbs neither") {
  for (const auto& backend : testing::all_backends()) {
    INFO("backend " << to_string(backend->kind()) << ", seed 24");
    Random random(24);
    const MasterKey key = testing::random_key(random, Suite::kAesCm128HmacSha1_80);
    Outbound out(*backend, key);
    Inbound in(*backend, key);
    Buffer slot = testing::rtp_header(random, {});
    const Buffer payload = testing::random_bytes(random, 500);
    slot.resize(slot.size() + payload.size() + kMaxOverhead);
    Batch batch(*backend);
    slot.resize(batch.protect_rtp(out, slot.data(), 12, 0, payload));
    Buffer report = testing::protect_rtcp(out, testing::rtcp_packet(random, 7, 56));
    CHECK(in.unprotect_rtcp(report).ok());
    batch.flush();
    CHECK(in.unprotect_rtp(slot).ok());
  }
}

}  // namespace
}  // namespace sluice::srtp
