#include "sfu/producer.h"

#include <algorithm>

#include "rtp/rtx.h"
#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

std::uint32_t clock_rate_of(const RtpParameters& parameters) {
  return parameters.codecs.empty() ? 90'000 : parameters.codecs.front().clock_rate;
}

bool is_rtx_type(const std::string& mime_type) {
  return mime_type.size() > 4 && mime_type.substr(mime_type.size() - 4) == "/rtx";
}

std::uint8_t apt_of(const RtpCodecParameters& codec) {
  for (const auto& parameter : codec.parameters) {
    if (parameter.name != "apt") continue;
    if (const auto* number = std::get_if<std::int64_t>(&parameter.value))
      return static_cast<std::uint8_t>(*number & 127);
  }
  return 0;
}

}  // namespace

Producer::Producer(Options options) : options_(std::move(options)) {
  for (const auto& extension : options_.parameters.header_extensions) {
    if (const auto known = rtp::extension_of(extension.uri)) extensions_.set(*known, extension.id);
  }
  add_codecs();
  add_streams();
}

void Producer::add_codecs() {
  for (const auto& codec : options_.parameters.codecs) {
    Codec entry;
    entry.payload_type = codec.payload_type & 127;
    entry.mime_type = codec.mime_type;
    entry.rtx = is_rtx_type(codec.mime_type);
    if (entry.rtx) {
      entry.apt = apt_of(codec);
    } else {
      entry.kind = codec::kind_of(codec.mime_type);
      entry.nack = std::any_of(
          codec.rtcp_feedback.begin(), codec.rtcp_feedback.end(),
          [](const RtcpFeedback& feedback) { return feedback.type == "nack" && feedback.parameter.empty(); });
      knows_key_frames_ =
          knows_key_frames_ || (options_.kind == MediaKind::kVideo && entry.kind != codec::Kind::kOther);
    }
    codecs_.push_back(entry);
    codec_index_[entry.payload_type] = static_cast<std::uint8_t>(codecs_.size());
  }
}

void Producer::add_streams() {
  const std::uint32_t clock_rate = clock_rate_of(options_.parameters);
  const auto add = [&](const RtpEncodingParameters& encoding) {
    auto stream = std::make_unique<ProducerStream>(clock_rate, options_.key_frame_request_delay);
    if (encoding.ssrc) stream->ssrc = Ssrc{*encoding.ssrc};
    if (encoding.rtx_ssrc) stream->rtx_ssrc = Ssrc{*encoding.rtx_ssrc};
    stream->rid = encoding.rid;
    streams_.push_back(std::move(stream));
  };
  for (const auto& encoding : options_.parameters.encodings) add(encoding);
  if (streams_.empty()) add({});
}

const Producer::Codec* Producer::find_codec(PayloadType type) const {
  const std::uint8_t index = codec_index_[type.value & 127];
  return index == 0 ? nullptr : &codecs_[index - 1U];
}

bool Producer::is_rtx(PayloadType type) const {
  const Codec* codec = find_codec(type);
  return codec != nullptr && codec->rtx;
}

std::optional<rtp::PacketView> Producer::unwrap(ProducerStream& stream, const rtp::PacketView& view,
                                                const Codec& rtx, Instant arrival,
                                                transport::DropReason& reason) {
  if (!stream.ssrc) {
    reason = transport::DropReason::kRtxUnknownStream;
    return std::nullopt;
  }
  stream.repair.on_packet(view.sequence_number(), view.timestamp(), view.size(), arrival);
  auto media = rtp::unwrap_rtx(view, *stream.ssrc, {rtx.apt});
  if (!media) reason = transport::DropReason::kRtxMalformed;
  return media;
}

std::optional<MediaPacket> Producer::receive(ProducerStream& stream, const PacketRef& packet,
                                             const rtp::PacketView& received, Instant now,
                                             transport::DropReason& reason) {
  using transport::DropReason;
  const Codec* codec = find_codec(received.payload_type());
  if (codec == nullptr) {
    reason = DropReason::kRtpUnknownPayloadType;
    return std::nullopt;
  }
  rtp::PacketView view = received;
  stream.rate.add(received.size(), now);
  if (codec->rtx) {
    const auto media = unwrap(stream, received, *codec, packet->arrival, reason);
    if (!media) return std::nullopt;
    view = *media;
    codec = find_codec(view.payload_type());
    if (codec == nullptr || codec->rtx) {
      reason = DropReason::kRtxMalformed;
      return std::nullopt;
    }
  } else {
    stream.media.on_packet(view.sequence_number(), view.timestamp(), view.size(), packet->arrival);
  }

  const rtp::Arrival arrival = stream.seen.insert(view.sequence_number());
  if (arrival == rtp::Arrival::kDuplicate || arrival == rtp::Arrival::kTooOld) {
    ++stream.packets_discarded;
    reason = DropReason::kRtpDuplicate;
    return std::nullopt;
  }
  const codec::FrameFacts facts = codec::frame_facts(codec->kind, view.payload());
  if (codec->nack) {
    stream.nack.on_packet(view.sequence_number(), now);
    if (facts.is_key_frame) stream.nack.on_key_frame(view.sequence_number());
    if (options_.kind == MediaKind::kVideo && stream.nack.take_key_frame_needed())
      stream.key_frames.request(now);
  }
  if (facts.is_key_frame && options_.kind == MediaKind::kVideo) {
    ++stream.key_frame_count;
    stream.key_frames.on_key_frame(now);
  }
  if (options_.paused) {
    reason = DropReason::kProducerPaused;
    return std::nullopt;
  }

  if (codec->nack) stream.history.insert(packet, view, now);
  MediaPacket media{packet, view, facts, extension_values(view)};
  if (!observers.empty()) tell_observers(media, now);
  return media;
}

void Producer::tell_observers(const MediaPacket& packet, Instant now) {
  const auto level =
      rtp::read_audio_level(packet.extensions[static_cast<std::size_t>(rtp::Extension::kAudioLevel)]);
  if (!level) return;
  for (LevelMeter* meter : observers) meter->on_level(*level, now);
}

ExtensionValues Producer::extension_values(const rtp::PacketView& view) const {
  ExtensionValues values{};
  view.for_each_extension([&](std::uint8_t id, Bytes value) {
    if (const auto known = extensions_.extension(id)) values[static_cast<std::size_t>(*known)] = value;
  });
  return values;
}

void Producer::request_key_frame(Instant now) {
  if (options_.kind != MediaKind::kVideo) return;
  for (auto& stream : streams_) stream->key_frames.request(now);
  if (session != nullptr) session->mark_dirty();
}

std::vector<RtpStreamStats> Producer::stats(Instant now) const {
  std::vector<RtpStreamStats> out;
  for (const auto& stream : streams_) {
    RtpStreamStats stats;
    stats.type = "inbound-rtp";
    stats.timestamp =
        static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    stats.ssrc = stream->ssrc ? stream->ssrc->value : 0;
    if (stream->rtx_ssrc) stats.rtx_ssrc = stream->rtx_ssrc->value;
    stats.rid = stream->rid;
    stats.kind = options_.kind;
    stats.mime_type = codecs_.empty() ? "" : codecs_.front().mime_type;
    const auto reception = stream->media.peek(now);
    stats.packet_count = stream->media.packets();
    stats.byte_count = stream->media.bytes();
    stats.bitrate = stream->rate.bitrate(now);
    stats.packets_lost = reception.cumulative_lost;
    stats.fraction_lost = reception.fraction_lost;
    stats.jitter = reception.jitter;
    stats.packets_discarded = stream->packets_discarded;
    stats.packets_retransmitted = stream->repair.packets();
    stats.packets_repaired = stream->nack.recovered();
    stats.nack_count = stream->nack_count;
    stats.nack_packet_count = stream->nack.requested();
    stats.pli_count = stream->pli_count;
    stats.key_frame_count = stream->key_frame_count;
    out.push_back(std::move(stats));
  }
  return out;
}

}  // namespace sluice::sfu
