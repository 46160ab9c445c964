// The header extensions Sluice knows: their URIs, the ids a peer negotiated for them, and their values.
//
// Readers give nothing for a value of the wrong length, as the network may send anything. Writers fill the
// caller's bytes and give how many. Used by ingress, egress, and (URIs) by whoever matches capabilities.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "rtp/packet_view.h"
#include "sluice/time.h"

namespace sluice::rtp {

enum class Extension : std::uint8_t {
  kMid,                    ///< RFC 9143 §15
  kRid,                    ///< RFC 8852: RtpStreamId
  kRepairedRid,            ///< RFC 8852: RepairedRtpStreamId
  kAbsSendTime,            ///< webrtc.org: abs-send-time
  kTransportCc,            ///< draft-holmer-rmcat-transport-wide-cc-extensions-01
  kAudioLevel,             ///< RFC 6464: client to mixer
  kVideoOrientation,       ///< 3GPP TS 26.114 §7.4.5
  kTransmissionOffset,     ///< RFC 5450
  kAbsCaptureTime,         ///< webrtc.org: abs-capture-time
  kPlayoutDelay,           ///< webrtc.org: playout-delay
  kDependencyDescriptor,   ///< AV1 RTP, appendix A
  kVideoLayersAllocation,  ///< webrtc.org: video-layers-allocation00
};
inline constexpr std::size_t kExtensionCount = 12;

std::string_view uri(Extension extension);
std::optional<Extension> extension_of(std::string_view uri);

/// The ids one peer uses in one direction. Twelve bytes; zero means not negotiated.
class ExtensionMap {
 public:
  /// `id` 1..255 except 15, which RFC 8285 §4.2 reserves; false for others.
  bool set(Extension extension, std::uint8_t id);
  [[nodiscard]] std::uint8_t id(Extension extension) const {
    return ids_[static_cast<std::size_t>(extension)];
  }
  [[nodiscard]] bool has(Extension extension) const { return id(extension) != 0; }
  [[nodiscard]] std::optional<Extension> extension(std::uint8_t id) const;
  /// The value of `extension` in this packet.
  [[nodiscard]] std::optional<Bytes> find(const PacketView& packet, Extension extension) const {
    const std::uint8_t number = id(extension);
    return number == 0 ? std::nullopt : packet.extension(number);
  }

 private:
  std::array<std::uint8_t, kExtensionCount> ids_{};
};

/// MID, RID and repaired RID: printable ASCII without spaces (RFC 9143 §15.1, RFC 8852 §3), at least one
/// character.
std::optional<std::string_view> read_stream_name(Bytes value);

/// 24 bits, seconds in 6.18 fixed point; wraps every 64 s.
inline constexpr std::size_t kAbsSendTimeSize = 3;
std::uint32_t to_abs_send_time(Instant at);
std::optional<std::uint32_t> read_abs_send_time(Bytes value);
/// `out`: three bytes, for example in a packet about to leave.
void write_abs_send_time(std::uint8_t* out, Instant at);

inline constexpr std::size_t kTransportCcSize = 2;
std::optional<SequenceNumber> read_transport_cc(Bytes value);
/// `out`: two bytes.
inline void write_transport_cc(std::uint8_t* out, SequenceNumber number) {
  store16(out, number.value);
}

/// RFC 6464 §3: loudness in -dBov, 0 (loudest) to 127 (silence).
struct AudioLevel {
  bool voice = false;
  std::uint8_t level = 127;
  friend bool operator==(AudioLevel, AudioLevel) = default;
};
std::optional<AudioLevel> read_audio_level(Bytes value);
std::uint8_t write_audio_level(AudioLevel level);

/// 3GPP TS 26.114 §7.4.5 (CVO): how to turn the picture for display.
struct VideoOrientation {
  bool back_camera = false;
  bool flip = false;           ///< Mirrored horizontally.
  std::uint16_t rotation = 0;  ///< Degrees clockwise: 0, 90, 180 or 270.
  friend bool operator==(VideoOrientation, VideoOrientation) = default;
};
std::optional<VideoOrientation> read_video_orientation(Bytes value);
std::uint8_t write_video_orientation(VideoOrientation orientation);

/// RFC 5450 §2: how much later than its RTP timestamp says a packet left, in the media clock's units; 24 bits
/// with sign.
inline constexpr std::size_t kTransmissionOffsetSize = 3;
std::optional<std::int32_t> read_transmission_offset(Bytes value);
/// `out`: three bytes; offsets beyond 24 bits are sent as the nearest that fits.
void write_transmission_offset(std::uint8_t* out, std::int32_t offset);

/// webrtc.org abs-capture-time: when the frame's first sample was captured, by the clock of who captured it.
/// A server that is not the capturer sends it on as it is (or fills in the offset of its own clock).
struct AbsCaptureTime {
  std::uint64_t ntp = 0;  ///< NTP time, seconds since 1900 in 32.32 fixed point.
  /// What to add for the sender's own NTP clock, 32.32 with sign; in the long form only.
  std::optional<std::int64_t> clock_offset;
  friend bool operator==(const AbsCaptureTime&, const AbsCaptureTime&) = default;
};
inline constexpr std::size_t kAbsCaptureTimeSize = 16;  ///< Of the long form; half of it without an offset.
std::optional<AbsCaptureTime> read_abs_capture_time(Bytes value);
/// `out`: kAbsCaptureTimeSize bytes. Gives how many were written.
std::size_t write_abs_capture_time(std::uint8_t* out, const AbsCaptureTime& time);

/// webrtc.org playout-delay: the least and the most that a receiver should wait before it shows a frame.
/// Written in steps of 10 ms, up to 40,950 ms.
struct PlayoutDelay {
  Duration min{};
  Duration max{};
  friend bool operator==(PlayoutDelay, PlayoutDelay) = default;
};
inline constexpr std::size_t kPlayoutDelaySize = 3;
std::optional<PlayoutDelay> read_playout_delay(Bytes value);
/// `out`: three bytes; delays beyond the range are sent as the nearest within.
void write_playout_delay(std::uint8_t* out, PlayoutDelay delay);

}  // namespace sluice::rtp
