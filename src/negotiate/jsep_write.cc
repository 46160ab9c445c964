#include "negotiate/jsep_write.h"

#include <algorithm>
#include <set>

#include "negotiate/codec_match.h"
#include "negotiate/jsep_data.h"
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

/// RFC 8829 §5.2.1: an a=msid for each stream, and for clients of the old school a=ssrc with cname and msid
/// (RFC 5576).
void write_sender(const Slot& slot, sdp::MediaDescription& out) {
  for (const std::string& stream : slot.stream_ids) out.msids.push_back({stream, slot.track_msid});
  for (const RtpEncodingParameters& encoding : slot.send.encodings) {
    if (!encoding.ssrc) continue;
    std::vector<std::uint32_t> ssrcs{*encoding.ssrc};
    if (encoding.rtx_ssrc) {
      ssrcs.push_back(*encoding.rtx_ssrc);
      out.ssrc_groups.push_back({"FID", ssrcs});
    }
    for (std::uint32_t ssrc : ssrcs) {
      if (!slot.send.rtcp.cname.empty()) out.ssrcs.push_back({ssrc, "cname", slot.send.rtcp.cname});
      out.ssrcs.push_back({ssrc, "msid", slot.stream_ids.front() + ' ' + slot.track_msid});
    }
  }
}

/// RFC 8851 §6.2, RFC 8853 §5.3: the streams of the offer, turned round, restricted as the client has them.
void write_received_streams(const Slot& slot, sdp::MediaDescription& out) {
  for (const sdp::Rid& rid : slot.receive_rids) out.rids.push_back({rid.id, false, rid.restrictions});
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
  if (slot.named && !slot.mid.empty()) out.mid = slot.mid;
  out.direction = sdp::Direction::kInactive;
  return out;
}

sdp::MediaDescription active_section(const Slot& slot) {
  sdp::MediaDescription out;
  out.media = slot.media;
  out.protocol = slot.protocol;
  out.direction = sdp::make_direction(slot.sending, slot.receiving);
  out.rtcp_mux = true;
  out.rtcp_rsize = slot.rtcp_reduced_size;
  if (slot.sending)
    for (const RtpCodecParameters& codec : slot.send.codecs) write_codec(codec, out);
  if (slot.receiving || !slot.sending)
    for (const RtpCodecParameters& codec : slot.receive_codecs) write_codec(codec, out);
  if (out.formats.empty())
    for (const RtpCodecParameters& codec : slot.send.codecs) write_codec(codec, out);
  // RFC 8829 §5.3.1: in the client's order, where the m-line is its own.
  const auto place = [&](const std::string& format) {
    return std::find(slot.formats.begin(), slot.formats.end(), format);
  };
  std::stable_sort(out.formats.begin(), out.formats.end(),
                   [&](const std::string& a, const std::string& b) { return place(a) < place(b); });
  write_extensions(slot, out);
  if (slot.sending) write_sender(slot, out);
  if (slot.receiving) write_received_streams(slot, out);
  return out;
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

const Slot* find_live(const State& state, std::string_view mid) {
  const auto it = std::find_if(state.slots.begin(), state.slots.end(),
                               [&](const Slot& s) { return !s.rejected && s.mid == mid; });
  return it == state.slots.end() ? nullptr : &*it;
}

/// RFC 5888 §7, RFC 8829 §5.2.1: the m-lines of one stream are to be played in sync.
void write_lip_sync_of_streams(const State& state, sdp::SessionDescription& out) {
  std::vector<std::pair<std::string_view, sdp::Group>> groups;
  for (const Slot& slot : state.slots) {
    if (slot.rejected || !slot.sending) continue;
    for (const std::string& stream : slot.stream_ids) {
      if (stream == "-") continue;
      auto it = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == stream; });
      if (it == groups.end()) it = groups.insert(it, {stream, {"LS", {}}});
      it->second.mids.push_back(slot.mid);
    }
  }
  for (auto& [stream, group] : groups)
    if (group.mids.size() > 1) out.groups.push_back(std::move(group));
}

/// RFC 8829 §5.3.1: the client's groups, of the m-lines that go on and on which no two streams of ours meet.
void write_lip_sync_answer(const State& state, sdp::SessionDescription& out) {
  for (const std::vector<std::string>& offered : state.lip_sync) {
    sdp::Group group{"LS", {}};
    const std::string* stream = nullptr;
    for (const std::string& mid : offered) {
      const Slot* slot = find_live(state, mid);
      if (slot == nullptr) continue;
      if (slot->sending) {
        if (stream != nullptr && *stream != slot->stream_ids.front()) continue;
        stream = &slot->stream_ids.front();
      }
      group.mids.push_back(mid);
    }
    if (group.mids.size() > 1) out.groups.push_back(std::move(group));
  }
}

void write_transport(const State& state, const std::vector<DtlsFingerprint>& fingerprints,
                     const WriteOptions& options, sdp::MediaDescription& media) {
  media.ice_ufrag = state.local_ice.username_fragment;
  media.ice_pwd = state.local_ice.password;
  media.setup = options.setup;
  // RFC 8842 §5.3: an answer has it when the offer does.
  if (options.type == SdpType::kOffer || (state.remote && state.remote->tls_id)) media.tls_id = state.tls_id;
  for (const DtlsFingerprint& f : fingerprints) media.fingerprints.push_back({f.algorithm, f.value});
}

}  // namespace

std::vector<std::string> bundle_order(const State& state) {
  std::vector<std::string> out;
  for (const std::string& mid : state.bundle)
    if (find_live(state, mid) != nullptr) out.push_back(mid);
  std::set<std::string_view> listed(out.begin(), out.end());
  std::vector<std::string> more;
  for (const Slot& slot : state.slots)
    if (!slot.rejected && !listed.contains(slot.mid)) more.push_back(slot.mid);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

std::string write_description(const State& state, const WriteLocal& local, const WriteOptions& options) {
  const bool offer = options.type == SdpType::kOffer;
  sdp::SessionDescription out;
  out.origin.session_id = options.session_id;
  out.origin.session_version = options.session_version;
  out.origin.address = "0.0.0.0";
  out.lines.push_back({'t', "0 0"});
  out.ice_lite = true;
  for (const char* option : {"ice2", "trickle"})
    if (offer || contains(state.ice_options, option)) out.ice_options.emplace_back(option);
  out.other.push_back({"msid-semantic", " WMS *"});
  const std::vector<std::string> bundle = offer ? bundle_order(state) : state.bundle;
  const DefaultAddress address = default_address(state.local_candidates);
  const bool mixed = std::all_of(state.slots.begin(), state.slots.end(),
                                 [](const Slot& s) { return s.rejected || s.data || s.extmap_allow_mixed; });
  out.extmap_allow_mixed = mixed && !bundle.empty();
  for (const Slot& slot : state.slots) {
    if (slot.rejected) {
      out.media.push_back(rejected_section(slot));
      continue;
    }
    const bool data = slot.data.has_value();
    sdp::MediaDescription& media =
        out.media.emplace_back(data ? data_section(slot, *local.data) : active_section(slot));
    const bool tagged = slot.mid == bundle.front();
    // RFC 9143 §7.2: until the group is agreed, an m-line without a port of its own is for the bundle only.
    media.bundle_only = offer && !tagged && !(state.bundled && !state.bundle.empty());
    media.port = media.bundle_only ? 0 : address.port;
    media.lines.push_back({'c', address.connection});
    media.extmap_allow_mixed = !data && slot.extmap_allow_mixed && !mixed;
    // RFC 8858 §4: in the first offer of an m-line, which no other has agreed to multiplexing for.
    media.rtcp_mux_only = !data && offer && !contains(state.bundle, slot.mid);
    if (offer || slot.named) media.mid = slot.mid;
    write_transport(state, local.fingerprints, options, media);
    if (!tagged) continue;
    for (const IceCandidate& c : state.local_candidates) media.candidates.push_back({c, 1, {}, {}, {}});
    media.end_of_candidates = true;
  }
  if (!bundle.empty() && (offer || state.bundled)) out.groups.push_back({"BUNDLE", bundle});
  if (offer) {
    write_lip_sync_of_streams(state, out);
  } else {
    write_lip_sync_answer(state, out);
  }
  return sdp::write(out);
}

}  // namespace sluice::negotiate::jsep
