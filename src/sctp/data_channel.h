// The words of data channels (RFC 8831, W3C WebRTC §6): how one is described, what happens to it, what a
// message is.
//
// For everyone who uses sctp::DataChannels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sluice::sctp {

/// The association's, with the names that W3C and mediasoup give them (sctpState). kFailed and kClosed are
/// final.
enum class State : std::uint8_t { kNew, kConnecting, kConnected, kFailed, kClosed };
std::string_view to_string(State state);

/// kClosing: what was queued still goes out; no more can be sent, and what comes in is dropped (W3C WebRTC
/// §6.2).
enum class ChannelState : std::uint8_t { kConnecting, kOpen, kClosing, kClosed };

/// One channel of a DataChannels object for as long as that exists: never given twice. (A stream id is: it
/// becomes free when a channel has closed, and is not known before the DTLS role is.)
enum class ChannelHandle : std::uint32_t { kNone = 0 };

/// A message is one of these, of any size from 0 (RFC 8831 §6.6).
enum class MessageKind : std::uint8_t { kString, kBinary };

/// RFC 8831 §6.4: the weight among channels that have something to send.
enum class Priority : std::uint16_t { kVeryLow = 128, kLow = 256, kMedium = 512, kHigh = 1024 };

/// RFC 8831 §6.1. At most one of the two limits may be set; none of them means reliable.
struct Reliability {
  bool ordered = true;
  std::optional<std::uint16_t> max_packet_life_time{};  ///< ms from send().
  std::optional<std::uint16_t> max_retransmits{};
  [[nodiscard]] bool reliable() const { return !max_packet_life_time && !max_retransmits; }
  bool operator==(const Reliability&) const = default;
};

struct ChannelOptions {
  std::string label{};     ///< UTF-8, at most 65535 bytes.
  std::string protocol{};  ///< UTF-8, at most 65535 bytes.
  Reliability reliability{};
  Priority priority = Priority::kLow;
  /// Both sides make the channel with the same id, and nothing is said about it over the wire. Otherwise the
  /// peer is told by DCEP (RFC 8832).
  bool negotiated = false;
  /// 0 to 65534. Needed when negotiated; otherwise chosen by the DTLS role when absent (RFC 8832 §6).
  std::optional<std::uint16_t> id{};
};

/// What became of a send().
enum class SendStatus : std::uint8_t {
  kSent,        ///< Sent or queued.
  kNotOpen,     ///< The channel is not (or no longer) open.
  kTooLarge,    ///< Longer than the remote's a=max-message-size.
  kBufferFull,  ///< Over the limit of the channel's queue or of the whole; nothing was queued.
};

/// Something that happened, in the order in which it happened: kChannel before kOpen before kMessage before
/// kClosing before kClosed.
struct Event {
  enum class Type : std::uint8_t {
    kStateChanged,       ///< Of the association: `state`; with `text` why, when it is kFailed.
    kChannel,            ///< The peer has opened `channel` by DCEP. kOpen follows.
    kOpen,               ///< `channel` takes messages.
    kMessage,            ///< `kind` and `data` came in on `channel`.
    kBufferedAmountLow,  ///< bufferedAmount of `channel` has fallen to its threshold or below.
    kClosing,            ///< The peer has begun to close `channel`.
    kError,              ///< `text`: why `channel` is about to close, when nobody has asked for it.
    kClosed,             ///< `channel` is gone. Its handle means nothing any more.
  };
  Type type = Type::kStateChanged;
  ChannelHandle channel = ChannelHandle::kNone;
  State state = State::kNew;
  MessageKind kind = MessageKind::kBinary;
  std::vector<std::uint8_t> data;
  std::string text;
};

}  // namespace sluice::sctp
