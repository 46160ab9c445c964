// The NACK generator at the end of a link in virtual time: what it asks for, what comes back, and when.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "rtp/nack_generator.h"

namespace sluice::rtp {
namespace {

using Came = NackGenerator::Came;
constexpr Instant kStart{10s};

struct LinkOptions {
  double loss = 0;  ///< Both ways, of requests and repairs too.
  double duplication = 0;
  Duration delay = 25ms;
  Duration jitter{};  ///< Up to so much more; packets overtake each other.
  bool rtx = true;    ///< Repairs can be told from originals.
  int packets_per_frame = 4;
  Duration frame_interval = 33ms;
};

/// A sender of frames, a link, and a receiver that asks; answers are sent at once.
class LossyLink {
 public:
  LossyLink(std::uint64_t seed, const LinkOptions& options, NackPolicy policy = NackPolicy::video())
      : nack(policy), options_(options), random_(seed), next_(static_cast<int>(random_.below(65536))) {
    nack.set_round_trip_time(2 * options.delay + options.jitter);
  }

  void run_for(Duration duration) {
    const Instant end = now_ + duration;
    while (now_ < end) {
      Instant next = std::min({end, next_frame_, nack.next_deadline()});
      if (!queue_.empty()) next = std::min(next, queue_.begin()->first);
      now_ = std::max(now_, next);
      deliver();
      for (const SequenceNumber n : nack.advance(now_)) on_request(n);
      if (now_ >= next_frame_) send_frame();
    }
  }
  /// Nothing new is sent; what is under way arrives.
  void drain() {
    next_frame_ = kNever;
    run_for(3s);
  }

  /// Requests for packets that were not lost.
  std::uint64_t asked_in_vain = 0;
  /// From a lost packet's expected arrival to its repair's.
  std::vector<Duration> repair_times;
  std::size_t lost = 0;
  std::size_t received = 0;
  std::size_t sent = 0;
  NackGenerator nack;

 private:
  struct Flight {
    int number = 0;
    Came came = Came::kOriginal;
    bool request = false;
  };

  Duration latency() {
    return options_.delay +
           (options_.jitter.count() == 0
                ? Duration{}
                : Duration(random_.below(static_cast<std::uint32_t>(options_.jitter.count()))));
  }
  bool put(Flight flight) {
    if (random_.chance(options_.loss)) return false;
    queue_.emplace(now_ + latency(), flight);
    if (random_.chance(options_.duplication)) queue_.emplace(now_ + latency(), flight);
    return true;
  }
  void send_frame() {
    for (int i = 0; i < options_.packets_per_frame; ++i) {
      // The very first opens the stream: what is lost before it is nobody's loss.
      if (!put({next_, Came::kOriginal}) && sent > 0) {
        lost_at_[next_] = now_ + options_.delay;
        ++lost;
      }
      ++sent;
      ++next_;
    }
    next_frame_ = now_ + options_.frame_interval;
  }
  void on_request(SequenceNumber n) {
    const int number = next_ + n.minus({static_cast<std::uint16_t>(next_)});
    if (!lost_at_.contains(number)) ++asked_in_vain;
    put({number, Came::kRepair, true});
  }
  void deliver() {
    while (!queue_.empty() && queue_.begin()->first <= now_) {
      const Flight flight = queue_.begin()->second;
      queue_.erase(queue_.begin());
      if (flight.request) {
        put({flight.number, Came::kRepair});
        continue;
      }
      const bool repair = flight.came == Came::kRepair;
      nack.on_packet({static_cast<std::uint16_t>(flight.number)}, now_,
                     options_.rtx ? flight.came : Came::kEither);
      if (!seen_.insert(flight.number).second) continue;
      ++received;
      if (repair && lost_at_.contains(flight.number)) repair_times.push_back(now_ - lost_at_[flight.number]);
    }
  }

  LinkOptions options_;
  Random random_;
  Instant now_ = kStart;
  Instant next_frame_ = kStart;
  std::multimap<Instant, Flight> queue_;
  std::map<int, Instant> lost_at_;
  std::set<int> seen_;
  int next_ = 0;
};

Duration median(std::vector<Duration> times) {
  REQUIRE_FALSE(times.empty());
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

TEST_CASE("over a 25 ms link losses are repaired within one and a half round trips at median") {
  const std::uint64_t seed = GENERATE(range(0, 8));
  const double loss = GENERATE(0.02, 0.05, 0.10);
  const bool rtx = GENERATE(true, false);
  INFO("seed " << seed << ", loss " << loss << ", rtx " << rtx);
  LossyLink link(seed, {.loss = loss, .rtx = rtx});
  link.run_for(60s);
  link.drain();
  CHECK(link.asked_in_vain == 0);
  CHECK(median(link.repair_times) <= 75ms);
  CHECK(link.nack.given_up() == 0);
  CHECK(link.received + link.nack.missing() + 4 >= link.sent);  // the very last may be lost unnoticed
}

TEST_CASE("a packet that is alone in its frame is asked for as soon as the next frame shows its loss") {
  const std::uint64_t seed = GENERATE(range(0, 4));
  INFO("seed " << seed);
  LossyLink link(seed, {.loss = 0.05, .packets_per_frame = 1});
  link.run_for(60s);
  link.drain();
  CHECK(median(link.repair_times) <= 33ms + 10ms + 50ms);
}

TEST_CASE("after a phase of learning nothing is asked for that only came late") {
  const std::uint64_t seed = GENERATE(range(0, 20));
  const double loss = GENERATE(0.0, 0.02);
  const bool audio = GENERATE(false, true);
  INFO("seed " << seed << ", loss " << loss << ", audio " << audio);
  LinkOptions options{.loss = loss, .duplication = 0.01, .delay = 70ms, .jitter = 60ms};
  if (audio) options.packets_per_frame = 1, options.frame_interval = 20ms;
  LossyLink link(seed, options, audio ? NackPolicy::audio() : NackPolicy::video());
  link.run_for(10s);
  const std::uint64_t learning = link.asked_in_vain;
  CHECK(learning < 60);
  link.run_for(120s);
  CHECK(link.asked_in_vain == learning);
  link.drain();
  if (!audio) CHECK(link.nack.given_up() <= link.lost / 100);
}

TEST_CASE("the same where repairs cannot be told from originals") {
  const std::uint64_t seed = GENERATE(range(0, 10));
  INFO("seed " << seed);
  LossyLink link(seed, {.loss = 0.02, .delay = 70ms, .jitter = 60ms, .rtx = false});
  link.run_for(10s);
  const std::uint64_t learning = link.asked_in_vain;
  link.run_for(120s);
  CHECK(link.asked_in_vain == learning);
}

TEST_CASE("over any line every packet comes in the end, is missing no more, or was given up") {
  const std::uint64_t seed = GENERATE(range(0, 30));
  INFO("seed " << seed);
  Random random(seed + 1000);
  LossyLink link(seed, {.loss = random.unit() * 0.3,
                        .duplication = random.unit() * 0.1,
                        .delay = Duration(random.below(200'000)),
                        .jitter = Duration(random.below(100'000)),
                        .rtx = random.chance(0.5),
                        .packets_per_frame = static_cast<int>(1 + random.below(20))});
  link.run_for(30s);
  link.drain();
  CHECK(link.nack.missing() == 0);
  CHECK(link.nack.next_deadline() == kNever);
  CHECK(link.received + link.nack.given_up() + 40 >= link.sent);
  CHECK(link.nack.given_up() <= link.sent / 10);  // 30 % lost each way, 600 ms away: two tries each
}

}  // namespace
}  // namespace sluice::rtp
