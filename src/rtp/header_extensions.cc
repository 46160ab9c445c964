#include "rtp/header_extensions.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

constexpr std::array<std::string_view, kExtensionCount> kUris = {
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:3gpp:video-orientation",
    "urn:ietf:params:rtp-hdrext:toffset",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
};

}  // namespace

std::string_view uri(Extension extension) {
  return kUris[static_cast<std::size_t>(extension)];
}

std::optional<Extension> extension_of(std::string_view text) {
  const auto found = std::find(kUris.begin(), kUris.end(), text);
  if (found == kUris.end()) return std::nullopt;
  return static_cast<Extension>(found - kUris.begin());
}

bool ExtensionMap::set(Extension extension, std::uint8_t id) {
  if (id == 0 || id == 15) return false;
  ids_[static_cast<std::size_t>(extension)] = id;
  return true;
}

std::optional<Extension> ExtensionMap::extension(std::uint8_t id) const {
  const auto found = std::find(ids_.begin(), ids_.end(), id);
  if (id == 0 || found == ids_.end()) return std::nullopt;
  return static_cast<Extension>(found - ids_.begin());
}

std::optional<std::string_view> read_stream_name(Bytes value) {
  const auto printable = [](std::uint8_t c) { return c > 0x20 && c < 0x7F; };
  if (value.empty() || !std::all_of(value.begin(), value.end(), printable)) return std::nullopt;
  return as_text(value);
}

std::uint32_t to_abs_send_time(Instant at) {
  // 2^18 units a second, of which the low 24 bits go out; split, so that the product stays within 64 bits.
  const auto micros = static_cast<std::uint64_t>(at.time_since_epoch().count());
  const std::uint64_t units = ((micros / 1'000'000) << 18) + ((micros % 1'000'000) << 18) / 1'000'000;
  return static_cast<std::uint32_t>(units & 0xFFFFFF);
}

std::optional<std::uint32_t> read_abs_send_time(Bytes value) {
  if (value.size() != kAbsSendTimeSize) return std::nullopt;
  return load24(value.data());
}

void write_abs_send_time(std::uint8_t* out, Instant at) {
  store24(out, to_abs_send_time(at));
}

std::optional<SequenceNumber> read_transport_cc(Bytes value) {
  if (value.size() != kTransportCcSize) return std::nullopt;
  return SequenceNumber{load16(value.data())};
}

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |V|    level    |   RFC 6464 §3
// +-+-+-+-+-+-+-+-+
std::optional<AudioLevel> read_audio_level(Bytes value) {
  // The two-byte form may carry padding behind the level (RFC 6464 §3), so longer values are read as well.
  if (value.empty()) return std::nullopt;
  return AudioLevel{(value[0] & 0x80) != 0, static_cast<std::uint8_t>(value[0] & 0x7F)};
}

std::uint8_t write_audio_level(AudioLevel level) {
  return static_cast<std::uint8_t>((level.voice ? 0x80 : 0) | (level.level & 0x7F));
}

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |0 0 0 0 C F R R|   3GPP TS 26.114 §7.4.5
// +-+-+-+-+-+-+-+-+
std::optional<VideoOrientation> read_video_orientation(Bytes value) {
  if (value.size() != 1) return std::nullopt;
  return VideoOrientation{(value[0] & 0x08) != 0, (value[0] & 0x04) != 0,
                          static_cast<std::uint16_t>((value[0] & 3) * 90)};
}

std::uint8_t write_video_orientation(VideoOrientation orientation) {
  return static_cast<std::uint8_t>((orientation.back_camera ? 0x08 : 0) | (orientation.flip ? 0x04 : 0) |
                                   ((orientation.rotation / 90) & 3));
}

std::optional<std::int32_t> read_transmission_offset(Bytes value) {
  if (value.size() != kTransmissionOffsetSize) return std::nullopt;
  const auto raw = static_cast<std::int32_t>(load24(value.data()));
  return raw < 0x800000 ? raw : raw - 0x1000000;
}

void write_transmission_offset(std::uint8_t* out, std::int32_t offset) {
  store24(out, static_cast<std::uint32_t>(std::clamp(offset, -0x800000, 0x7FFFFF)) & 0xFFFFFF);
}

//  0 … 7: absolute capture timestamp, UQ32.32      8 … 15: estimated capture clock offset, Q32.32
std::optional<AbsCaptureTime> read_abs_capture_time(Bytes value) {
  constexpr std::size_t kShortSize = kAbsCaptureTimeSize / 2;
  if (value.size() != kShortSize && value.size() != kAbsCaptureTimeSize) return std::nullopt;
  AbsCaptureTime time{load64(value.data()), std::nullopt};
  if (value.size() == kAbsCaptureTimeSize) {
    time.clock_offset = static_cast<std::int64_t>(load64(value.data() + kShortSize));
  }
  return time;
}

std::size_t write_abs_capture_time(std::uint8_t* out, const AbsCaptureTime& time) {
  store64(out, time.ntp);
  if (!time.clock_offset) return kAbsCaptureTimeSize / 2;
  store64(out + kAbsCaptureTimeSize / 2, static_cast<std::uint64_t>(*time.clock_offset));
  return kAbsCaptureTimeSize;
}

//  0                   1                   2
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |       MIN delay       |       MAX delay       |   12 bits each, in 10 ms
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
std::optional<PlayoutDelay> read_playout_delay(Bytes value) {
  if (value.size() != kPlayoutDelaySize) return std::nullopt;
  const std::uint32_t both = load24(value.data());
  const PlayoutDelay delay{10ms * (both >> 12), 10ms * (both & 0xFFF)};
  if (delay.min > delay.max) return std::nullopt;
  return delay;
}

void write_playout_delay(std::uint8_t* out, PlayoutDelay delay) {
  const auto steps = [](Duration d) {
    return static_cast<std::uint32_t>(std::clamp<Duration::rep>(d / 10ms, 0, 0xFFF));
  };
  store24(out, (steps(delay.min) << 12) | steps(delay.max));
}

}  // namespace sluice::rtp
