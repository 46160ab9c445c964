// The reports of MediaSession: sender and receiver reports with names, round-trip times for those who only
// receive, the bitrate that a publisher may send, and goodbyes.
#include <algorithm>

#include "rtcp/bye.h"
#include "rtcp/extended_report.h"
#include "rtcp/receiver_report.h"
#include "rtcp/remb.h"
#include "rtcp/sender_report.h"
#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

constexpr std::size_t kMaxRembSources = 31;
constexpr std::uint64_t kNoLimit = 10'000'000'000;
constexpr int kRembRepeats = 3;  ///< That there is no limit any more is told so often.
/// Where only REMB is spoken and no limit is set: what a sender may start with at once.
constexpr std::uint64_t kRembStart = 1'000'000;

}  // namespace

/// Who neither sends nor receives has nothing to report, and is not woken for it.
void MediaSession::start_reports(Instant now) {
  const bool something = !producers_.empty() || active_consumers_ != 0;
  if (!something || !sender_.rtcp_ready() || next_report_ != kNever) return;
  schedule_report(now);
  mark_dirty();
}

void MediaSession::report_soon() {
  if (next_report_ == kNever) return;
  next_report_ = Instant{};
  mark_dirty();
}

void MediaSession::schedule_report(Instant now) {
  // RFC 3550 §6.2: randomised over half to one and a half of the interval. The division by e - 3/2 (§6.3.1)
  // makes up for timer reconsideration, which shortens the mean when a group grows; here the group is two,
  // for ever, and nothing is reconsidered. Then to the next tick, so that the reports of many sessions leave
  // in one wake-up: waking costs several times what a report does.
  constexpr Duration kInterval = 1s;
  constexpr Duration kTick = 20ms;
  const Instant at =
      now + kInterval / 2 + Duration(shared_.random.below(static_cast<std::uint32_t>(kInterval.count())));
  next_report_ = Instant((at.time_since_epoch() / kTick + 1) * kTick);
}

void MediaSession::send_reports(Instant now) {
  next_report_ = kNever;
  start_reports(now);
  for (auto& producer : producers_) producer->update_scores(now);
  if (available_bitrate_) allocate_bitrate(now);
  rtcp::ExtendedReport extended;
  reference_times_.echo(extended, now);
  const bool sender = send_sender_reports(extended, now);
  // RFC 3611 §4.4: who sends learns the round-trip time from report blocks; who only receives asks for it.
  // Sent unasked, as those who do not know extended reports read over them (RFC 3550 §6.1).
  if (sender) extended = {};
  if (!sender) extended.receiver_reference_time = shared_.wall_clock.ntp(now);
  send_receiver_reports(extended, now);
}

/// One sender report, its name and the echoes of reference times a consumer; as many as fit a datagram. Tells
/// whether there was any.
bool MediaSession::send_sender_reports(const rtcp::ExtendedReport& echoes, Instant now) {
  constexpr std::size_t kReportSize = 28 + 4 + 8 + 256 + 12 + 12 * rtcp::ReferenceTimes::kMax;
  const std::uint64_t ntp = shared_.wall_clock.ntp(now);
  bool any = false;
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
            any = true;
            report->serialize_to(writer);
            write_name(writer, consumer.ssrc(), consumer.cname());
            if (echoes.dlrr.empty()) continue;
            // By the consumer's SSRC: receivers ask per stream, and take the answer from its sender.
            rtcp::ExtendedReport answer = echoes;
            answer.sender = consumer.ssrc();
            answer.serialize_to(writer);
          }
          return writer.ok() ? writer.size() : 0;
        },
        now);
  }
  return any;
}

/// Report blocks on what we receive (RFC 3550 §6.4.2), led by one receiver report even when there is nothing
/// to report. `extended` and REMB go with the first.
void MediaSession::send_receiver_reports(rtcp::ExtendedReport extended, Instant now) {
  rtcp::ReceiverReport report;
  report.ssrc = own_ssrc_;
  extended.sender = own_ssrc_;
  bool first = true;
  const auto flush = [&] {
    sender_.send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          report.serialize_to(writer);
          write_name(writer, own_ssrc_, own_cname_);
          if (first && (extended.receiver_reference_time || !extended.dlrr.empty()))
            extended.serialize_to(writer);
          if (first) write_remb(writer, now);
          return writer.ok() ? writer.size() : 0;
        },
        now);
    first = false;
    report.reports.clear();
  };
  const auto add = [&](Ssrc ssrc, rtp::ReceiveStatistics& statistics) {
    rtp::Reception reception;
    if (!statistics.started()) return reception;
    reception = statistics.report(now);
    report.reports.push_back({ssrc, reception.fraction_lost, reception.cumulative_lost,
                              reception.extended_highest, reception.jitter, reception.last_sr,
                              reception.delay_since_last_sr});
    if (report.reports.full()) flush();
    return reception;
  };
  for (auto& producer : producers_) {
    for (auto& stream : producer->streams()) {
      if (stream->ssrc) {
        const auto reception = add(*stream->ssrc, stream->media);
        stream->fraction_lost = reception.fraction_lost;
        if (reception.expected_since != 0) shared_.totals.loss_received.add(reception.fraction_lost);
      }
      if (stream->rtx_ssrc) add(*stream->rtx_ssrc, stream->repair);
    }
  }
  if (!report.reports.empty() || (first && !extended.dlrr.empty())) flush();
}

// --- The bitrate of a publisher
// ---------------------------------------------------------------------------------------------

void MediaSession::set_max_incoming_bitrate(std::uint32_t bps) {
  if (bps == max_incoming_bitrate_) return;
  max_incoming_bitrate_ = bps;
  remb_repeats_ = kRembRepeats;
  remb_due_ = true;
  mark_dirty();
}

/// What the publisher may send; 0: nothing is told.
std::uint64_t MediaSession::remb_bitrate(Instant now) const {
  if (max_incoming_bitrate_ != 0) return max_incoming_bitrate_;
  std::uint64_t received = 0;
  bool speaks_remb = false;
  bool speaks_transport_cc = false;
  for (const auto& producer : producers_) {
    speaks_remb = speaks_remb || has_feedback(*producer, "goog-remb", "");
    speaks_transport_cc = speaks_transport_cc || has_feedback(*producer, "transport-cc", "");
    for (auto& stream : producer->streams()) received += stream->rate.bitrate(now);
  }
  if (speaks_transport_cc || !speaks_remb) return remb_repeats_ > 0 ? kNoLimit : 0;
  // Such a sender raises its bitrate slowly until it is told of room. What the link does not bear it learns
  // from the losses that we report.
  return std::max(2 * received, kRembStart);
}

void MediaSession::write_remb(ByteWriter& writer, Instant now) {
  rtcp::Remb remb;
  remb.sender = own_ssrc_;
  remb.bitrate = remb_bitrate(now);
  if (remb.bitrate == 0) return;
  for (const auto& producer : producers_) {
    for (auto& stream : producer->streams()) {
      if (stream->ssrc && remb.ssrcs.size() < kMaxRembSources) remb.ssrcs.push_back(*stream->ssrc);
    }
  }
  if (remb.ssrcs.empty()) return;
  if (remb_repeats_ > 0) --remb_repeats_;
  remb.serialize_to(writer);
}

/// A new limit does not wait for the next report.
void MediaSession::send_remb(Instant now) {
  remb_due_ = false;
  sender_.send_rtcp(
      [&](MutableBytes out) -> std::size_t {
        ByteWriter writer(out);
        write_lead(writer);
        const std::size_t lead = writer.size();
        write_remb(writer, now);
        return writer.ok() && writer.size() > lead ? writer.size() : 0;
      },
      now);
}

// --- Goodbye
// --------------------------------------------------------------------------------------------------------------

/// Sources that nothing was heard of just are no more (RFC 3550 §6.3.7).
void MediaSession::say_goodbye(const Consumer& consumer) {
  if (consumer.bytes_sent() == 0 || !sender_.rtcp_ready()) return;
  leaving_.push_back(consumer.ssrc());
  if (consumer.rtx_ssrc()) leaving_.push_back(*consumer.rtx_ssrc());
  mark_dirty();
}

/// RFC 3550 §6.3.7: at once, as there are fewer than 50 members.
void MediaSession::send_goodbyes(Instant now) {
  std::span<const Ssrc> rest = leaving_;
  while (!rest.empty()) {
    rtcp::Bye bye;
    while (!rest.empty() && bye.ssrcs.push_back(rest.front())) rest = rest.subspan(1);
    sender_.send_rtcp(
        [&](MutableBytes out) {
          ByteWriter writer(out);
          write_lead(writer);
          bye.serialize_to(writer);
          return writer.ok() ? writer.size() : 0;
        },
        now);
  }
  leaving_.clear();
}

}  // namespace sluice::sfu
