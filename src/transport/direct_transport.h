// RTP and RTCP with the controller itself, over the control channel: what others send by a socket is kept
// here until the engine hands it out as events.
//
// Invariant: what waits is bounded in bytes; beyond it packets are dropped and counted. Owned and driven by
// the engine.
#pragma once

#include <deque>
#include <vector>

#include "sluice/time.h"
#include "transport/endpoint.h"

namespace sluice::transport {

class DirectTransport : public Endpoint {
 public:
  /// Some seconds of a video: a controller that reads at all is never so far behind.
  static constexpr std::size_t kMaxWaiting = 2U << 20;

  DirectTransport(SendBatch& batch, std::uint32_t max_message_size)
      : Endpoint(batch), max_message_size_(max_message_size) {
    sender_.set_direct(waiting_);
  }

  void close(Instant /*now*/) { sender_.set_path(std::nullopt); }
  void begin(Packet& /*packet*/, const Path& /*path*/, srtp::Inbound::Begun& /*begun*/) {}
  void advance(Instant /*now*/) {}
  [[nodiscard]] Instant next_deadline() const { return kNever; }
  [[nodiscard]] bool media_ready() const { return sender_.ready(); }
  [[nodiscard]] std::uint32_t max_message_size() const { return max_message_size_; }

  /// The controller sends a packet.
  void note_received(std::size_t size, Instant now) { count_received(size, now); }
  /// What waits for the controller, oldest first.
  [[nodiscard]] DirectQueue& waiting() { return waiting_; }

 private:
  std::uint32_t max_message_size_;
  DirectQueue waiting_{kMaxWaiting, drops_};
};

}  // namespace sluice::transport
