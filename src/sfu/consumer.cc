#include "sfu/consumer.h"

#include <algorithm>

#include "rtp/rtx.h"
#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

std::uint32_t to_ms(Instant at) {
  return static_cast<std::uint32_t>(duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
}

/// What a consumer's packet carries over from the producer's as it is.
bool is_forwarded(rtp::Extension extension) {
  switch (extension) {
    case rtp::Extension::kAudioLevel:
    case rtp::Extension::kVideoOrientation:
    case rtp::Extension::kAbsCaptureTime:
    case rtp::Extension::kPlayoutDelay:
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
      sequence_(first_number(random)),
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
  options_ = std::move(options);
  find_extensions();
}

void Consumer::find_extensions() {
  mid_ = as_bytes(options_.parameters.mid);
  type_in_ = type_out_ = kNoPayloadType;
  extension_count_ = 0;
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

void Consumer::update(Instant now) {
  activate(!options_.paused && !producer_->paused() && sender_->ready(), now);
}

void Consumer::activate(bool active, Instant now) {
  if (active == active_) return;
  active_ = active;
  session_->on_active_changed(active, now);
  if (!active) {
    producer_->session->router().remove(*producer_, *this);
    return;
  }
  producer_->active.push_back(this);
  sequence_.restart();
  needs_key_frame_ = options_.kind == MediaKind::kVideo && producer_->knows_key_frames();
  if (options_.kind == MediaKind::kVideo) producer_->request_key_frame(now);
}

std::uint8_t Consumer::payload_type_for(PayloadType type) {
  if (type.value != type_in_) {
    type_in_ = type.value;
    type_out_ = options_.payload_types[type.value & 127];
  }
  return type_out_;
}

std::optional<Rewrite> Consumer::plan(const MediaPacket& packet) {
  const std::uint8_t payload_type = payload_type_for(packet.view.payload_type());
  if (payload_type == kNoPayloadType) return std::nullopt;
  if (needs_key_frame_) {
    if (!packet.facts.is_key_frame) return std::nullopt;
    needs_key_frame_ = false;
    sequence_.restart();
  }
  const auto number = sequence_.rewrite(packet.view.sequence_number());
  if (!number) return std::nullopt;
  return Rewrite{{payload_type}, *number};
}

std::size_t Consumer::write_extensions(const MediaPacket& packet,
                                       std::array<rtp::ExtensionToWrite, rtp::kExtensionCount>& out) const {
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
        if (value.empty()) continue;
    }
    out[count++] = {extension, id, value};
  }
  return count;
}

void Consumer::forward(const MediaPacket& packet, Instant now) {
  const auto rewrite = plan(packet);
  if (!rewrite) return;
  std::array<rtp::ExtensionToWrite, rtp::kExtensionCount> extensions;
  const std::size_t count = write_extensions(packet, extensions);
  const Bytes payload = packet.view.payload();
  const transport::OutgoingRtp rtp{{packet.view.marker(),
                                    false,
                                    rewrite->payload_type,
                                    rewrite->sequence_number,
                                    packet.view.timestamp(),
                                    ssrc_,
                                    {}},
                                   std::span(extensions).first(count),
                                   {},
                                   payload,
                                   packet.packet};
  if (!sender_->send_rtp(rtp, now)) return;
  ++packets_;
  bytes_ += payload.size() + rtp::kFixedHeaderSize;
  payload_octets_ += static_cast<std::uint32_t>(payload.size());
  rate_.add(payload.size() + rtp::kFixedHeaderSize, now);
  if (packet.facts.is_key_frame && video_) ++key_frame_count_;
}

bool Consumer::retransmitted_lately(SequenceNumber number, Instant now) {
  Repeat& repeat = repeats_[number.value % repeats_.size()];
  const std::uint32_t at = to_ms(now) | 1;  // never 0, which means unused
  const auto round_trip =
      static_cast<std::uint32_t>(duration_cast<std::chrono::milliseconds>(rtt_.value_or(20ms)).count());
  if (repeat.at_ms != 0 && repeat.number == number && at - repeat.at_ms < std::clamp(round_trip, 10U, 500U))
    return true;
  repeat = {number, at};
  return false;
}

/// Without RTX a repeated packet keeps its SSRC and number, and so its SRTP nonce. AEAD must never see one
/// nonce over two different headers (RFC 7714 §8.1), so a header with the time of sending in it cannot be
/// repeated under it.
bool Consumer::may_repeat_in_band() const {
  const auto suite = sender_->suite();
  if (!suite || !srtp::is_aead(*suite)) return true;
  const auto all = extensions();
  return std::none_of(all.begin(), all.end(), [](const OutgoingExtension& out) {
    return out.extension == rtp::Extension::kAbsSendTime || out.extension == rtp::Extension::kTransportCc;
  });
}

void Consumer::on_nack(SequenceNumber number, Instant now) {
  ++nack_packet_count_;
  if (!active_) return;
  const auto original = sequence_.original(number);
  if (!original) return;
  const rtp::History::Entry* entry = nullptr;
  for (auto& stream : producer_->streams()) {
    entry = stream->history.lookup(*original, now);
    if (entry != nullptr) break;
  }
  if (entry == nullptr) return;
  const std::uint8_t media_type = entry->view.payload_type().value & 127;
  if (options_.payload_types[media_type] == kNoPayloadType) return;  // was never sent here
  const bool rtx = rtx_ssrc_.has_value() && options_.rtx_payload_types[media_type] != kNoPayloadType;
  if (!rtx && !may_repeat_in_band()) return;
  if (retransmitted_lately(number, now)) return;

  const MediaPacket packet{entry->packet, entry->view, {}, producer_->extension_values(entry->view)};
  std::array<rtp::ExtensionToWrite, rtp::kExtensionCount> extensions;
  const std::size_t count = write_extensions(packet, extensions);
  std::array<std::uint8_t, rtp::kOsnSize> prefix{};
  transport::OutgoingRtp rtp{{packet.view.marker(),
                              false,
                              {options_.payload_types[media_type]},
                              number,
                              packet.view.timestamp(),
                              ssrc_,
                              {}},
                             std::span(extensions).first(count),
                             {},
                             packet.view.payload(),
                             packet.packet};
  if (rtx) {
    rtp::write_osn(prefix.data(), number);
    rtp.prefix = prefix;
    rtp.header.payload_type = {options_.rtx_payload_types[media_type]};
    rtp.header.ssrc = *rtx_ssrc_;
    rtp.header.sequence_number = rtx_sequence_;
    rtx_sequence_ = rtx_sequence_.plus(1);
  }
  if (!sender_->send_rtp(rtp, now)) return;
  ++packets_retransmitted_;
  rtx_bytes_ += rtp.payload.size() + rtp::kFixedHeaderSize;
}

void Consumer::on_key_frame_request(bool fir, Instant now) {
  ++(fir ? fir_count_ : pli_count_);
  if (active_) producer_->request_key_frame(now);
}

void Consumer::on_report_block(const rtcp::ReportBlock& block, std::uint64_t ntp_now) {
  lost_ = block.cumulative_lost;
  fraction_lost_ = block.fraction_lost;
  jitter_ = block.jitter;
  if (const auto rtt = rtcp::round_trip_time(ntp_now, block.last_sr, block.delay_since_last_sr)) rtt_ = rtt;
}

bool Consumer::is_sender() {
  const bool sender = packets_ != packets_reported_[1];
  packets_reported_ = {packets_, packets_reported_[0]};
  return sender;
}

std::optional<rtcp::SenderReport> Consumer::sender_report(std::uint64_t ntp) const {
  if (packets_ == 0 || producer_->streams().empty()) return std::nullopt;
  const auto& stream = *producer_->streams().front();
  const auto& theirs = stream.media.last_sender_report();
  const auto publisher_now = producer_->session->capture_clock().publisher_time(ntp);
  if (!theirs || !publisher_now) return std::nullopt;
  // The publisher's RTP time at our `ntp`, carried on from its last report by its own NTP clock.
  const auto elapsed = static_cast<std::int64_t>(*publisher_now - theirs->ntp);
  const double seconds = static_cast<double>(elapsed) / 4294967296.0;
  const auto ticks = static_cast<std::int64_t>(seconds * options_.parameters.codecs.front().clock_rate);
  rtcp::SenderReport report;
  report.ssrc = ssrc_;
  report.ntp = ntp;
  report.rtp_timestamp = {
      static_cast<std::uint32_t>(theirs->timestamp.value + static_cast<std::uint64_t>(ticks))};
  report.packet_count = static_cast<std::uint32_t>(packets_);
  report.octet_count = payload_octets_;
  return report;
}

RtpStreamStats Consumer::stats(Instant now) const {
  RtpStreamStats stats;
  stats.type = "outbound-rtp";
  stats.timestamp =
      static_cast<std::uint64_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  stats.ssrc = ssrc_.value;
  if (rtx_ssrc_) stats.rtx_ssrc = rtx_ssrc_->value;
  stats.kind = options_.kind;
  stats.mime_type = options_.parameters.codecs.empty() ? "" : options_.parameters.codecs.front().mime_type;
  stats.packet_count = packets_;
  stats.byte_count = bytes_;
  stats.bitrate = rate_.bitrate(now);
  stats.packets_lost = lost_;
  stats.fraction_lost = fraction_lost_;
  stats.jitter = jitter_;
  stats.packets_retransmitted = packets_retransmitted_;
  stats.nack_count = nack_count_;
  stats.nack_packet_count = nack_packet_count_;
  stats.pli_count = pli_count_;
  stats.fir_count = fir_count_;
  stats.key_frame_count = key_frame_count_;
  if (rtt_) stats.round_trip_time = static_cast<double>(rtt_->count()) / 1000.0;
  return stats;
}

}  // namespace sluice::sfu
