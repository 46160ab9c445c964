#include "negotiate/jsep_sources.h"

#include <algorithm>
#include <set>

#include "negotiate/validate.h"

namespace sluice::negotiate::jsep {
namespace {

/// SSRCs that carry a stream's first transmission, in order. Those of a SIM group are the layers of one
/// track; without one, the first alone.
std::vector<std::uint32_t> primary_ssrcs(const sdp::MediaDescription& media) {
  std::set<std::uint32_t> secondary;
  for (const sdp::SsrcGroup& g : media.ssrc_groups) {
    if (g.semantics == "SIM" && !g.ssrcs.empty()) return g.ssrcs;
    if (g.semantics == "FID" || g.semantics == "FEC-FR")
      for (std::size_t i = 1; i < g.ssrcs.size(); ++i) secondary.insert(g.ssrcs[i]);
  }
  for (const sdp::SsrcAttribute& s : media.ssrcs)
    if (!secondary.contains(s.ssrc)) return {s.ssrc};
  return {};
}

/// RFC 4588 §8.8: a=ssrc-group:FID <media> <retransmission>.
std::optional<std::uint32_t> rtx_ssrc(const sdp::MediaDescription& media, std::uint32_t primary) {
  for (const sdp::SsrcGroup& g : media.ssrc_groups)
    if (g.semantics == "FID" && g.ssrcs.size() == 2 && g.ssrcs[0] == primary) return g.ssrcs[1];
  return std::nullopt;
}

std::string msid_of(const sdp::MediaDescription& media) {
  if (!media.msids.empty()) {
    const sdp::Msid& id = media.msids.front();
    return id.track.empty() ? id.stream : id.stream + ' ' + id.track;
  }
  for (const sdp::SsrcAttribute& s : media.ssrcs)
    if (s.name == "msid" && s.value) return *s.value;
  return {};
}

}  // namespace

Sources read_sources(const sdp::MediaDescription& media, bool rids, bool rtx) {
  Sources out;
  if (rids && media.simulcast) {
    for (const auto& stream : media.simulcast->send) {
      if (out.streams.size() == limits::kEncodings) break;
      out.streams.push_back({stream.front()});  // of alternatives, the one preferred (RFC 8853 §5.1)
      RtpEncodingParameters encoding;
      encoding.rid = stream.front().rid;
      out.encodings.push_back(std::move(encoding));
    }
  }
  if (out.encodings.empty()) {
    for (std::uint32_t ssrc : primary_ssrcs(media)) {
      if (out.encodings.size() == limits::kEncodings) break;
      RtpEncodingParameters encoding;
      encoding.ssrc = ssrc;
      if (rtx) encoding.rtx_ssrc = rtx_ssrc(media, ssrc);
      out.encodings.push_back(std::move(encoding));
    }
  }
  if (out.encodings.empty()) out.encodings.emplace_back();
  for (const sdp::SsrcAttribute& s : media.ssrcs)
    if (out.cname.empty() && s.name == "cname" && s.value) out.cname = *s.value;
  out.msid = msid_of(media);
  return out;
}

bool is_plan_b(const sdp::MediaDescription& media) {
  std::set<std::string_view> tracks;
  for (const sdp::SsrcAttribute& s : media.ssrcs)
    if (s.name == "msid" && s.value) tracks.insert(*s.value);
  return tracks.size() > 1;
}

}  // namespace sluice::negotiate::jsep
