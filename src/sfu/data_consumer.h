// Messages going out to one receiver: who is meant, and what waits. The queue is bounded in bytes; a message
// that finds it full is dropped for this receiver alone, counted and told.
//
// Invariants: what waits refers to shared payloads, none is copied; buffered_amount() is at most the limit. A
// consumer with something queued stands in its session's list of ready ones, once. Owned by the DataSession
// of its transport, which takes messages out as its way lets it.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sfu/data_message.h"
#include "sfu/data_producer.h"

namespace sluice::sfu {

class DataSession;

class DataConsumer {
 public:
  struct Options {
    std::string id;
    std::optional<SctpStreamParameters> stream;  ///< Absent: to the controller.
    std::string label;
    std::string protocol;
    bool paused = false;
    std::vector<std::uint16_t> subchannels;
  };

  DataConsumer(Options options, DataProducer& producer, DataSession& session);
  ~DataConsumer();
  DataConsumer(const DataConsumer&) = delete;
  DataConsumer& operator=(const DataConsumer&) = delete;

  [[nodiscard]] const std::string& id() const { return options_.id; }
  [[nodiscard]] DataProducer& producer() const { return *producer_; }
  [[nodiscard]] const std::optional<SctpStreamParameters>& stream() const { return options_.stream; }
  [[nodiscard]] std::string_view type() const { return options_.stream ? "sctp" : "direct"; }
  [[nodiscard]] const std::string& label() const { return options_.label; }
  [[nodiscard]] const std::string& protocol() const { return options_.protocol; }
  [[nodiscard]] bool paused() const { return options_.paused; }
  void set_paused(bool paused) { options_.paused = paused; }

  /// Ascending, each once.
  [[nodiscard]] const std::vector<std::uint16_t>& subchannels() const { return options_.subchannels; }
  void set_subchannels(std::vector<std::uint16_t> subchannels);
  [[nodiscard]] bool is_meant(const Audience& audience) const;

  /// Takes the message into the queue, or drops it. True when it was taken.
  bool offer(const DataMessage& message, Instant now);

  // --- For the session
  /// The next message that may still be sent; null when there is none. What has expired is dropped.
  [[nodiscard]] const DataMessage* front(Instant now);
  /// It has left.
  void pop_sent();
  /// It can never leave: it is more than the other end takes.
  void pop_too_large();

  /// Bytes that wait.
  [[nodiscard]] std::size_t buffered_amount() const { return buffered_; }
  void set_low_threshold(std::uint32_t threshold);
  [[nodiscard]] const DataDrops& drops() const { return drops_; }
  [[nodiscard]] DataStats stats(Instant now) const;
  [[nodiscard]] std::uint64_t messages_sent() const { return messages_; }
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_; }

 private:
  friend class DataSession;
  struct Waiting {
    DataMessage message;
    Instant since;
  };
  bool drop(DataDrop reason);
  void pop();
  void tell_low();

  Options options_;
  DataProducer* producer_;
  DataSession* session_;
  std::deque<Waiting> queue_;
  std::size_t buffered_ = 0;
  std::optional<std::uint32_t> low_threshold_;  ///< Unset: nobody has asked to be told.
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  DataDrops drops_;
  bool told_full_ = false;
  bool ready_ = false;  ///< In the session's list.
};

}  // namespace sluice::sfu
