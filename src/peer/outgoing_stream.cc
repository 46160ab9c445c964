#include "peer/outgoing_stream.h"

#include <algorithm>

#include "negotiate/codec_match.h"
#include "rtp/rtx.h"

namespace sluice::peer {

OutgoingStream::OutgoingStream(const RtpParameters& parameters, std::size_t encoding, PacketPool& pool,
                               Random& random)
    : pool_(pool),
      random_(random),
      // RFC 3550 §5.1: random; below half the range, so that the first packets may be lost without harm to
      // SRTP (RFC 3711 §3.3.1).
      next_number_{static_cast<std::uint16_t>(random.below(0x8000))},
      next_rtx_{static_cast<std::uint16_t>(random.below(0x8000))},
      timestamp_offset_{random.u32()} {
  set_parameters(parameters, encoding);
}

void OutgoingStream::set_parameters(const RtpParameters& parameters, std::size_t encoding) {
  const RtpCodecParameters& codec = parameters.codecs.front();
  const RtpEncodingParameters& own = parameters.encodings[encoding];
  codec_ = codec;
  const auto format = packetize::format_of(codec.mime_type);
  if (format != format_ && frames_) {  // another codec: numbers go on, the packetizer is another
    frames_.reset();
  }
  format_ = format;
  ssrc_ = {own.ssrc.value_or(0)};
  rid_ = own.rid;
  mid_ = parameters.mid;
  payload_type_ = codec.payload_type;
  clock_rate_ = codec.clock_rate;
  const RtpCodecParameters* rtx = negotiate::find_rtx(parameters.codecs, payload_type_);
  rtx_ssrc_.reset();
  if (rtx != nullptr && own.rtx_ssrc) {
    rtx_ssrc_ = Ssrc{*own.rtx_ssrc};
    rtx_payload_type_ = rtx->payload_type;
  }
  const bool nack = std::any_of(codec.rtcp_feedback.begin(), codec.rtcp_feedback.end(),
                                [](const auto& f) { return f.type == "nack" && f.parameter.empty(); });
  history_.resize(nack ? kHistory : 0);
  set_extensions(parameters);
}

void OutgoingStream::set_extensions(const RtpParameters& parameters) {
  extension_count_ = rtx_extension_count_ = 0;
  for (const auto& extension : parameters.header_extensions) {
    const auto known = rtp::extension_of(extension.uri);
    if (!known) continue;
    Bytes value;
    if (*known == rtp::Extension::kMid) value = as_bytes(mid_);
    if (*known == rtp::Extension::kRid || *known == rtp::Extension::kRepairedRid) value = as_bytes(rid_);
    if (*known == rtp::Extension::kTransportCc) value = rtp::blank(rtp::kTransportCcSize);
    if (value.empty()) continue;
    const rtp::ExtensionToWrite written{*known, extension.id, value};
    // RFC 8852 §3: the first on the stream, the second on its repair.
    if (*known != rtp::Extension::kRepairedRid) extensions_[extension_count_++] = written;
    if (*known != rtp::Extension::kRid) rtx_extensions_[rtx_extension_count_++] = written;
  }
}

bool OutgoingStream::send_frame(const EncodedFrameView& frame, Instant now, transport::MediaSender& out) {
  if (!format_ || !out.ready()) return false;
  if (!frames_) {
    packetize::FrameSender::Options options;
    options.packetizer.format = *format_;
    options.draw(random_);
    options.first_number = next_number_;
    options.timestamp_offset = timestamp_offset_;
    auto made = packetize::FrameSender::make(options);
    if (!made) return false;
    frames_.emplace(std::move(*made));
  }
  bool sent = false;
  for (const auto& packet : frames_->send(frame)) {
    sent = send_new(packet.payload, packet.number, packet.timestamp, packet.marker, now, out);
    next_number_ = packet.number.plus(1);
  }
  return sent;
}

bool OutgoingStream::send_payload(const RtpPayload& payload, Instant now, transport::MediaSender& out) {
  // One of the two numbers the stream's packets; changing between them begins with a new packetizer.
  if (frames_) frames_.reset();
  if (!out.ready()) return false;
  const RtpTimestamp timestamp{payload.timestamp + timestamp_offset_.value};
  if (!send_new(payload.bytes, next_number_, timestamp, payload.marker, now, out)) return false;
  next_number_ = next_number_.plus(1);
  return true;
}

bool OutgoingStream::send_new(Bytes payload, SequenceNumber number, RtpTimestamp timestamp, bool marker,
                              Instant now, transport::MediaSender& out) {
  if (payload.size() > Packet::kCapacity) return false;
  Sent packet{pool_.allocate(), number, timestamp, marker};
  if (!packet.payload) return false;
  std::copy(payload.begin(), payload.end(), packet.payload->data);
  packet.payload->size = static_cast<std::uint16_t>(payload.size());
  if (!send(packet, false, now, out)) return false;
  ++counters_.packets;
  counters_.bytes += payload.size();
  last_timestamp_ = timestamp;
  last_sent_ = now;
  if (!history_.empty()) history_[number.value % kHistory] = std::move(packet);
  return true;
}

bool OutgoingStream::send(const Sent& packet, bool again, Instant now, transport::MediaSender& out) {
  const bool rtx = again && rtx_ssrc_.has_value();
  std::array<std::uint8_t, rtp::kOsnSize> original{};
  transport::OutgoingRtp rtp{
      {packet.marker, false, {payload_type_}, packet.number, packet.timestamp, ssrc_, {}},
      rtx ? std::span<const rtp::ExtensionToWrite>(rtx_extensions_).first(rtx_extension_count_)
          : std::span<const rtp::ExtensionToWrite>(extensions_).first(extension_count_),
      {},
      packet.payload->bytes(),
      packet.payload};
  if (rtx) {
    rtp::write_osn(original.data(), packet.number);
    rtp.prefix = original;
    rtp.header.payload_type = {rtx_payload_type_};
    rtp.header.ssrc = *rtx_ssrc_;
    rtp.header.sequence_number = next_rtx_;
    next_rtx_ = next_rtx_.plus(1);
  }
  return out.send_rtp(rtp, now);
}

void OutgoingStream::on_nack(SequenceNumber number, Instant now, transport::MediaSender& out) {
  if (history_.empty()) return;
  const Sent& sent = history_[number.value % kHistory];
  if (!sent.payload || sent.number != number) return;
  // Without RTX the same packet would need the same header extensions (RFC 3711 §9.1): transport-wide numbers
  // are new each time, so it is not repeated then.
  const bool stamped =
      std::any_of(extensions_.begin(), extensions_.begin() + static_cast<long>(extension_count_),
                  [](const auto& e) { return e.extension == rtp::Extension::kTransportCc; });
  if (!rtx_ssrc_ && stamped) return;
  if (send(sent, true, now, out)) ++counters_.retransmitted;
}

void OutgoingStream::on_report_block(const rtcp::ReportBlock& block, std::uint64_t ntp_now) {
  last_report_ = block;
  const auto rtt = rtcp::round_trip_time(ntp_now, block.last_sr, block.delay_since_last_sr);
  if (!rtt) return;
  rtt_ = rtt;
  total_rtt_ += *rtt;
  ++rtt_count_;
}

std::optional<rtcp::SenderReport> OutgoingStream::sender_report(Instant now, const WallClock& clock) const {
  if (counters_.packets == 0) return std::nullopt;
  rtcp::SenderReport report;
  report.ssrc = ssrc_;
  report.ntp = clock.ntp(now);
  const auto since = static_cast<double>((now - last_sent_).count()) * clock_rate_ / 1e6;
  report.rtp_timestamp = {last_timestamp_.value +
                          static_cast<std::uint32_t>(static_cast<std::int64_t>(since))};
  report.packet_count = static_cast<std::uint32_t>(counters_.packets);
  report.octet_count = static_cast<std::uint32_t>(counters_.bytes);
  return report;
}

}  // namespace sluice::peer
