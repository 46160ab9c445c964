// The data channels of a peer connection as W3C has them, over sctp::DataChannels: which exists from the
// first channel on, starts when DTLS is up, and tells its events when they are asked for, so that messages
// nobody takes hold up their sender and not our memory. Owned by Connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "peer/agreement.h"
#include "peer/transport.h"
#include "sctp/data_channels.h"
#include "sluice/data_channel.h"

namespace sluice::peer {

class Data {
 public:
  struct Options {
    std::uint32_t max_message_size = 256 * 1024;
    std::uint16_t max_channels = 4'096;
  };
  struct Channel {
    std::string label;
    std::string protocol;
    DataChannelInit init;
    DataChannelState state = DataChannelState::kConnecting;
    std::string error;  ///< Why it is about to close.
    std::uint64_t messages_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t messages_received = 0;
    std::uint64_t bytes_received = 0;
    bool told_closing = false;
  };

  Data(Options options, Random& random) : options_(options), random_(random) {}

  Result<std::uint64_t> create(std::string_view label, const DataChannelInit& init, Instant now);
  /// Null when the channel is over.
  [[nodiscard]] const Channel* find(std::uint64_t number) const;
  [[nodiscard]] std::optional<std::uint16_t> stream_id(std::uint64_t number) const;
  Result<void> send(std::uint64_t number, bool binary, Bytes message, Instant now);
  void close(std::uint64_t number, Instant now);
  [[nodiscard]] std::size_t buffered_amount(std::uint64_t number) const;
  [[nodiscard]] std::size_t threshold(std::uint64_t number) const;
  void set_threshold(std::uint64_t number, std::size_t bytes);

  /// What was agreed of m=application.
  void set_remote(const DataTransport& remote, Instant now);
  /// The DTLS association is another (RFC 8841 §9.3), or there is no m-line for data any more: every channel
  /// closes, with `reason`, and those to come have an association of their own.
  void begin_again(std::string_view reason, Instant now);
  /// DTLS is up, and m=application agreed.
  void start(bool is_dtls_client, Instant now);
  [[nodiscard]] bool started() const { return started_; }
  void receive(Bytes packet, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// SCTP packets that are due.
  void flush(Transport& transport);
  /// Nothing more happens: every channel is closed, and says so by next_event().
  void end(std::string_view reason);
  /// The same without a word.
  void drop() {
    sctp_.reset();
    channels_.clear();
  }

  /// What happened to a channel.
  struct Event {
    enum class Type : std::uint8_t {
      kOpenedByRemote,
      kOpen,
      kMessage,
      kBufferedAmountLow,
      kClosing,
      kClosed
    };
    Type type = Type::kOpen;
    std::uint64_t number = 0;
    bool binary = false;
    std::vector<std::uint8_t> data;
    std::string reason;
  };
  std::optional<Event> next_event(Instant now);
  /// The association failed: why.
  [[nodiscard]] const std::string& failure() const { return failure_; }

  [[nodiscard]] const std::unordered_map<std::uint64_t, Channel>& channels() const { return channels_; }
  [[nodiscard]] std::uint32_t opened() const { return opened_; }
  [[nodiscard]] std::uint32_t closed() const { return closed_; }
  [[nodiscard]] const sctp::DataChannels* association() const { return sctp_.get(); }

 private:
  sctp::DataChannels& association();
  std::optional<Event> take(sctp::Event event);
  [[nodiscard]] static sctp::ChannelHandle handle(std::uint64_t number) {
    return static_cast<sctp::ChannelHandle>(number);
  }

  Options options_;
  Random& random_;
  std::unique_ptr<sctp::DataChannels> sctp_;
  DataTransport remote_;
  bool started_ = false;
  std::unordered_map<std::uint64_t, Channel> channels_;
  std::optional<std::uint64_t>
      over_;  ///< Was told to be closed by the event before: forgotten with the next.
  std::vector<std::uint64_t> to_close_;  ///< By end().
  std::string end_reason_;
  std::string failure_;
  std::uint32_t opened_ = 0;
  std::uint32_t closed_ = 0;
};

}  // namespace sluice::peer
