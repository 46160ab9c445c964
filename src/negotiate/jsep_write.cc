#include "negotiate/jsep_write.h"

#include <algorithm>

#include "negotiate/codec_match.h"
#include "sdp/sdp.h"
#include "sluice/address.h"

namespace sluice::negotiate::jsep {
namespace {

/// RFC 8839 §4.2.1.2: the default candidate stands in m= and c=.
struct DefaultAddress {
  std::uint16_t port = 9;
  std::string connection = "IN IP4 0.0.0.0";
};

DefaultAddress default_address(const std::vector<IceCandidate>& candidates) {
  for (const IceCandidate& c : candidates) {
    if (c.protocol != IceProtocol::kUdp) continue;
    const auto address = SocketAddress::parse(c.address, c.port);
    if (!address) continue;
    return {c.port, (address->family() == IpFamily::kIPv4 ? "IN IP4 " : "IN IP6 ") + c.address};
  }
  return {};
}

void write_codec(const RtpCodecParameters& codec, sdp::MediaDescription& out) {
  if (std::any_of(out.rtpmaps.begin(), out.rtpmaps.end(),
                  [&](const sdp::Rtpmap& m) { return m.payload_type == codec.payload_type; }))
    return;
  out.formats.push_back(std::to_string(codec.payload_type));
  sdp::Rtpmap map{codec.payload_type, codec.mime_type.substr(codec.mime_type.find('/') + 1), codec.clock_rate,
                  std::nullopt};
  if (codec.channels > 1) map.channels = codec.channels;
  out.rtpmaps.push_back(std::move(map));
  for (const RtcpFeedback& fb : codec.rtcp_feedback)
    out.rtcp_fbs.push_back({codec.payload_type, fb.type, fb.parameter});
  if (!codec.parameters.empty()) out.fmtps.push_back({codec.payload_type, write_fmtp(codec.parameters)});
}

/// RFC 8829 §5.2.1: a=msid, and for clients of the old school a=ssrc with cname and msid (RFC 5576).
void write_sender(const Slot& slot, sdp::MediaDescription& out) {
  out.msids.push_back({slot.stream_id, slot.track_msid});
  for (const RtpEncodingParameters& encoding : slot.send.encodings) {
    if (!encoding.ssrc) continue;
    std::vector<std::uint32_t> ssrcs{*encoding.ssrc};
    if (encoding.rtx_ssrc) {
      ssrcs.push_back(*encoding.rtx_ssrc);
      out.ssrc_groups.push_back({"FID", ssrcs});
    }
    for (std::uint32_t ssrc : ssrcs) {
      if (!slot.send.rtcp.cname.empty()) out.ssrcs.push_back({ssrc, "cname", slot.send.rtcp.cname});
      out.ssrcs.push_back({ssrc, "msid", slot.stream_id + ' ' + slot.track_msid});
    }
  }
}

/// RFC 8853 §5.3: the streams of the offer, turned round.
void write_received_streams(const Slot& slot, sdp::MediaDescription& out) {
  for (const auto& stream : slot.receive_streams)
    for (const auto& alternative : stream) out.rids.push_back({alternative.rid, false, {}});
  if (slot.receive_streams.empty()) return;
  sdp::Simulcast simulcast;
  simulcast.recv = slot.receive_streams;
  out.simulcast = std::move(simulcast);
}

/// Both directions' extensions; a URI and an id once.
void write_extensions(const Slot& slot, sdp::MediaDescription& out) {
  const auto add = [&](const RtpHeaderExtensionParameters& e) {
    for (const sdp::Extmap& have : out.extmaps)
      if (have.id == e.id || have.uri == e.uri) return;
    const auto it = slot.extension_directions.find(e.uri);
    out.extmaps.push_back(
        {e.id, it == slot.extension_directions.end() ? std::nullopt : std::optional(it->second), e.uri, {}});
  };
  if (slot.sending || slot.receive_codecs.empty())
    for (const auto& e : slot.send.header_extensions) add(e);
  if (slot.receiving || !slot.sending)
    for (const auto& e : slot.receive_extensions) add(e);
}

sdp::MediaDescription rejected_section(const Slot& slot) {
  sdp::MediaDescription out;
  out.media = slot.media;
  out.port = 0;
  out.protocol = slot.protocol;
  out.formats = slot.formats;
  out.lines.push_back({'c', "IN IP4 0.0.0.0"});
  if (!slot.mid.empty()) out.mid = slot.mid;
  out.direction = sdp::Direction::kInactive;
  return out;
}

sdp::MediaDescription active_section(const Slot& slot) {
  sdp::MediaDescription out;
  out.media = slot.media;
  out.protocol = slot.protocol;
  out.mid = slot.mid;
  out.direction = sdp::make_direction(slot.sending, slot.receiving);
  out.rtcp_mux = true;
  out.rtcp_rsize = true;
  if (slot.sending)
    for (const RtpCodecParameters& codec : slot.send.codecs) write_codec(codec, out);
  if (slot.receiving || !slot.sending)
    for (const RtpCodecParameters& codec : slot.receive_codecs) write_codec(codec, out);
  if (out.formats.empty())
    for (const RtpCodecParameters& codec : slot.send.codecs) write_codec(codec, out);
  write_extensions(slot, out);
  if (slot.sending) write_sender(slot, out);
  if (slot.receiving) write_received_streams(slot, out);
  return out;
}

}  // namespace

std::string write_description(const State& state, const std::vector<DtlsFingerprint>& fingerprints,
                              const WriteOptions& options) {
  sdp::SessionDescription out;
  out.origin.session_id = options.session_id;
  out.origin.session_version = options.session_version;
  out.origin.address = "0.0.0.0";
  out.lines.push_back({'t', "0 0"});
  out.ice_lite = true;
  out.ice_options = {"ice2", "trickle"};
  out.extmap_allow_mixed = state.extmap_allow_mixed;
  out.other.push_back({"msid-semantic", " WMS *"});
  sdp::Group bundle{"BUNDLE", {}};
  const DefaultAddress address = default_address(state.local_candidates);
  for (const Slot& slot : state.slots) {
    if (slot.rejected) {
      out.media.push_back(rejected_section(slot));
      continue;
    }
    sdp::MediaDescription& media = out.media.emplace_back(active_section(slot));
    media.port = address.port;
    media.lines.push_back({'c', address.connection});
    media.ice_ufrag = state.local_ice.username_fragment;
    media.ice_pwd = state.local_ice.password;
    media.setup = options.setup;
    for (const DtlsFingerprint& f : fingerprints) media.fingerprints.push_back({f.algorithm, f.value});
    if (bundle.mids.empty()) {  // RFC 8843 §7: the tagged m-line describes the transport
      for (const IceCandidate& c : state.local_candidates) media.candidates.push_back({c, 1, {}, {}, {}});
      media.end_of_candidates = true;
    }
    bundle.mids.push_back(slot.mid);
  }
  if (!bundle.mids.empty()) out.groups.push_back(std::move(bundle));
  return sdp::write(out);
}

}  // namespace sluice::negotiate::jsep
