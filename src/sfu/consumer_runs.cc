// Runs: where a viewer's numbers and times begin anew (rewriter.h), and where on its timeline that is.
#include <algorithm>
#include <cmath>

#include "sfu/consumer.h"
#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

constexpr int kMaxDisagreement = 5;  ///< Seconds between what timestamps and arrivals say.
constexpr int kMaxStepBack = 10;  ///< The part of a second that a change of stream may lie behind the last.

}  // namespace

/// Sends what came in before `start` though it stands behind it: the rest of a key frame whose first packet
/// was late.
void Consumer::replay_from(const MediaPacket& start, Instant now) {
  ProducerStream& stream = producer_->stream(start.stream);
  for (int i = 1;; ++i) {
    const auto number = start.view.sequence_number().plus(i);
    if (!stream.history.is_before_end(number)) return;
    const History::Entry* entry = stream.history.lookup(number, now);
    if (entry == nullptr || entry->tag != start.tag || entry->order > start.order) continue;
    forward(MediaPacket{*entry, producer_->extension_values(entry->view)}, now);
  }
}

void Consumer::start_run(const MediaPacket& packet) {
  note_clock();
  const Start start = start_of(packet);
  const bool changed = rewriter_.newest_timestamp().has_value();
  timeline_guessed_ = start.guessed;
  timeline_error_ = rewriter_.start(packet, start.timestamp);
  last_stream_ = packet.stream;
  // The viewer's lip sync holds until its next report; with another offset it is due now.
  if (changed) session_->report_soon();
}

/// What the publisher's reports tell of the run that goes on, while they can still be asked.
void Consumer::note_clock() {
  const ProducerStream& stream = producer_->stream(last_stream_);
  if (!rewriter_.follows(stream.tag)) return;
  last_arrival_ = stream.arrivals.at(last_in_).value_or(last_arrival_);
  const auto& report = stream.media.last_sender_report();
  if (!report) return;
  const Anchor now{report->ntp, {report->timestamp.value + rewriter_.timestamp_offset()}};
  if (anchor_ && timeline_guessed_) {
    timeline_error_ = now.timestamp.minus(anchor_->at(now.ntp, stream.clock_rate));
  } else {
    anchor_ = {now.ntp, now.timestamp.plus(-timeline_error_)};
  }
}

bool Consumer::lies_far_back(const StoredPacket& packet) {
  if (!selector_.current() || rewriter_.follows(packet.tag)) return false;
  note_clock();
  const auto rate = static_cast<std::int32_t>(producer_->stream(0).clock_rate);
  return rewriter_.latest_timestamp().minus(start_of(packet).timestamp) > rate / kMaxStepBack;
}

/// Where a packet that begins a run stands on the viewer's timeline.
Consumer::Start Consumer::start_of(const StoredPacket& packet) const {
  const RtpTimestamp in = packet.view.timestamp();
  const auto newest = rewriter_.newest_timestamp();
  if (!newest) return {in, timeline_guessed_};
  const std::uint32_t rate = producer_->stream(0).clock_rate;
  const Instant arrival = producer_->stream(packet.stream).arrivals.at(in).value_or(packet.packet->arrival);
  const auto waited =
      static_cast<std::int64_t>(std::chrono::duration<double>(arrival - last_arrival_).count() * rate);
  const auto is_likely = [&](RtpTimestamp timestamp) {
    return std::abs(timestamp.minus(*newest) - waited) <= std::int64_t{kMaxDisagreement} * rate;
  };
  if (rewriter_.follows(packet.tag)) {
    const RtpTimestamp timestamp = newest->plus(in.minus(last_in_) - timeline_error_);
    if (is_likely(timestamp)) return {timestamp, timeline_guessed_};
  } else if (const auto captured = producer_->stream(packet.stream).capture_time(in); captured && anchor_) {
    // Streams of one publisher have offsets of their own; its sender reports put them on one clock.
    const RtpTimestamp timestamp = anchor_->at(*captured, rate);
    if (is_likely(timestamp)) return {timestamp, false};
  }
  // Without reports, or with reports that cannot be true, by when it came.
  return {newest->plus(static_cast<int>(waited - timeline_error_)), true};
}

void Consumer::on_stream_begins_anew(std::uint8_t stream, Instant now) {
  if (!selector_.current() || selector_.current()->stream != stream) return;
  note_clock();
  selector_.stop();
  waiting_since_ = now;
  request_wanted_key_frame(now);
}

}  // namespace sluice::sfu
