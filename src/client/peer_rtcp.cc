// The RTCP of a synthetic peer: what the server tells of our tracks, what we tell of its.
#include <algorithm>

#include "client/peer.h"
#include "rtcp/bye.h"
#include "rtcp/extended_report.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/remb.h"
#include "rtcp/sdes.h"
#include "rtcp/sender_report.h"
#include "rtcp/transport_feedback.h"

namespace sluice::client {

void Peer::on_rtcp(Bytes compound, Instant now) {
  rtcp::CompoundReader reader(compound);
  while (const auto packet = reader.next()) {
    switch (packet->type) {
      case rtcp::PacketType::kSenderReport:
        if (const auto report = rtcp::SenderReport::parse(*packet)) {
          ++counts_.sender_reports;
          const auto it = by_ssrc_.find(report->ssrc);
          if (it != by_ssrc_.end() && it->second->ssrc() == report->ssrc)
            it->second->on_sender_report(report->ntp, report->rtp_timestamp, now);
          on_report_blocks(report->reports, now);
        }
        break;
      case rtcp::PacketType::kReceiverReport:
        if (const auto report = rtcp::ReceiverReport::parse(*packet)) on_report_blocks(report->reports, now);
        break;
      case rtcp::PacketType::kExtendedReport:
        if (const auto report = rtcp::ExtendedReport::parse(*packet)) on_extended_report(*report, now);
        break;
      case rtcp::PacketType::kBye:
        if (const auto bye = rtcp::Bye::parse(*packet)) {
          for (const Ssrc ssrc : bye->ssrcs) {
            // Signaling may have been faster, and have taken the track away.
            const auto it = by_ssrc_.find(ssrc);
            if (it == by_ssrc_.end() || it->second->ssrc() == ssrc) ++counts_.goodbyes;
          }
        }
        break;
      case rtcp::PacketType::kRtpFeedback:
      case rtcp::PacketType::kPayloadFeedback:
        on_feedback(*packet, now);
        break;
      default:
        break;
    }
  }
  if (!reader.ok()) ++counts_.malformed;
}

void Peer::on_report_blocks(const rtcp::ReportBlocks& blocks, Instant now) {
  // One report is one measurement, however many streams it tells of.
  std::optional<Duration> rtt;
  for (const auto& block : blocks) {
    MediaSender* sender = find_sender(block.ssrc);
    if (sender == nullptr) continue;
    ++counts_.receiver_reports;
    const std::uint64_t ntp = shared_.wall_clock.ntp(now);
    sender->on_report_block(block, ntp);
    if (!rtt) rtt = rtcp::round_trip_time(ntp, block.last_sr, block.delay_since_last_sr);
  }
  if (rtt) on_round_trip_time(*rtt);
}

void Peer::on_extended_report(const rtcp::ExtendedReport& report, Instant now) {
  if (report.receiver_reference_time) ++counts_.reference_times;
  reference_times_.note(report, now);
  for (const auto& echo : report.dlrr) {
    if (echo.ssrc != own_ssrc_) continue;
    const std::uint64_t ntp = shared_.wall_clock.ntp(now);
    if (const auto rtt = rtcp::round_trip_time(ntp, echo.last_rr, echo.delay_since_last_rr))
      on_round_trip_time(*rtt);
  }
}

void Peer::on_round_trip_time(Duration rtt) {
  rtt_.on_sample(rtt);
  for (auto& receiver : receivers_) receiver->set_round_trip_time(rtt);
}

void Peer::on_feedback(const rtcp::Packet& packet, Instant now) {
  if (packet.type == rtcp::PacketType::kRtpFeedback) {
    if (packet.count == rtcp::format::kNack) {
      const auto nack = rtcp::Nack::parse(packet);
      MediaSender* sender = nack ? find_sender(nack->media()) : nullptr;
      if (sender == nullptr || !connection_.ready()) return;
      nack->for_each([&](SequenceNumber number) { sender->on_nack(number, now, connection_.sender()); });
    } else if (packet.count == rtcp::format::kTransportFeedback) {
      const auto feedback = rtcp::TransportFeedback::parse(packet);
      // libwebrtc takes only feedback that names a media SSRC of its own; so do we, or our tests would not
      // notice.
      if (!feedback || find_sender(feedback->media()) == nullptr) return;
      ++counts_.transport_feedback;
      feedback->for_each([&](SequenceNumber, std::optional<Duration> arrival) {
        ++(arrival ? counts_.feedback_received : counts_.feedback_missing);
      });
    }
    return;
  }
  if (packet.count == rtcp::format::kPli) {
    const auto pli = rtcp::Pli::parse(packet);
    if (MediaSender* sender = pli ? find_sender(pli->media) : nullptr) sender->on_key_frame_request(now);
  } else if (packet.count == rtcp::format::kApplication) {
    if (const auto remb = rtcp::Remb::parse(packet)) counts_.remb_bitrate = remb->bitrate;
  } else if (packet.count == rtcp::format::kFir) {
    const auto fir = rtcp::Fir::parse(packet);
    if (!fir) return;
    for (const auto& request : fir->requests) {
      if (MediaSender* sender = find_sender(request.ssrc)) sender->on_key_frame_request(now);
    }
  }
}

// --- Sending
// --------------------------------------------------------------------------------------------------------------

void Peer::request_key_frame(MediaReceiver& receiver, bool fir, Instant now) {
  connection_.sender().send_rtcp(
      [&](MutableBytes out) {
        ByteWriter writer(out);
        if (fir) {
          rtcp::Fir request;
          request.sender = own_ssrc_;
          request.requests.push_back({receiver.ssrc(), fir_count_++});
          request.serialize_to(writer);
        } else {
          rtcp::Pli{own_ssrc_, receiver.ssrc()}.serialize_to(writer);
        }
        return writer.ok() ? writer.size() : 0;
      },
      now);
}

void Peer::send_nacks(Instant now) {
  next_nack_ = kNever;
  for (auto& receiver : receivers_) {
    if (receiver->next_deadline() <= now) {
      if (const auto missing = receiver->missing(now); !missing.empty()) send_nack(*receiver, missing, now);
      if (receiver->take_key_frame_needed(now)) request_key_frame(*receiver, false, now);
    }
    next_nack_ = std::min(next_nack_, receiver->next_deadline());
  }
}

void Peer::send_nack(MediaReceiver& receiver, std::span<const SequenceNumber> missing, Instant now) {
  while (!missing.empty()) {
    std::size_t told = 0;
    connection_.sender().send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          told = rtcp::Nack::serialize_to(writer, own_ssrc_, receiver.ssrc(), missing);
          return told == 0 ? 0 : writer.size();
        },
        now);
    if (told == 0) return;
    missing = missing.subspan(told);
  }
}

void Peer::send_transport_feedback(Instant now) {
  const auto report = transport_cc_.advance(now);
  if (!report) return;
  std::span<const Instant> rest = report->arrivals;
  SequenceNumber base = report->base;
  while (!rest.empty()) {
    std::size_t covered = 0;
    connection_.sender().send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          covered = rtcp::TransportFeedback::serialize_to(
              writer, {own_ssrc_, {0}, transport_cc_.next_feedback_count()}, base, rest);
          return covered == 0 ? 0 : writer.size();
        },
        now);
    if (covered == 0) return;
    rest = rest.subspan(covered);
    base = base.plus(static_cast<int>(covered));
  }
}

/// RFC 3611 §4.4, §4.5: echoes what the server asked; who only receives asks as well.
void Peer::write_extended_report(ByteWriter& writer, Instant now) {
  rtcp::ExtendedReport extended;
  extended.sender = own_ssrc_;
  reference_times_.echo(extended, now);
  if (senders_.empty()) extended.receiver_reference_time = shared_.wall_clock.ntp(now);
  if (extended.receiver_reference_time || !extended.dlrr.empty()) extended.serialize_to(writer);
}

void Peer::send_reports(Instant now) {
  schedule_report(now);
  if (senders_.empty() && receivers_.empty()) return;  // as browsers: without tracks no RTCP
  rtcp::ReceiverReport report;
  report.ssrc = own_ssrc_;
  const auto flush = [&](bool with_senders) {
    connection_.sender().send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          rtcp::Sdes sdes;
          if (with_senders) {
            for (const auto& sender : senders_) {
              if (const auto sr = sender->sender_report(now); sr && writer.room() > 560) {
                sr->serialize_to(writer);
                sdes.chunks.push_back({sender->ssrc(), cname_});
              }
            }
          }
          report.serialize_to(writer);
          sdes.chunks.push_back({own_ssrc_, cname_});
          sdes.serialize_to(writer);
          if (with_senders) write_extended_report(writer, now);
          return writer.ok() ? writer.size() : 0;
        },
        now);
    report.reports.clear();
  };
  bool first = true;
  for (auto& receiver : receivers_) {
    if (!receiver->statistics().started()) continue;
    const auto reception = receiver->statistics().report(now);
    report.reports.push_back({receiver->ssrc(), reception.fraction_lost, reception.cumulative_lost,
                              reception.extended_highest, reception.jitter, reception.last_sr,
                              reception.delay_since_last_sr});
    if (report.reports.size() < 15) continue;
    flush(first);
    first = false;
  }
  if (first || !report.reports.empty()) flush(first);
}

}  // namespace sluice::client
