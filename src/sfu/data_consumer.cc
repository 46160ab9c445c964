#include "sfu/data_consumer.h"

#include <algorithm>

#include "sfu/data_session.h"

namespace sluice::sfu {
namespace {

/// What a queued message costs beside its payload, so that empty ones do not pile up without end.
constexpr std::size_t kOverhead = 64;

std::size_t cost_of(const DataMessage& message) {
  return message.payload.size() + kOverhead;
}

}  // namespace

DataConsumer::DataConsumer(Options options, DataProducer& producer, DataSession& session)
    : options_(std::move(options)), producer_(&producer), session_(&session) {
  set_subchannels(std::move(options_.subchannels));
  producer_->consumers.push_back(this);
}

DataConsumer::~DataConsumer() {
  session_->forget(*this);
  std::erase(producer_->consumers, this);
}

void DataConsumer::set_subchannels(std::vector<std::uint16_t> subchannels) {
  std::sort(subchannels.begin(), subchannels.end());
  subchannels.erase(std::unique(subchannels.begin(), subchannels.end()), subchannels.end());
  options_.subchannels = std::move(subchannels);
}

bool DataConsumer::is_meant(const Audience& audience) const {
  const auto has = [&](std::uint16_t subchannel) {
    return std::binary_search(options_.subchannels.begin(), options_.subchannels.end(), subchannel);
  };
  if (audience.required_subchannel && !has(*audience.required_subchannel)) return false;
  if (audience.ignored_subchannel && has(*audience.ignored_subchannel)) return false;
  return audience.subchannels.empty() || std::ranges::any_of(audience.subchannels, has);
}

bool DataConsumer::offer(const DataMessage& message, Instant now) {
  if (message.payload.size() > session_->limits().max_message_size) return drop(DataDrop::kTooLarge);
  const std::size_t cost = cost_of(message);
  if (!session_->has_room(*this, cost)) return drop(DataDrop::kQueueFull);
  told_full_ = false;
  queue_.push_back({message, now});
  buffered_ += cost;
  session_->on_queued(*this, cost);
  return true;
}

bool DataConsumer::drop(DataDrop reason) {
  drops_.add(reason);
  if (reason == DataDrop::kQueueFull && !std::exchange(told_full_, true))
    session_->tell(DataConsumerFull{options_.id, drops_[DataDrop::kQueueFull]});
  return false;
}

const DataMessage* DataConsumer::front(Instant now) {
  // RFC 8831 §6.6 with RFC 3758 §3.5: what has lived its time is given up, wherever it waits.
  if (options_.stream && options_.stream->max_packet_life_time) {
    const auto lifetime = std::chrono::milliseconds(*options_.stream->max_packet_life_time);
    while (!queue_.empty() && now - queue_.front().since > lifetime) {
      drops_.add(DataDrop::kExpired);
      pop();
    }
  }
  return queue_.empty() ? nullptr : &queue_.front().message;
}

void DataConsumer::pop_sent() {
  ++messages_;
  bytes_ += message_length(queue_.front().message);
  pop();
}

void DataConsumer::pop_too_large() {
  drops_.add(DataDrop::kTooLarge);
  pop();
}

void DataConsumer::pop() {
  const std::size_t before = buffered_;
  const std::size_t cost = cost_of(queue_.front().message);
  buffered_ -= cost;
  queue_.pop_front();
  session_->on_popped(cost);
  if (low_threshold_ && before > *low_threshold_ && buffered_ <= *low_threshold_) tell_low();
}

void DataConsumer::set_low_threshold(std::uint32_t threshold) {
  low_threshold_ = threshold;
  if (buffered_ <= threshold) tell_low();
}

void DataConsumer::tell_low() {
  session_->tell(BufferedAmountLow{options_.id, static_cast<std::uint32_t>(buffered_)});
}

DataStats DataConsumer::stats(Instant now) const {
  DataStats out;
  out.type = "data-consumer";
  out.timestamp =
      static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  out.label = options_.label;
  out.protocol = options_.protocol;
  out.messages_sent = messages_;
  out.bytes_sent = bytes_;
  out.buffered_amount = static_cast<std::uint32_t>(buffered_);
  out.dropped = drops_.named();
  return out;
}

}  // namespace sluice::sfu
