// RFC 8829 §5.2: what an offer has to be, seen from what was agreed before.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "negotiate/media_codecs.h"
#include "rules.h"

namespace sluice::negotiate::testing {
namespace {

using Media = sdp::MediaDescription;

bool is_live(const Media& m) {
  return m.port != 0 || m.bundle_only;
}

template <typename Check>
std::string each_live(const OfferAfter& after, Check check) {
  for (std::size_t i = 0; i < after.offer.media.size(); ++i) {
    if (!is_live(after.offer.media[i])) continue;
    if (std::string broken = check(after.offer.media[i]); !broken.empty())
      return "m-line " + std::to_string(i + 1) + ' ' + broken;
  }
  return {};
}

/// M-lines that were agreed and go on, with both sides' last words.
template <typename Check>
std::string each_kept(const OfferAfter& after, Check check) {
  for (std::size_t i = 0; i < after.local.media.size() && i < after.offer.media.size(); ++i) {
    const Media& local = after.local.media[i];
    const Media& remote = after.remote.media[i];
    if (!is_live(local) || remote.rejected() || !is_live(after.offer.media[i])) continue;
    if (std::string broken = check(after.offer.media[i], local, remote); !broken.empty())
      return "m-line " + std::to_string(i + 1) + ' ' + broken;
  }
  return {};
}

std::string version(const OfferAfter& after) {
  if (after.first()) return {};
  if (after.offer.origin.session_id != after.local.origin.session_id) return "has another session id";
  return after.offer.origin.session_version > after.local.origin.session_version ? ""
                                                                                 : "has no higher version";
}

std::string ice_options(const OfferAfter& after) {
  return is_in(after.offer.ice_options, "trickle") && is_in(after.offer.ice_options, "ice2")
             ? ""
             : "lacks an option";
}

std::string mids(const OfferAfter& after) {
  std::set<std::string> seen;
  return each_live(after, [&](const Media& m) -> std::string {
    if (!m.mid) return "has no a=mid";
    if (!seen.insert(*m.mid).second) return "has the mid of another";
    const bool known = std::any_of(after.local.media.begin(), after.local.media.end(),
                                   [&](const Media& l) { return l.mid == m.mid; });
    return known || m.mid->size() <= 3 ? "" : "has a new mid of more than three bytes";
  });
}

std::string kept_lines(const OfferAfter& after) {
  if (after.offer.media.size() < after.local.media.size()) return "has fewer m-lines";
  return each_kept(after, [](const Media& m, const Media& local, const Media& remote) -> std::string {
    if (m.media != local.media) return "is of another kind";
    return m.mid == local.mid || (!remote.mid && m.mid) ? "" : "has another mid";
  });
}

std::string rejected_lines(const OfferAfter& after) {
  for (std::size_t i = 0; i < after.local.media.size(); ++i) {
    const Media& m = after.offer.media[i];
    if (!is_live(after.local.media[i]) && is_live(m) && m.mid == after.local.media[i].mid)
      return "m-line " + std::to_string(i + 1) + " is used again under its old mid";
  }
  return {};
}

std::string protocol(const OfferAfter& after) {
  return each_live(after, [](const Media& m) -> std::string {
    return m.protocol == "UDP/TLS/RTP/SAVPF" ? "" : "is over " + m.protocol;
  });
}

std::string formats(const OfferAfter& after) {
  return each_live(after, [](const Media& m) -> std::string {
    if (!m.direction) return "has no direction";
    if (m.formats.empty()) return "has no format";
    for (const std::string& format : m.formats) {
      const sdp::Rtpmap* map = m.rtpmap(static_cast<std::uint8_t>(std::stoi(format)));
      if (map == nullptr) return "has no a=rtpmap for " + format;
      const sdp::Fmtp* fmtp = m.fmtp(map->payload_type);
      if (map->encoding == "rtx" && (fmtp == nullptr || !is_in(m.formats, fmtp->config.substr(4))))
        return "has RTX for no codec";
    }
    return {};
  });
}

/// RFC 9143 §9.1.1, RFC 8285 §5. What the client itself gives two meanings is not ours.
std::string numbers(const OfferAfter& after) {
  std::map<int, std::string> codecs;
  std::map<int, std::string> extensions;
  return each_live(after, [&](const Media& m) -> std::string {
    const bool theirs = std::any_of(after.remote.media.begin(), after.remote.media.end(),
                                    [&](const Media& r) { return r.mid == m.mid; });
    if (theirs) return {};
    for (const sdp::Rtpmap& r : m.rtpmaps)
      if (codecs.emplace(r.payload_type, r.encoding).first->second != r.encoding)
        return "gives a payload type two meanings";
    for (const sdp::Extmap& e : m.extmaps)
      if (extensions.emplace(e.id, e.uri).first->second != e.uri) return "gives an extension id two meanings";
    return {};
  });
}

std::string transport(const OfferAfter& after) {
  const auto& group = bundle_of(after.offer).mids;
  return each_live(after, [&](const Media& m) -> std::string {
    if (m.setup != sdp::Setup::kActpass) return "is not actpass";
    if (!m.rtcp_mux) return "lacks a=rtcp-mux";
    if (!m.tls_id) return "lacks a=tls-id";
    const bool tagged = !group.empty() && m.mid == group.front();
    if (tagged && (!m.ice_ufrag || !m.ice_pwd || m.fingerprints.empty())) return "lacks credentials";
    return tagged == !m.candidates.empty() && tagged == m.end_of_candidates
               ? ""
               : "has candidates or not, wrongly";
  });
}

std::string group(const OfferAfter& after) {
  const auto& ours = bundle_of(after.offer).mids;
  std::size_t live = 0;
  for (const Media& m : after.offer.media) {
    if (!is_live(m)) continue;
    ++live;
    if (!is_in(ours, *m.mid)) return "lacks " + *m.mid;
  }
  if (live != ours.size()) return "has mids that are none of the m-lines";
  const auto& before = bundle_of(after.local).mids;
  const auto alive =
      std::find_if(before.begin(), before.end(), [&](const auto& mid) { return is_in(ours, mid); });
  return alive == before.end() || ours.front() == *alive ? "" : "begins with another m-line than before";
}

/// libwebrtc's answer has the group in the order of the m-lines, whatever the offer's.
std::string new_places(const OfferAfter& after) {
  const auto& group = bundle_of(after.offer).mids;
  const auto known = [&](const Media& m) {
    return std::any_of(after.local.media.begin(), after.local.media.end(),
                       [&](const Media& l) { return l.mid == m.mid; });
  };
  for (const Media& m : after.offer.media) {
    if (!group.empty() && m.mid == group.front()) return {};
    if (is_live(m) && !known(m)) return "a new m-line stands before the first of the group";
  }
  return {};
}

std::string bundle_only(const OfferAfter& after) {
  const auto& agreed = bundle_of(after.local).mids;
  const auto& ours = bundle_of(after.offer).mids;
  return each_live(after, [&](const Media& m) -> std::string {
    const bool expected = agreed.empty() && m.mid != ours.front();
    return m.bundle_only == expected && m.bundle_only == (m.port == 0) ? ""
                                                                       : "has a=bundle-only or not, wrongly";
  });
}

std::string rtcp_mux_only(const OfferAfter& after) {
  return each_live(after, [&](const Media& m) -> std::string {
    const bool agreed = std::any_of(after.local.media.begin(), after.local.media.end(),
                                    [&](const Media& l) { return is_live(l) && l.mid == m.mid; });
    if (agreed && m.rtcp_mux_only) return "has a=rtcp-mux-only again";
    const bool unnamed = std::any_of(after.local.media.begin(), after.local.media.end(),
                                     [](const Media& l) { return is_live(l) && !l.mid; });
    return agreed || m.rtcp_mux_only || unnamed ? "" : "lacks a=rtcp-mux-only";
  });
}

std::string msids(const OfferAfter& after) {
  return each_live(after, [](const Media& m) -> std::string {
    return sdp::sends(*m.direction) != m.msids.empty() ? ""
                                                       : "sends without a=msid, or has one and does not send";
  });
}

std::string lip_sync(const OfferAfter& after) {
  std::map<std::string, std::vector<std::string>> streams;
  for (const Media& m : after.offer.media)
    if (is_live(m))
      for (const sdp::Msid& id : m.msids)
        if (id.stream != "-") streams[id.stream].push_back(*m.mid);
  std::size_t groups = 0;
  for (const auto& [stream, members] : streams) groups += members.size() > 1 ? 1 : 0;
  const auto ours = std::count_if(after.offer.groups.begin(), after.offer.groups.end(),
                                  [](const sdp::Group& g) { return g.semantics == "LS"; });
  return static_cast<std::size_t>(ours) == groups ? "" : "has another number of groups";
}

std::string credentials(const OfferAfter& after) {
  return each_kept(after, [](const Media& m, const Media& local, const Media&) -> std::string {
    return m.ice_ufrag == local.ice_ufrag && m.ice_pwd == local.ice_pwd ? "" : "has other credentials";
  });
}

/// The most recent answer is the client's or ours; both are asked, as either may have left something out.
std::string answered(const OfferAfter& after) {
  return each_kept(after, [](const Media& m, const Media& local, const Media& remote) -> std::string {
    const auto in = [](const auto& list, const auto& same) {
      return std::any_of(list.begin(), list.end(), same);
    };
    for (const sdp::Extmap& e : m.extmaps) {
      const auto same = [&](const sdp::Extmap& o) {
        return o.uri == e.uri && (o.id == e.id || o.id >= 4096);
      };
      if (!in(local.extmaps, same) || !in(remote.extmaps, same)) return "has extension " + e.uri + " again";
    }
    for (const sdp::RtcpFb& fb : m.rtcp_fbs) {
      const auto same = [&](const sdp::RtcpFb& o) {
        return o.type == fb.type && o.parameter == fb.parameter &&
               (!o.payload_type || o.payload_type == fb.payload_type);
      };
      const bool known = fb.payload_type && is_in(local.formats, std::to_string(*fb.payload_type));
      if (known && !in(local.rtcp_fbs, same)) return "has a=rtcp-fb " + fb.type + " again";
    }
    return m.rtcp_rsize == (local.rtcp_rsize && remote.rtcp_rsize) ? "" : "has another a=rtcp-rsize";
  });
}

std::string format_order(const OfferAfter& after) {
  return each_kept(after, [](const Media& m, const Media& local, const Media&) -> std::string {
    auto from = local.formats.begin();
    for (const std::string& format : m.formats) {
      const auto at = std::find(from, local.formats.end(), format);
      if (at == local.formats.end() && is_in(local.formats, format))
        return "has its formats in another order";
      if (at != local.formats.end()) from = at;
    }
    return {};
  });
}

std::string streams(const OfferAfter& after) {
  return each_kept(after, [](const Media& m, const Media& local, const Media& remote) -> std::string {
    if (m.rids != local.rids) return "has other rids";
    if (m.simulcast != local.simulcast) return "has another a=simulcast";
    // Where the client declined the track, the m-line was never used for it.
    const bool used = sdp::receives(remote.direction.value_or(sdp::Direction::kSendRecv));
    return !used || local.msids.empty() || m.msids.empty() || m.msids == local.msids ? ""
                                                                                     : "has another a=msid";
  });
}

constexpr std::array kRules = {
    OfferRule{"RFC 8829 §5.2.2", "the session id stays and the version rises", version},
    OfferRule{"RFC 8829 §5.2.1", "a=ice-options has trickle and ice2", ice_options},
    OfferRule{"RFC 8829 §5.2.1", "each m-line has a mid of its own, new ones short", mids},
    OfferRule{"RFC 8829 §5.2.2, RFC 3264 §8", "m-lines stay in their places with their mids", kept_lines},
    OfferRule{"RFC 8829 §5.2.2", "the place of a rejected m-line is used again under a new mid only",
              rejected_lines},
    OfferRule{"RFC 8829 §5.1.2, §5.2.1", "the protocol is UDP/TLS/RTP/SAVPF, whatever the client began with",
              protocol},
    OfferRule{"RFC 8829 §5.2.1, RFC 4588 §8.1", "each m-line has a direction and formats with a=rtpmap",
              formats},
    OfferRule{"RFC 9143 §9.1.1, RFC 8285 §5", "a number means one thing", numbers},
    OfferRule{"RFC 8829 §5.2.1, RFC 8842 §5.2",
              "one m-line describes the transport; all are actpass with rtcp-mux", transport},
    OfferRule{"RFC 8829 §5.2.1, §5.2.2", "the group has every m-line that goes on, first the first of before",
              group},
    OfferRule{"RFC 9143 §7.3.3", "new m-lines stand behind the one that the group begins with", new_places},
    OfferRule{"RFC 9143 §7.2, RFC 8829 §5.2.1", "until a group is agreed, all but its first are bundle-only",
              bundle_only},
    OfferRule{"RFC 8829 §5.2.1, §5.2.2, RFC 8858 §4", "a=rtcp-mux-only stands on new m-lines only",
              rtcp_mux_only},
    OfferRule{"RFC 8829 §5.2.1, RFC 8830 §2", "a=msid stands where the server sends, and nowhere else",
              msids},
    OfferRule{"RFC 8829 §5.2.1, RFC 5888 §7", "streams of several m-lines are lip sync groups", lip_sync},
    OfferRule{"RFC 8829 §5.2.2", "ICE credentials stay", credentials},
    OfferRule{"RFC 8829 §5.2.2", "extensions, feedback and reduced size RTCP are those of the last answer",
              answered},
    OfferRule{"RFC 8829 §5.2.2", "formats are in the order of the last answer", format_order},
    OfferRule{"RFC 8829 §5.2.2", "a=rid, a=simulcast and a=msid stay", streams},
};

}  // namespace

std::span<const OfferRule> offer_rules() {
  return kRules;
}

}  // namespace sluice::negotiate::testing
