// Messages coming in, of one data channel or of the controller, and the routes to those who get them. Owned
// by the DataSession of its transport.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sfu/data_message.h"
#include "sluice/stats.h"
#include "sluice/time.h"

namespace sluice::sfu {

class DataConsumer;

class DataProducer {
 public:
  struct Options {
    std::string id;
    std::optional<SctpStreamParameters> stream;  ///< Absent: of a direct transport.
    std::string label;
    std::string protocol;
    bool paused = false;
  };

  explicit DataProducer(Options options) : options_(std::move(options)) {}
  DataProducer(const DataProducer&) = delete;
  DataProducer& operator=(const DataProducer&) = delete;

  [[nodiscard]] const std::string& id() const { return options_.id; }
  [[nodiscard]] const std::optional<SctpStreamParameters>& stream() const { return options_.stream; }
  [[nodiscard]] std::string_view type() const { return options_.stream ? "sctp" : "direct"; }
  [[nodiscard]] const std::string& label() const { return options_.label; }
  [[nodiscard]] const std::string& protocol() const { return options_.protocol; }
  [[nodiscard]] bool paused() const { return options_.paused; }
  void set_paused(bool paused) { options_.paused = paused; }

  /// Offers the message to every consumer that it is meant for; one that cannot take it harms no other. While
  /// paused it is counted and goes nowhere.
  void receive(const DataMessage& message, const Audience& audience, Instant now);

  [[nodiscard]] DataStats stats(Instant now) const;
  [[nodiscard]] std::uint64_t messages_received() const { return messages_; }
  [[nodiscard]] std::uint64_t bytes_received() const { return bytes_; }

  /// The routes; kept by DataConsumer.
  std::vector<DataConsumer*> consumers;

 private:
  Options options_;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

/// The length in the sense of the API: the byte that stands for an empty message (RFC 8831 §6.6) is none.
inline std::size_t message_length(const DataMessage& message) {
  const bool empty = message.ppid == ppid::kStringEmpty || message.ppid == ppid::kBinaryEmpty;
  return empty ? 0 : message.payload.size();
}

}  // namespace sluice::sfu
