#include "negotiate/validate.h"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "negotiate/codec_match.h"
#include "negotiate/field_checks.h"

namespace sluice::negotiate {
namespace {

using Text = std::string_view;

/// What codecs of capabilities and of parameters have in common.
template <typename Codec>
Result<void> check_codec(Codec& codec, const std::string& field) {
  if (auto r = check_mime_type(codec.mime_type, field); !r) return r;
  if (codec.clock_rate == 0)
    return invalid_argument(join(field, "clockRate"), "Missing or 0; expected a rate in Hz.");
  if (kind_of(codec.mime_type) == MediaKind::kVideo) codec.channels = 1;
  if (codec.channels == 0) return invalid_argument(join(field, "channels"), "Expected 1 or more.");
  if (auto r = check_parameters(codec.parameters, field); !r) return r;
  return check_feedback(codec.rtcp_feedback, field);
}

// --- Capabilities ---

/// Payload types are unique within a kind: audio and video may stand in RTP sessions of their own.
Result<void> check_unique_payload_types(std::span<const RtpCodecCapability> codecs, Text field) {
  std::bitset<256> seen;
  for (std::size_t i = 0; i < codecs.size(); ++i) {
    if (!codecs[i].preferred_payload_type) continue;
    const std::size_t key =
        *codecs[i].preferred_payload_type + (codecs[i].kind == MediaKind::kVideo ? 128u : 0u);
    if (seen.test(key)) {
      return invalid_argument(join(join(field, "codecs", i), "preferredPayloadType"),
                              "Used by another codec of this kind; expected each once.");
    }
    seen.set(key);
  }
  return {};
}

Result<void> check_extensions(std::span<const RtpHeaderExtension> extensions, Text field) {
  if (auto r = check_size(extensions.size(), limits::kHeaderExtensions, join(field, "headerExtensions")); !r)
    return r;
  std::set<std::pair<MediaKind, std::uint8_t>> seen;
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const std::string entry = join(field, "headerExtensions", i);
    if (auto r = check_required(extensions[i].uri, rules::kUri, join(entry, "uri")); !r) return r;
    // RFC 8285 §4.2, §4.3: 0 is padding.
    if (extensions[i].preferred_id == 0)
      return invalid_argument(join(entry, "preferredId"), "Missing or 0; expected 1 to 255.");
    if (!seen.emplace(extensions[i].kind, extensions[i].preferred_id).second) {
      return invalid_argument(join(entry, "preferredId"),
                              "Used by another extension of this kind; expected each once.");
    }
  }
  return {};
}

// --- Parameters ---

Result<void> check_codec_list(std::span<RtpCodecParameters> codecs, Text field) {
  if (codecs.empty()) return invalid_argument(join(field, "codecs"), "Empty; expected at least one codec.");
  if (auto r = check_size(codecs.size(), limits::kCodecs, join(field, "codecs")); !r) return r;
  std::bitset<128> seen;
  for (std::size_t i = 0; i < codecs.size(); ++i) {
    const std::string entry = join(field, "codecs", i);
    if (auto r = check_codec(codecs[i], entry); !r) return r;
    if (auto r = check_payload_type(codecs[i].payload_type, join(entry, "payloadType")); !r) return r;
    if (seen.test(codecs[i].payload_type)) {
      return invalid_argument(join(entry, "payloadType"), "Used by another codec; expected each once.");
    }
    seen.set(codecs[i].payload_type);
  }
  return {};
}

bool names_media(std::span<const RtpCodecParameters> codecs, std::int64_t payload_type) {
  return std::any_of(codecs.begin(), codecs.end(), [&](const RtpCodecParameters& codec) {
    return codec.payload_type == payload_type && !is_rtx(codec.mime_type);
  });
}

/// RFC 4588 §8.6: apt is required, and names the original.
Result<void> check_rtx(std::span<const RtpCodecParameters> codecs, Text field) {
  for (std::size_t i = 0; i < codecs.size(); ++i) {
    if (!is_rtx(codecs[i].mime_type)) continue;
    const auto apt = integer_parameter(codecs[i].parameters, "apt");
    if (apt && names_media(codecs, *apt)) continue;
    return invalid_argument(join(join(field, "codecs", i), "parameters.apt"),
                            "Expected the payload type of a codec that is not RTX.");
  }
  return {};
}

Result<void> check_extensions(std::span<const RtpHeaderExtensionParameters> extensions, Text field) {
  if (auto r = check_size(extensions.size(), limits::kHeaderExtensions, join(field, "headerExtensions")); !r)
    return r;
  std::bitset<256> seen;
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const std::string entry = join(field, "headerExtensions", i);
    if (auto r = check_required(extensions[i].uri, rules::kUri, join(entry, "uri")); !r) return r;
    if (extensions[i].id == 0) return invalid_argument(join(entry, "id"), "Missing or 0; expected 1 to 255.");
    if (seen.test(extensions[i].id))
      return invalid_argument(join(entry, "id"), "Used by another extension; expected each once.");
    seen.set(extensions[i].id);
  }
  return {};
}

/// SSRCs and rids seen so far, each of which may stand for one stream only.
struct Streams {
  std::set<std::uint32_t> ssrcs;
  std::set<std::string> rids;

  Result<void> add_ssrc(std::optional<std::uint32_t> ssrc, std::string field) {
    if (!ssrc || ssrcs.insert(*ssrc).second) return {};
    return invalid_argument(std::move(field),
                            "The SSRC " + std::to_string(*ssrc) + " is used twice; expected each once.");
  }
  Result<void> add_rid(const std::string& rid, std::string field) {
    if (rid.empty() || rids.insert(rid).second) return {};
    return invalid_argument(std::move(field), "The rid " + rid + " is used twice; expected each once.");
  }
};

Result<void> check_encoding(const RtpEncodingParameters& encoding, std::span<const RtpCodecParameters> codecs,
                            Streams& streams, const std::string& field) {
  if (auto r = check_text(encoding.rid, rules::kRid, join(field, "rid")); !r) return r;
  if (auto r = check_text(encoding.scalability_mode, rules::kScalabilityMode, join(field, "scalabilityMode"));
      !r)
    return r;
  if (auto r = streams.add_ssrc(encoding.ssrc, join(field, "ssrc")); !r) return r;
  if (auto r = streams.add_ssrc(encoding.rtx_ssrc, join(field, "rtx.ssrc")); !r) return r;
  if (auto r = streams.add_rid(encoding.rid, join(field, "rid")); !r) return r;
  if (!encoding.codec_payload_type || names_media(codecs, *encoding.codec_payload_type)) return {};
  return invalid_argument(join(field, "codecPayloadType"),
                          "Expected the payload type of one of the codecs, not of RTX.");
}

Result<void> check_encodings(const RtpParameters& parameters, Text field) {
  const auto& encodings = parameters.encodings;
  if (auto r = check_size(encodings.size(), limits::kEncodings, join(field, "encodings")); !r) return r;
  Streams streams;
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    const std::string entry = join(field, "encodings", i);
    if (encodings.size() > 1 && !encodings[i].ssrc && encodings[i].rid.empty()) {
      return invalid_argument(entry,
                              "One of several encodings needs an ssrc or a rid to be told from the others.");
    }
    if (auto r = check_encoding(encodings[i], parameters.codecs, streams, entry); !r) return r;
  }
  return {};
}

}  // namespace

Result<void> validate(RtpCodecCapability& codec, std::string_view field) {
  const std::string name(field);
  if (auto r = check_codec(codec, name); !r) return r;
  codec.kind = *kind_of(codec.mime_type);
  return check_payload_type(codec.preferred_payload_type.value_or(0), join(field, "preferredPayloadType"));
}

Result<void> validate(RtpCapabilities& capabilities, std::string_view field) {
  if (auto r = check_size(capabilities.codecs.size(), limits::kCodecs, join(field, "codecs")); !r) return r;
  for (std::size_t i = 0; i < capabilities.codecs.size(); ++i) {
    if (auto r = validate(capabilities.codecs[i], join(field, "codecs", i)); !r) return r;
  }
  if (auto r = check_unique_payload_types(capabilities.codecs, field); !r) return r;
  return check_extensions(std::span<const RtpHeaderExtension>(capabilities.header_extensions), field);
}

Result<void> validate(RtpParameters& parameters, std::string_view field) {
  if (auto r = check_text(parameters.mid, rules::kMid, join(field, "mid")); !r) return r;
  if (auto r = check_codec_list(parameters.codecs, field); !r) return r;
  if (auto r = check_rtx(parameters.codecs, field); !r) return r;
  if (auto r = check_extensions(std::span<const RtpHeaderExtensionParameters>(parameters.header_extensions),
                                field);
      !r)
    return r;
  if (parameters.encodings.empty()) parameters.encodings.emplace_back();
  if (auto r = check_encodings(parameters, field); !r) return r;
  if (auto r = check_text(parameters.rtcp.cname, rules::kCname, join(field, "rtcp.cname")); !r) return r;
  return check_text(parameters.msid, rules::kMsid, join(field, "msid"));
}

}  // namespace sluice::negotiate
