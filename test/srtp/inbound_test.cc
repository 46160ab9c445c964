// What a hostile or lossy network can do to an Inbound, and what it cannot.
#include "srtp_testing.h"

namespace sluice::srtp {
namespace {

using testing::Buffer;

/// A sender and a receiver under one key, in one backend.
struct Link {
  Backend& backend;
  Random random{31};
  MasterKey key;
  Outbound out;
  Inbound in;

  Link(Backend& the_backend, Suite suite, std::size_t max_ssrcs = Inbound::kDefaultMaxSsrcs)
      : backend(the_backend),
        key(testing::random_key(random, suite)),
        out(backend, key),
        in(backend, key, max_ssrcs) {}

  Buffer packet(std::uint16_t sequence, std::uint32_t ssrc = 1, std::size_t size = 50) {
    testing::RtpShape shape;
    shape.sequence = sequence;
    shape.ssrc = ssrc;
    return testing::protect(backend, out, testing::rtp_header(random, shape), {},
                            testing::random_bytes(random, size));
  }
  Buffer report(std::uint32_t ssrc = 1) {
    return testing::protect_rtcp(out, testing::rtcp_packet(random, ssrc, 28));
  }
  std::string_view receive(Buffer packet) { return to_string(in.unprotect_rtp(packet).status); }
  std::string_view receive_rtcp(Buffer packet) { return to_string(in.unprotect_rtcp(packet).status); }
};

template <class Check>
void everywhere(Check check) {
  for (const auto& backend : testing::all_backends()) {
    for (const Suite suite : kSuites) {
      INFO("backend " << to_string(backend->kind()) << ", suite " << to_string(suite) << ", seed 31");
      check(*backend, suite);
    }
  }
}

TEST_CASE("a packet is accepted once") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    const Buffer packet = link.packet(7);
    const Buffer report = link.report();
    CHECK(link.receive(packet) == "ok");
    CHECK(link.receive(packet) == "replayed");
    CHECK(link.receive_rtcp(report) == "ok");
    CHECK(link.receive_rtcp(report) == "replayed");
  });
}

TEST_CASE("many at once are judged and decrypted as one by one, whatever is among them") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    Inbound batched(backend, link.key);
    Random random(7);
    std::uint16_t next[2] = {65'400, 1};  // one turns over on the way
    std::vector<Buffer> sent;
    for (int round = 0; round < 40; ++round) {
      std::vector<Buffer> batch;
      for (std::uint32_t i = random.below(40); i > 0; --i) {
        const std::uint32_t ssrc = random.below(2);
        const std::uint32_t what = random.below(10);
        if (what == 0 && !sent.empty()) {
          batch.push_back(sent[random.below(static_cast<std::uint32_t>(sent.size()))]);  // again
          continue;
        }
        batch.push_back(link.packet(next[ssrc]++, ssrc + 1, random.below(1200)));
        sent.push_back(batch.back());
        if (what == 1) batch.back()[random.below(static_cast<std::uint32_t>(batch.back().size()))] ^= 1;
        if (what == 2) batch.back().resize(random.below(static_cast<std::uint32_t>(batch.back().size())));
        if (what == 3 && batch.size() > 1) std::swap(batch.back(), batch[batch.size() - 2]);
      }
      std::vector<Buffer> alone = batch;
      std::vector<Inbound::Begun> begun(batch.size());
      for (std::size_t i = 0; i < batch.size(); ++i) batched.begin_rtp(batch[i], begun[i]);
      backend.flush();
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto expected = link.in.unprotect_rtp(alone[i]);
        const auto got = batched.unprotect_rtp(batch[i], &begun[i]);
        INFO("round " << round << ", packet " << i);
        REQUIRE(to_string(got.status) == to_string(expected.status));
        REQUIRE(got.size == expected.size);
        if (got.ok()) REQUIRE(std::equal(batch[i].begin(), batch[i].begin() + got.size, alone[i].begin()));
      }
    }
    CHECK(batched.ssrc_count() == link.in.ssrc_count());
  });
}

TEST_CASE("late packets are accepted within the window and refused behind it") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    std::vector<Buffer> packets;
    std::vector<Buffer> reports;
    for (std::uint16_t i = 0; i < 1030; ++i) packets.push_back(link.packet(i));
    for (int i = 0; i < 130; ++i) reports.push_back(link.report());
    CHECK(link.receive(packets[1029]) == "ok");
    CHECK(link.receive(packets[6]) == "ok");
    CHECK(link.receive(packets[6]) == "replayed");
    CHECK(link.receive(packets[5]) == "too_old");
    CHECK(link.receive_rtcp(reports[129]) == "ok");
    CHECK(link.receive_rtcp(reports[2]) == "ok");
    CHECK(link.receive_rtcp(reports[1]) == "too_old");
  });
}

TEST_CASE("a change of any bit is noticed, and the true packet is still accepted afterwards") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    CHECK(link.receive(link.packet(1)) == "ok");
    CHECK(link.receive_rtcp(link.report()) == "ok");
    const Buffer packet = link.packet(2);
    const Buffer report = link.report();
    for (std::size_t i = 0; i < packet.size(); ++i) {
      Buffer forged(packet);
      forged[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
      REQUIRE(link.receive(forged) != "ok");
    }
    for (std::size_t i = 0; i < report.size(); ++i) {
      Buffer forged(report);
      forged[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
      REQUIRE(link.receive_rtcp(forged) != "ok");
    }
    CHECK(link.in.ssrc_count() == 1);
    CHECK(link.receive(packet) == "ok");
    CHECK(link.receive_rtcp(report) == "ok");
  });
}

TEST_CASE("a packet cut short at any place is refused") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    const Buffer packet = link.packet(2);
    const Buffer report = link.report();
    for (std::size_t size = 0; size < packet.size(); ++size) {
      REQUIRE(link.receive(Buffer(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size))) !=
              "ok");
    }
    for (std::size_t size = 0; size < report.size(); ++size) {
      REQUIRE(link.receive_rtcp(Buffer(report.begin(), report.begin() + static_cast<std::ptrdiff_t>(size))) !=
              "ok");
    }
    CHECK(link.in.ssrc_count() == 0);
  });
}

TEST_CASE("random bytes and random headers are refused and leave no state") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    for (int i = 0; i < 2000; ++i) {
      Buffer noise = testing::random_bytes(link.random, link.random.below(200));
      if (!noise.empty() && link.random.chance(0.7))
        noise[0] = static_cast<std::uint8_t>(0x80 | (noise[0] & 0x3F));
      REQUIRE(link.receive(noise) != "ok");
      REQUIRE(link.receive_rtcp(noise) != "ok");
    }
    CHECK(link.in.ssrc_count() == 0);
  });
}

TEST_CASE("a header that claims more than the packet holds is too short") {
  const auto backend = make_backend(BackendKind::kOpenssl);
  Link link(*backend, Suite::kAeadAes128Gcm);
  Buffer packet(40);
  packet[0] = 0x8F;  // 15 CSRCs need 72 bytes
  CHECK(link.receive(packet) == "too_short");
  packet[0] = 0x90;
  store16(packet.data() + 14, 0xFFFF);
  CHECK(link.receive(packet) == "too_short");
  packet[0] = 0x00;
  CHECK(link.receive(packet) == "malformed");
  CHECK(link.receive_rtcp(packet) == "malformed");
  packet[0] = 0x80;
  packet[36] = 0;
  CHECK(link.receive_rtcp(packet) == "not_encrypted");
}

TEST_CASE("the roll-over counter survives the wrap with heavy loss and reordering") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    std::vector<Buffer> held;
    int received = 0;
    for (std::uint32_t i = 30000; i < 4 * 65536; i += 1 + link.random.below(400)) {
      Buffer packet = link.packet(static_cast<std::uint16_t>(i), 1, 20);
      if (link.random.chance(0.3)) continue;
      if (link.random.chance(0.2)) {
        held.push_back(std::move(packet));
        continue;
      }
      REQUIRE(link.receive(packet) == "ok");
      ++received;
      if (!held.empty() && link.random.chance(0.5)) {
        const std::string_view status = link.receive(held.back());
        REQUIRE((status == "ok" || status == "too_old"));
        held.pop_back();
      }
    }
    CHECK(received > 300);
  });
}

TEST_CASE("a packet from before the wrap is read after it") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    CHECK(link.receive(link.packet(65533)) == "ok");
    const Buffer late = link.packet(65534);
    const Buffer lost = link.packet(65535);
    CHECK(link.receive(link.packet(0)) == "ok");
    CHECK(link.receive(link.packet(1)) == "ok");
    CHECK(link.receive(late) == "ok");
    CHECK(link.receive(late) == "replayed");
    CHECK(link.receive(link.packet(2)) == "ok");
    CHECK(link.receive(lost) == "ok");
  });
}

TEST_CASE("the number of SSRCs is bounded, and a removed one gives its place free") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite, 3);
    for (std::uint32_t ssrc = 1; ssrc <= 3; ++ssrc) CHECK(link.receive(link.packet(1, ssrc)) == "ok");
    CHECK(link.receive(link.packet(1, 4)) == "too_many_ssrcs");
    CHECK(link.receive_rtcp(link.report(5)) == "too_many_ssrcs");
    CHECK(link.receive_rtcp(link.report(2)) == "ok");
    link.in.remove_ssrc({2});
    CHECK(link.in.ssrc_count() == 2);
    CHECK(link.receive(link.packet(2, 4)) == "ok");
    CHECK(link.in.ssrc_count() == 3);
  });
}

TEST_CASE("another key's packet is refused") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    Random other(99);
    Inbound stranger(backend, testing::random_key(other, suite));
    Buffer packet = link.packet(1);
    CHECK(stranger.unprotect_rtp(packet).status == UnprotectStatus::kAuthFailed);
    CHECK(stranger.ssrc_count() == 0);
  });
}

TEST_CASE("hundreds of streams keep their counters apart") {
  everywhere([](Backend& backend, Suite suite) {
    Link link(backend, suite);
    for (std::uint32_t round = 0; round < 4; ++round) {
      for (std::uint32_t ssrc = 0; ssrc < 300; ++ssrc) {
        const auto sequence = static_cast<std::uint16_t>(65533 + round + ssrc % 3);
        const std::string_view status = link.receive(link.packet(sequence, ssrc * 0x10001, 10));
        REQUIRE(status == "ok");
      }
    }
    CHECK(link.in.ssrc_count() == 300);
    CHECK(link.out.ssrc_count() == 300);
    link.out.remove_ssrc({0});
    CHECK(link.out.ssrc_count() == 299);
  });
}

}  // namespace
}  // namespace sluice::srtp
