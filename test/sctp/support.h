// Two ends of data channels on a seeded network in virtual time.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "sctp/data_channels.h"

namespace sluice::sctp::test {

/// What the network does to each packet.
struct Weather {
  double loss = 0;
  double duplication = 0;
  Duration delay = 10ms;
  Duration jitter{};  ///< Uniform on top of `delay`: reorders.
};

inline std::string text_of(const Event& event) {
  return {event.data.begin(), event.data.end()};
}

inline std::vector<std::uint8_t> pattern(std::size_t size, std::uint64_t seed) {
  std::vector<std::uint8_t> out(size);
  Random(seed).fill(out);
  return out;
}

/// One end, and everything that it has told.
struct End {
  End(const Options& options, std::uint64_t seed) : random(seed), channels(options, random) {}

  Random random;
  DataChannels channels;
  std::vector<Event> events;
  bool takes_events = true;  ///< A slow receiver does not.
  std::size_t largest_packet = 0;

  [[nodiscard]] std::size_t count(Event::Type type, ChannelHandle channel = ChannelHandle::kNone) const;
  [[nodiscard]] std::vector<const Event*> messages(ChannelHandle channel = ChannelHandle::kNone) const;
  /// The channels that the peer has opened, in order.
  [[nodiscard]] std::vector<ChannelHandle> announced() const;
  /// The types of what happened to a channel, joined by spaces.
  [[nodiscard]] std::string story(ChannelHandle channel) const;
};

class Pair {
 public:
  explicit Pair(std::uint64_t seed = 1, const Options& a_options = {}, const Options& b_options = {});

  void start() {
    a.channels.start(true, now);
    b.channels.start(false, now);
  }
  /// Runs until `done`, or nothing is left to happen, or `limit` has passed; says whether `done`.
  bool run_until(const std::function<bool()>& done, Duration limit = 60s);
  void run_for(Duration time);
  bool connect();
  /// A channel of `a`, and the same of `b`.
  struct Both {
    ChannelHandle at_a;
    ChannelHandle at_b;
  };
  Both open(const ChannelOptions& options = {});
  SendStatus send(End& from, ChannelHandle channel, std::string_view text) {
    return from.channels.send(channel, MessageKind::kString, as_bytes(text), now);
  }

  Instant now = Instant(1000s);
  Weather weather;
  /// When set, decides for each packet whether it is lost, instead of the weather.
  std::function<bool(bool from_a, Bytes)> lose;
  End a;
  End b;
  std::uint64_t packets = 0;

 private:
  void collect(End& end);
  void deliver_due();

  Random random_;
  std::multimap<Instant, std::pair<bool, std::vector<std::uint8_t>>> wire_;
};

}  // namespace sluice::sctp::test
