// What a consumer tells its viewer by RTCP, what the viewer tells of it, and its statistics.
#include <utility>

#include "sfu/consumer.h"
#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

constexpr std::uint8_t kBestScore = 10;

}  // namespace

bool Consumer::on_report_block(const rtcp::ReportBlock& block, std::uint64_t ntp_now) {
  lost_ = block.cumulative_lost;
  fraction_lost_ = block.fraction_lost;
  jitter_ = block.jitter;
  if (const auto rtt = rtcp::round_trip_time(ntp_now, block.last_sr, block.delay_since_last_sr)) rtt_ = rtt;
  // What is repeated without RTX has to be the same bit for bit, its extensions included.
  if (video_ && rtx_ssrc_) {
    const ProducerStream& stream = producer_->stream(last_stream_);
    const PlayoutHold::Leg publisher{stream.fraction_lost, stream.nack.round_trip_time()};
    if (hold_.on_report({fraction_lost_, rtt_}, publisher) && sent_packets_) sent_packets_->clear();
  }
  const std::array<std::uint64_t, 2> now{packets_, packets_retransmitted_};
  const auto interval =
      rtp::StreamScore::of_report(block.fraction_lost, now[0] - scored_[0], now[1] - scored_[1]);
  scored_ = now;
  if (interval.expected == 0) return false;
  const bool changed = score_.update(interval);
  if (std::exchange(scored_ever_, true) ? changed : score_.value() != kBestScore) tell_score();
  return true;
}

bool Consumer::is_sender() {
  const bool sender = packets_ != packets_reported_[1];
  packets_reported_ = {packets_, packets_reported_[0]};
  return sender;
}

/// The viewer's RTP time at our `ntp`: the publisher's clock carried on from its last report for the stream
/// that is forwarded, or, before there is one, from the run before. So audio and video of one publisher stay
/// together, whatever stream is forwarded (RFC 3550 §6.4.1).
std::optional<rtcp::SenderReport> Consumer::sender_report(std::uint64_t ntp) const {
  if (packets_ == 0) return std::nullopt;
  const auto publisher_now = producer_->session->capture_clock().publisher_time(ntp);
  if (!publisher_now) return std::nullopt;
  const ProducerStream& stream = producer_->stream(last_stream_);
  std::optional<Anchor> from = anchor_;
  if (const auto& theirs = stream.media.last_sender_report(); theirs && rewriter_.follows(stream.tag))
    from = Anchor{theirs->ntp, {theirs->timestamp.value + rewriter_.timestamp_offset()}};
  if (!from) return std::nullopt;
  rtcp::SenderReport report;
  report.ssrc = ssrc_;
  report.ntp = ntp;
  report.rtp_timestamp = from->at(*publisher_now, options_.parameters.codecs.front().clock_rate);
  report.packet_count = static_cast<std::uint32_t>(packets_);
  report.octet_count = payload_octets_;
  return report;
}

void Consumer::tell_score() {
  session_->tell(ConsumerScoreChange{id(), score()});
}

ConsumerScore Consumer::score() const {
  ConsumerScore out;
  // Nothing bad is known of a viewer that has not reported yet.
  out.score = scored_ever_ ? score_.value() : kBestScore;
  for (const auto& stream : producer_->streams()) out.producer_scores.push_back(stream->score.value());
  if (const auto current = selector_.current())
    out.producer_score = producer_->stream(current->stream).score.value();
  return out;
}

RtpStreamStats Consumer::stats(Instant now) const {
  RtpStreamStats stats;
  stats.type = "outbound-rtp";
  stats.timestamp =
      static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  stats.ssrc = ssrc_.value;
  if (rtx_ssrc_) stats.rtx_ssrc = rtx_ssrc_->value;
  stats.kind = options_.kind;
  stats.mime_type = options_.parameters.codecs.empty() ? "" : options_.parameters.codecs.front().mime_type;
  stats.packet_count = packets_;
  stats.byte_count = bytes_;
  stats.bitrate = rate_.bitrate(now);
  stats.packets_lost = lost_;
  stats.fraction_lost = fraction_lost_;
  stats.jitter = jitter_;
  stats.packets_retransmitted = packets_retransmitted_;
  stats.nack_count = nack_count_;
  stats.nack_packet_count = nack_packet_count_;
  stats.pli_count = pli_count_;
  stats.fir_count = fir_count_;
  stats.key_frame_count = key_frame_count_;
  if (rtt_) stats.round_trip_time = static_cast<double>(rtt_->count()) / 1000.0;
  return stats;
}

}  // namespace sluice::sfu
