#include "sfu/producer.h"

#include <algorithm>

#include "codec/dependency_descriptor.h"
#include "codec/red.h"
#include "rtp/rtx.h"
#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

constexpr int kMostReadAgain = 512;  ///< Packets of a key frame.

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

/// "L3T2", "S2T1": what the publisher says it sends (W3C WebRTC-SVC §6; negotiate has checked it).
codec::Layers declared_layers(const std::string& mode) {
  const auto digit = [&](std::size_t at) {
    return static_cast<std::uint8_t>(mode.size() > at && mode[at] >= '1' && mode[at] <= '4' ? mode[at] - '1'
                                                                                            : 0);
  };
  return {digit(1), digit(3)};
}

/// bitrateByLayer: of each layer that has been seen, with all that it needs.
void add_layers(const ProducerStream& stream, Instant now, RtpStreamStats& stats) {
  for (std::uint8_t s = 0; s <= stream.highest.spatial; ++s) {
    for (std::uint8_t t = 0; t <= stream.highest.temporal; ++t) {
      stats.bitrate_by_layer[std::to_string(s) + '.' + std::to_string(t)] = stream.bitrate({s, t}, now);
    }
  }
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
      // Video also for a viewer that begins with a key frame whose start came late; Opus and RED because
      // viewers are offered NACK for them, whether the publisher takes it or not.
      entry.kept = entry.nack || options_.kind == MediaKind::kVideo || entry.kind != codec::Kind::kOther;
      closes_picture_gaps_ = closes_picture_gaps_ || entry.kind == codec::Kind::kVp8;
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
    if (streams_.size() == ProducerStream::kTagStep) return;
    auto stream = std::make_unique<ProducerStream>(options_.kind, static_cast<std::uint8_t>(streams_.size()),
                                                   clock_rate, options_.key_frame_request_delay);
    if (encoding.ssrc) stream->ssrc = Ssrc{*encoding.ssrc};
    if (encoding.rtx_ssrc) stream->rtx_ssrc = Ssrc{*encoding.rtx_ssrc};
    stream->rid = encoding.rid;
    stream->declared = declared_layers(encoding.scalability_mode);
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
  stream.last_received = now;
  if (codec->rtx) {
    const auto media = unwrap(stream, received, *codec, packet->arrival, reason);
    if (!media) return std::nullopt;
    view = *media;
    codec = find_codec(view.payload_type());
    if (codec == nullptr || codec->rtx) {
      reason = DropReason::kRtxMalformed;
      return std::nullopt;
    }
  }
  const auto fit = stream.fit(view.timestamp(), packet->arrival, view.sequence_number());
  const bool repair = received.ssrc() != view.ssrc();
  if (fit == ProducerStream::Fit::kOutdated || (fit == ProducerStream::Fit::kRestart && repair)) {
    reason = DropReason::kRtpOutdated;
    return std::nullopt;
  }
  if (!repair) {
    if (fit == ProducerStream::Fit::kRestart) begin_anew(stream, view.ssrc(), now);
    stream.media.on_packet(view.sequence_number(), view.timestamp(), view.size(), packet->arrival);
  }

  if (codec->nack) {
    // Duplicates too: what comes by itself after its repair was only late.
    using Came = rtp::NackGenerator::Came;
    stream.nack.on_packet(view.sequence_number(), now,
                          repair            ? Came::kRepair
                          : stream.rtx_ssrc ? Came::kOriginal
                                            : Came::kEither);
  }
  const rtp::Arrival arrival = stream.seen.insert(view.sequence_number());
  if (arrival == rtp::Arrival::kDuplicate || arrival == rtp::Arrival::kTooOld) {
    ++stream.packets_discarded;
    reason = DropReason::kRtpDuplicate;
    return std::nullopt;
  }
  const ExtensionValues extensions = extension_values(view);
  MediaPacket media{
      {packet, view, {}, stream.index, stream.tag, arrival == rtp::Arrival::kNewest, 0, ++received_, {}},
      extensions};
  const Bytes descriptor = media.extensions[static_cast<std::size_t>(rtp::Extension::kDependencyDescriptor)];
  if (view.payload().empty()) {
    // Padding, to probe the link: of no frame, needed by nobody; its number is closed up.
    media.facts.layers = 0;
    if (media.newest) media.span = stream.tracker.pass_over(view.sequence_number());
  } else {
    media.facts =
        stream.reader.read(codec->kind, view.payload(),
                           descriptor.empty() ? std::nullopt : std::optional(descriptor), view.marker());
    if (codec->kind == codec::Kind::kRed) [[unlikely]]
      check_red(stream, media);
    media.picture = stream.tracker.widen(media.facts.picture);
    if (media.newest)
      media.span = stream.tracker.note(view.sequence_number(), view.timestamp(), view.marker(), media.facts);
  }
  if (!media.newest && media.facts.brings_structure)
    read_again(stream, codec->kind, view.sequence_number(), now);
  // Who begins gets all that stands behind the start, or nothing.
  if (!media.newest && media.facts.is_key_frame && !stream.history.has_all_behind(view.sequence_number()))
    media.facts.is_key_frame = false;
  const codec::FrameFacts& facts = media.facts;
  if (media.newest && codec->nack && stream.nack.missing() != 0) note_discardable(stream, media);
  if (media.newest) {
    stream.last_number = view.sequence_number();
    stream.newest = {view.timestamp(), packet->arrival};
    stream.arrivals.note(view.timestamp(), packet->arrival);
    stream.ends_discardable = facts.is_discardable;
  }
  const bool video = options_.kind == MediaKind::kVideo;
  if (codec->nack) {
    if (facts.is_key_frame) stream.nack.on_key_frame(view.sequence_number());
    if (video && stream.nack.take_key_frame_needed()) stream.key_frames.request(now);
  }
  if (video) {
    note_layers(stream, view.timestamp(), facts, view.size(), now);
    if (facts.is_key_frame) {
      ++stream.key_frame_count;
      stream.key_frames.on_key_frame(now);
    }
  }
  if (trace_ != 0) {
    if (traces(TraceType::kRtp)) trace_rtp(TraceType::kRtp, media, now);
    if (traces(TraceType::kKeyFrame) && facts.is_key_frame) trace_rtp(TraceType::kKeyFrame, media, now);
  }
  if (options_.paused) {
    reason = DropReason::kProducerPaused;
    if (codec->kept) stream.history.leave_out(view.sequence_number());
    return std::nullopt;
  }
  if (video) note_orientation(media.extensions);
  if (codec->kept) stream.history.insert(media, now);
  if (!observers.empty()) tell_observers(media, now);
  return media;
}

/// What end-to-end encryption has made of RED may look like RED: now and then, but never for long.
void Producer::check_red(ProducerStream& stream, StoredPacket& packet) const {
  constexpr std::uint8_t kDistrust = 100;
  codec::RedFields& red = packet.facts.red;
  const bool carries_opus =
      red.block_count != 0 &&
      codec::Red::names_only(packet.view.payload(), red.block_count, options_.red_block_type);
  const bool distrusted = stream.red_distrust != 0;
  if (!carries_opus) {
    stream.red_distrust = kDistrust;
  } else if (distrusted) {
    --stream.red_distrust;
  }
  if (carries_opus && !distrusted) return;
  red = {.block_count = 0, .is_unreadable = true, .primary_offset = 0};
  packet.facts.is_discardable = false;
}

void Producer::read_again(ProducerStream& stream, codec::Kind kind, SequenceNumber start, Instant now) {
  for (int i = 1; i < kMostReadAgain && stream.history.is_before_end(start.plus(i)); ++i) {
    History::Entry* entry = stream.history.find(start.plus(i), now);
    if (entry == nullptr || !(entry->facts.is_unread || entry->facts.is_guess)) continue;
    const Bytes descriptor =
        extension_values(entry->view)[static_cast<std::size_t>(rtp::Extension::kDependencyDescriptor)];
    entry->facts = stream.reader.read(kind, entry->view.payload(),
                                      descriptor.empty() ? std::nullopt : std::optional(descriptor),
                                      entry->view.marker());
  }
}

/// What is missing of frames that no other needs costs no key frame.
void Producer::note_discardable(ProducerStream& stream, const StoredPacket& packet) {
  const SequenceNumber number = packet.view.sequence_number();
  if (stream.ends_discardable)
    stream.nack.on_discardable(stream.last_number.plus(1), packet.span.previous_last);
  if (packet.facts.is_discardable) stream.nack.on_discardable(packet.span.first, number);
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

void Producer::request_key_frame(std::size_t stream, Instant now) {
  if (options_.kind != MediaKind::kVideo || stream >= streams_.size()) return;
  streams_[stream]->key_frames.request(now);
  if (session != nullptr) session->mark_dirty();
}

void Producer::request_key_frame(Instant now) {
  for (std::size_t i = 0; i < streams_.size(); ++i) request_key_frame(i, now);
}

TrackCounts Producer::counts() const {
  TrackCounts sum;
  for (const auto& stream : streams_) sum += stream->counts();
  return sum;
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
    stats.fir_count = stream->fir_count;
    stats.key_frame_count = stream->key_frame_count;
    stats.rtx_packets_discarded = stream->rtx_packets_discarded;
    if (options_.kind == MediaKind::kVideo) add_layers(*stream, now, stats);
    out.push_back(std::move(stats));
  }
  return out;
}

}  // namespace sluice::sfu
