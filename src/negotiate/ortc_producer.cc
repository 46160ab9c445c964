// The producer's half of ortc.h: from its parameters to the room's numbers.
#include <algorithm>

#include "base/check.h"
#include "negotiate/codec_match.h"
#include "negotiate/ortc.h"
#include "negotiate/scalability_mode.h"

namespace sluice::negotiate {
namespace {

constexpr MatchOptions kStrict{.strict = true};

std::string codec_field(std::size_t index) {
  return "rtpParameters.codecs[" + std::to_string(index) + "]";
}

/// The room's codec that the producer's is; null when the room does not route it.
const RtpCodecCapability* room_codec_of(const RtpCodecParameters& codec, const RtpCapabilities& room) {
  const auto found =
      std::find_if(room.codecs.begin(), room.codecs.end(), [&](const RtpCodecCapability& candidate) {
        return !is_rtx(candidate.mime_type) && candidate.preferred_payload_type &&
               codecs_match(codec, candidate, kStrict);
      });
  return found == room.codecs.end() ? nullptr : &*found;
}

Result<void> map_media(MediaKind kind, const RtpParameters& producer, const RtpCapabilities& room,
                       RtpMapping& mapping) {
  for (std::size_t i = 0; i < producer.codecs.size(); ++i) {
    const RtpCodecParameters& codec = producer.codecs[i];
    if (kind_of(codec.mime_type) != kind) {
      return invalid_argument(
          codec_field(i) + ".mimeType",
          codec.mime_type + " is not of the kind of this producer, " + std::string(kind_name(kind)) + ".");
    }
    if (is_rtx(codec.mime_type)) continue;
    const RtpCodecCapability* room_codec = room_codec_of(codec, room);
    if (room_codec == nullptr) {
      return Error{ErrorCode::kUnsupported, codec_field(i),
                   "The room does not route " + codec.mime_type + " with payload type " +
                       std::to_string(codec.payload_type) + " and these parameters."};
    }
    mapping.codecs.push_back({codec.payload_type, *room_codec->preferred_payload_type});
  }
  if (!mapping.codecs.empty()) return {};
  return invalid_argument("rtpParameters.codecs", "Expected at least one codec that is not RTX.");
}

/// RTX follows its original: the room's RTX whose apt is what the producer's apt is mapped to.
Result<void> map_rtx(const RtpParameters& producer, const RtpCapabilities& room, RtpMapping& mapping) {
  for (std::size_t i = 0; i < producer.codecs.size(); ++i) {
    const RtpCodecParameters& codec = producer.codecs[i];
    if (!is_rtx(codec.mime_type)) continue;
    const auto apt = integer_parameter(codec.parameters, "apt");
    const auto original = apt && *apt >= 0 && *apt <= 127
                              ? mapping.mapped_payload_type(static_cast<std::uint8_t>(*apt))
                              : std::nullopt;
    if (!original) {
      return invalid_argument(codec_field(i) + ".parameters.apt",
                              "Expected the payload type of a codec that is not RTX.");
    }
    const RtpCodecCapability* room_rtx = find_rtx(room.codecs, *original);
    if (room_rtx == nullptr || !room_rtx->preferred_payload_type) {
      return Error{ErrorCode::kUnsupported, codec_field(i),
                   "The room has no RTX for payload type " + std::to_string(*apt) + "."};
    }
    mapping.codecs.push_back({codec.payload_type, *room_rtx->preferred_payload_type});
  }
  return {};
}

/// One after another from a random one on, so that the layers of a producer are told together in logs. Never
/// 0.
void map_encodings(const RtpParameters& producer, Random& random, RtpMapping& mapping) {
  const auto count = static_cast<std::uint32_t>(producer.encodings.size());
  std::uint32_t ssrc = 1 + random.below(0xFFFFFFFFu - count);
  for (const RtpEncodingParameters& encoding : producer.encodings) {
    mapping.encodings.push_back({encoding.ssrc, encoding.rid, encoding.scalability_mode, ssrc++});
  }
}

RtpCodecParameters in_room_numbers(const RtpCodecCapability& room_codec) {
  RtpCodecParameters codec;
  codec.mime_type = room_codec.mime_type;
  codec.payload_type = *room_codec.preferred_payload_type;
  codec.clock_rate = room_codec.clock_rate;
  codec.channels = room_codec.channels;
  codec.parameters = room_codec.parameters;
  codec.rtcp_feedback = room_codec.rtcp_feedback;
  return codec;
}

std::vector<RtpCodecParameters> consumable_codecs(const RtpParameters& producer, const RtpCapabilities& room,
                                                  const RtpMapping& mapping) {
  std::vector<RtpCodecParameters> codecs;
  for (const RtpCodecParameters& theirs : producer.codecs) {
    if (is_rtx(theirs.mime_type)) continue;
    const auto mapped = mapping.mapped_payload_type(theirs.payload_type);
    if (!mapped || find_payload_type(codecs, *mapped) != nullptr) continue;
    const RtpCodecCapability* room_codec = find_payload_type(room.codecs, *mapped);
    SLUICE_CHECK(room_codec != nullptr);
    codecs.push_back(in_room_numbers(*room_codec));
    codecs.back().parameters = theirs.parameters;  // its profile and stereo, not the room's
    settle_parameters(codecs.back().parameters, theirs, *room_codec);
    if (const RtpCodecCapability* rtx = find_rtx(room.codecs, *mapped))
      codecs.push_back(in_room_numbers(*rtx));
  }
  settle_red_parameters(codecs);
  return codecs;
}

bool sends(const RtpHeaderExtension& extension) {
  return extension.direction == ExtensionDirection::kSendRecv ||
         extension.direction == ExtensionDirection::kSendOnly;
}

}  // namespace

std::optional<std::uint8_t> RtpMapping::mapped_payload_type(std::uint8_t payload_type) const {
  const auto found = std::find_if(codecs.begin(), codecs.end(),
                                  [&](const Codec& codec) { return codec.payload_type == payload_type; });
  if (found == codecs.end()) return std::nullopt;
  return found->mapped_payload_type;
}

std::string_view producer_type(MediaKind kind, const RtpParameters& producer) {
  if (kind != MediaKind::kVideo || producer.encodings.empty() || producer.codecs.empty()) return "simple";
  if (producer.encodings.size() > 1) return "simulcast";
  const ScalabilityMode mode = parse_scalability_mode(producer.encodings.front().scalability_mode);
  if (mode.spatial_layers == 1 && mode.temporal_layers == 1) return "simple";
  const std::string& codec = producer.codecs.front().mime_type;
  for (const std::string_view svc : {"video/VP9", "video/AV1", "video/H264-SVC"}) {
    if (equal_ignoring_case(codec, svc)) return "svc";
  }
  return "simulcast";
}

Result<RtpMapping> producer_mapping(MediaKind kind, const RtpParameters& producer,
                                    const RtpCapabilities& room, Random& random) {
  RtpMapping mapping;
  if (auto r = map_media(kind, producer, room, mapping); !r) return r.error();
  if (auto r = map_rtx(producer, room, mapping); !r) return r.error();
  map_encodings(producer, random, mapping);
  return mapping;
}

RtpParameters consumable_parameters(MediaKind kind, const RtpParameters& producer,
                                    const RtpCapabilities& room, const RtpMapping& mapping) {
  SLUICE_CHECK(producer.encodings.size() == mapping.encodings.size());
  RtpParameters consumable;
  consumable.codecs = consumable_codecs(producer, room, mapping);
  for (const RtpHeaderExtension& extension : room.header_extensions) {
    if (extension.kind != kind || !sends(extension)) continue;
    consumable.header_extensions.push_back(
        {extension.uri, extension.preferred_id, extension.preferred_encrypt});
  }
  for (std::size_t i = 0; i < producer.encodings.size(); ++i) {
    RtpEncodingParameters encoding = producer.encodings[i];
    encoding.ssrc = mapping.encodings[i].mapped_ssrc;
    encoding.rtx_ssrc.reset();
    encoding.rid.clear();
    encoding.codec_payload_type.reset();
    consumable.encodings.push_back(std::move(encoding));
  }
  consumable.rtcp.cname = producer.rtcp.cname;
  consumable.msid = producer.msid;
  return consumable;
}

}  // namespace sluice::negotiate
