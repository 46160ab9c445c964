// One data channel, as DataChannels keeps it: what it is, how far its opening and closing have come, and what
// waits to be sent on it.
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "sctp/data_channel.h"
#include "sluice/time.h"

namespace sluice::sctp {

/// A message that waits, or the rest of one that is being handed to the stack.
struct OutgoingMessage {
  std::uint32_t ppid = 0;
  std::vector<std::uint8_t> data;
  std::uint32_t number = 0;  ///< By which the stack names it, when it gives it up.
  std::size_t handed = 0;    ///< Bytes of it that the stack has.
  Instant expires = kNever;  ///< RFC 7496 §3.1, from send().
  bool control = false;      ///< DCEP: not the application's, so no part of bufferedAmount.
  bool ordered = true;
  bool begun = false;
  bool abandoned = false;  ///< By the stack: what is left only ends it.
};

/// Of a message that the stack has, or has a part of: what it has not sent once.
struct HandedMessage {
  std::uint32_t number = 0;
  bool control = false;
  std::size_t unsent = 0;
};

struct Channel {
  ChannelHandle handle = ChannelHandle::kNone;
  ChannelOptions options;
  std::optional<std::uint16_t> id;
  ChannelState state = ChannelState::kConnecting;
  bool from_peer = false;
  /// RFC 8832 §6: whoever opens sends in order until the peer has shown that it knows the channel.
  bool known_to_peer = true;

  std::deque<OutgoingMessage> queue;
  bool scheduled = false;            ///< Stands in the scheduler's ring.
  std::int64_t credit = 0;           ///< Bytes that it may send this round.
  std::size_t queued = 0;            ///< Of the application, in the queue.
  std::size_t in_stack = 0;          ///< Of the application, handed to the stack and not sent once.
  std::deque<HandedMessage> handed;  ///< In the order in which the stack sends them.
  std::size_t low_threshold = 0;
  bool above_threshold = false;  ///< After send(): what kBufferedAmountLow ends.

  bool outgoing_reset = false;  ///< The peer has taken our reset.
  bool incoming_reset = false;  ///< The peer has reset its direction.

  [[nodiscard]] std::size_t buffered() const { return queued + in_stack; }
};

}  // namespace sluice::sctp
