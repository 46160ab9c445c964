// The RTCP half of MediaSession: what receivers and publishers tell us, and the feedback that is sent at
// once. Reports, which have their own rhythm, are in media_session_reports.cc.
#include <algorithm>

#include "rtcp/bye.h"
#include "rtcp/compound.h"
#include "rtcp/extended_report.h"
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
      case rtcp::PacketType::kExtendedReport:
        if (const auto report = rtcp::ExtendedReport::parse(*packet)) on_extended_report(*report, now);
        break;
      case rtcp::PacketType::kBye:
        if (const auto bye = rtcp::Bye::parse(*packet)) {
          for (const Ssrc ssrc : bye->ssrcs) on_bye(ssrc);
        }
        break;
      case rtcp::PacketType::kRtpFeedback:
      case rtcp::PacketType::kPayloadFeedback:
        on_feedback(*packet, now);
        break;
      default:
        break;  // SDES and APP tell nothing that is acted on
    }
  }
  if (!reader.ok()) drops_.add(transport::DropReason::kRtcpMalformed);
}

void MediaSession::on_feedback(const rtcp::Packet& packet, Instant now) {
  if (packet.type == rtcp::PacketType::kRtpFeedback) {
    if (packet.count != rtcp::format::kNack) return;
    const auto nack = rtcp::Nack::parse(packet);
    Consumer* consumer = nack ? find_consumer(nack->media()) : nullptr;
    if (consumer == nullptr) return;
    consumer->on_nack_packet(now);
    nack->for_each([&](SequenceNumber number) { consumer->on_nack(number, now); });
  } else if (packet.count == rtcp::format::kPli) {
    const auto pli = rtcp::Pli::parse(packet);
    if (Consumer* consumer = pli ? find_consumer(pli->media) : nullptr)
      consumer->on_key_frame_request(false, now);
  } else if (packet.count == rtcp::format::kFir) {
    const auto fir = rtcp::Fir::parse(packet);
    if (!fir) return;
    for (const auto& request : fir->requests) {
      if (Consumer* consumer = find_consumer(request.ssrc)) consumer->on_key_frame_request(true, now);
    }
  }
}

void MediaSession::on_sender_report(const rtcp::SenderReport& report, Instant now) {
  const auto route = routes_.find(report.ssrc);
  if (route == routes_.end()) return;
  ProducerStream& stream = *route->second.stream;
  if (stream.ssrc == report.ssrc) {
    // One of before a restart under the same SSRC would put the new packets at wrong times.
    if (stream.fit(report.rtp_timestamp, now) != ProducerStream::Fit::kGoesOn) return;
    stream.media.on_sender_report(report.ntp, report.rtp_timestamp, now);
    capture_clock_.on_sender_report(report.ntp, shared_.wall_clock.ntp(now));
  } else {
    stream.repair.on_sender_report(report.ntp, report.rtp_timestamp, now);
  }
}

void MediaSession::on_report_blocks(const rtcp::ReportBlocks& blocks, Instant now) {
  const std::uint64_t ntp = shared_.wall_clock.ntp(now);
  // One report is one measurement, however many streams it tells of.
  std::optional<Duration> rtt;
  for (const auto& block : blocks) {
    Consumer* consumer = find_consumer(block.ssrc);
    if (consumer == nullptr || consumer->ssrc() != block.ssrc) continue;
    if (consumer->on_report_block(block, ntp)) shared_.totals.loss_sent.add(block.fraction_lost);
    if (!rtt) rtt = rtcp::round_trip_time(ntp, block.last_sr, block.delay_since_last_sr);
  }
  if (rtt) on_round_trip_time(*rtt);
}

void MediaSession::on_extended_report(const rtcp::ExtendedReport& report, Instant now) {
  reference_times_.note(report, now);
  for (const auto& echo : report.dlrr) {
    if (echo.ssrc != own_ssrc_) continue;
    const std::uint64_t ntp = shared_.wall_clock.ntp(now);
    if (const auto rtt = rtcp::round_trip_time(ntp, echo.last_rr, echo.delay_since_last_rr))
      on_round_trip_time(*rtt);
  }
}

void MediaSession::on_round_trip_time(Duration rtt) {
  rtt_.on_sample(rtt);
  shared_.totals.add_round_trip_time(rtt);
  for (auto& producer : producers_) {
    for (auto& stream : producer->streams()) {
      stream->nack.set_round_trip_time(rtt);
      stream->key_frames.set_round_trip_time(rtt);
    }
  }
}

/// RFC 3550 §6.6. The SSRC stays known: browsers say goodbye when a track is muted, too, and go on under the
/// same SSRC later without naming its mid again.
void MediaSession::on_bye(Ssrc ssrc) {
  const auto route = routes_.find(ssrc);
  if (route == routes_.end() || route->second.stream->ssrc != ssrc) return;
  ProducerStream& stream = *route->second.stream;
  stream.ended = true;
  stream.nack.restart();
  stream.key_frames.cancel();
}

// --- Sending
// --------------------------------------------------------------------------------------------------------------

/// RFC 5506 §3.4.1: only who has agreed to reduced-size RTCP gets feedback without a report before it.
bool MediaSession::reduced_size() const {
  return std::all_of(producers_.begin(), producers_.end(),
                     [](const auto& producer) { return producer->parameters().rtcp.reduced_size; });
}

/// RFC 3550 §6.1: a compound packet starts with a report, be it empty, and holds a name.
void MediaSession::write_lead(ByteWriter& writer) const {
  rtcp::ReceiverReport report;
  report.ssrc = own_ssrc_;
  report.serialize_to(writer);
  write_name(writer, own_ssrc_, own_cname_);
}

void MediaSession::write_name(ByteWriter& writer, Ssrc ssrc, std::string_view cname) {
  rtcp::Sdes sdes;
  sdes.chunks.push_back({ssrc, cname.substr(0, 255)});
  sdes.serialize_to(writer);
}

/// `write` appends one packet of feedback; false when there was no room.
template <typename Write>
void MediaSession::send_feedback_packet(Write write, Instant now) {
  sender_.send_rtcp(
      [&](MutableBytes out) -> std::size_t {
        ByteWriter writer(out);
        if (!reduced_size()) write_lead(writer);
        return write(writer) && writer.ok() ? writer.size() : 0;
      },
      now);
}

void MediaSession::send_feedback(Instant now) {
  for (auto& producer : producers_) {
    for (auto& stream : producer->streams()) {
      if (const auto missing = stream->nack.advance(now); !missing.empty()) send_nack(*stream, missing, now);
      if (producer->kind() != MediaKind::kVideo) continue;
      if (stream->nack.take_key_frame_needed()) stream->key_frames.request(now);
      if (stream->key_frames.advance(now)) send_key_frame_request(*producer, *stream, now);
    }
  }
}

void MediaSession::send_nack(ProducerStream& stream, std::span<const SequenceNumber> missing, Instant now) {
  if (!stream.ssrc) return;
  while (!missing.empty()) {
    std::size_t told = 0;
    send_feedback_packet(
        [&](ByteWriter& writer) {
          told = rtcp::Nack::serialize_to(writer, own_ssrc_, *stream.ssrc, missing);
          return told != 0;
        },
        now);
    if (told == 0) return;
    ++stream.nack_count;
    missing = missing.subspan(told);
  }
}

void MediaSession::send_key_frame_request(const Producer& producer, ProducerStream& stream, Instant now) {
  if (!stream.ssrc) return;
  // PLI says best what is meant (RFC 5104 §4.3.1 would keep FIR for new viewers, which PLI serves as well).
  // Who has named neither gets a PLI and may not know it: then nothing is lost.
  const bool fir = !has_feedback(producer, "nack", "pli") && has_feedback(producer, "ccm", "fir");
  ++(fir ? stream.fir_count : stream.pli_count);
  send_feedback_packet(
      [&](ByteWriter& writer) {
        if (fir) {
          rtcp::Fir request;
          request.sender = own_ssrc_;
          request.requests.push_back({*stream.ssrc, stream.key_frames.request_number()});
          request.serialize_to(writer);
        } else {
          rtcp::Pli{own_ssrc_, *stream.ssrc}.serialize_to(writer);
        }
        return true;
      },
      now);
}

bool MediaSession::has_feedback(const Producer& producer, std::string_view type, std::string_view parameter) {
  const auto& codecs = producer.parameters().codecs;
  return std::any_of(codecs.begin(), codecs.end(), [&](const RtpCodecParameters& codec) {
    return std::any_of(codec.rtcp_feedback.begin(), codec.rtcp_feedback.end(), [&](const RtcpFeedback& one) {
      return one.type == type && one.parameter == parameter;
    });
  });
}

void MediaSession::send_transport_feedback(Instant now) {
  const auto report = transport_cc_.advance(now);
  if (!report) return;
  std::span<const Instant> rest = report->arrivals;
  SequenceNumber base = report->base;
  while (!rest.empty()) {
    std::size_t covered = 0;
    send_feedback_packet(
        [&](ByteWriter& writer) {
          covered = rtcp::TransportFeedback::serialize_to(
              writer, {own_ssrc_, transport_cc_media_, transport_cc_.next_feedback_count()}, base, rest);
          return covered != 0;
        },
        now);
    if (covered == 0) return;
    rest = rest.subspan(covered);
    base = base.plus(static_cast<int>(covered));
  }
}

}  // namespace sluice::sfu
