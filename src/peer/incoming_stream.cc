#include "peer/incoming_stream.h"

#include <algorithm>

#include "negotiate/codec_match.h"
#include "rtp/rtx.h"

namespace sluice::peer {

IncomingStream::IncomingStream(MediaKind kind, const RtpParameters& parameters)
    : kind_(kind), statistics_(std::in_place, 90'000) {
  set_parameters(parameters);
}

void IncomingStream::set_parameters(const RtpParameters& parameters) {
  parameters_ = parameters;
  if (!parameters.encodings.empty()) {
    const auto& encoding = parameters.encodings.front();
    if (encoding.ssrc && ssrc_ != Ssrc{*encoding.ssrc}) set_ssrc({*encoding.ssrc});
    if (encoding.rtx_ssrc) rtx_ssrc_ = Ssrc{*encoding.rtx_ssrc};
  }
  if (payload_type_ && !knows(*payload_type_)) payload_type_.reset();
}

void IncomingStream::set_ssrc(Ssrc ssrc) {
  ssrc_ = ssrc;
  rtx_ssrc_.reset();
  payload_type_.reset();  // all that belongs to the numbers begins anew
}

bool IncomingStream::knows(std::uint8_t payload_type) const {
  return negotiate::find_payload_type(parameters_.codecs, payload_type) != nullptr;
}

bool IncomingStream::is_rtx(std::uint8_t payload_type) const {
  const auto* codec = negotiate::find_payload_type(parameters_.codecs, payload_type);
  return codec != nullptr && negotiate::is_rtx(codec->mime_type);
}

/// The first packet of a codec: what depends on it is made.
void IncomingStream::use(std::uint8_t payload_type) {
  const auto* codec = negotiate::find_payload_type(parameters_.codecs, payload_type);
  const bool fresh = !payload_type_;
  payload_type_ = payload_type;
  if (fresh) statistics_.emplace(codec->clock_rate);
  const bool feedback =
      std::any_of(codec->rtcp_feedback.begin(), codec->rtcp_feedback.end(),
                  [](const RtcpFeedback& f) { return f.type == "nack" && f.parameter.empty(); });
  nack_.reset();
  if (feedback)
    nack_.emplace(kind_ == MediaKind::kVideo ? rtp::NackPolicy::video() : rtp::NackPolicy::audio());
  frames_.reset();
  if (const auto format = packetize::format_of(codec->mime_type)) {
    packetize::FrameReceiver::Options options;
    options.format = *format;
    if (kind_ == MediaKind::kAudio) options.patience = 100ms;
    frames_.emplace(options);
  }
}

std::optional<rtp::PacketView> IncomingStream::receive(const rtp::PacketView& packet, Instant now) {
  rtp::PacketView view = packet;
  const bool repair = is_rtx(packet.payload_type().value);
  if (repair) {
    if (!ssrc_ || !payload_type_) return std::nullopt;  // of a stream that has not begun
    const auto unwrapped = rtp::unwrap_rtx(packet, *ssrc_, {*payload_type_});
    if (!unwrapped) return std::nullopt;  // padding, to probe
    ++counters_.retransmissions;
    view = *unwrapped;
  } else {
    const std::uint8_t type = packet.payload_type().value;
    if (!knows(type)) {
      ++counters_.unknown_payload_type;
      return std::nullopt;
    }
    if (payload_type_ != type) {
      use(type);
      started_at_ = now;
    }
    statistics_->on_packet(view.sequence_number(), view.timestamp(), view.size(), now);
  }
  ++counters_.packets;
  counters_.bytes += view.payload().size();
  if (nack_) {
    using Came = rtp::NackGenerator::Came;
    nack_->on_packet(view.sequence_number(), now,
                     repair      ? Came::kRepair
                     : rtx_ssrc_ ? Came::kOriginal
                                 : Came::kEither);
  }
  if (frames_)
    frames_->receive({view.sequence_number(), view.timestamp(), view.marker(), view.payload()}, now);
  return view;
}

void IncomingStream::on_sender_report(std::uint64_t ntp, RtpTimestamp timestamp, std::uint32_t packets,
                                      std::uint32_t octets, Instant now) {
  statistics_->on_sender_report(ntp, timestamp, now);
  remote_report_ = {packets, octets, remote_report_.reports + 1};
}

void IncomingStream::advance(Instant now) {
  if (frames_) frames_->advance(now);
}

Instant IncomingStream::next_deadline() const {
  Instant next = kNever;
  if (frames_) next = std::min(next, frames_->next_deadline());
  if (nack_) next = std::min(next, nack_->next_deadline());
  return std::min(next, key_frame_due());
}

/// kNever: none is needed.
Instant IncomingStream::key_frame_due() const {
  if (kind_ != MediaKind::kVideo || !ssrc_) return kNever;
  const Instant again = key_frame_asked_ + kKeyFrameInterval;
  if (key_frame_wanted_) return again;
  if (!frames_ || !frames_->needs_key_frame()) return kNever;
  return frames_->counters().frames == 0 ? std::max(again, started_at_ + kStartPatience) : again;
}

std::span<const SequenceNumber> IncomingStream::missing(Instant now) {
  if (!nack_) return {};
  const auto numbers = nack_->advance(now);
  if (nack_->take_key_frame_needed()) key_frame_wanted_ = true;
  return numbers;
}

bool IncomingStream::take_key_frame_needed(Instant now) {
  if (const Instant due = key_frame_due(); due == kNever || now < due) return false;
  key_frame_wanted_ = false;
  key_frame_asked_ = now;
  ++counters_.plis;
  return true;
}

}  // namespace sluice::peer
