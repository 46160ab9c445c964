#include "peer/write_description.h"

#include <algorithm>

namespace sluice::peer {
namespace {

void write_codec(const RtpCodecParameters& codec, sdp::MediaDescription& out) {
  out.formats.push_back(std::to_string(codec.payload_type));
  sdp::Rtpmap map{codec.payload_type, codec.mime_type.substr(codec.mime_type.find('/') + 1), codec.clock_rate,
                  std::nullopt};
  if (codec.channels > 1) map.channels = codec.channels;
  out.rtpmaps.push_back(std::move(map));
  for (const RtcpFeedback& fb : codec.rtcp_feedback)
    out.rtcp_fbs.push_back({codec.payload_type, fb.type, fb.parameter});
  if (!codec.parameters.empty())
    out.fmtps.push_back({codec.payload_type, negotiate::jsep::write_fmtp(codec.parameters)});
}

bool has_rtx(const std::vector<RtpCodecParameters>& codecs) {
  return std::any_of(codecs.begin(), codecs.end(),
                     [](const RtpCodecParameters& c) { return c.mime_type.ends_with("/rtx"); });
}

/// RFC 8830 a=msid for each stream; for receivers of the old school a=ssrc with cname and msid (RFC 5576). A
/// simulcast names its streams by rid instead (RFC 8853).
void write_sender(const Line& line, const Transceiver& transceiver, const std::string& cname,
                  sdp::MediaDescription& out) {
  std::vector<std::string> streams = line.stream_ids;
  if (streams.empty()) streams.emplace_back("-");
  for (const std::string& stream : streams) out.msids.push_back({stream, transceiver.track_id});
  if (!line.rids.empty()) {
    sdp::Simulcast simulcast;
    for (const std::string& rid : line.rids) {
      std::string restrictions;
      for (const Encoding& e : transceiver.encodings)
        if (e.rid == rid && e.max_bitrate) restrictions = "max-br=" + std::to_string(*e.max_bitrate);
      out.rids.push_back({rid, true, std::move(restrictions)});
      simulcast.send.push_back({{rid, false}});
    }
    out.simulcast = std::move(simulcast);
    return;
  }
  const Encoding& encoding = transceiver.encodings.front();
  std::vector<std::uint32_t> ssrcs{encoding.ssrc};
  if (has_rtx(line.codecs)) {
    ssrcs.push_back(encoding.rtx_ssrc);
    out.ssrc_groups.push_back({"FID", ssrcs});
  }
  for (const std::uint32_t ssrc : ssrcs) {
    out.ssrcs.push_back({ssrc, "cname", cname});
    out.ssrcs.push_back({ssrc, "msid", streams.front() + ' ' + transceiver.track_id});
  }
}

sdp::MediaDescription rejected_section(const Line& line) {
  sdp::MediaDescription out;
  out.media = line.media;
  out.port = 0;
  out.protocol = line.protocol;
  out.formats = line.formats;
  if (out.formats.empty())
    for (const RtpCodecParameters& codec : line.codecs)
      out.formats.push_back(std::to_string(codec.payload_type));
  if (out.formats.empty()) out.formats.emplace_back("0");
  out.lines.push_back({'c', "IN IP4 0.0.0.0"});
  if (line.named && !line.mid.empty()) out.mid = line.mid;
  out.direction = sdp::Direction::kInactive;
  return out;
}

sdp::MediaDescription media_section(const Line& line, const Transceiver* transceiver,
                                    const WriteOptions& options) {
  sdp::MediaDescription out;
  out.media = line.media;
  out.protocol = line.protocol;
  if (line.data && line.protocol == "DTLS/SCTP") {  // an answer in the form of the drafts that was offered
    out.formats = {"5000"};
    out.other.push_back({"sctpmap", "5000 webrtc-datachannel 65535"});
    out.max_message_size = options.max_message_size;
    return out;
  }
  if (line.data) {
    out.formats = {"webrtc-datachannel"};
    out.sctp_port = 5000;
    out.max_message_size = options.max_message_size;
    return out;
  }
  out.direction = line.direction;
  out.rtcp_mux = true;
  out.rtcp_rsize = true;
  for (const RtpCodecParameters& codec : line.codecs) write_codec(codec, out);
  for (const auto& e : line.extensions) out.extmaps.push_back({e.id, std::nullopt, e.uri, {}});
  if (transceiver != nullptr && sdp::sends(line.direction))
    write_sender(line, *transceiver, options.cname, out);
  return out;
}

}  // namespace

sdp::SessionDescription write_description(const Agreement& agreement,
                                          const std::vector<const Transceiver*>& transceivers,
                                          const WriteOptions& options) {
  const bool offer = options.type == SdpType::kOffer;
  sdp::SessionDescription out;
  out.origin.session_id = options.session_id;
  out.origin.session_version = options.session_version;
  out.lines.push_back({'t', "0 0"});
  out.other.push_back({"msid-semantic", " WMS *"});
  for (std::size_t i = 0; i < agreement.lines.size(); ++i) {
    const Line& line = agreement.lines[i];
    if (line.rejected) {
      out.media.push_back(rejected_section(line));
      continue;
    }
    sdp::MediaDescription& media = out.media.emplace_back(media_section(line, transceivers[i], options));
    const bool known = std::find(options.agreed_bundle.begin(), options.agreed_bundle.end(), line.mid) !=
                       options.agreed_bundle.end();
    // RFC 9143 §7.2: until both sides know the group, an m-line without a port of its own is for it only.
    media.bundle_only = offer && !known && line.mid != agreement.bundle.front();
    media.port = media.bundle_only ? 0 : 9;
    media.lines.push_back({'c', "IN IP4 0.0.0.0"});
    if (line.named) media.mid = line.mid;
    media.ice_ufrag = agreement.local_ice.username_fragment;
    media.ice_pwd = agreement.local_ice.password;
    media.ice_options = {"trickle"};
    media.setup = options.setup;
    for (const DtlsFingerprint& f : options.fingerprints)
      media.fingerprints.push_back({f.algorithm, f.value});
  }
  if (options.bundled && !agreement.bundle.empty()) out.groups.push_back({"BUNDLE", agreement.bundle});
  return out;
}

}  // namespace sluice::peer
