// What every kind of transport is, whatever its protocol: a way out for media, and counts of what came in.
//
// Not virtual: the engine knows each transport's kind (src/engine/state.h) and calls it directly.
#pragma once

#include <cstdint>

#include "rtp/rate_meter.h"
#include "srtp/inbound.h"
#include "transport/drop_reason.h"
#include "transport/media_sender.h"

namespace sluice::transport {

/// Plain media that came out of a datagram, in the packet's own buffer.
enum class Media : std::uint8_t { kNone, kRtp, kRtcp };

class Endpoint {
 public:
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  [[nodiscard]] MediaSender& sender() { return sender_; }
  [[nodiscard]] const MediaSender& sender() const { return sender_; }
  [[nodiscard]] DropCounters& drops() { return drops_; }
  [[nodiscard]] const DropCounters& drops() const { return drops_; }
  [[nodiscard]] std::uint64_t packets_received() const { return packets_received_; }
  [[nodiscard]] std::uint64_t bytes_received() const { return bytes_received_; }
  [[nodiscard]] rtp::RateMeter& receive_rate() { return receive_rate_; }

 protected:
  explicit Endpoint(SendBatch& batch) : sender_(batch) {}
  ~Endpoint() = default;

  void count_received(std::size_t size, Instant now) {
    ++packets_received_;
    bytes_received_ += size;
    receive_rate_.add(size, now);
  }

  MediaSender sender_;
  DropCounters drops_;

 private:
  std::uint64_t packets_received_ = 0;
  std::uint64_t bytes_received_ = 0;
  rtp::RateMeter receive_rate_;
};

/// RFC 5761 §4: with rtcp-mux, RTCP has 192 to 223 where RTP has marker and payload type.
inline bool is_rtcp(Bytes bytes) {
  return bytes.size() >= 2 && bytes[1] >= 192 && bytes[1] <= 223;
}

DropReason reason_of(srtp::UnprotectStatus status);

}  // namespace sluice::transport
