// What all the media and data of an engine add up to, beyond the lives of those who counted it: whoever goes
// leaves its counts here. Owned by the engine, lent to every session.
#pragma once

#include <array>
#include <cstdint>

#include "base/log2_histogram.h"
#include "sfu/left_out.h"
#include "sluice/time.h"

namespace sluice::sfu {

struct TrackCounts {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets_retransmitted = 0;
  std::uint64_t nacks = 0;
  std::uint64_t nack_packets = 0;
  std::uint64_t plis = 0;
  std::uint64_t firs = 0;
  std::uint64_t key_frames = 0;

  TrackCounts& operator+=(const TrackCounts& other) {
    packets += other.packets;
    bytes += other.bytes;
    packets_retransmitted += other.packets_retransmitted;
    nacks += other.nacks;
    nack_packets += other.nack_packets;
    plis += other.plis;
    firs += other.firs;
    key_frames += other.key_frames;
    return *this;
  }
};

using LeftOutCounts = std::array<std::uint64_t, kLeftOutReasons>;

struct Totals {
  // Of those that are closed, by MediaKind:
  std::array<TrackCounts, 2> producers{};
  std::array<TrackCounts, 2> consumers{};
  LeftOutCounts left_out{};
  // Of all, as they come. None is of the packet's way: a value each report.
  Log2Histogram<15, 1> round_trip_time;  ///< ms, to 8 s.
  Log2Histogram<10> loss_received;       ///< 256ths, as report blocks have it.
  Log2Histogram<10> loss_sent;

  void add_round_trip_time(Duration rtt) {
    round_trip_time.add(static_cast<std::uint64_t>((rtt + 1ms - Duration(1)) / 1ms));
  }
};

}  // namespace sluice::sfu
