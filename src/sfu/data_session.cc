#include "sfu/data_session.h"

#include <algorithm>

namespace sluice::sfu {

DataSession::~DataSession() {
  consumers_.clear();
  producers_.clear();
  std::erase(dirty_list_, this);
}

void DataSession::mark_dirty() {
  if (std::exchange(dirty_, true)) return;
  dirty_list_.push_back(this);
}

DataProducer& DataSession::add_producer(DataProducer::Options options) {
  producers_.push_back(std::make_unique<DataProducer>(std::move(options)));
  DataProducer& producer = *producers_.back();
  if (producer.stream()) producer_by_stream_[producer.stream()->stream_id] = &producer;
  return producer;
}

void DataSession::remove_producer(DataProducer& producer) {
  if (producer.stream()) producer_by_stream_.erase(producer.stream()->stream_id);
  std::erase_if(producers_, [&](const auto& one) { return one.get() == &producer; });
}

DataConsumer& DataSession::add_consumer(DataConsumer::Options options, DataProducer& producer) {
  consumers_.push_back(std::make_unique<DataConsumer>(std::move(options), producer, *this));
  DataConsumer& consumer = *consumers_.back();
  if (consumer.stream()) consumer_by_stream_[consumer.stream()->stream_id] = &consumer;
  return consumer;
}

void DataSession::remove_consumer(DataConsumer& consumer) {
  if (consumer.stream()) consumer_by_stream_.erase(consumer.stream()->stream_id);
  std::erase_if(consumers_, [&](const auto& one) { return one.get() == &consumer; });
}

DataProducer* DataSession::producer_of(std::uint16_t stream) const {
  const auto it = producer_by_stream_.find(stream);
  return it == producer_by_stream_.end() ? nullptr : it->second;
}

DataConsumer* DataSession::consumer_of(std::uint16_t stream) const {
  const auto it = consumer_by_stream_.find(stream);
  return it == consumer_by_stream_.end() ? nullptr : it->second;
}

void DataSession::on_queued(DataConsumer& consumer, std::size_t cost) {
  buffered_ += cost;
  if (!std::exchange(consumer.ready_, true)) ready_.push_back(&consumer);
  mark_dirty();
}

void DataSession::forget(DataConsumer& consumer) {
  buffered_ -= consumer.buffered_;
  if (consumer.ready_) std::erase(ready_, &consumer);
}

DataConsumer* DataSession::next() {
  while (!ready_.empty() && ready_.front()->queue_.empty()) {
    ready_.front()->ready_ = false;
    ready_.pop_front();
  }
  return ready_.empty() ? nullptr : ready_.front();
}

void DataSession::rotate() {
  if (ready_.size() < 2) return;
  ready_.push_back(ready_.front());
  ready_.pop_front();
}

}  // namespace sluice::sfu
