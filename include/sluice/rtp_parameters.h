// RTP capabilities and parameters in the shapes of ORTC and mediasoup: what a room can route, what a producer
// sends, what a consumer receives. Plain values; validation and matching live in src/negotiate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice {

enum class MediaKind : std::uint8_t { kAudio, kVideo };

/// One format-specific parameter ("apt" = 96, "profile-level-id" = "42e01f"): numbers stay numbers.
struct CodecParameter {
  std::string name;
  std::variant<std::int64_t, std::string> value;
  friend bool operator==(const CodecParameter&, const CodecParameter&) = default;
};

/// RTCP feedback (RFC 4585 §4.2): type "nack", parameter "pli".
struct RtcpFeedback {
  std::string type;
  std::string parameter;
  friend bool operator==(const RtcpFeedback&, const RtcpFeedback&) = default;
};

struct RtpCodecCapability {
  MediaKind kind = MediaKind::kAudio;
  std::string mime_type;                               ///< "audio/opus", "video/VP8"; compared without case.
  std::optional<std::uint8_t> preferred_payload_type;  ///< 0–127.
  std::uint32_t clock_rate = 0;                        ///< Hz.
  std::uint8_t channels = 1;                           ///< Audio only.
  std::vector<CodecParameter> parameters;
  std::vector<RtcpFeedback> rtcp_feedback;
  friend bool operator==(const RtpCodecCapability&, const RtpCodecCapability&) = default;
};

enum class ExtensionDirection : std::uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive };

struct RtpHeaderExtension {
  MediaKind kind = MediaKind::kAudio;
  std::string uri;
  std::uint8_t preferred_id = 0;  ///< 1–14 for one-byte headers (RFC 8285).
  bool preferred_encrypt = false;
  ExtensionDirection direction = ExtensionDirection::kSendRecv;
  friend bool operator==(const RtpHeaderExtension&, const RtpHeaderExtension&) = default;
};

struct RtpCapabilities {
  std::vector<RtpCodecCapability> codecs;
  std::vector<RtpHeaderExtension> header_extensions;
  friend bool operator==(const RtpCapabilities&, const RtpCapabilities&) = default;
};

struct RtpCodecParameters {
  std::string mime_type;
  std::uint8_t payload_type = 0;
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::vector<CodecParameter> parameters;
  std::vector<RtcpFeedback> rtcp_feedback;
  friend bool operator==(const RtpCodecParameters&, const RtpCodecParameters&) = default;
};

struct RtpHeaderExtensionParameters {
  std::string uri;
  std::uint8_t id = 0;
  bool encrypt = false;
  friend bool operator==(const RtpHeaderExtensionParameters&, const RtpHeaderExtensionParameters&) = default;
};

struct RtpEncodingParameters {
  std::optional<std::uint32_t> ssrc;
  std::optional<std::uint32_t> rtx_ssrc;
  std::string rid;
  std::optional<std::uint8_t> codec_payload_type;
  bool dtx = false;
  std::string scalability_mode;              ///< "L1T3"; empty when there are no layers.
  std::optional<std::uint32_t> max_bitrate;  ///< bps.
  friend bool operator==(const RtpEncodingParameters&, const RtpEncodingParameters&) = default;
};

struct RtcpParameters {
  std::string cname;
  bool reduced_size = true;  ///< RFC 5506.
  friend bool operator==(const RtcpParameters&, const RtcpParameters&) = default;
};

struct RtpParameters {
  std::string mid;
  std::vector<RtpCodecParameters> codecs;
  std::vector<RtpHeaderExtensionParameters> header_extensions;
  std::vector<RtpEncodingParameters> encodings;
  RtcpParameters rtcp;
  std::string msid;  ///< "stream track" (RFC 8830); empty when unknown.
  friend bool operator==(const RtpParameters&, const RtpParameters&) = default;
};

}  // namespace sluice
