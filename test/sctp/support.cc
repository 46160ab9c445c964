#include "sctp/support.h"

#include <algorithm>

#include "catch.h"

namespace sluice::sctp::test {
namespace {

/// After every case: nothing of it is left in the process-wide stack.
struct LeakCheck : Catch::TestEventListenerBase {
  using Catch::TestEventListenerBase::TestEventListenerBase;
  void testCaseEnded(const Catch::TestCaseStats& /*stats*/) override {
    const StackLeaks leaks = check_stack_for_leaks();
    if (leaks.users != 0 || leaks.endpoints) {
      std::fprintf(stderr, "SCTP leaks: %zu users, endpoints: %d\n", leaks.users, leaks.endpoints ? 1 : 0);
      std::abort();
    }
  }
};
CATCH_REGISTER_LISTENER(LeakCheck)

}  // namespace

std::size_t End::count(Event::Type type, ChannelHandle channel) const {
  return static_cast<std::size_t>(std::ranges::count_if(events, [&](const Event& event) {
    return event.type == type && (channel == ChannelHandle::kNone || event.channel == channel);
  }));
}

std::vector<const Event*> End::messages(ChannelHandle channel) const {
  std::vector<const Event*> out;
  for (const Event& event : events) {
    if (event.type == Event::Type::kMessage && (channel == ChannelHandle::kNone || event.channel == channel))
      out.push_back(&event);
  }
  return out;
}

std::vector<ChannelHandle> End::announced() const {
  std::vector<ChannelHandle> out;
  for (const Event& event : events) {
    if (event.type == Event::Type::kChannel) out.push_back(event.channel);
  }
  return out;
}

std::string End::story(ChannelHandle channel) const {
  static constexpr const char* kNames[] = {"state", "channel", "open",  "message",
                                           "low",   "closing", "error", "closed"};
  std::string out;
  for (const Event& event : events) {
    if (event.channel != channel) continue;
    out += (out.empty() ? "" : " ") + std::string(kNames[static_cast<std::size_t>(event.type)]);
  }
  return out;
}

Pair::Pair(std::uint64_t seed, const Options& a_options, const Options& b_options)
    : a(a_options, seed * 3), b(b_options, seed * 3 + 1), random_(seed * 3 + 2) {}

void Pair::collect(End& end) {
  while (end.takes_events) {
    auto event = end.channels.poll_event(now);
    if (!event) break;
    end.events.push_back(*std::move(event));
  }
  const bool from_a = &end == &a;
  while (const auto packet = end.channels.pop_packet()) {
    ++packets;
    end.largest_packet = std::max(end.largest_packet, packet->size());
    const auto send = [&] {
      const Duration jitter(weather.jitter.count() == 0
                                ? 0
                                : random_.below(static_cast<std::uint32_t>(weather.jitter.count())));
      wire_.emplace(now + weather.delay + jitter,
                    std::pair(from_a, std::vector(packet->begin(), packet->end())));
    };
    if (lose ? lose(from_a, *packet) : random_.chance(weather.loss)) continue;
    send();
    if (weather.duplication > 0 && random_.chance(weather.duplication)) send();
  }
}

void Pair::deliver_due() {
  while (!wire_.empty() && wire_.begin()->first <= now) {
    const auto [from_a, packet] = std::move(wire_.begin()->second);
    wire_.erase(wire_.begin());
    (from_a ? b : a).channels.receive(packet, now);
    collect(from_a ? b : a);
  }
}

bool Pair::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = now + limit;
  for (;;) {
    collect(a);
    collect(b);
    if (done()) return true;
    Instant next = std::min(a.channels.next_deadline(), b.channels.next_deadline());
    if (!wire_.empty()) next = std::min(next, wire_.begin()->first);
    if (next > end) {
      if (end > now && limit < Duration::max()) now = end;
      return done();
    }
    now = std::max(now, next);
    deliver_due();
    a.channels.advance(now);
    b.channels.advance(now);
  }
}

void Pair::run_for(Duration time) {
  run_until([] { return false; }, time);
}

bool Pair::connect() {
  start();
  return run_until(
      [&] { return a.channels.state() == State::kConnected && b.channels.state() == State::kConnected; });
}

Pair::Both Pair::open(const ChannelOptions& options) {
  const std::size_t known = b.announced().size();
  const auto at_a = a.channels.create(options, now);
  REQUIRE(at_a.ok());
  if (options.negotiated) {
    const auto at_b = b.channels.create(options, now);
    REQUIRE(at_b.ok());
    REQUIRE(run_until([&] { return a.channels.channel_state(*at_a) == ChannelState::kOpen; }));
    return {*at_a, *at_b};
  }
  REQUIRE(run_until([&] { return b.announced().size() > known; }));
  return {*at_a, b.announced().back()};
}

}  // namespace sluice::sctp::test
