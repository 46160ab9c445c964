// RTCDataChannel (W3C WebRTC §6.2) of a PeerConnection.
//
// A DataChannel is a handle: copied freely, equal when it means the same channel, valid as long as its
// PeerConnection lives; of a channel that is over, ready_state() is closed. What happens to it is among
// PeerConnection's events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sluice/result.h"
#include "sluice/time.h"

namespace sluice {

namespace peer {
class Connection;
}

/// RTCDataChannelState.
enum class DataChannelState : std::uint8_t { kConnecting, kOpen, kClosing, kClosed };

constexpr std::string_view to_string(DataChannelState state) {
  constexpr std::string_view kNames[] = {"connecting", "open", "closing", "closed"};
  return kNames[static_cast<std::size_t>(state)];
}

/// RTCDataChannelInit. Reliable unless one of the two limits is given; both at once are refused.
struct DataChannelInit {
  bool ordered = true;
  std::optional<std::uint16_t> max_packet_life_time;  ///< ms (RFC 8831 §6.4).
  std::optional<std::uint16_t> max_retransmits;
  std::string protocol;
  bool negotiated = false;  ///< Both ends create it, with the same `id`; nothing is sent to open it.
  std::optional<std::uint16_t> id;
};

class DataChannel {
 public:
  DataChannel() = default;

  [[nodiscard]] std::string label() const;
  [[nodiscard]] std::string protocol() const;
  [[nodiscard]] bool ordered() const;
  [[nodiscard]] bool negotiated() const;
  [[nodiscard]] std::optional<std::uint16_t> max_packet_life_time() const;
  [[nodiscard]] std::optional<std::uint16_t> max_retransmits() const;
  /// The SCTP stream; none before the roles of DTLS are known.
  [[nodiscard]] std::optional<std::uint16_t> id() const;
  [[nodiscard]] DataChannelState ready_state() const;

  /// A string (UTF-8) or bytes; either may be empty. Refused: kInvalidState when the channel is not open,
  /// kInvalidArgument when the message is longer than the other side takes, kLimitExceeded when too much
  /// waits already (buffered_amount() would pass kMaxBuffered).
  Result<void> send(std::string_view text, Instant now);
  Result<void> send(std::span<const std::uint8_t> bytes, Instant now);
  /// Bytes that wait to be sent. They go down as the network takes them; BufferedAmountLow tells when they
  /// reach buffered_amount_low_threshold().
  [[nodiscard]] std::size_t buffered_amount() const;
  [[nodiscard]] std::size_t buffered_amount_low_threshold() const;
  void set_buffered_amount_low_threshold(std::size_t bytes);
  /// Closing handshake (RFC 8831 §6.7); what waits is sent first.
  void close(Instant now);

  static constexpr std::size_t kMaxBuffered = 16 * 1024 * 1024;

  explicit operator bool() const { return connection_ != nullptr; }
  friend bool operator==(const DataChannel&, const DataChannel&) = default;

 private:
  friend class peer::Connection;
  DataChannel(peer::Connection* connection, std::uint64_t number)
      : connection_(connection), number_(number) {}
  peer::Connection* connection_ = nullptr;
  std::uint64_t number_ = 0;
};

}  // namespace sluice
