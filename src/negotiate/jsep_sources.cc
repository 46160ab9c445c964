#include "negotiate/jsep_sources.h"

#include <algorithm>
#include <charconv>
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

const sdp::Rid* find_rid(const sdp::MediaDescription& media, std::string_view id) {
  const auto it = std::find_if(media.rids.begin(), media.rids.end(),
                               [&](const sdp::Rid& r) { return r.send && r.id == id; });
  return it == media.rids.end() ? nullptr : &*it;
}

/// pt=96,97 among the restrictions (RFC 8851 §5). Empty: any.
std::vector<std::uint8_t> allowed_payload_types(const sdp::Rid& rid) {
  std::vector<std::uint8_t> out;
  const std::string_view text = rid.restrictions;
  const std::size_t at = text.starts_with("pt=") ? 0 : text.find(";pt=");
  if (at == std::string_view::npos) return out;
  std::string_view list = text.substr(text.find('=', at) + 1);
  list = list.substr(0, list.find(';'));
  while (!list.empty()) {
    unsigned number = 0;
    const auto [rest, error] = std::from_chars(list.data(), list.data() + list.size(), number);
    if (error != std::errc() || number > 127) break;
    out.push_back(static_cast<std::uint8_t>(number));
    list.remove_prefix(static_cast<std::size_t>(rest - list.data()));
    if (list.empty() || list.front() != ',') break;
    list.remove_prefix(1);
  }
  return out;
}

bool may_use(const sdp::Rid& rid, std::optional<std::uint8_t> payload_type) {
  const auto allowed = allowed_payload_types(rid);
  return allowed.empty() || !payload_type ||
         std::find(allowed.begin(), allowed.end(), *payload_type) != allowed.end();
}

/// Of each stream's alternatives the one preferred (RFC 8853 §5.1), each rid once.
void read_simulcast(const sdp::MediaDescription& media, std::optional<std::uint8_t> payload_type,
                    Sources& out) {
  const auto add = [&](const sdp::Rid& rid) {
    RtpEncodingParameters encoding;
    encoding.rid = rid.id;
    out.encodings.push_back(std::move(encoding));
    out.rids.push_back(rid);
  };
  const auto taken = [&](std::string_view id) {
    return std::any_of(out.rids.begin(), out.rids.end(), [&](const sdp::Rid& r) { return r.id == id; });
  };
  if (!media.simulcast) {
    // RFC 8851 §6: a rid alone names the one stream.
    if (media.ssrcs.empty() && !media.rids.empty() && media.rids.front().send) add(media.rids.front());
    return;
  }
  for (const auto& stream : media.simulcast->send) {
    if (out.encodings.size() == limits::kEncodings) break;
    for (const auto& alternative : stream) {
      const sdp::Rid* rid = find_rid(media, alternative.rid);
      if (rid == nullptr || taken(rid->id) || !may_use(*rid, payload_type)) continue;
      out.streams.push_back({alternative});
      add(*rid);
      break;
    }
  }
}

void read_ssrcs(const sdp::MediaDescription& media, bool rtx, Sources& out) {
  for (std::uint32_t ssrc : primary_ssrcs(media)) {
    if (out.encodings.size() == limits::kEncodings) break;
    RtpEncodingParameters encoding;
    encoding.ssrc = ssrc;
    if (rtx) encoding.rtx_ssrc = rtx_ssrc(media, ssrc);
    out.encodings.push_back(std::move(encoding));
  }
}

/// RFC 8830 §2, and its older form in a=ssrc.
void read_msids(const sdp::MediaDescription& media, Sources& out) {
  std::vector<sdp::Msid> msids = media.msids;
  if (msids.empty()) {
    for (const sdp::SsrcAttribute& s : media.ssrcs) {
      if (s.name != "msid" || !s.value) continue;
      const std::size_t space = s.value->find(' ');
      msids.push_back({s.value->substr(0, space),
                       space == std::string::npos ? std::string() : s.value->substr(space + 1)});
      break;
    }
  }
  if (msids.empty()) {
    out.stream_ids.emplace_back();
    return;
  }
  const sdp::Msid& first = msids.front();
  out.msid = first.track.empty() ? first.stream : first.stream + ' ' + first.track;
  for (const sdp::Msid& id : msids) {
    if (out.stream_ids.size() == limits::kEncodings) break;
    const bool known =
        std::find(out.stream_ids.begin(), out.stream_ids.end(), id.stream) != out.stream_ids.end();
    if (id.stream != "-" && !known) out.stream_ids.push_back(id.stream);
  }
}

}  // namespace

Sources read_sources(const sdp::MediaDescription& media, bool rids, bool rtx,
                     std::optional<std::uint8_t> payload_type) {
  Sources out;
  if (rids) read_simulcast(media, payload_type, out);
  if (out.encodings.empty()) read_ssrcs(media, rtx, out);
  if (out.encodings.empty()) out.encodings.emplace_back();
  for (const sdp::SsrcAttribute& s : media.ssrcs)
    if (out.cname.empty() && s.name == "cname" && s.value) out.cname = *s.value;
  read_msids(media, out);
  return out;
}

std::vector<std::uint8_t> payload_types_of_rids(const sdp::MediaDescription& media) {
  const sdp::Rid* rid = nullptr;
  if (media.simulcast && !media.simulcast->send.empty()) {
    rid = find_rid(media, media.simulcast->send.front().front().rid);
  } else if (!media.rids.empty() && media.rids.front().send) {
    rid = &media.rids.front();
  }
  return rid == nullptr ? std::vector<std::uint8_t>() : allowed_payload_types(*rid);
}

const std::string* find_undescribed_rid(const sdp::MediaDescription& media) {
  if (!media.simulcast) return nullptr;
  for (const auto& stream : media.simulcast->send)
    for (const auto& alternative : stream)
      if (find_rid(media, alternative.rid) == nullptr) return &alternative.rid;
  return nullptr;
}

bool is_plan_b(const sdp::MediaDescription& media) {
  // A track may be in several streams: only tracks count (RFC 8830 §2).
  std::set<std::string_view> tracks;
  for (const sdp::SsrcAttribute& s : media.ssrcs) {
    if (s.name != "msid" || !s.value) continue;
    const std::string_view value = *s.value;
    tracks.insert(value.substr(value.find(' ') == std::string_view::npos ? 0 : value.find(' ')));
  }
  return tracks.size() > 1;
}

}  // namespace sluice::negotiate::jsep
