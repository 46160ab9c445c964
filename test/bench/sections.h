// The parts of the forwarding benchmark. Each gives its part of the JSON that test/bench/report.py shows.
#pragma once

#include <vector>

#include "bench/figures.h"

namespace sluice::bench {

/// How long and how much.
struct Effort {
  Duration cost = 1500ms;
  Duration delay = 2s;
  Duration yardstick = 750ms;
  Duration idle = 4s;
  bool capacity = true;
  int joins = 1000;
  int idle_transports = 10'000;
};

/// Rows: one for each suite, size and way of cutting frames.
void measure_video(const Environment& environment, const Effort& effort,
                   const std::vector<srtp::Suite>& suites, const std::vector<int>& viewers, Json& rows);
void measure_audio(const Environment& environment, const Effort& effort,
                   const std::vector<srtp::Suite>& suites, const std::vector<int>& viewers, Json& rows);
void measure_rooms(const Environment& environment, const Effort& effort,
                   const std::vector<srtp::Suite>& suites, const std::vector<int>& sizes, Json& rows);
/// Heap and resident bytes of a viewer's transport, and of a consumer on a transport that is there already.
Json measure_memory(const Environment& environment);
/// Many joins at full speed, and what those feel who watch meanwhile.
Json measure_joins(const Environment& environment, const Effort& effort);
/// Transports that do nothing: created only, connected and silent, connected and checked for consent.
Json measure_idle(const Environment& environment, const Effort& effort);
/// What the heap is still used for on the packet's way: the places, most frequent first.
Json attribute_allocations(const Environment& environment);
/// How cost grows with viewers, rooms and senders.
Json measure_growth(const Environment& environment, const Effort& effort);

}  // namespace sluice::bench
