#include "client/media_receiver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "codec/vp8.h"
#include "rtp/header_extensions.h"
#include "rtp/rtx.h"

namespace sluice::client {
namespace {

LayeredCodec layered_codec(const RtpCodecParameters& codec) {
  if (codec.mime_type == "video/VP9") return LayeredCodec::kVp9;
  if (codec.mime_type == "video/AV1") return LayeredCodec::kAv1;
  return LayeredCodec::kVp8;
}

}  // namespace

MediaReceiver::MediaReceiver(Options options)
    : options_(std::move(options)),
      media_(options_.parameters.codecs.empty() ? 90'000 : options_.parameters.codecs.front().clock_rate),
      continuity_(options_.kind) {
  SLUICE_CHECK(!options_.parameters.codecs.empty() && !options_.parameters.encodings.empty() &&
               options_.parameters.encodings[0].ssrc);
  const auto& encoding = options_.parameters.encodings[0];
  const auto& codecs = options_.parameters.codecs;
  const bool red = codecs[0].mime_type == "audio/red" && codecs.size() > 1;
  const auto& codec = codecs[red ? 1 : 0];
  ssrc_ = {*encoding.ssrc};
  if (encoding.rtx_ssrc) rtx_ssrc_ = Ssrc{*encoding.rtx_ssrc};
  payload_type_ = codec.payload_type;
  if (red) {
    red_type_ = codecs[0].payload_type;
    red_.emplace(payload_type_);
  }
  options_.judge.codec = layered_codec(codec);
  if (options_.judge.codec == LayeredCodec::kVp9) options_.judge.picture_step = 4;  // one cycle of T3
  for (const auto& extension : options_.parameters.header_extensions) {
    if (rtp::extension_of(extension.uri) == rtp::Extension::kDependencyDescriptor)
      dependency_id_ = extension.id;
  }
  const bool feedback =
      std::any_of(codec.rtcp_feedback.begin(), codec.rtcp_feedback.end(),
                  [](const RtcpFeedback& f) { return f.type == "nack" && f.parameter.empty(); });
  if (options_.nack && !options_.light && feedback)
    nack_.emplace(options_.kind == MediaKind::kVideo ? rtp::NackPolicy::video() : rtp::NackPolicy::audio());
}

MediaReceiver::Received MediaReceiver::read(const rtp::PacketView& packet, bool repair) {
  Received out{packet, {}, packet.payload(), true};
  Continuity::Arrival& facts = out.facts;
  facts.number = packet.sequence_number();
  facts.timestamp = packet.timestamp();
  facts.frame_end = packet.marker() || options_.kind == MediaKind::kAudio;
  facts.repair = repair;
  if (out.coded.empty()) {  // the place of a packet that was left out
    facts.unmarked = true;
    facts.frame_end = false;
    return out;
  }
  if (red_ && packet.payload_type().value == red_type_) {
    const auto primary = red_->read(out.coded, packet.timestamp());
    if (!primary) {
      ++malformed_;
      return out;
    }
    ++red_packets_;
    out.coded = *primary;
  }
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
    const std::uint8_t type = packet.payload_type().value;
    if (type != payload_type_ && (!red_ || type != red_type_)) {
      ++malformed_;
      return std::nullopt;
    }
    media_.on_packet(view.sequence_number(), view.timestamp(), view.size(), arrival);
  }
  if (!options_.light && options_.kind == MediaKind::kVideo && take_layered(view, repair, now))
    return std::nullopt;
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
  wait_for_frame(now);
  return received;
}

/// Nothing to show: at the start a key frame is asked for soon, later a repair is waited for.
void MediaReceiver::wait_for_frame(Instant now) {
  if (frames() != frames_shown_ || now - last_packet_at_ > kSilence) {
    frames_shown_ = frames();
    key_frame_due_ = now + (frames_shown_ == 0 ? kStartPatience : kStallPatience);
  }
  last_packet_at_ = now;
}

bool MediaReceiver::take_layered(const rtp::PacketView& view, bool repair, Instant now) {
  DecoderModel::Arrival arrival{
      view.sequence_number(), view.timestamp(), view.marker(), view.payload(), {}, repair};
  if (dependency_id_ != 0) arrival.dependency = view.extension(dependency_id_);
  if (!model_) {
    if (!LayeredPacket::read(options_.judge.codec, arrival.payload, arrival.dependency)) return false;
    model_ = std::make_unique<DecoderModel>(options_.judge);
  }
  const auto packet = model_->on_packet(arrival, now);
  if (nack_) {
    nack_->on_packet(view.sequence_number(), now);
    if (packet && packet->frame.key && packet->frame.spatial == 0 && packet->frame.is_first())
      nack_->on_key_frame(view.sequence_number());
  }
  if (packet && packet->marker.sent_at >= newest_sent_at_) {
    newest_sent_at_ = packet->marker.sent_at;
    newest_timestamp_ = view.timestamp();
  }
  wait_for_frame(now);
  return true;
}

std::optional<Duration> MediaReceiver::capture_offset(const WallClock& clock) const {
  const auto& report = media_.last_sender_report();
  if (!report || newest_sent_at_ == Instant{}) return std::nullopt;
  const double rate = options_.parameters.codecs.front().clock_rate;
  const double since = newest_timestamp_.minus(report->timestamp) / rate;
  const auto ahead = static_cast<std::int64_t>(report->ntp - clock.ntp(newest_sent_at_));
  return Duration(static_cast<std::int64_t>((static_cast<double>(ahead) / 4294967296.0 + since) * 1e6));
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
