// The receiver's side of generic NACK (RFC 4585 §6.2.1) for one stream: notices gaps, says what to ask for
// and when, and gives up in favour of a key frame.
//
// Reordering is not loss: a gap is asked for only after kGrace, or sooner once kReorderPackets newer packets
// have come. Each number is asked for again every round trip, kMaxRetries times at most. No allocation in
// steady state. Called by ingress.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "sluice/time.h"

namespace sluice::rtp {

class NackGenerator {
 public:
  static constexpr Duration kGrace = 10ms;
  static constexpr std::uint32_t kReorderPackets = 3;
  static constexpr int kMaxRetries = 10;
  static constexpr std::size_t kMaxMissing = 1000;  ///< Beyond it a key frame is cheaper.
  static constexpr Duration kMinRetryInterval = 20ms;

  enum class Outcome : std::uint8_t {
    kInOrder,    ///< The newest; gaps before it are noted.
    kLate,       ///< Filled a gap that nobody had been asked for yet: mere reordering.
    kRecovered,  ///< Filled a gap that was asked for.
    kOld,        ///< Behind the newest and not missing: a duplicate, or given up.
  };

  NackGenerator();

  /// A packet of the stream, whether it came by itself or unwrapped from RTX.
  Outcome on_packet(SequenceNumber number, Instant now);
  /// A key frame starts at `number`: nothing before it is worth asking for.
  void on_key_frame(SequenceNumber number);
  void set_round_trip_time(Duration rtt) { rtt_ = rtt; }

  /// The numbers to ask for now, oldest first; valid until the next call of anything here.
  [[nodiscard]] std::span<const SequenceNumber> advance(Instant now);
  /// When advance() has something to do; may be early after a gap has been filled, never late.
  [[nodiscard]] Instant next_deadline() const { return next_deadline_; }
  /// True once after packets were given up: the stream decodes again only from a key frame.
  bool take_key_frame_needed();

  [[nodiscard]] std::size_t missing() const { return missing_.size(); }
  [[nodiscard]] std::uint64_t requested() const {
    return requested_;
  }  ///< Numbers asked for, repeats included.
  [[nodiscard]] std::uint64_t recovered() const { return recovered_; }
  [[nodiscard]] std::uint64_t given_up() const { return given_up_; }

 private:
  struct Missing {
    std::int64_t number = 0;
    Instant due{};
    std::uint32_t noticed_at = 0;  ///< newer_packets_ when the gap showed.
    std::uint8_t requests = 0;
  };
  void note_gap(std::int64_t first, std::int64_t end, Instant now);
  void give_up_all();
  [[nodiscard]] bool is_due(const Missing& missing, Instant now) const;

  SequenceUnwrapper unwrapper_;
  std::vector<Missing> missing_;  ///< Sorted by number.
  std::vector<SequenceNumber> due_;
  std::int64_t newest_ = 0;
  Instant next_deadline_ = kNever;
  Duration rtt_ = 100ms;
  std::uint64_t requested_ = 0;
  std::uint64_t recovered_ = 0;
  std::uint64_t given_up_ = 0;
  std::uint32_t newer_packets_ = 0;
  bool started_ = false;
  bool key_frame_needed_ = false;
};

}  // namespace sluice::rtp
