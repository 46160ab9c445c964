// The small parts that decide what an index is and whether it was seen, each against a slow and obvious
// model.
#include <map>
#include <set>

#include "srtp/packet_index.h"
#include "srtp/replay_window.h"
#include "srtp/ssrc_table.h"
#include "srtp_testing.h"

namespace sluice::srtp {
namespace {

TEST_CASE("the roll-over counter follows the sequence number over the wrap and back") {
  IndexEstimator estimator;
  CHECK(estimator.estimate(65530) == 65530);
  estimator.advance(65530);
  CHECK(estimator.estimate(3) == 0x10003);
  estimator.advance(0x10003);
  CHECK(estimator.estimate(65535) == 0xFFFF);
  estimator.advance(0xFFFF);  // an older packet does not turn the counter back
  CHECK(estimator.estimate(4) == 0x10004);
  CHECK(estimator.highest() == 0x10003);
}

TEST_CASE("before the first wrap there is no earlier turn") {
  IndexEstimator estimator;
  estimator.advance(10);
  CHECK(estimator.estimate(65000) == 65000);
}

TEST_CASE("half the sequence numbers ahead and half behind are told apart as RFC 3711 does") {
  IndexEstimator low;
  low.advance(0x30000 + 100);
  CHECK(low.estimate(100 + 0x8000) == 0x30000 + 100 + 0x8000);
  CHECK(low.estimate(101 + 0x8000) == 0x20000 + 101 + 0x8000);
  IndexEstimator high;
  high.advance(0x30000 + 0x9000);
  CHECK(high.estimate(0x1000) == 0x30000 + 0x1000);
  CHECK(high.estimate(0x0FFF) == 0x40000 + 0x0FFF);
}

TEST_CASE("the replay window agrees with a set of everything seen") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  INFO("seed " << seed);
  Random random(seed);
  ReplayWindow<128> window;
  using Verdict = ReplayWindow<128>::Verdict;
  std::set<std::uint64_t> seen;
  std::uint64_t around = 1000;
  for (int i = 0; i < 20000; ++i) {
    around += random.below(3);
    if (random.chance(0.005)) around += random.below(400);
    const std::uint64_t index = around - random.below(random.chance(0.1) ? 300 : 20);
    const bool too_old = !seen.empty() && *seen.rbegin() >= index + 128;
    const Verdict expected = too_old                ? Verdict::kTooOld
                             : seen.contains(index) ? Verdict::kSeen
                                                    : Verdict::kFresh;
    REQUIRE(window.check(index) == expected);
    if (expected == Verdict::kFresh) {
      window.record(index);
      seen.insert(index);
    }
  }
}

TEST_CASE("the SSRC table agrees with a map through inserts and removals") {
  const std::uint64_t seed = GENERATE(4, 5, 6);
  INFO("seed " << seed);
  Random random(seed);
  SsrcTable<int> table;
  std::map<std::uint32_t, int> model;
  CHECK(table.find(0) == nullptr);
  CHECK_FALSE(table.erase(0));
  for (int i = 0; i < 30000; ++i) {
    const std::uint32_t ssrc = random.below(700) * (random.chance(0.5) ? 1 : 0x01000000);
    if (random.chance(0.5)) {
      table.find_or_insert(ssrc) = i;
      model[ssrc] = i;
    } else {
      REQUIRE(table.erase(ssrc) == (model.erase(ssrc) == 1));
    }
    REQUIRE(table.size() == model.size());
    const std::uint32_t probe = random.below(700);
    const int* found = table.find(probe);
    REQUIRE((found != nullptr) == model.contains(probe));
    if (found != nullptr) REQUIRE(*found == model[probe]);
  }
  for (const auto& [ssrc, value] : model) {
    REQUIRE(table.find(ssrc) != nullptr);
    REQUIRE(*table.find(ssrc) == value);
  }
}

}  // namespace
}  // namespace sluice::srtp
