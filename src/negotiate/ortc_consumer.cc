// The consumer's half of ortc.h: from what a producer offers to what one peer receives.
#include <algorithm>

#include "base/check.h"
#include "negotiate/codec_match.h"
#include "negotiate/media_codecs.h"
#include "negotiate/ortc.h"
#include "negotiate/scalability_mode.h"

namespace sluice::negotiate {
namespace {

constexpr MatchOptions kStrict{.strict = true};

struct Cut {
  bool rtx = false;
  bool peer_numbers = false;
};

const RtpCodecCapability* peer_codec_of(const RtpCodecParameters& codec, const RtpCapabilities& peer) {
  const auto found =
      std::find_if(peer.codecs.begin(), peer.codecs.end(), [&](const RtpCodecCapability& candidate) {
        return !is_rtx(candidate.mime_type) && codecs_match(candidate, codec, kStrict);
      });
  return found == peer.codecs.end() ? nullptr : &*found;
}

/// The peer's RTX for a codec of its own. Capabilities without payload types cannot say which: then any of
/// the clock rate does.
const RtpCodecCapability* peer_rtx_of(const RtpCodecCapability& codec, const RtpCapabilities& peer) {
  const auto repairs = [&](const RtpCodecCapability& rtx) {
    if (!codec.preferred_payload_type) return rtx.clock_rate == codec.clock_rate;
    return integer_parameter(rtx.parameters, "apt") == *codec.preferred_payload_type;
  };
  const auto found =
      std::find_if(peer.codecs.begin(), peer.codecs.end(), [&](const RtpCodecCapability& candidate) {
        return is_rtx(candidate.mime_type) && candidate.kind == codec.kind && repairs(candidate);
      });
  return found == peer.codecs.end() ? nullptr : &*found;
}

/// What both give. Without retransmission the generic NACK goes (RFC 4585 §6.2.1); PLI, written "nack pli",
/// stays.
std::vector<RtcpFeedback> common_feedback(const RtpCodecParameters& codec, const RtpCodecCapability& theirs,
                                          bool rtx) {
  std::vector<RtcpFeedback> common;
  for (const RtcpFeedback& feedback : codec.rtcp_feedback) {
    if (!rtx && feedback.type == "nack" && feedback.parameter.empty()) continue;
    const auto& list = theirs.rtcp_feedback;
    if (std::find(list.begin(), list.end(), feedback) != list.end()) common.push_back(feedback);
  }
  return common;
}

std::uint8_t number_for(const RtpCodecParameters& codec, const RtpCodecCapability& theirs,
                        bool peer_numbers) {
  return peer_numbers ? theirs.preferred_payload_type.value_or(codec.payload_type) : codec.payload_type;
}

std::vector<RtpCodecParameters> common_codecs(const RtpParameters& consumable, const RtpCapabilities& peer,
                                              Cut cut) {
  std::vector<RtpCodecParameters> codecs;
  const auto add = [&](RtpCodecParameters codec, std::uint8_t payload_type) {
    if (find_payload_type(codecs, payload_type) != nullptr) return false;
    codec.payload_type = payload_type;
    codecs.push_back(std::move(codec));
    return true;
  };
  for (const RtpCodecParameters& offered : consumable.codecs) {
    if (is_rtx(offered.mime_type)) continue;
    const RtpCodecCapability* theirs = peer_codec_of(offered, peer);
    if (theirs == nullptr) continue;
    RtpCodecParameters codec = offered;
    codec.rtcp_feedback = common_feedback(offered, *theirs, cut.rtx);
    const std::uint8_t payload_type = number_for(offered, *theirs, cut.peer_numbers);
    if (!add(std::move(codec), payload_type) || !cut.rtx) continue;
    const RtpCodecParameters* offered_rtx = find_rtx(consumable.codecs, offered.payload_type);
    const RtpCodecCapability* their_rtx = peer_rtx_of(*theirs, peer);
    if (offered_rtx == nullptr || their_rtx == nullptr) continue;
    RtpCodecParameters rtx = *offered_rtx;
    set_parameter(rtx.parameters, "apt", std::int64_t{payload_type});
    add(std::move(rtx), number_for(*offered_rtx, *their_rtx, cut.peer_numbers));
  }
  settle_red_parameters(codecs);
  return codecs;
}

bool receives(const RtpHeaderExtension& extension) {
  return extension.direction == ExtensionDirection::kSendRecv ||
         extension.direction == ExtensionDirection::kRecvOnly;
}

std::vector<RtpHeaderExtensionParameters> common_extensions(const RtpParameters& consumable,
                                                            const RtpCapabilities& peer, MediaKind kind,
                                                            bool peer_numbers) {
  std::vector<RtpHeaderExtensionParameters> common;
  for (const RtpHeaderExtensionParameters& offered : consumable.header_extensions) {
    const auto theirs =
        std::find_if(peer.header_extensions.begin(), peer.header_extensions.end(),
                     [&](const RtpHeaderExtension& extension) {
                       return extension.kind == kind && extension.uri == offered.uri && receives(extension);
                     });
    if (theirs == peer.header_extensions.end()) continue;
    common.push_back(offered);
    if (peer_numbers) common.back().id = theirs->preferred_id;
  }
  return common;
}

bool has_extension(std::span<const RtpHeaderExtensionParameters> extensions, std::string_view uri) {
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](const auto& extension) { return extension.uri == uri; });
}

bool has_feedback(const RtpCodecParameters& codec, std::string_view type) {
  return std::any_of(codec.rtcp_feedback.begin(), codec.rtcp_feedback.end(),
                     [&](const auto& feedback) { return feedback.type == type; });
}

/// One way of bandwidth estimation a codec: transport-cc when its extension carries the numbers, else REMB
/// when abs-send-time does.
void keep_one_estimator(std::vector<RtpCodecParameters>& codecs,
                        std::span<const RtpHeaderExtensionParameters> extensions) {
  const bool transport_cc = has_extension(extensions, extension_uri::kTransportWideCc);
  const bool remb = has_extension(extensions, extension_uri::kAbsSendTime);
  for (RtpCodecParameters& codec : codecs) {
    const bool use_transport_cc = transport_cc && has_feedback(codec, "transport-cc");
    const bool use_remb = remb && !use_transport_cc;
    std::erase_if(codec.rtcp_feedback, [&](const RtcpFeedback& feedback) {
      return (feedback.type == "transport-cc" && !use_transport_cc) ||
             (feedback.type == "goog-remb" && !use_remb);
    });
  }
}

/// `count` SSRCs in a row, none 0 and none taken. Returns the first.
std::uint32_t fresh_ssrcs(std::uint32_t count, std::span<const std::uint32_t> taken, Random& random) {
  for (;;) {
    const std::uint32_t first = 1 + random.below(0xFFFFFFFFu - count);
    const bool clash =
        std::any_of(taken.begin(), taken.end(), [&](std::uint32_t ssrc) { return ssrc - first < count; });
    if (!clash) return first;
  }
}

/// Simulcast is received as one stream of as many spatial layers as there are encodings.
std::string combined_scalability_mode(std::span<const RtpEncodingParameters> encodings) {
  const auto named = std::find_if(encodings.begin(), encodings.end(),
                                  [](const auto& encoding) { return !encoding.scalability_mode.empty(); });
  std::string mode = named == encodings.end() ? std::string() : named->scalability_mode;
  if (encodings.size() <= 1) return mode;
  return "L" + std::to_string(encodings.size()) + "T" +
         std::to_string(parse_scalability_mode(mode).temporal_layers);
}

RtpEncodingParameters one_encoding(std::span<const RtpEncodingParameters> encodings, bool rtx,
                                   const ConsumerOptions& options, Random& random) {
  RtpEncodingParameters encoding;
  const std::uint32_t ssrc = fresh_ssrcs(rtx ? 2 : 1, options.taken_ssrcs, random);
  encoding.ssrc = ssrc;
  if (rtx) encoding.rtx_ssrc = ssrc + 1;
  encoding.scalability_mode = combined_scalability_mode(encodings);
  for (const RtpEncodingParameters& offered : encodings)
    encoding.max_bitrate = std::max(encoding.max_bitrate, offered.max_bitrate);
  return encoding;
}

std::vector<RtpEncodingParameters> every_encoding(std::span<const RtpEncodingParameters> encodings, bool rtx,
                                                  const ConsumerOptions& options, Random& random) {
  std::vector<RtpEncodingParameters> all(encodings.begin(), encodings.end());
  const auto count = static_cast<std::uint32_t>(all.size());
  const std::uint32_t first = fresh_ssrcs(rtx ? 2 * count : count, options.taken_ssrcs, random);
  for (std::uint32_t i = 0; i < count; ++i) {
    all[i].ssrc = first + i;
    all[i].rtx_ssrc = rtx ? std::optional(first + count + i) : std::nullopt;
  }
  return all;
}

bool any_rtx(std::span<const RtpCodecParameters> codecs) {
  return std::any_of(codecs.begin(), codecs.end(), [](const auto& codec) { return is_rtx(codec.mime_type); });
}

}  // namespace

bool can_consume(const RtpParameters& consumable, const RtpCapabilities& peer) {
  return std::any_of(consumable.codecs.begin(), consumable.codecs.end(),
                     [&](const RtpCodecParameters& codec) {
                       return !is_rtx(codec.mime_type) && peer_codec_of(codec, peer) != nullptr;
                     });
}

Result<RtpParameters> consumer_parameters(const RtpParameters& consumable, const RtpCapabilities& peer,
                                          Random& random, const ConsumerOptions& options) {
  SLUICE_CHECK(!consumable.codecs.empty());
  const auto kind = kind_of(consumable.codecs.front().mime_type);
  SLUICE_CHECK(kind.has_value());
  const Cut cut{options.enable_rtx.value_or(true), options.peer_numbers};
  RtpParameters consumer;
  consumer.codecs = common_codecs(consumable, peer, cut);
  if (consumer.codecs.empty()) {
    return Error{
        ErrorCode::kUnsupported, "rtpCapabilities.codecs",
        "None of the producer's codecs is among them; expected " + consumable.codecs.front().mime_type + "."};
  }
  consumer.header_extensions = common_extensions(consumable, peer, *kind, options.peer_numbers);
  keep_one_estimator(consumer.codecs, consumer.header_extensions);
  const bool rtx = any_rtx(consumer.codecs);
  if (options.pipe) {
    consumer.encodings = every_encoding(consumable.encodings, rtx, options, random);
  } else {
    consumer.encodings.push_back(one_encoding(consumable.encodings, rtx, options, random));
  }
  consumer.rtcp = consumable.rtcp;
  consumer.msid = consumable.msid;
  return consumer;
}

}  // namespace sluice::negotiate
