// RTP parameters as m-lines and back, for jsep.cc.
#include <algorithm>
#include <charconv>

#include "client/jsep.h"

namespace sluice::client {
namespace {

/// "audio/opus" → "opus".
std::string encoding_of(const std::string& mime_type) {
  return mime_type.substr(mime_type.find('/') + 1);
}

std::string fmtp_of(const RtpCodecParameters& codec) {
  std::string out;
  for (const auto& parameter : codec.parameters) {
    if (!out.empty()) out += ';';
    out += parameter.name + '=';
    if (const auto* number = std::get_if<std::int64_t>(&parameter.value)) {
      out += std::to_string(*number);
    } else {
      out += std::get<std::string>(parameter.value);
    }
  }
  return out;
}

void write_codecs(const RtpParameters& parameters, sdp::MediaDescription& out) {
  for (const auto& codec : parameters.codecs) {
    out.formats.push_back(std::to_string(codec.payload_type));
    sdp::Rtpmap map{codec.payload_type, encoding_of(codec.mime_type), codec.clock_rate, std::nullopt};
    if (codec.channels > 1) map.channels = codec.channels;
    out.rtpmaps.push_back(std::move(map));
    for (const auto& feedback : codec.rtcp_feedback)
      out.rtcp_fbs.push_back({codec.payload_type, feedback.type, feedback.parameter});
    if (!codec.parameters.empty()) out.fmtps.push_back({codec.payload_type, fmtp_of(codec)});
  }
}

void write_sources(const RtpParameters& parameters, sdp::MediaDescription& out) {
  const std::size_t space = parameters.msid.find(' ');
  out.msids.push_back({parameters.msid.substr(0, space),
                       space == std::string::npos ? "" : parameters.msid.substr(space + 1)});
  if (!parameters.encodings.front().rid.empty()) {
    sdp::Simulcast simulcast;
    for (const auto& encoding : parameters.encodings) {
      out.rids.push_back({encoding.rid, true, {}});
      simulcast.send.push_back({{encoding.rid, false}});
    }
    out.simulcast = std::move(simulcast);
    return;
  }
  const auto& encoding = parameters.encodings.front();
  if (encoding.rtx_ssrc) out.ssrc_groups.push_back({"FID", {*encoding.ssrc, *encoding.rtx_ssrc}});
  out.ssrcs.push_back({*encoding.ssrc, "cname", parameters.rtcp.cname});
  if (encoding.rtx_ssrc) out.ssrcs.push_back({*encoding.rtx_ssrc, "cname", parameters.rtcp.cname});
}

std::optional<std::uint8_t> apt_of(const sdp::MediaDescription& media, std::uint8_t payload_type) {
  const sdp::Fmtp* fmtp = media.fmtp(payload_type);
  if (fmtp == nullptr || !fmtp->config.starts_with("apt=")) return std::nullopt;
  std::uint8_t out = 0;
  const char* end = fmtp->config.data() + fmtp->config.size();
  return std::from_chars(fmtp->config.data() + 4, end, out).ec == std::errc() ? std::optional(out)
                                                                              : std::nullopt;
}

RtpCodecParameters read_codec(const sdp::MediaDescription& media, const sdp::Rtpmap& map) {
  RtpCodecParameters codec;
  codec.mime_type = media.media + "/" + map.encoding;
  codec.payload_type = map.payload_type;
  codec.clock_rate = map.clock_rate;
  codec.channels = map.channels.value_or(1);
  for (const auto& feedback : media.rtcp_fbs) {
    if (!feedback.payload_type || *feedback.payload_type == map.payload_type)
      codec.rtcp_feedback.push_back({feedback.type, feedback.parameter});
  }
  if (const auto apt = apt_of(media, map.payload_type)) codec.parameters = {{"apt", std::int64_t{*apt}}};
  return codec;
}

}  // namespace

RtpParameters parameters_of(const sdp::MediaDescription& media) {
  RtpParameters out;
  out.mid = media.mid.value_or("");
  const std::string_view wanted = media.media == "audio" ? "opus" : "VP8";
  for (const auto& map : media.rtpmaps) {
    if (out.codecs.empty() && map.encoding == wanted) out.codecs.push_back(read_codec(media, map));
  }
  for (const auto& map : media.rtpmaps) {
    if (out.codecs.size() == 1 && map.encoding == "rtx" &&
        apt_of(media, map.payload_type) == out.codecs[0].payload_type) {
      out.codecs.push_back(read_codec(media, map));
    }
  }
  for (const auto& extmap : media.extmaps) {
    if (rtp::extension_of(extmap.uri))
      out.header_extensions.push_back({extmap.uri, static_cast<std::uint8_t>(extmap.id), false});
  }
  if (media.ssrcs.empty()) return out;
  RtpEncodingParameters encoding;
  encoding.ssrc = media.ssrcs.front().ssrc;
  for (const auto& group : media.ssrc_groups) {
    if (group.semantics != "FID" || group.ssrcs.size() != 2) continue;
    encoding.ssrc = group.ssrcs[0];
    encoding.rtx_ssrc = group.ssrcs[1];
  }
  for (const auto& source : media.ssrcs) {
    if (source.ssrc == encoding.ssrc && source.name == "cname") out.rtcp.cname = source.value.value_or("");
  }
  out.encodings = {encoding};
  if (!media.msids.empty()) out.msid = media.msids[0].stream + " " + media.msids[0].track;
  return out;
}

sdp::MediaDescription JsepSignaling::describe(const Section& section, bool offer) const {
  sdp::MediaDescription out;
  out.media = section.kind == MediaKind::kAudio ? "audio" : "video";
  out.protocol = "UDP/TLS/RTP/SAVPF";
  out.lines = {{'c', "IN IP4 0.0.0.0"}};
  out.mid = section.mid;
  out.ice_ufrag = local_ice_.ufrag;
  out.ice_pwd = local_ice_.password;
  out.ice_options = {"trickle"};
  const DtlsParameters dtls = peer_.connection().dtls_parameters();
  out.fingerprints = {{dtls.fingerprints[0].algorithm, dtls.fingerprints[0].value}};
  // RFC 8829 §5.2.2, §5.3.1: an offer leaves the roles open, an answer keeps those in use.
  out.setup = offer                            ? sdp::Setup::kActpass
              : dtls.role == DtlsRole::kServer ? sdp::Setup::kPassive
                                               : sdp::Setup::kActive;
  out.direction = !section.active ? sdp::Direction::kInactive
                  : section.ours  ? sdp::Direction::kSendOnly
                                  : sdp::Direction::kRecvOnly;
  out.rtcp_mux = true;
  out.rtcp_rsize = true;
  for (const auto& extension : section.parameters.header_extensions)
    out.extmaps.push_back({extension.id, std::nullopt, extension.uri, ""});
  write_codecs(section.parameters, out);
  if (section.ours && section.active) write_sources(section.parameters, out);
  if (out.formats.empty()) {  // nothing in it that we know
    out.port = 0;
    out.formats = {"0"};
  }
  return out;
}

sdp::SessionDescription JsepSignaling::describe(bool offer) {
  sdp::SessionDescription out;
  out.origin.session_id = session_id_;
  out.origin.session_version = ++version_;
  out.lines = {{'t', "0 0"}};
  sdp::Group bundle{"BUNDLE", {}};
  for (const Section& section : sections_) {
    out.media.push_back(describe(section, offer));
    if (!out.media.back().rejected()) bundle.mids.push_back(section.mid);
  }
  out.groups = {std::move(bundle)};
  return out;
}

}  // namespace sluice::client
