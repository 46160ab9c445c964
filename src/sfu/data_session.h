// The data of one transport: its data producers and consumers, whose stream is whose, and in what turn those
// that have something to say may send.
//
// Knows nothing of SCTP: the engine takes message by message out (next()) and gives it to the association, or
// to the controller, for as long as that takes more. Owned by the engine's transport.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "sfu/data_consumer.h"
#include "sfu/data_producer.h"
#include "sluice/event.h"

namespace sluice::sfu {

class DataSession {
 public:
  /// Bytes, mediasoup's defaults.
  struct Limits {
    std::size_t queue_of_consumer = 2'000'000;   ///< sctpPerStreamSendQueueLimit.
    std::size_t queue_of_transport = 2'000'000;  ///< sctpSendBufferSize: of all consumers together.
    std::size_t max_message_size = 262'144;      ///< Of a message that is sent.
  };

  /// `dirty`: sessions in which something waits to be sent. `owner`: given back to whoever walks that list.
  DataSession(std::vector<DataSession*>& dirty, std::vector<Event>& events, void* owner)
      : dirty_list_(dirty), events_(events), owner_(owner) {}
  ~DataSession();
  DataSession(const DataSession&) = delete;
  DataSession& operator=(const DataSession&) = delete;

  [[nodiscard]] const Limits& limits() const { return limits_; }
  void set_limits(Limits limits) { limits_ = limits; }

  DataProducer& add_producer(DataProducer::Options options);
  /// Its consumers must be gone before it.
  void remove_producer(DataProducer& producer);
  DataConsumer& add_consumer(DataConsumer::Options options, DataProducer& producer);
  void remove_consumer(DataConsumer& consumer);
  [[nodiscard]] const std::vector<std::unique_ptr<DataProducer>>& producers() const { return producers_; }
  [[nodiscard]] const std::vector<std::unique_ptr<DataConsumer>>& consumers() const { return consumers_; }
  /// Null when no producer takes this stream.
  [[nodiscard]] DataProducer* producer_of(std::uint16_t stream) const;
  [[nodiscard]] DataConsumer* consumer_of(std::uint16_t stream) const;

  /// Whose turn it is, of those with something queued: a message each, in turn. Null when there is none.
  [[nodiscard]] DataConsumer* next();
  /// How many have something queued, at most.
  [[nodiscard]] std::size_t ready_count() const { return ready_.size(); }
  /// After it has sent one: those behind it come first.
  void rotate();
  /// Bytes that wait, of all consumers.
  [[nodiscard]] std::size_t buffered_amount() const { return buffered_; }

  void mark_dirty();
  void clear_dirty() { dirty_ = false; }
  [[nodiscard]] void* owner() const { return owner_; }

 private:
  friend class DataConsumer;
  [[nodiscard]] bool has_room(const DataConsumer& consumer, std::size_t cost) const {
    return consumer.buffered_ + cost <= limits_.queue_of_consumer &&
           buffered_ + cost <= limits_.queue_of_transport;
  }
  void on_queued(DataConsumer& consumer, std::size_t cost);
  void on_popped(std::size_t cost) { buffered_ -= cost; }
  void forget(DataConsumer& consumer);
  void tell(Event event) { events_.push_back(std::move(event)); }

  std::vector<DataSession*>& dirty_list_;
  std::vector<Event>& events_;
  void* owner_;
  Limits limits_;
  std::vector<std::unique_ptr<DataProducer>> producers_;
  std::vector<std::unique_ptr<DataConsumer>> consumers_;
  std::unordered_map<std::uint16_t, DataProducer*> producer_by_stream_;
  std::unordered_map<std::uint16_t, DataConsumer*> consumer_by_stream_;
  std::deque<DataConsumer*> ready_;  ///< Those with something queued, in the order of their turns.
  std::size_t buffered_ = 0;
  bool dirty_ = false;
};

}  // namespace sluice::sfu
