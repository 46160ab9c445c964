#include "sfu/consumer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sfu/media_session.h"
#include "sfu/trace.h"

namespace sluice::sfu {
namespace {

/// What a consumer's packet carries over from the producer's, rewritten or as it is. Not: rid and repaired
/// rid (a viewer has one stream), toffset (RFC 5450: it told of the publisher's sending, not of ours),
/// video-layers-allocation (what the publisher sends to us).
bool is_forwarded(rtp::Extension extension) {
  switch (extension) {
    case rtp::Extension::kAudioLevel:
    case rtp::Extension::kVideoOrientation:
    case rtp::Extension::kAbsCaptureTime:
    case rtp::Extension::kPlayoutDelay:
    case rtp::Extension::kDependencyDescriptor:
      return true;
    default:
      return false;
  }
}

/// RFC 3550 §5.1: random. Far from the wrap, as who misses the first one can never guess the roll-over
/// counter (RFC 3711 §3.3.1), and not so near zero that a reordered first packet would lie before it.
SequenceNumber first_number(Random& random) {
  return {static_cast<std::uint16_t>(1000 + random.below(31'000))};
}

void erase(std::vector<Consumer*>& list, Consumer* consumer) {
  const auto it = std::find(list.begin(), list.end(), consumer);
  if (it == list.end()) return;
  *it = list.back();
  list.pop_back();
}

}  // namespace

Consumer::Consumer(Options options, Producer& producer, MediaSession& session, transport::MediaSender& sender,
                   Random& random)
    : sender_(&sender),
      video_(options.kind == MediaKind::kVideo),
      selector_(!video_ || !producer.knows_key_frames()),
      rewriter_(first_number(random), static_cast<std::uint16_t>(random.below(0x8000)),
                static_cast<std::uint8_t>(random.below(256))),
      options_(std::move(options)),
      producer_(&producer),
      session_(&session),
      rtx_sequence_(first_number(random)) {
  if (!options_.parameters.encodings.empty()) {
    const auto& encoding = options_.parameters.encodings.front();
    ssrc_ = {encoding.ssrc.value_or(0)};
    if (encoding.rtx_ssrc) rtx_ssrc_ = Ssrc{*encoding.rtx_ssrc};
  }
  find_extensions();
  producer_->consumers.push_back(this);
}

Consumer::~Consumer() {
  if (active_) session_->on_active_changed(false, {});
  producer_->session->router().remove(*producer_, *this);
  erase(producer_->consumers, this);
  sender_->forget_ssrc(ssrc_);
  if (rtx_ssrc_) sender_->forget_ssrc(*rtx_ssrc_);
}

void Consumer::renegotiate(Options options) {
  options.paused = options_.paused;
  options.preferred_layers = options_.preferred_layers;
  options.ignore_dtx = options_.ignore_dtx;
  const auto types = options_.payload_types;
  const auto extensions = extensions_;
  const std::string mid = options_.parameters.mid;
  options_ = std::move(options);
  find_extensions();
  if (sent_packets_ &&
      (types != options_.payload_types || extensions != extensions_ || mid != options_.parameters.mid))
    sent_packets_->clear();
  update_sent_packets();
}

void Consumer::find_extensions() {
  mid_ = as_bytes(options_.parameters.mid);
  type_in_ = type_out_ = kNoPayloadType;
  extension_count_ = 0;
  extensions_ = {};
  for (const auto& extension : options_.parameters.header_extensions) {
    const auto known = rtp::extension_of(extension.uri);
    if (!known) continue;
    const bool own = *known == rtp::Extension::kAbsSendTime || *known == rtp::Extension::kTransportCc ||
                     (*known == rtp::Extension::kMid && !mid_.empty());
    if ((own || is_forwarded(*known)) && extension_count_ < extensions_.size())
      extensions_[extension_count_++] = {*known, extension.id};
  }
}

void Consumer::set_paused(bool paused, Instant now) {
  options_.paused = paused;
  update(now);
}

void Consumer::set_held(bool held, Instant now) {
  held_ = held;
  update(now);
}

void Consumer::update(Instant now) {
  activate(!options_.paused && !held_ && !producer_->paused() && sender_->ready(), now);
}

void Consumer::activate(bool active, Instant now) {
  if (active == active_) return;
  active_ = active;
  session_->on_active_changed(active, now);
  if (!active) {
    producer_->session->router().remove(*producer_, *this);
    note_clock();
    selector_.stop();
    rewriter_.stop();
    note_layers();
    return;
  }
  update_sent_packets();
  producer_->active.push_back(this);
  waiting_since_ = now;
  select_layers(now);
  request_wanted_key_frame(now);
}

// --- The packet's way
// ---------------------------------------------------------------------------------------------------------------------

std::uint8_t Consumer::payload_type_for(const StoredPacket& packet) {
  const PayloadType type = packet.view.payload_type();
  if (type.value != type_in_) {
    type_in_ = type.value;
    type_out_ = options_.payload_types[type.value & 127];
  }
  if (type_out_ == kNoPayloadType && packet.facts.red.block_count != 0) return options_.red_block_type;
  return type_out_;
}

std::optional<Rewrite> Consumer::plan_rest(const MediaPacket& packet, Instant now) {
  using Verdict = LayerSelector::Verdict;
  const auto left_out = [&](LeftOut reason) {
    ++left_out_[static_cast<std::size_t>(reason)];
    return std::nullopt;
  };
  const std::uint8_t payload_type = payload_type_for(packet);
  if (payload_type == kNoPayloadType) {
    rewriter_.leave_out(packet, false);
    return left_out(packet.facts.red.is_unreadable ? LeftOut::kRed : LeftOut::kPayloadType);
  }
  std::optional<Rewrite> rewrite;
  const bool after_gap = packet.newest && packet.span.after_gap;
  const Verdict verdict =
      is_left_behind(packet)
          ? Verdict::kLate
          : selector_.judge(packet, after_gap ? &producer_->stream(packet.stream).pattern : nullptr,
                            rewriter_);
  switch (verdict) {
    case Verdict::kOther:
      return left_out(LeftOut::kOtherStream);
    case Verdict::kAwaitStart:
      return left_out(LeftOut::kAwaitsKeyFrame);
    case Verdict::kLeaveOut:
      rewriter_.choose(selector_.current()->layers, packet);
      rewriter_.leave_out(packet, packet.facts.spatial_layer == 0 && producer_->closes_picture_gaps());
      return left_out(LeftOut::kLayer);
    case Verdict::kLate:
      rewrite = rewriter_.rewrite(packet);
      if (rewrite && !rewrite->empty) selector_.on_late_forwarded(packet);
      break;
    case Verdict::kStart:
      start_run(packet);
      rewriter_.choose(selector_.current()->layers, packet);
      rewrite = rewriter_.rewrite(packet);
      break;
    case Verdict::kForward:
      if (!video_ && options_.ignore_dtx && packet.facts.is_discardable) {
        rewriter_.leave_out(packet, false);
        return left_out(LeftOut::kDtx);
      }
      rewriter_.choose(selector_.current()->layers, packet);
      rewrite = rewriter_.rewrite(packet);
      break;
  }
  if (!rewrite) return left_out(LeftOut::kTooLate);
  rewrite->payload_type = {payload_type};
  if (packet.facts.is_key_frame && !rewrite->empty) {
    key_frame_ = rewrite->sequence_number;
    key_frame_at_ = now;
  }
  if (rewriter_.follows(packet.tag) && rewrite->timestamp == rewriter_.newest_timestamp())
    last_in_ = packet.view.timestamp();
  if (packet.facts.is_frame_start && video_) note_layers();
  return rewrite;
}

std::size_t Consumer::write_extensions(const MediaPacket& packet, const Rewrite& rewrite, Extensions& out,
                                       Scratch& scratch) const {
  std::size_t count = 0;
  for (const auto& [extension, id] : extensions()) {
    Bytes value;
    switch (extension) {
      case rtp::Extension::kMid:
        value = mid_;
        break;
      case rtp::Extension::kAbsSendTime:
        value = rtp::blank(rtp::kAbsSendTimeSize);
        break;
      case rtp::Extension::kTransportCc:
        value = rtp::blank(rtp::kTransportCcSize);
        break;
      default:
        value = packet.extensions[static_cast<std::size_t>(extension)];
        if (extension == rtp::Extension::kPlayoutDelay && hold_.is_used()) [[unlikely]] {
          rtp::write_playout_delay(scratch.playout_delay.data(), *hold_.over(rtp::read_playout_delay(value)));
          value = scratch.playout_delay;
        }
        if (value.empty()) continue;
        if (extension == rtp::Extension::kDependencyDescriptor && rewrite.frame_number_offset != 0 &&
            value.size() >= 3) {
          // AV1 RTP, A.8.2: frame_number is the second and third byte.
          std::memcpy(scratch.descriptor.data(), value.data(), value.size());
          store16(scratch.descriptor.data() + 1,
                  static_cast<std::uint16_t>(load16(value.data() + 1) + rewrite.frame_number_offset));
          value = Bytes(scratch.descriptor).first(value.size());
        }
    }
    out[count++] = {extension, id, value};
  }
  return count;
}

transport::OutgoingRtp Consumer::outgoing(const MediaPacket& packet, const Rewrite& rewrite,
                                          Extensions& extensions, Scratch& scratch, bool repeat) const {
  const std::size_t count = write_extensions(packet, rewrite, extensions, scratch);
  std::size_t prefix = 0;
  if (repeat) {
    rtp::write_osn(scratch.prefix.data(), rewrite.sequence_number);
    prefix = rtp::kOsnSize;
  }
  Bytes payload = rewrite.empty ? Bytes{} : packet.view.payload();
  if (packet.facts.red.block_count != 0 && !rewrite.empty) [[unlikely]]
    payload = rewrite_red(packet, MutableBytes(scratch.prefix).subspan(prefix), prefix);
  const codec::PictureFields& fields = packet.facts.picture;
  const bool same = rewrite.picture_id == packet.picture && rewrite.tl0_pic_idx == fields.tl0_pic_idx;
  if (!rewrite.empty && !same && (fields.has_picture_id() || fields.has_tl0_pic_idx())) {
    // As much of the descriptor as holds the fields is written anew; what follows is shared.
    const std::size_t end = std::max<std::size_t>(
        fields.has_picture_id() ? fields.picture_id_offset + (fields.long_picture_id ? 2U : 1U) : 0,
        fields.has_tl0_pic_idx() ? fields.tl0_pic_idx_offset + 1U : 0);
    if (end <= payload.size() && prefix + end <= scratch.prefix.size()) {
      std::uint8_t* descriptor = scratch.prefix.data() + prefix;
      std::memcpy(descriptor, payload.data(), end);
      if (fields.has_picture_id()) codec::write_picture_id(descriptor, fields, rewrite.picture_id);
      if (fields.has_tl0_pic_idx()) codec::write_tl0_pic_idx(descriptor, fields, rewrite.tl0_pic_idx);
      payload = payload.subspan(end);
      prefix += end;
    }
  }
  return {
      {rewrite.marker, false, rewrite.payload_type, rewrite.sequence_number, rewrite.timestamp, ssrc_, {}},
      std::span(extensions).first(count),
      Bytes(scratch.prefix).first(prefix),
      payload,
      packet.packet};
}

Bytes Consumer::rewrite_red(const StoredPacket& packet, MutableBytes out, std::size_t& written) const {
  const codec::RedFields& red = packet.facts.red;
  const Bytes payload = packet.view.payload();
  if (options_.payload_types[packet.view.payload_type().value & 127] == kNoPayloadType)
    return payload.subspan(red.primary_offset);
  if (options_.red_block_type == producer_->red_block_type() || options_.red_block_type == kNoPayloadType)
    return payload;
  const std::size_t size =
      codec::Red::write_headers(out.data(), payload, red.block_count, options_.red_block_type);
  written += size;
  return payload.subspan(size);
}

bool Consumer::send(const MediaPacket& packet, const Rewrite& rewrite, Instant now) {
  Extensions extensions;
  Scratch scratch;
  const transport::OutgoingRtp rtp = outgoing(packet, rewrite, extensions, scratch, false);
  if (!sender_->send_rtp(rtp, now)) return false;
  if (sent_packets_) sent_packets_->note({rewrite, packet.order, sender_->last_stamp(now)});
  const std::size_t size = rtp.prefix.size() + rtp.payload.size();
  ++packets_;
  bytes_ += size + rtp::kFixedHeaderSize;
  payload_octets_ += static_cast<std::uint32_t>(size);
  rate_.add(size + rtp::kFixedHeaderSize, now);
  if (target_bitrate_) budget_.on_media_sent(size + rtp::kFixedHeaderSize, now);
  // The viewer has noticed the gap, and its request may be under way.
  if (!packet.newest) budget_.note_sent(rewrite.sequence_number, now);
  return true;
}

void Consumer::forward_rest(const MediaPacket& packet, Instant now) {
  const auto followed = selector_.current();
  const auto rewrite = plan_rest(packet, now);
  // It came, and was not the one: its start was late, or it was smaller than what is wanted.
  if (packet.facts.is_key_frame && video_ && packet.stream == selector_.target().stream)
    request_wanted_key_frame(now);
  if (!rewrite) return;
  if (!send(packet, *rewrite, now)) return;
  if (packet.facts.is_key_frame && video_) ++key_frame_count_;
  if (trace_ != 0) {
    trace(TraceType::kRtp, &packet, now);
    if (packet.facts.is_key_frame) trace(TraceType::kKeyFrame, &packet, now);
  }
  // The start of a key frame came after what follows it. (What is only late, of a run that has ended, starts
  // nothing.)
  const auto follows = selector_.current();
  const bool started = video_ && follows && (!followed || followed->stream != follows->stream);
  if (started && !packet.newest) replay_from(packet, now);
}

}  // namespace sluice::sfu
