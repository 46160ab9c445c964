#include "sfu/data_producer.h"

#include "sfu/data_consumer.h"

namespace sluice::sfu {

void DataProducer::receive(const DataMessage& message, const Audience& audience, Instant now) {
  ++messages_;
  bytes_ += message_length(message);
  if (options_.paused) return;
  for (DataConsumer* consumer : consumers) {
    if (!consumer->paused() && consumer->is_meant(audience)) consumer->offer(message, now);
  }
}

DataStats DataProducer::stats(Instant now) const {
  DataStats out;
  out.type = "data-producer";
  out.timestamp =
      static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  out.label = options_.label;
  out.protocol = options_.protocol;
  out.messages_received = messages_;
  out.bytes_received = bytes_;
  return out;
}

}  // namespace sluice::sfu
