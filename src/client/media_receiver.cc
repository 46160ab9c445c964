#include "client/media_receiver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "codec/vp8.h"
#include "rtp/rtx.h"

namespace sluice::client {

MediaReceiver::MediaReceiver(Options options)
    : options_(std::move(options)),
      media_(options_.parameters.codecs.empty() ? 90'000 : options_.parameters.codecs.front().clock_rate),
      continuity_(options_.kind) {
  SLUICE_CHECK(!options_.parameters.codecs.empty() && !options_.parameters.encodings.empty() &&
               options_.parameters.encodings[0].ssrc);
  const auto& encoding = options_.parameters.encodings[0];
  const auto& codec = options_.parameters.codecs[0];
  ssrc_ = {*encoding.ssrc};
  if (encoding.rtx_ssrc) rtx_ssrc_ = Ssrc{*encoding.rtx_ssrc};
  payload_type_ = codec.payload_type;
  const bool feedback =
      std::any_of(codec.rtcp_feedback.begin(), codec.rtcp_feedback.end(),
                  [](const RtcpFeedback& f) { return f.type == "nack" && f.parameter.empty(); });
  if (options_.nack && !options_.light && feedback)
    nack_.emplace(options_.kind == MediaKind::kVideo ? rtp::NackPolicy::video() : rtp::NackPolicy::audio());
}

MediaReceiver::Received MediaReceiver::read(const rtp::PacketView& packet, bool repair) const {
  Received out{packet, {}, packet.payload(), true};
  Continuity::Arrival& facts = out.facts;
  facts.number = packet.sequence_number();
  facts.timestamp = packet.timestamp();
  facts.frame_end = packet.marker() || options_.kind == MediaKind::kAudio;
  facts.repair = repair;
  if (options_.kind == MediaKind::kVideo) {
    const auto vp8 = codec::Vp8::parse(out.coded);
    if (!vp8) return out;
    out.frame_start = vp8->is_frame_start();
    out.coded = out.coded.subspan(vp8->descriptor_size);
    facts.key_frame = out.frame_start && vp8->is_key_frame;
    // Room for a marker is where the first partition is over; the last packet of a frame always has it.
    facts.unmarked = vp8->partition_index == 0 && !facts.frame_end;
  }
  facts.marker = Marker::parse(out.coded);
  return out;
}

std::optional<MediaReceiver::Received> MediaReceiver::on_rtp(const rtp::PacketView& packet, Instant arrival,
                                                             Instant now) {
  rtp::PacketView view = packet;
  const bool repair = packet.ssrc() != ssrc_;
  if (repair) {
    const auto media = rtp::unwrap_rtx(packet, ssrc_, {payload_type_});
    if (!media) {
      ++malformed_;
      return std::nullopt;
    }
    view = *media;
  } else {
    if (packet.payload_type().value != payload_type_) {
      ++malformed_;
      return std::nullopt;
    }
    media_.on_packet(view.sequence_number(), view.timestamp(), view.size(), arrival);
  }
  const Received received = read(view, repair);
  const Continuity::Arrival& facts = received.facts;
  if (options_.light) return received;
  continuity_.on_packet(facts, now);
  if (nack_) {
    using Came = rtp::NackGenerator::Came;
    const Came itself = rtx_ssrc_ ? Came::kOriginal : Came::kEither;
    nack_->on_packet(view.sequence_number(), now, repair ? Came::kRepair : itself);
    if (facts.key_frame) nack_->on_key_frame(view.sequence_number());
  }
  if (facts.marker && facts.marker->sent_at >= newest_sent_at_) {
    newest_sent_at_ = facts.marker->sent_at;
    newest_timestamp_ = view.timestamp();
  }
  // Nothing to show: at the start a key frame is asked for soon, later a repair is waited for.
  if (const std::uint64_t frames = continuity_.counts().frames;
      frames != frames_shown_ || now - last_packet_at_ > kSilence) {
    frames_shown_ = frames;
    key_frame_due_ = now + (frames == 0 ? kStartPatience : kStallPatience);
  }
  last_packet_at_ = now;
  return received;
}

std::span<const SequenceNumber> MediaReceiver::missing(Instant now) {
  if (!nack_) return {};
  const auto numbers = nack_->advance(now);
  if (nack_->take_key_frame_needed()) key_frame_wanted_ = true;
  return numbers;
}

bool MediaReceiver::take_key_frame_needed(Instant now) {
  if (now >= key_frame_due_) {
    key_frame_wanted_ = true;
    key_frame_due_ = now + kStallPatience;
  }
  if (!std::exchange(key_frame_wanted_, false) || options_.kind != MediaKind::kVideo) return false;
  ++plis_;
  return true;
}

}  // namespace sluice::client
