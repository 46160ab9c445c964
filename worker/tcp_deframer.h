// RFC 4571 framing, receiving: a stream of bytes becomes datagrams in pooled packets.
//
//   0                   1
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//  +-------------------------------+-- - -
//  |            LENGTH             |  one STUN, DTLS, RTP or RTCP datagram
//  +-------------------------------+-- - -
//
// Invariant: between calls at most one packet is held, the one under way; at a frame's boundary none is.
// Called by TcpConnection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "sluice/packet.h"

namespace sluice::worker {

/// Of the LENGTH before each datagram, in both directions.
inline constexpr std::size_t kTcpPrefixSize = 2;

class TcpDeframer {
 public:
  enum class Status : std::uint8_t {
    kFrame,     ///< take() gives it.
    kNeedMore,  ///< The bytes are used up.
    kEmpty,     ///< A frame of length 0: RFC 4571 §2's null packet.
    kNoBuffer,  ///< The pool is exhausted; the frame is passed over.
    kTooLong    ///< Longer than any datagram we take: nothing that follows can be trusted to be a frame.
  };

  /// Takes bytes from the front, up to the end of one frame. After kTooLong there is no other answer.
  Status next(std::span<const std::uint8_t>& bytes, PacketPool& pool);
  /// The datagram, after kFrame.
  PacketRef take() { return std::exchange(packet_, {}); }

 private:
  [[nodiscard]] Status begin_frame(std::size_t length, PacketPool& pool);

  std::array<std::uint8_t, kTcpPrefixSize> prefix_{};
  std::size_t prefix_size_ = 0;
  PacketRef packet_;
  std::size_t missing_ = 0;  ///< Bytes of the frame that have not come.
  bool lost_ = false;        ///< A frame was too long.
};

}  // namespace sluice::worker
