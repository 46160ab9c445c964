// Puts messages together from the pieces that the stack delivers: parts of a long one, and the deprecated
// partial PPIDs 52 and 54 (RFC 8831 §6.6), which senders of old put long messages into.
//
// Bounded: one message by `max_message`, all unfinished ones together by `max_total`. Called by DataChannels.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"

namespace sluice::sctp {

/// RFC 8831 §8: SCTP's payload protocol identifiers of WebRTC.
namespace ppid {
inline constexpr std::uint32_t kDcep = 50;
inline constexpr std::uint32_t kString = 51;
inline constexpr std::uint32_t kBinaryPartial = 52;
inline constexpr std::uint32_t kBinary = 53;
inline constexpr std::uint32_t kStringPartial = 54;
inline constexpr std::uint32_t kStringEmpty = 56;
inline constexpr std::uint32_t kBinaryEmpty = 57;
}  // namespace ppid

class Inbox {
 public:
  Inbox(std::size_t max_message, std::size_t max_total) : max_message_(max_message), max_total_(max_total) {}

  enum class Outcome : std::uint8_t {
    kMore,      ///< Nothing to do yet.
    kMessage,   ///< message() is whole.
    kTooLarge,  ///< Said once; the rest of it is dropped in silence.
    kFull,      ///< Too much is unfinished.
  };
  Outcome add(std::uint16_t stream_id, bool unordered, std::uint32_t ppid, Bytes piece, bool end);
  /// After kMessage, for one taker.
  [[nodiscard]] std::vector<std::uint8_t>& message() { return message_; }
  /// What was begun on the stream will not be ended.
  void forget(std::uint16_t stream_id);
  void forget_all() {
    unfinished_.clear();
    total_ = 0;
  }

 private:
  struct Unfinished {
    std::vector<std::uint8_t> data;
    bool discard = false;
  };
  static std::uint32_t key(std::uint16_t stream_id, bool unordered) {
    return std::uint32_t{stream_id} << 1 | (unordered ? 1U : 0U);
  }
  void erase(std::uint32_t key);

  std::size_t max_message_;
  std::size_t max_total_;
  std::size_t total_ = 0;
  std::unordered_map<std::uint32_t, Unfinished> unfinished_;
  std::vector<std::uint8_t> message_;
};

}  // namespace sluice::sctp
