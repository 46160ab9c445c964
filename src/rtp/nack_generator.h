// The receiver's side of generic NACK (RFC 4585 §6.2.1) for one stream: notices gaps, says what to ask for
// and when, and gives up: video in favour of a key frame, audio silently.
//
// Reordering is not loss: how long a gap waits is learned from how late packets come (reorder_tolerance.h).
// What was asked for is asked for again when its answer is overdue (round_trip_time.h), as long as it is of
// use (NackPolicy). No allocation in steady state. Called by ingress, once for every packet that arrives.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "rtp/reorder_tolerance.h"
#include "rtp/round_trip_time.h"
#include "sluice/time.h"

namespace sluice::rtp {

/// Until when a lost packet is worth asking for, and what its loss leads to.
struct NackPolicy {
  Duration max_age{};  ///< From the gap's showing.
  std::uint8_t max_requests = 10;
  bool key_frame = false;  ///< What is given up makes a key frame necessary.

  static constexpr NackPolicy video() { return {1s, 10, true}; }
  /// Players conceal what is later than their buffer; 200 ms is a long one.
  static constexpr NackPolicy audio() { return {200ms, 5, false}; }
};

class NackGenerator {
 public:
  static constexpr std::size_t kMaxMissing = 1000;  ///< Beyond it a key frame is cheaper.
  static constexpr Duration kMinRetryInterval = 20ms;

  /// How a packet came. Repairs in-band cannot be told from late packets: those are kEither.
  enum class Came : std::uint8_t { kOriginal, kRepair, kEither };
  enum class Outcome : std::uint8_t {
    kInOrder,    ///< The newest; gaps before it are noted.
    kLate,       ///< Filled a gap by itself: mere reordering, even when it had been asked for.
    kRecovered,  ///< A repair filled a gap.
    kOld,        ///< Behind the newest and not missing: a duplicate, or given up.
  };

  explicit NackGenerator(NackPolicy policy = NackPolicy::video());
  void set_policy(NackPolicy policy) { policy_ = policy; }

  /// Every packet of the stream, duplicates too: one that comes after its repair tells that it was only late.
  Outcome on_packet(SequenceNumber number, Instant now, Came came = Came::kEither);
  /// A key frame starts at `number`: nothing before it is worth asking for.
  void on_key_frame(SequenceNumber number);
  /// What is missing from `first` to `last` was of frames that no other needs: giving it up costs no key
  /// frame.
  void on_discardable(SequenceNumber first, SequenceNumber last);
  /// A measurement; repairs are measured here as well.
  void set_round_trip_time(Duration rtt) { rtt_.on_sample(rtt); }
  /// Smoothed; nothing before the first measurement.
  [[nodiscard]] std::optional<Duration> round_trip_time() const {
    return rtt_.known() ? std::optional(rtt_.smoothed()) : std::nullopt;
  }
  /// The stream ended or starts anew: nothing is missing, any number may follow. What was learned stays.
  void restart();

  /// The numbers to ask for now, oldest first; valid until the next call of anything here.
  [[nodiscard]] std::span<const SequenceNumber> advance(Instant now);
  /// When advance() has something to do; may be early after a gap has been filled, never late.
  [[nodiscard]] Instant next_deadline() const { return next_deadline_; }
  /// True once after packets were given up: the stream decodes again only from a key frame.
  bool take_key_frame_needed();

  [[nodiscard]] std::size_t missing() const { return missing_.size(); }
  /// Numbers asked for, repeats included.
  [[nodiscard]] std::uint64_t requested() const { return requested_; }
  [[nodiscard]] std::uint64_t recovered() const { return recovered_; }
  [[nodiscard]] std::uint64_t given_up() const { return given_up_; }
  /// Asked for, but only late.
  [[nodiscard]] std::uint64_t spurious() const { return spurious_; }

 private:
  struct Missing {
    std::int64_t number = 0;
    Instant noticed{};
    Instant asked{};  ///< Last.
    Instant due{};
    std::uint32_t noticed_at = 0;  ///< newer_packets_ when the gap showed.
    std::uint8_t requests = 0;
    bool discardable = false;
  };
  /// A number whose repair has come; should it come itself as well, it was only late.
  struct Repaired {
    std::int64_t number = 0;
    Instant noticed{};
  };

  void note_gap(std::int64_t first, std::int64_t end, Instant now);
  void notice_losses(Instant now);
  Outcome fill(const Missing& missing, Instant now, Came came);
  void note_original_after_repair(std::int64_t number, Instant now);
  void give_up_all();
  [[nodiscard]] std::vector<Missing>::iterator find(std::int64_t number);
  [[nodiscard]] bool is_loss_by_count(const Missing& missing) const;
  [[nodiscard]] bool is_late_original(const Missing& missing, Instant now, Came came) const;
  [[nodiscard]] bool is_of_no_use(const Missing& missing, Instant now) const;

  NackPolicy policy_;
  ReorderTolerance tolerance_;
  RoundTripTime rtt_;
  SequenceUnwrapper unwrapper_;
  std::vector<Missing> missing_;  ///< Sorted by number.
  std::vector<SequenceNumber> due_;
  std::array<Repaired, 32> repaired_{};  ///< By number modulo its size; number 0: none.
  std::int64_t newest_ = 0;
  Instant next_deadline_ = kNever;
  std::uint64_t requested_ = 0;
  std::uint64_t recovered_ = 0;
  std::uint64_t given_up_ = 0;
  std::uint64_t spurious_ = 0;
  std::uint32_t newer_packets_ = 0;
  bool started_ = false;
  bool key_frame_needed_ = false;
};

}  // namespace sluice::rtp
