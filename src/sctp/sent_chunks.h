// Reads the packets that leave, for what SCTP does not tell: which bytes of which stream have been sent for
// the first time. That is what bufferedAmount is about (W3C WebRTC §6.2).
//
// For Association, which shows it every packet once, in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace sluice::sctp {

class SentChunks {
 public:
  struct Sent {
    std::uint16_t stream_id = 0;
    std::size_t bytes = 0;
  };

  /// The bytes of user data in it that are new.
  std::size_t add(Bytes packet);
  /// By stream, neighbours joined; forgets them.
  std::vector<Sent> take() { return std::exchange(sent_, {}); }
  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t retransmitted() const { return retransmitted_; }

 private:
  [[nodiscard]] bool is_new(std::uint32_t tsn);

  std::vector<Sent> sent_;
  std::optional<std::uint32_t> highest_;  ///< TSN.
  std::uint64_t packets_ = 0;
  std::uint64_t retransmitted_ = 0;  ///< Chunks.
};

}  // namespace sluice::sctp
