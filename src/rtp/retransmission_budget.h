// What of a viewer's requests is answered: retransmissions stay within the available bitrate, are not
// repeated within a round trip, and are of use when they arrive.
//
// Two buckets of bytes. The first is filled by the available bitrate and emptied by media and repairs alike:
// repairs get what media leaves, so that a link that has just shrunk is not flooded with what it has just
// dropped. Where it is empty a second one, a small share of the bitrate of their own, keeps single repairs
// and audio going. Without an available bitrate there is no such bound. One per consumer, asked by it before
// each retransmission.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "sluice/time.h"

namespace sluice::rtp {

class RetransmissionBudget {
 public:
  static constexpr Duration kNoLimit = Duration::max();

  /// bps, for media and repairs together; nothing: unknown, and not bounded.
  void set_available_bitrate(std::optional<std::uint32_t> bps, Instant now);
  /// A repair that would arrive later than this after its packet was first sent is not sent.
  void set_max_age(Duration age) { max_age_ = age; }

  /// Media of `bytes` was sent.
  void on_media_sent(std::size_t bytes, Instant now);
  /// Whether to send `number` again, which was first sent `age` ago and takes `bytes`; what is allowed counts
  /// as sent. `rtt` zero: not known.
  bool may_send(SequenceNumber number, std::size_t bytes, Instant now, Duration rtt,
                Duration age = Duration::zero());

  /// `number` has just been sent, though not on request: late, as it came. A request that crossed it is not
  /// answered.
  void note_sent(SequenceNumber number, Instant now);

  struct Refusals {
    std::uint32_t repeated = 0;  ///< The answer to the request before may still be under way.
    std::uint32_t too_old = 0;
    std::uint32_t budget = 0;
  };
  [[nodiscard]] const Refusals& refused() const { return refused_; }

 private:
  static constexpr std::size_t kNumbers = 64;

  [[nodiscard]] bool sent_lately(SequenceNumber number, std::uint16_t now_ms, Duration rtt) const;
  [[nodiscard]] bool spend(std::size_t bytes, Instant now);
  void fill(Instant now);

  /// What was sent again last, by number modulo kNumbers. Milliseconds wrap after 65 s, which at worst makes
  /// one repair wait for the next request.
  std::array<std::uint16_t, kNumbers> numbers_{};
  std::array<std::uint16_t, kNumbers> sent_ms_{};
  std::uint64_t used_ = 0;  ///< A bit a place.

  std::optional<std::uint32_t> bitrate_;
  Instant filled_at_{};
  std::int64_t shared_ = 0;  ///< Bytes times 8,000,000; below zero: media has had more than there was.
  std::int64_t own_ = 0;
  Duration max_age_ = kNoLimit;
  Refusals refused_;
};
static_assert(sizeof(RetransmissionBudget) <= 512);

}  // namespace sluice::rtp
