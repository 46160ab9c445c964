#include "negotiate/jsep_codecs.h"

#include <algorithm>
#include <charconv>

#include "negotiate/codec_match.h"

namespace sluice::negotiate::jsep {
namespace {

/// RFC 3551 §6: payload types that mean something without an rtpmap.
struct StaticCodec {
  std::uint8_t payload_type;
  std::string_view name;
};
constexpr StaticCodec kStaticAudio[] = {{0, "PCMU"}, {8, "PCMA"}, {9, "G722"}, {13, "CN"}};

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

/// Numbers stay numbers only when writing them again gives the same text.
std::variant<std::int64_t, std::string> parameter_value(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc() && rest == text.data() + text.size() &&
      std::to_string(number) == text)
    return number;
  return std::string(text);
}

/// What the answer says of a codec. Limits that the client set for itself are not ours to repeat.
std::vector<CodecParameter> answered_parameters(const RtpCodecParameters& offered,
                                                const RtpCodecCapability& room) {
  std::vector<CodecParameter> out;
  if (equal_ignoring_case(offered.mime_type, "audio/opus")) {
    // RFC 7587 §7.1: the answer says what the server likes to receive.
    set_parameter(out, "minptime", integer_parameter_or(offered.parameters, "minptime", 10));
    set_parameter(out, "useinbandfec", std::int64_t{1});
    if (integer_parameter_or(offered.parameters, "sprop-stereo", 0) == 1) {
      set_parameter(out, "stereo", std::int64_t{1});
      set_parameter(out, "sprop-stereo", std::int64_t{1});
    }
    for (const CodecParameter& p : room.parameters) set_parameter(out, p.name, p.value);
    return out;
  }
  for (const CodecParameter& p : offered.parameters)
    if (!p.name.starts_with("max-") && !p.name.starts_with("x-google")) out.push_back(p);
  settle_parameters(out, room, offered);
  return out;
}

std::vector<RtcpFeedback> common_feedback(const std::vector<RtcpFeedback>& room,
                                          const std::vector<RtcpFeedback>& offered) {
  std::vector<RtcpFeedback> out;
  for (const RtcpFeedback& fb : room)
    if (std::find(offered.begin(), offered.end(), fb) != offered.end()) out.push_back(fb);
  return out;
}

/// Browsers on libwebrtc answer generic NACKs for Opus, and send them, when the other side's description has
/// them; they offer none. Whoever does not know them ignores what it did not offer (RFC 4585 §4.2).
void add_opus_nack(const RtpCodecCapability& room, RtpCodecParameters& codec) {
  const RtcpFeedback nack{"nack", ""};
  const auto has = [&](const std::vector<RtcpFeedback>& list) {
    return std::find(list.begin(), list.end(), nack) != list.end();
  };
  if (!equal_ignoring_case(room.mime_type, "audio/opus") || !has(room.rtcp_feedback)) return;
  if (!has(codec.rtcp_feedback)) codec.rtcp_feedback.push_back(nack);
}

bool stands_alone(const MatchedCodec& match) {
  const std::string& mime_type = match.codec.mime_type;
  return !is_rtx(mime_type) && !is_red(mime_type) && !is_companion(mime_type);
}

/// RED without parameters is not told what it carries, and cannot be sent.
bool carries_one_of(const RtpCodecParameters& red, const std::vector<MatchedCodec>& codecs) {
  const auto carried = red_payload_type(red.parameters);
  return std::any_of(codecs.begin(), codecs.end(), [&](const MatchedCodec& match) {
    return carried == match.codec.payload_type && !is_red(match.codec.mime_type);
  });
}

/// Media codecs of the room that this one may be; RTX and the like are matched by what they protect.
const RtpCodecCapability* find_in_room(const RtpCapabilities& room, MediaKind kind,
                                       const RtpCodecParameters& codec) {
  if (is_rtx(codec.mime_type)) return nullptr;
  for (const RtpCodecCapability& candidate : room.codecs)
    if (candidate.kind == kind && candidate.preferred_payload_type &&
        codecs_match(candidate, codec, {.strict = true}))
      return &candidate;
  return nullptr;
}

}  // namespace

std::vector<CodecParameter> parse_fmtp(std::string_view config) {
  std::vector<CodecParameter> out;
  while (!config.empty()) {
    const std::size_t end = config.find(';');
    const std::string_view item = trimmed(config.substr(0, end));
    config = end == std::string_view::npos ? std::string_view() : config.substr(end + 1);
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      out.push_back({std::string(item), std::string()});
    } else {
      out.push_back(
          {std::string(trimmed(item.substr(0, equals))), parameter_value(trimmed(item.substr(equals + 1)))});
    }
  }
  return out;
}

std::string write_fmtp(const std::vector<CodecParameter>& parameters) {
  std::string out;
  for (const CodecParameter& p : parameters) {
    if (!out.empty()) out += ';';
    out += p.name;
    const auto* number = std::get_if<std::int64_t>(&p.value);
    const std::string value = number ? std::to_string(*number) : std::get<std::string>(p.value);
    if (!value.empty()) out += '=' + value;
  }
  return out;
}

std::vector<RtpCodecParameters> described_codecs(const sdp::MediaDescription& media) {
  std::vector<RtpCodecParameters> out;
  for (const std::string& format : media.formats) {
    unsigned number = 0;
    const auto [rest, error] = std::from_chars(format.data(), format.data() + format.size(), number);
    if (error != std::errc() || rest != format.data() + format.size() || number > 127) continue;
    const auto payload_type = static_cast<std::uint8_t>(number);
    if (find_payload_type(out, payload_type) != nullptr) continue;
    RtpCodecParameters codec;
    codec.payload_type = payload_type;
    if (const sdp::Rtpmap* map = media.rtpmap(payload_type)) {
      codec.mime_type = media.media + '/' + map->encoding;
      codec.clock_rate = map->clock_rate;
      codec.channels = map->channels.value_or(1);
    } else if (media.media == "audio") {
      const auto* found = std::find_if(std::begin(kStaticAudio), std::end(kStaticAudio),
                                       [&](const StaticCodec& s) { return s.payload_type == payload_type; });
      if (found == std::end(kStaticAudio)) continue;
      codec.mime_type = "audio/" + std::string(found->name);
      codec.clock_rate = 8000;
    } else {
      continue;
    }
    if (const sdp::Fmtp* fmtp = media.fmtp(payload_type)) codec.parameters = parse_fmtp(fmtp->config);
    for (const sdp::RtcpFb& fb : media.rtcp_fbs)
      if (!fb.payload_type || *fb.payload_type == payload_type)
        codec.rtcp_feedback.push_back({fb.type, fb.parameter});
    out.push_back(std::move(codec));
  }
  return out;
}

std::vector<MatchedCodec> match_codecs(MediaKind kind, const std::vector<RtpCodecParameters>& offered,
                                       const RtpCapabilities& room) {
  std::vector<MatchedCodec> out;
  for (const RtpCodecParameters& codec : offered) {
    const RtpCodecCapability* known = find_in_room(room, kind, codec);
    if (known == nullptr) continue;
    MatchedCodec match{codec, *known->preferred_payload_type};
    match.codec.mime_type = known->mime_type;
    match.codec.parameters = answered_parameters(codec, *known);
    match.codec.rtcp_feedback = common_feedback(known->rtcp_feedback, codec.rtcp_feedback);
    add_opus_nack(*known, match.codec);
    out.push_back(std::move(match));
    // RFC 4588 §8.6: RTX names what it protects by apt.
    const RtpCodecParameters* rtx = find_rtx(offered, codec.payload_type);
    const RtpCodecCapability* room_rtx = find_rtx(room.codecs, *known->preferred_payload_type);
    if (rtx == nullptr || room_rtx == nullptr || !room_rtx->preferred_payload_type) continue;
    MatchedCodec retransmission{*rtx, *room_rtx->preferred_payload_type};
    retransmission.codec.mime_type = room_rtx->mime_type;
    retransmission.codec.parameters = {{"apt", std::int64_t{codec.payload_type}}};
    retransmission.codec.rtcp_feedback.clear();
    out.push_back(std::move(retransmission));
  }
  std::erase_if(out, [&](const MatchedCodec& match) {
    return is_red(match.codec.mime_type) && !carries_one_of(match.codec, out);
  });
  // RFC 8829 §5.3.1: in the order of the client, whatever it puts RTX behind.
  const auto place = [&](const MatchedCodec& match) {
    return std::find_if(offered.begin(), offered.end(), [&](const RtpCodecParameters& codec) {
      return codec.payload_type == match.codec.payload_type;
    });
  };
  std::stable_sort(out.begin(), out.end(),
                   [&](const MatchedCodec& a, const MatchedCodec& b) { return place(a) < place(b); });
  // Telephone events beside a codec that the room does not route are nothing to agree on.
  if (std::none_of(out.begin(), out.end(), stands_alone)) out.clear();
  return out;
}

std::vector<RtpCodecParameters> sent_codecs(const std::vector<MatchedCodec>& codecs,
                                            const std::vector<std::uint8_t>& allowed) {
  const auto is_allowed = [&](const MatchedCodec& match) {
    return allowed.empty() ||
           std::find(allowed.begin(), allowed.end(), match.codec.payload_type) != allowed.end();
  };
  auto first = std::find_if(codecs.begin(), codecs.end(), [&](const MatchedCodec& match) {
    return stands_alone(match) && is_allowed(match);
  });
  if (first == codecs.end()) first = std::find_if(codecs.begin(), codecs.end(), stands_alone);
  std::vector<RtpCodecParameters> out;
  if (first == codecs.end()) return out;
  for (auto it = codecs.begin(); it != first; ++it) {
    if (is_red(it->codec.mime_type) && red_payload_type(it->codec.parameters) == first->codec.payload_type)
      out.push_back(it->codec);
  }
  out.push_back(first->codec);
  for (const MatchedCodec& match : codecs) {
    const RtpCodecParameters& codec = match.codec;
    const bool repairs =
        is_rtx(codec.mime_type) && integer_parameter(codec.parameters, "apt") == first->codec.payload_type;
    const bool beside = is_companion(codec.mime_type) && codec.clock_rate == first->codec.clock_rate;
    if (repairs || beside) out.push_back(codec);
  }
  return out;
}

bool room_receives(const RtpCapabilities& room, MediaKind kind, std::string_view uri) {
  return std::any_of(
      room.header_extensions.begin(), room.header_extensions.end(), [&](const RtpHeaderExtension& e) {
        return e.kind == kind && e.uri == uri &&
               (e.direction == ExtensionDirection::kSendRecv || e.direction == ExtensionDirection::kRecvOnly);
      });
}

}  // namespace sluice::negotiate::jsep
