// The RTCP of a peer connection's tracks: what the other side tells of ours, what we tell of its.
#include <algorithm>

#include "peer/media.h"
#include "rtcp/bye.h"
#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/receiver_report.h"
#include "rtcp/sdes.h"
#include "rtcp/sender_report.h"
#include "rtcp/transport_feedback.h"

namespace sluice::peer {

void Media::receive_rtcp(Bytes compound, Transport& transport, Instant now) {
  rtcp::CompoundReader reader(compound);
  while (const auto packet = reader.next()) {
    switch (packet->type) {
      case rtcp::PacketType::kSenderReport:
        if (const auto report = rtcp::SenderReport::parse(*packet)) {
          const auto it = by_ssrc_.find(report->ssrc.value);
          if (it != by_ssrc_.end() && it->second->ssrc() == report->ssrc)
            it->second->on_sender_report(report->ntp, report->rtp_timestamp, report->packet_count,
                                         report->octet_count, now);
          on_report_blocks(report->reports, now);
        }
        break;
      case rtcp::PacketType::kReceiverReport:
        if (const auto report = rtcp::ReceiverReport::parse(*packet)) on_report_blocks(report->reports, now);
        break;
      case rtcp::PacketType::kRtpFeedback:
      case rtcp::PacketType::kPayloadFeedback:
        on_feedback(*packet, transport, now);
        break;
      default:
        break;
    }
  }
  if (!reader.ok()) ++counts_.malformed;
}

void Media::on_report_blocks(const rtcp::ReportBlocks& blocks, Instant now) {
  const std::uint64_t ntp = clock_.ntp(now);
  std::optional<Duration> rtt;  // one report is one measurement, however many streams it tells of
  for (const auto& block : blocks) {
    const auto [track, stream] = find_outgoing(block.ssrc);
    if (stream == nullptr) continue;
    stream->on_report_block(block, ntp);
    if (!rtt) rtt = rtcp::round_trip_time(ntp, block.last_sr, block.delay_since_last_sr);
  }
  if (!rtt) return;
  rtt_.on_sample(*rtt);
  for (const auto& track : tracks_)
    if (track->incoming) track->incoming->set_round_trip_time(*rtt);
}

void Media::on_feedback(const rtcp::Packet& packet, Transport& transport, Instant now) {
  const auto key_frame = [&](Ssrc ssrc, bool fir) {
    const auto [track, stream] = find_outgoing(ssrc);
    if (stream == nullptr) return;
    ++(fir ? stream->counters().firs : stream->counters().plis);
    Event event;
    event.type = Event::Type::kKeyFrameRequested;
    event.transceiver = track->id;
    event.rid = stream->rid();
    push(std::move(event));
  };
  if (packet.type == rtcp::PacketType::kRtpFeedback) {
    if (packet.count != rtcp::format::kNack) return;
    const auto nack = rtcp::Nack::parse(packet);
    if (!nack) return;
    const auto [track, stream] = find_outgoing(nack->media());
    if (stream == nullptr || !stream->active() || !transport.media_ready()) return;
    ++stream->counters().nacks;
    nack->for_each(
        [&, out = stream](SequenceNumber number) { out->on_nack(number, now, transport.sender()); });
  } else if (packet.count == rtcp::format::kPli) {
    if (const auto pli = rtcp::Pli::parse(packet)) key_frame(pli->media, false);
  } else if (packet.count == rtcp::format::kFir) {
    if (const auto fir = rtcp::Fir::parse(packet))
      for (const auto& request : fir->requests) key_frame(request.ssrc, true);
  }
}

void Media::send_pli(IncomingStream& stream, Transport& transport, Instant now) {
  if (!stream.ssrc() || !transport.media_ready()) return;
  transport.sender().send_rtcp(
      [&](MutableBytes out) {
        ByteWriter writer(out);
        rtcp::Pli{own_ssrc_, *stream.ssrc()}.serialize_to(writer);
        return writer.ok() ? writer.size() : 0;
      },
      now);
}

void Media::send_nack(IncomingStream& stream, std::span<const SequenceNumber> missing, Transport& transport,
                      Instant now) {
  while (!missing.empty()) {
    std::size_t told = 0;
    transport.sender().send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          told = rtcp::Nack::serialize_to(writer, own_ssrc_, *stream.ssrc(), missing);
          return told == 0 ? 0 : writer.size();
        },
        now);
    if (told == 0) return;
    ++stream.counters().nacks;
    missing = missing.subspan(told);
  }
}

void Media::send_transport_feedback(Transport& transport, Instant now) {
  const auto report = transport_cc_.advance(now);
  if (!report) return;
  Ssrc media{0};
  for (const auto& track : tracks_)
    if (track->incoming && track->incoming->ssrc()) media = *track->incoming->ssrc();
  std::span<const Instant> rest = report->arrivals;
  SequenceNumber base = report->base;
  while (!rest.empty()) {
    std::size_t covered = 0;
    transport.sender().send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          // libwebrtc takes only feedback that names a media SSRC of its own.
          covered = rtcp::TransportFeedback::serialize_to(
              writer, {own_ssrc_, media, transport_cc_.next_feedback_count()}, base, rest);
          return covered == 0 ? 0 : writer.size();
        },
        now);
    if (covered == 0) return;
    rest = rest.subspan(covered);
    base = base.plus(static_cast<int>(covered));
  }
}

void Media::schedule_report(Instant now) {
  // RFC 3550 §6.2: randomised over half to one and a half of the interval.
  constexpr Duration kInterval = 1s;
  next_report_ = now + kInterval / 2 + Duration(random_.below(static_cast<std::uint32_t>(kInterval.count())));
}

void Media::send_reports(Transport& transport, Instant now) {
  schedule_report(now);
  rtcp::ReceiverReport report;
  report.ssrc = own_ssrc_;
  const auto flush = [&](bool with_senders) {
    transport.sender().send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          rtcp::Sdes sdes;
          if (with_senders) {
            for (const auto& track : tracks_) {
              for (const auto& stream : track->outgoing) {
                const auto sr = stream->sender_report(now, clock_);
                if (!sr || !stream->active() || writer.room() <= 560) continue;
                sr->serialize_to(writer);
                sdes.chunks.push_back({stream->ssrc(), cname_});
              }
            }
          }
          report.serialize_to(writer);
          sdes.chunks.push_back({own_ssrc_, cname_});
          sdes.serialize_to(writer);
          return writer.ok() ? writer.size() : 0;
        },
        now);
    report.reports.clear();
  };
  bool first = true;
  for (const auto& track : tracks_) {
    if (!track->incoming || !track->receiving || !track->incoming->ssrc()) continue;
    if (!track->incoming->statistics().started()) continue;
    const auto reception = track->incoming->statistics().report(now);
    report.reports.push_back({*track->incoming->ssrc(), reception.fraction_lost, reception.cumulative_lost,
                              reception.extended_highest, reception.jitter, reception.last_sr,
                              reception.delay_since_last_sr});
    if (report.reports.size() < 15) continue;
    flush(first);
    first = false;
  }
  if (!tracks_.empty() && (first || !report.reports.empty())) flush(first);
}

}  // namespace sluice::peer
