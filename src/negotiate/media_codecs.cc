#include "negotiate/media_codecs.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <string>

#include "negotiate/codec_match.h"
#include "negotiate/validate.h"

namespace sluice::negotiate {
namespace {

constexpr int kNoPayloadType = -1;

/// What receivers of a codec tell its sender: all that its kind has, all but NACK, or nothing.
enum class Feedback : std::uint8_t { kAll, kNoNack, kNone };

struct CodecRow {
  std::string_view mime_type;
  std::uint32_t clock_rate;
  std::uint8_t channels;
  int payload_type;  ///< Static ones only (RFC 3551 §6).
  Feedback feedback;
};
constexpr std::array kCodecs = {
    CodecRow{"audio/opus", 48000, 2, kNoPayloadType, Feedback::kAll},
    CodecRow{"audio/red", 48000, 2, kNoPayloadType, Feedback::kNoNack},
    CodecRow{"audio/multiopus", 48000, 4, kNoPayloadType, Feedback::kAll},
    CodecRow{"audio/multiopus", 48000, 6, kNoPayloadType, Feedback::kAll},
    CodecRow{"audio/multiopus", 48000, 8, kNoPayloadType, Feedback::kAll},
    CodecRow{"audio/PCMU", 8000, 1, 0, Feedback::kAll},
    CodecRow{"audio/PCMA", 8000, 1, 8, Feedback::kAll},
    CodecRow{"audio/ISAC", 32000, 1, kNoPayloadType, Feedback::kNoNack},
    CodecRow{"audio/ISAC", 16000, 1, kNoPayloadType, Feedback::kNoNack},
    CodecRow{"audio/G722", 8000, 1, 9, Feedback::kNoNack},
    CodecRow{"audio/iLBC", 8000, 1, kNoPayloadType, Feedback::kNoNack},
    CodecRow{"audio/SILK", 24000, 1, kNoPayloadType, Feedback::kNoNack},
    CodecRow{"audio/SILK", 16000, 1, kNoPayloadType, Feedback::kNoNack},
    CodecRow{"audio/SILK", 12000, 1, kNoPayloadType, Feedback::kNoNack},
    CodecRow{"audio/SILK", 8000, 1, kNoPayloadType, Feedback::kNoNack},
    CodecRow{"audio/CN", 32000, 1, kNoPayloadType, Feedback::kNone},
    CodecRow{"audio/CN", 16000, 1, kNoPayloadType, Feedback::kNone},
    CodecRow{"audio/CN", 8000, 1, 13, Feedback::kNone},
    CodecRow{"audio/telephone-event", 48000, 1, kNoPayloadType, Feedback::kNone},
    CodecRow{"audio/telephone-event", 32000, 1, kNoPayloadType, Feedback::kNone},
    CodecRow{"audio/telephone-event", 16000, 1, kNoPayloadType, Feedback::kNone},
    CodecRow{"audio/telephone-event", 8000, 1, kNoPayloadType, Feedback::kNone},
    CodecRow{"video/VP8", 90000, 1, kNoPayloadType, Feedback::kAll},
    CodecRow{"video/VP9", 90000, 1, kNoPayloadType, Feedback::kAll},
    CodecRow{"video/H264", 90000, 1, kNoPayloadType, Feedback::kAll},
    CodecRow{"video/H264-SVC", 90000, 1, kNoPayloadType, Feedback::kAll},
    CodecRow{"video/H265", 90000, 1, kNoPayloadType, Feedback::kAll},
    CodecRow{"video/AV1", 90000, 1, kNoPayloadType, Feedback::kAll},
};

/// What rooms know of a codec before anybody asks. Opus of more than two channels is told apart by its
/// streams (as RFC 7845 §5.1.1 counts them) and their places; H264 allows either side a level of its own
/// (RFC 6184 §8.1), as we only forward.
struct ParameterRow {
  std::string_view mime_type;
  std::uint8_t channels;
  std::string_view name;
  std::string_view text;  ///< Empty: a number.
  std::int64_t number;
};
constexpr std::array kParameters = {
    ParameterRow{"audio/multiopus", 4, "channel_mapping", "0,1,2,3", 0},
    ParameterRow{"audio/multiopus", 4, "num_streams", "", 2},
    ParameterRow{"audio/multiopus", 4, "coupled_streams", "", 2},
    ParameterRow{"audio/multiopus", 6, "channel_mapping", "0,4,1,2,3,5", 0},
    ParameterRow{"audio/multiopus", 6, "num_streams", "", 4},
    ParameterRow{"audio/multiopus", 6, "coupled_streams", "", 2},
    ParameterRow{"audio/multiopus", 8, "channel_mapping", "0,6,1,2,3,4,5,7", 0},
    ParameterRow{"audio/multiopus", 8, "num_streams", "", 5},
    ParameterRow{"audio/multiopus", 8, "coupled_streams", "", 3},
    ParameterRow{"video/H264", 1, "level-asymmetry-allowed", "", 1},
    ParameterRow{"video/H264-SVC", 1, "level-asymmetry-allowed", "", 1},
};

struct FeedbackRow {
  MediaKind kind;
  std::string_view type;
  std::string_view parameter;
};
constexpr std::array kFeedback = {
    FeedbackRow{MediaKind::kAudio, "nack", ""},         FeedbackRow{MediaKind::kAudio, "transport-cc", ""},
    FeedbackRow{MediaKind::kVideo, "nack", ""},         FeedbackRow{MediaKind::kVideo, "nack", "pli"},
    FeedbackRow{MediaKind::kVideo, "ccm", "fir"},       FeedbackRow{MediaKind::kVideo, "goog-remb", ""},
    FeedbackRow{MediaKind::kVideo, "transport-cc", ""},
};

/// One id an URI for both kinds, as BUNDLE wants it (RFC 8843 §10.1.1); all below 15, so that one-byte
/// headers do.
struct ExtensionRow {
  std::string_view uri;
  std::uint8_t id;
  ExtensionDirection direction;
  bool audio;
  bool video;
};
constexpr std::array kExtensions = {
    ExtensionRow{extension_uri::kMid, 1, ExtensionDirection::kSendRecv, true, true},
    ExtensionRow{extension_uri::kRid, 2, ExtensionDirection::kRecvOnly, false, true},
    ExtensionRow{extension_uri::kRrid, 3, ExtensionDirection::kRecvOnly, false, true},
    ExtensionRow{extension_uri::kAbsSendTime, 4, ExtensionDirection::kSendRecv, true, true},
    ExtensionRow{extension_uri::kTransportWideCc, 5, ExtensionDirection::kSendRecv, true, true},
    ExtensionRow{extension_uri::kDependencyDescriptor, 8, ExtensionDirection::kSendRecv, false, true},
    ExtensionRow{extension_uri::kVideoLayersAllocation, 9, ExtensionDirection::kRecvOnly, false, true},
    ExtensionRow{extension_uri::kSsrcAudioLevel, 10, ExtensionDirection::kSendRecv, true, false},
    ExtensionRow{extension_uri::kVideoOrientation, 11, ExtensionDirection::kSendRecv, false, true},
    ExtensionRow{extension_uri::kTimeOffset, 12, ExtensionDirection::kSendRecv, false, true},
    ExtensionRow{extension_uri::kAbsCaptureTime, 13, ExtensionDirection::kSendRecv, true, true},
    ExtensionRow{extension_uri::kPlayoutDelay, 14, ExtensionDirection::kSendRecv, false, true},
};

RtpCodecCapability to_capability(const CodecRow& row) {
  RtpCodecCapability codec;
  codec.mime_type = row.mime_type;
  codec.kind = *kind_of(row.mime_type);
  codec.clock_rate = row.clock_rate;
  codec.channels = row.channels;
  if (row.payload_type != kNoPayloadType)
    codec.preferred_payload_type = static_cast<std::uint8_t>(row.payload_type);
  for (const ParameterRow& parameter : kParameters) {
    if (parameter.mime_type != row.mime_type || parameter.channels != row.channels) continue;
    if (parameter.text.empty()) {
      set_parameter(codec.parameters, parameter.name, parameter.number);
    } else {
      set_parameter(codec.parameters, parameter.name, std::string(parameter.text));
    }
  }
  if (row.feedback == Feedback::kNone) return codec;
  for (const FeedbackRow& feedback : kFeedback) {
    if (feedback.kind != codec.kind) continue;
    if (row.feedback == Feedback::kNoNack && feedback.type == "nack") continue;
    codec.rtcp_feedback.push_back({std::string(feedback.type), std::string(feedback.parameter)});
  }
  return codec;
}

RtpCapabilities build_supported() {
  RtpCapabilities supported;
  for (const CodecRow& row : kCodecs) supported.codecs.push_back(to_capability(row));
  for (const ExtensionRow& row : kExtensions) {
    if (row.audio)
      supported.header_extensions.push_back(
          {MediaKind::kAudio, std::string(row.uri), row.id, false, row.direction});
    if (row.video)
      supported.header_extensions.push_back(
          {MediaKind::kVideo, std::string(row.uri), row.id, false, row.direction});
  }
  return supported;
}

/// RFC 5761 §4: with rtcp-mux these would be taken for RTCP.
bool looks_like_rtcp(std::uint8_t payload_type) {
  return payload_type >= 64 && payload_type <= 95;
}

/// The payload types of one room: which are taken, and the next free dynamic one.
class PayloadTypes {
 public:
  bool take(std::uint8_t payload_type) {
    if (taken_.test(payload_type)) return false;
    taken_.set(payload_type);
    return true;
  }
  /// RFC 3551 §6 gives 96–127 to dynamic use; browsers go on below, with what is unassigned and unlike RTCP.
  std::optional<std::uint8_t> take_dynamic() {
    for (const auto& [first, last] : kDynamicRanges) {
      for (int payload_type = first; payload_type <= last; ++payload_type) {
        if (take(static_cast<std::uint8_t>(payload_type))) return static_cast<std::uint8_t>(payload_type);
      }
    }
    return std::nullopt;
  }

 private:
  struct Range {
    int first;
    int last;
  };
  /// From 100, as apps that come from mediasoup have it in their logs and captures.
  static constexpr std::array kDynamicRanges = {Range{100, 127}, Range{96, 99}, Range{35, 63}};

  std::bitset<128> taken_;
};

std::string codec_field(std::size_t index) {
  return "mediaCodecs[" + std::to_string(index) + "]";
}

Error unsupported(std::string field, std::string message) {
  return {ErrorCode::kUnsupported, std::move(field), std::move(message)};
}

/// The supported codec that `asked` means, or what about it is not supported.
Result<const RtpCodecCapability*> find_supported(const RtpCodecCapability& asked, const std::string& field) {
  bool known = false;
  bool rate_known = false;
  bool channels_known = false;
  std::string rates;
  std::string channels;
  for (const RtpCodecCapability& supported : supported_capabilities().codecs) {
    if (codecs_match(asked, supported)) return &supported;
    if (!equal_ignoring_case(asked.mime_type, supported.mime_type)) continue;
    known = true;
    rates += (rates.empty() ? "" : " or ") + std::to_string(supported.clock_rate);
    if (asked.clock_rate != supported.clock_rate) continue;
    rate_known = true;
    channels_known = channels_known || asked.channels == supported.channels;
    channels += (channels.empty() ? "" : " or ") + std::to_string(supported.channels);
  }
  if (is_rtx(asked.mime_type)) {
    return unsupported(field + ".mimeType", "Leave RTX out: the room adds it to video and to Opus.");
  }
  if (!known) return unsupported(field + ".mimeType", "The codec " + asked.mime_type + " is not supported.");
  if (!rate_known)
    return unsupported(field + ".clockRate",
                       asked.mime_type + " is supported with a clock rate of " + rates + " Hz only.");
  if (!channels_known) {
    return unsupported(field + ".channels",
                       asked.mime_type + " is supported with " + channels + " channel(s) only.");
  }
  return unsupported(field + ".parameters",
                     asked.mime_type + " is not supported with these parameters, or needs some.");
}

/// Payload types that were asked for go first, so that no dynamic one gets in their way.
Result<void> take_asked(const std::vector<RtpCodecCapability>& media_codecs, PayloadTypes& payload_types) {
  for (std::size_t i = 0; i < media_codecs.size(); ++i) {
    const auto& asked = media_codecs[i].preferred_payload_type;
    if (!asked) continue;
    const std::string field = codec_field(i) + ".preferredPayloadType";
    if (looks_like_rtcp(*asked)) {
      return invalid_argument(
          field, "A payload type from 64 to 95 would be taken for RTCP; expected 0 to 63 or 96 to 127.");
    }
    if (!payload_types.take(*asked)) {
      return invalid_argument(field, "The payload type " + std::to_string(*asked) +
                                         " is used by another codec; expected each once.");
    }
  }
  return {};
}

std::optional<std::uint8_t> choose(const RtpCodecCapability& asked, const RtpCodecCapability& supported,
                                   PayloadTypes& payload_types) {
  if (asked.preferred_payload_type) return asked.preferred_payload_type;
  const auto fixed = supported.preferred_payload_type;
  if (fixed && payload_types.take(*fixed)) return fixed;
  return payload_types.take_dynamic();
}

/// RFC 4588 §8.6: "video/rtx", the clock rate of the original, and apt naming it.
RtpCodecCapability rtx_of(const RtpCodecCapability& codec, std::uint8_t payload_type) {
  RtpCodecCapability rtx;
  rtx.kind = codec.kind;
  rtx.mime_type = std::string(kind_name(codec.kind)) + "/rtx";
  rtx.preferred_payload_type = payload_type;
  rtx.clock_rate = codec.clock_rate;
  rtx.parameters.push_back({"apt", std::int64_t{*codec.preferred_payload_type}});
  return rtx;
}

Result<void> add_codec(const RtpCodecCapability& asked, const std::string& field, PayloadTypes& payload_types,
                       RtpCapabilities& room) {
  const auto supported = find_supported(asked, field);
  if (!supported) return supported.error();
  RtpCodecCapability codec = **supported;
  for (const CodecParameter& parameter : asked.parameters)
    set_parameter(codec.parameters, parameter.name, parameter.value);
  const Error exhausted{ErrorCode::kLimitExceeded, field, "There are no payload types left for this codec."};
  codec.preferred_payload_type = choose(asked, **supported, payload_types);
  if (!codec.preferred_payload_type) return exhausted;
  room.codecs.push_back(codec);
  if (codec.kind != MediaKind::kVideo) return {};
  const auto rtx_payload_type = payload_types.take_dynamic();
  if (!rtx_payload_type) return exhausted;
  room.codecs.push_back(rtx_of(codec, *rtx_payload_type));
  return {};
}

/// Opus can be repeated too. Its RTX stands and is numbered behind all else, so that rooms keep the numbers
/// that clients know; where no number is left, Opus goes without.
void add_opus_rtx(PayloadTypes& payload_types, RtpCapabilities& room) {
  const std::vector<RtpCodecCapability> codecs = room.codecs;
  for (const RtpCodecCapability& codec : codecs) {
    if (!equal_ignoring_case(codec.mime_type, "audio/opus")) continue;
    const auto payload_type = payload_types.take_dynamic();
    if (payload_type) room.codecs.push_back(rtx_of(codec, *payload_type));
  }
}

/// RFC 2198 §5: RED's parameters are the payload types of what it carries.
Result<void> settle_red(RtpCapabilities& room, const std::vector<RtpCodecCapability>& media_codecs) {
  const std::size_t before = room.codecs.size();
  settle_red_parameters(room.codecs);
  if (room.codecs.size() == before) return {};
  const auto red = std::find_if(media_codecs.begin(), media_codecs.end(),
                                [](const auto& codec) { return is_red(codec.mime_type); });
  const auto index = static_cast<std::size_t>(red - media_codecs.begin());
  return unsupported(codec_field(index), "RED carries audio/opus; expected it among the codecs too.");
}

}  // namespace

const RtpCapabilities& supported_capabilities() {
  static const RtpCapabilities supported = build_supported();
  return supported;
}

Result<RtpCapabilities> room_capabilities(std::vector<RtpCodecCapability> media_codecs) {
  if (media_codecs.size() > limits::kCodecs) {
    return invalid_argument("mediaCodecs",
                            "Expected at most " + std::to_string(limits::kCodecs) + " codecs.");
  }
  for (std::size_t i = 0; i < media_codecs.size(); ++i) {
    if (auto valid = validate(media_codecs[i], codec_field(i)); !valid) return valid.error();
  }
  PayloadTypes payload_types;
  if (auto taken = take_asked(media_codecs, payload_types); !taken) return taken.error();
  RtpCapabilities room;
  for (std::size_t i = 0; i < media_codecs.size(); ++i) {
    if (auto added = add_codec(media_codecs[i], codec_field(i), payload_types, room); !added)
      return added.error();
  }
  if (auto settled = settle_red(room, media_codecs); !settled) return settled.error();
  add_opus_rtx(payload_types, room);
  room.header_extensions = supported_capabilities().header_extensions;
  return room;
}

}  // namespace sluice::negotiate
