// What data channels are told by (W3C WebRTC §6.2, RFC 8831), and the bytes of one message as everyone it
// goes to shares them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sluice {

/// At most one of the two limits; with one of them, or unordered, messages may be lost or overtaken.
struct SctpStreamParameters {
  std::uint16_t stream_id = 0;
  bool ordered = true;
  std::optional<std::uint16_t> max_packet_life_time{};  ///< ms.
  std::optional<std::uint16_t> max_retransmits{};
  friend bool operator==(const SctpStreamParameters&, const SctpStreamParameters&) = default;
};

/// What one end of an association takes (RFC 8841, RFC 8831 §6.2).
struct SctpParameters {
  std::uint16_t port = 5000;
  std::uint16_t outgoing_streams = 1024;      ///< OS.
  std::uint16_t max_incoming_streams = 1024;  ///< MIS.
  std::uint32_t max_message_size = 262'144;   ///< Bytes that it receives at most in one message.
};

/// Of a transport that carries data channels, in bytes where nothing else is said.
struct SctpOptions {
  bool enable = false;
  std::uint16_t outgoing_streams = 1024;      ///< OS: asked for at first; more when a channel needs them.
  std::uint16_t max_incoming_streams = 1024;  ///< MIS.
  std::uint32_t max_send_message_size = 262'144;
  std::uint32_t max_receive_message_size = 262'144;
  std::uint32_t send_buffer_size = 2'000'000;  ///< What may wait, of all data consumers.
  std::uint32_t per_stream_send_queue_limit = 2'000'000;
  std::uint32_t max_receiver_window_buffer_size = 5'242'880;
};

/// RFC 8831 §8: what a message holds. SCTP carries no empty messages, so these have a kind and one byte.
namespace ppid {
inline constexpr std::uint32_t kDcep = 50;
inline constexpr std::uint32_t kString = 51;
inline constexpr std::uint32_t kBinary = 53;
inline constexpr std::uint32_t kStringEmpty = 56;
inline constexpr std::uint32_t kBinaryEmpty = 57;
}  // namespace ppid

/// Bytes that never change, counted: gone with the last who refers to them. One thread.
class Payload {
 public:
  Payload() = default;
  explicit Payload(std::vector<std::uint8_t> bytes)
      : block_(std::make_unique<Block>(Block{1, std::move(bytes)}).release()) {}
  static Payload copy_of(std::span<const std::uint8_t> bytes) {
    return Payload(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
  }
  Payload(const Payload& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->references;
  }
  Payload(Payload&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Payload& operator=(Payload other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Payload() {
    if (block_ != nullptr && --block_->references == 0) const std::unique_ptr<Block> gone(block_);
  }

  [[nodiscard]] std::size_t size() const { return block_ == nullptr ? 0 : block_->bytes.size(); }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const {
    return block_ == nullptr ? std::span<const std::uint8_t>() : std::span<const std::uint8_t>(block_->bytes);
  }
  /// How many share it: for tests of who still holds on to one.
  [[nodiscard]] std::uint32_t references() const { return block_ == nullptr ? 0 : block_->references; }

 private:
  struct Block {
    std::uint32_t references;
    std::vector<std::uint8_t> bytes;
  };
  Block* block_ = nullptr;
};

/// To whom of a data producer's consumers a message goes: to all, unless something is said.
struct Audience {
  std::vector<std::uint16_t> subchannels{};            ///< Those that have one of these; empty: everybody.
  std::optional<std::uint16_t> required_subchannel{};  ///< Only those that have it.
  std::optional<std::uint16_t> ignored_subchannel{};   ///< Only those that do not have it.
};

}  // namespace sluice
