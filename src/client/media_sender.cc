#include "client/media_sender.h"

#include <algorithm>

#include "base/check.h"
#include "rtp/rtx.h"

namespace sluice::client {
namespace {

using Source = std::variant<AudioSource, VideoSource, LayeredSource>;

Source make_source(const MediaSender::Options& options, Random& random) {
  if (options.kind == MediaKind::kAudio) return AudioSource(options.audio, options.stream, random);
  if (options.layered) return LayeredSource(*options.layered, options.stream, random);
  return VideoSource(options.video, options.stream, random);
}

}  // namespace

MediaSender::MediaSender(Options options, const Shared& shared)
    : options_(std::move(options)),
      shared_(shared),
      source_(make_source(options_, shared.random)),
      // RFC 3550 §5.1: random; below half the range, so that the first packets may be lost without harm to
      // SRTP (RFC 3711 §3.3.1).
      number_{static_cast<std::uint16_t>(shared.random.below(0x8000))},
      rtx_number_{static_cast<std::uint16_t>(shared.random.below(0x8000))} {
  read_parameters();
}

void MediaSender::read_parameters() {
  const RtpParameters& parameters = options_.parameters;
  SLUICE_CHECK(!parameters.codecs.empty() && !parameters.encodings.empty() && parameters.encodings[0].ssrc);
  ssrc_ = {*parameters.encodings[0].ssrc};
  payload_type_ = parameters.codecs[0].payload_type;
  if (parameters.codecs[0].mime_type == "audio/red" && parameters.codecs.size() > 1)
    red_.emplace(parameters.codecs[1].payload_type);
  if (parameters.encodings[0].rtx_ssrc && parameters.codecs.size() > 1) {
    rtx_ssrc_ = Ssrc{*parameters.encodings[0].rtx_ssrc};
    rtx_payload_type_ = parameters.codecs[1].payload_type;
    history_.resize(kHistory);
  } else if (options_.kind == MediaKind::kVideo && parameters.header_extensions.empty()) {
    history_.resize(kHistory);  // repeated as they were: nothing in their headers tells the time of sending
  }
  for (const auto& extension : parameters.header_extensions) {
    const auto known = rtp::extension_of(extension.uri);
    if (!known) continue;
    Bytes value;
    switch (*known) {
      case rtp::Extension::kMid:
        value = as_bytes(options_.parameters.mid);
        break;
      case rtp::Extension::kRid:
      case rtp::Extension::kRepairedRid:  // RFC 8852 §3: the first on the stream, the second on its repair
        value = as_bytes(options_.parameters.encodings[0].rid);
        break;
      case rtp::Extension::kAbsSendTime:
        value = rtp::blank(rtp::kAbsSendTimeSize);
        break;
      case rtp::Extension::kTransportCc:
        value = rtp::blank(rtp::kTransportCcSize);
        break;
      case rtp::Extension::kAudioLevel:
        if (options_.kind == MediaKind::kAudio) value = Bytes(&level_byte_, 1);
        break;
      case rtp::Extension::kDependencyDescriptor:
        dependency_id_ = extension.id;
        break;
      default:
        break;
    }
    if (value.empty()) continue;
    const rtp::ExtensionToWrite written{*known, extension.id, value};
    if (*known != rtp::Extension::kRepairedRid) extensions_[extension_count_++] = written;
    if (*known != rtp::Extension::kRid) rtx_extensions_[rtx_extension_count_++] = written;
  }
}

void MediaSender::start(Instant now) {
  std::visit([&](auto& source) { source.start(now); }, source_);
}

void MediaSender::stop() {
  std::visit([](auto& source) { source.stop(); }, source_);
}

void MediaSender::restart(std::uint32_t stream, Instant now) {
  options_.stream = stream;
  if (options_.layered) {
    source_.emplace<LayeredSource>(*options_.layered, stream, shared_.random);
  } else if (options_.kind == MediaKind::kVideo) {
    source_.emplace<VideoSource>(options_.video, stream, shared_.random);
  } else {
    source_.emplace<AudioSource>(options_.audio, stream, shared_.random);
  }
  start(now);
}

void MediaSender::set_video(const VideoSource::Options& video, Instant now) {
  if (auto* source = std::get_if<VideoSource>(&source_)) source->set_options(video, now);
}

void MediaSender::set_audio_interval(Duration interval, Duration catch_up) {
  if (auto* source = std::get_if<AudioSource>(&source_)) source->set_interval(interval, catch_up);
}

Instant MediaSender::next_deadline() const {
  return std::visit([](const auto& source) { return source.next_deadline(); }, source_);
}

void MediaSender::advance(Instant now, transport::MediaSender& out) {
  while (const auto unit = std::visit([&](auto& source) { return source.next(now); }, source_)) {
    if (const auto* audio = std::get_if<AudioSource>(&source_))
      level_byte_ = rtp::write_audio_level(audio->level());
    if (!history_.empty()) history_[number_.value % kHistory] = {*unit, number_};
    if (send(*unit, number_, false, now, out)) {
      ++sent_;
      octets_ += unit->size;
    }
    number_ = number_.plus(1);
  }
}

void MediaSender::write_payload(const MediaUnit& unit, Packet& packet) {
  packet.size = static_cast<std::uint16_t>(red_ ? red_->size_of(unit) : unit.size);
  if (red_) {
    red_->write(unit, packet.bytes());
  } else {
    unit.write_payload(packet.bytes());
  }
}

bool MediaSender::send(const MediaUnit& unit, SequenceNumber number, bool rtx, Instant now,
                       transport::MediaSender& out) {
  PacketRef packet = shared_.pool.allocate();
  if (!packet) return false;
  write_payload(unit, *packet);
  std::array<std::uint8_t, rtp::kOsnSize> original{};
  auto extensions = rtx ? rtx_extensions_ : extensions_;
  std::size_t extension_count = rtx ? rtx_extension_count_ : extension_count_;
  if (!unit.dependency.empty() && dependency_id_ != 0)
    extensions.at(extension_count++) = {rtp::Extension::kDependencyDescriptor, dependency_id_,
                                        unit.dependency};
  transport::OutgoingRtp rtp{{unit.marker_bit, false, {payload_type_}, number, unit.timestamp, ssrc_, {}},
                             std::span(extensions).first(extension_count),
                             {},
                             packet->bytes(),
                             packet};
  if (rtx) {
    rtp::write_osn(original.data(), number);
    rtp.prefix = original;
    rtp.header.payload_type = {rtx_payload_type_};
    rtp.header.ssrc = *rtx_ssrc_;
    rtp.header.sequence_number = rtx_number_;
    rtx_number_ = rtx_number_.plus(1);
  }
  return out.send_rtp(rtp, now);
}

void MediaSender::on_nack(SequenceNumber number, Instant now, transport::MediaSender& out) {
  ++nacked_;
  if (history_.empty()) return;
  const Sent& sent = history_[number.value % kHistory];
  if (sent.number != number || sent.unit.size == 0) return;
  if (send(sent.unit, number, rtx_ssrc_.has_value(), now, out)) ++retransmitted_;
}

void MediaSender::on_key_frame_request(Instant now) {
  if (key_frame_requests_ > 0)
    shortest_request_interval_ = std::min(shortest_request_interval_, now - last_key_frame_request_);
  ++key_frame_requests_;
  last_key_frame_request_ = now;
  if (auto* video = std::get_if<VideoSource>(&source_)) video->request_key_frame();
  if (auto* layered = std::get_if<LayeredSource>(&source_)) layered->request_key_frame();
}

void MediaSender::on_report_block(const rtcp::ReportBlock& block, std::uint64_t ntp_now) {
  last_report_ = block;
  if (const auto rtt = rtcp::round_trip_time(ntp_now, block.last_sr, block.delay_since_last_sr)) rtt_ = rtt;
}

std::optional<rtcp::SenderReport> MediaSender::sender_report(Instant now) const {
  if (sent_ == 0) return std::nullopt;
  rtcp::SenderReport report;
  report.ssrc = ssrc_;
  const auto running = static_cast<double>((now - shared_.wall_clock.at).count());
  report.ntp = shared_.wall_clock.ntp(
      now + Duration(static_cast<std::int64_t>(running * options_.clock_drift_ppm * 1e-6)));
  report.rtp_timestamp = std::visit([&](const auto& source) { return source.timestamp_at(now); }, source_);
  report.packet_count = static_cast<std::uint32_t>(sent_);
  report.octet_count = octets_;
  return report;
}

std::uint32_t MediaSender::packets() const {
  return std::visit([](const auto& source) { return source.packets(); }, source_);
}

std::uint64_t MediaSender::frames() const {
  if (const auto* layered = std::get_if<LayeredSource>(&source_)) return layered->frames();
  const auto* video = std::get_if<VideoSource>(&source_);
  return video != nullptr ? video->frames() : 0;
}

std::uint64_t MediaSender::key_frames() const {
  if (const auto* layered = std::get_if<LayeredSource>(&source_)) return layered->key_frames();
  const auto* video = std::get_if<VideoSource>(&source_);
  return video != nullptr ? video->key_frames() : 0;
}

}  // namespace sluice::client
