// What transports and their data add up to: of those that are closed, kept by State; of all, by
// worker_stats().
#pragma once

#include <cstdint>

#include "sfu/data_consumer.h"
#include "sfu/data_producer.h"
#include "transport/endpoint.h"

namespace sluice::engine {

struct TransportTotals {
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  transport::DropCounters drops{};

  TransportTotals& operator+=(const transport::Endpoint& endpoint) {
    packets_received += endpoint.packets_received();
    bytes_received += endpoint.bytes_received();
    packets_sent += endpoint.sender().packets();
    bytes_sent += endpoint.sender().bytes();
    drops += endpoint.drops();
    return *this;
  }
};

struct DataCounts {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  sfu::DataDrops drops{};

  DataCounts& operator+=(const sfu::DataProducer& producer) {
    messages += producer.messages_received();
    bytes += producer.bytes_received();
    return *this;
  }
  DataCounts& operator+=(const sfu::DataConsumer& consumer) {
    messages += consumer.messages_sent();
    bytes += consumer.bytes_sent();
    drops += consumer.drops();
    return *this;
  }
};

}  // namespace sluice::engine
