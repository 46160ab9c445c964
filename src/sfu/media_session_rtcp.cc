// The RTCP half of MediaSession: what receivers and publishers tell us, and what we tell them.
#include <algorithm>

#include "rtcp/compound.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/sdes.h"
#include "rtcp/sender_report.h"
#include "rtcp/transport_feedback.h"
#include "sfu/media_session.h"

namespace sluice::sfu {

void MediaSession::on_rtcp(Bytes compound, Instant now) {
  rtcp::CompoundReader reader(compound);
  while (const auto packet = reader.next()) {
    switch (packet->type) {
      case rtcp::PacketType::kSenderReport:
        if (const auto report = rtcp::SenderReport::parse(*packet)) {
          on_sender_report(*report, now);
          on_report_blocks(report->reports, now);
        }
        break;
      case rtcp::PacketType::kReceiverReport:
        if (const auto report = rtcp::ReceiverReport::parse(*packet)) on_report_blocks(report->reports, now);
        break;
      case rtcp::PacketType::kRtpFeedback:
        if (packet->count != rtcp::format::kNack) break;
        if (const auto nack = rtcp::Nack::parse(*packet)) {
          Consumer* consumer = find_consumer(nack->media());
          if (consumer == nullptr) break;
          consumer->on_nack_packet(now);
          nack->for_each([&](SequenceNumber number) { consumer->on_nack(number, now); });
        }
        break;
      case rtcp::PacketType::kPayloadFeedback:
        if (packet->count == rtcp::format::kPli) {
          const auto pli = rtcp::Pli::parse(*packet);
          if (Consumer* consumer = pli ? find_consumer(pli->media) : nullptr)
            consumer->on_key_frame_request(false, now);
        } else if (packet->count == rtcp::format::kFir) {
          const auto fir = rtcp::Fir::parse(*packet);
          if (!fir) break;
          for (const auto& request : fir->requests) {
            if (Consumer* consumer = find_consumer(request.ssrc)) consumer->on_key_frame_request(true, now);
          }
        }
        break;
      default:
        break;  // SDES, BYE, APP and XR tell nothing that is acted on
    }
  }
  if (!reader.ok()) drops_.add(transport::DropReason::kRtcpMalformed);
}

void MediaSession::on_sender_report(const rtcp::SenderReport& report, Instant now) {
  const auto route = routes_.find(report.ssrc);
  if (route == routes_.end()) return;
  ProducerStream& stream = *route->second.stream;
  if (stream.ssrc == report.ssrc) {
    stream.media.on_sender_report(report.ntp, report.rtp_timestamp, now);
    capture_clock_.on_sender_report(report.ntp, shared_.wall_clock.ntp(now));
  } else {
    stream.repair.on_sender_report(report.ntp, report.rtp_timestamp, now);
  }
}

void MediaSession::on_report_blocks(const rtcp::ReportBlocks& blocks, Instant now) {
  const std::uint64_t ntp = shared_.wall_clock.ntp(now);
  for (const auto& block : blocks) {
    Consumer* consumer = find_consumer(block.ssrc);
    if (consumer == nullptr || consumer->ssrc() != block.ssrc) continue;
    consumer->on_report_block(block, ntp);
    rtt_ = consumer->round_trip_time();
  }
  if (!rtt_) return;
  for (auto& producer : producers_) {
    for (auto& stream : producer->streams()) stream->nack.set_round_trip_time(*rtt_);
  }
}

// --- Sending
// --------------------------------------------------------------------------------------------------------------

void MediaSession::send_feedback(Instant now) {
  for (auto& producer : producers_) {
    for (auto& stream : producer->streams()) {
      if (const auto missing = stream->nack.advance(now); !missing.empty()) send_nack(*stream, missing, now);
      if (producer->kind() != MediaKind::kVideo) continue;
      if (stream->nack.take_key_frame_needed()) stream->key_frames.request(now);
      if (stream->key_frames.advance(now)) send_pli(*stream, now);
    }
  }
}

void MediaSession::send_nack(ProducerStream& stream, std::span<const SequenceNumber> missing, Instant now) {
  if (!stream.ssrc) return;
  while (!missing.empty()) {
    std::size_t told = 0;
    sender_.send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          told = rtcp::Nack::serialize_to(writer, own_ssrc_, *stream.ssrc, missing);
          return told == 0 ? 0 : writer.size();
        },
        now);
    if (told == 0) return;
    ++stream.nack_count;
    missing = missing.subspan(told);
  }
}

void MediaSession::send_pli(ProducerStream& stream, Instant now) {
  if (!stream.ssrc) return;
  ++stream.pli_count;
  sender_.send_rtcp(
      [&](MutableBytes out) {
        ByteWriter writer(out);
        rtcp::Pli{own_ssrc_, *stream.ssrc}.serialize_to(writer);
        return writer.ok() ? writer.size() : 0;
      },
      now);
}

void MediaSession::send_transport_feedback(Instant now) {
  const auto report = transport_cc_.advance(now);
  if (!report) return;
  std::span<const Instant> rest = report->arrivals;
  SequenceNumber base = report->base;
  while (!rest.empty()) {
    std::size_t covered = 0;
    sender_.send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          covered = rtcp::TransportFeedback::serialize_to(
              writer, {own_ssrc_, transport_cc_media_, transport_cc_.next_feedback_count()}, base, rest);
          return covered == 0 ? 0 : writer.size();
        },
        now);
    if (covered == 0) return;
    rest = rest.subspan(covered);
    base = base.plus(static_cast<int>(covered));
  }
}

void MediaSession::send_reports(Instant now) {
  next_report_ = kNever;
  start_reports(now);
  const std::uint64_t ntp = shared_.wall_clock.ntp(now);

  // One sender report and its name a consumer; as many as fit a datagram.
  constexpr std::size_t kReportSize = 28 + 4 + 8 + 256;
  std::size_t next = 0;
  while (sender_.rtcp_ready() && next < consumers_.size()) {
    sender_.send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          for (; next < consumers_.size() && writer.room() >= kReportSize; ++next) {
            Consumer& consumer = *consumers_[next];
            if (!consumer.is_sender()) continue;
            const auto report = consumer.sender_report(ntp);
            if (!report) continue;
            report->serialize_to(writer);
            rtcp::Sdes sdes;
            sdes.chunks.push_back({consumer.ssrc(), std::string_view(consumer.cname()).substr(0, 255)});
            sdes.serialize_to(writer);
          }
          return writer.ok() ? writer.size() : 0;
        },
        now);
  }

  // Report blocks on what we receive (RFC 3550 §6.4.2), led by one receiver report even when there is nothing
  // to report.
  rtcp::ReceiverReport report;
  report.ssrc = own_ssrc_;
  const auto flush = [&] {
    sender_.send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          report.serialize_to(writer);
          rtcp::Sdes sdes;
          sdes.chunks.push_back({own_ssrc_, own_cname_});
          sdes.serialize_to(writer);
          return writer.ok() ? writer.size() : 0;
        },
        now);
    report.reports.clear();
  };
  const auto add = [&](Ssrc ssrc, rtp::ReceiveStatistics& statistics) {
    if (!statistics.started()) return;
    const auto reception = statistics.report(now);
    report.reports.push_back({ssrc, reception.fraction_lost, reception.cumulative_lost,
                              reception.extended_highest, reception.jitter, reception.last_sr,
                              reception.delay_since_last_sr});
    if (report.reports.full()) flush();
  };
  for (auto& producer : producers_) {
    for (auto& stream : producer->streams()) {
      if (stream->ssrc) add(*stream->ssrc, stream->media);
      if (stream->rtx_ssrc) add(*stream->rtx_ssrc, stream->repair);
    }
  }
  if (!report.reports.empty()) flush();
}

}  // namespace sluice::sfu
