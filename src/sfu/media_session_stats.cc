// What all producers and consumers of a transport add up to.
#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

/// Loss of many streams as one number: each counts by its bitrate.
class MeanLoss {
 public:
  void add(const RtpStreamStats& stream) {
    weight_ += stream.bitrate;
    lost_ += static_cast<double>(stream.bitrate) * stream.fraction_lost / 256;
  }
  [[nodiscard]] std::optional<double> value() const {
    return weight_ == 0 ? std::nullopt : std::optional(lost_ / weight_);
  }

 private:
  double weight_ = 0;
  double lost_ = 0;
};

}  // namespace

void MediaSession::add_stats(TransportStats& out, Instant now) const {
  MeanLoss received;
  for (const auto& producer : producers_) {
    for (const auto& stream : producer->streams()) {
      out.rtp_bytes_received += stream->media.bytes();
      out.rtx_bytes_received += stream->repair.bytes();
    }
    for (const RtpStreamStats& stream : producer->stats(now)) {
      out.rtp_recv_bitrate += stream.bitrate;
      out.rtx_recv_bitrate += stream.rtx_bitrate;
      received.add(stream);
    }
  }
  out.rtp_packet_loss_received = received.value();
  MeanLoss sent;
  for (const auto& consumer : consumers_) {
    out.rtp_bytes_sent += consumer->bytes_sent();
    out.rtx_bytes_sent += consumer->rtx_bytes_sent();
    const RtpStreamStats stream = consumer->stats(now);
    out.rtp_send_bitrate += stream.bitrate;
    out.rtx_send_bitrate += stream.rtx_bitrate;
    sent.add(stream);
  }
  out.rtp_packet_loss_sent = sent.value();
}

}  // namespace sluice::sfu
