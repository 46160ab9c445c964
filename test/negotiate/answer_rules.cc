// RFC 8829 §5.3: what an answer has to be, seen from the offer.
#include <algorithm>
#include <array>

#include "negotiate/media_codecs.h"
#include "rules.h"

namespace sluice::negotiate::testing {
namespace {

using Description = sdp::SessionDescription;
using Media = sdp::MediaDescription;

/// The first thing that `check` says of a pair of m-lines that both have; rejected ones, and data channels,
/// only when `all`.
template <typename Check>
std::string each(const Description& offer, const Description& answer, Check check, bool all = false) {
  const std::size_t count = std::min(offer.media.size(), answer.media.size());
  for (std::size_t i = 0; i < count; ++i) {
    if ((answer.media[i].port == 0 || is_data(answer.media[i])) && !all) continue;
    if (std::string broken = check(offer.media[i], answer.media[i]); !broken.empty())
      return "m-line " + std::to_string(i + 1) + ' ' + broken;
  }
  return {};
}

std::string same_lines(const Description& offer, const Description& answer) {
  if (offer.media.size() != answer.media.size()) return "has another number of m-lines";
  return each(
      offer, answer,
      [](const Media& theirs, const Media& ours) -> std::string {
        return theirs.media == ours.media && theirs.protocol == ours.protocol ? "" : "is of another kind";
      },
      true);
}

std::string same_mids(const Description& offer, const Description& answer) {
  return each(
      offer, answer,
      [](const Media& theirs, const Media& ours) -> std::string {
        return theirs.mid == ours.mid ? "" : "has another a=mid";
      },
      true);
}

std::string directions(const Description& offer, const Description& answer) {
  return each(offer, answer, [&](const Media& theirs, const Media& ours) -> std::string {
    const auto offered = direction_of(offer, theirs);
    if (!ours.direction) return "has no direction";
    if (sdp::sends(*ours.direction) && !sdp::receives(offered)) return "sends what is not received";
    if (sdp::receives(*ours.direction) && !sdp::sends(offered)) return "receives what is not sent";
    return {};
  });
}

std::string formats(const Description& offer, const Description& answer) {
  return each(
      offer, answer,
      [](const Media& theirs, const Media& ours) -> std::string {
        if (ours.formats.empty()) return "has no format";
        auto from = theirs.formats.begin();
        for (const std::string& format : ours.formats) {
          from = std::find(from, theirs.formats.end(), format);
          if (from == theirs.formats.end()) return "has format " + format + ", not offered or out of order";
        }
        return {};
      },
      true);
}

std::string rtpmaps(const Description& offer, const Description& answer) {
  return each(offer, answer, [](const Media& theirs, const Media& ours) -> std::string {
    for (const std::string& format : ours.formats) {
      const auto number = static_cast<std::uint8_t>(std::stoi(format));
      const sdp::Rtpmap* map = ours.rtpmap(number);
      if (map == nullptr) return "has no a=rtpmap for " + format;
      const sdp::Rtpmap* offered = theirs.rtpmap(number);
      if (offered != nullptr && offered->clock_rate != map->clock_rate)
        return "has another codec at " + format;
      if (map->encoding != "rtx") continue;
      const sdp::Fmtp* fmtp = ours.fmtp(number);
      if (fmtp == nullptr || !fmtp->config.starts_with("apt=")) return "has RTX without apt at " + format;
      if (!is_in(ours.formats, fmtp->config.substr(4))) return "has RTX for a codec that it lacks";
    }
    return {};
  });
}

std::string extensions(const Description& offer, const Description& answer) {
  return each(offer, answer, [&](const Media& theirs, const Media& ours) -> std::string {
    for (const sdp::Extmap& e : ours.extmaps) {
      const auto same = [&](const sdp::Extmap& t) {
        return t.uri == e.uri && (t.id == e.id || t.id >= 4096);
      };
      const auto it = std::find_if(theirs.extmaps.begin(), theirs.extmaps.end(), same);
      const bool of_session = std::any_of(offer.extmaps.begin(), offer.extmaps.end(), same);
      if (it == theirs.extmaps.end() && !of_session) return "has extension " + e.uri + ", not offered so";
      if (it == theirs.extmaps.end() || !it->direction) continue;
      if (e.direction != sdp::reversed(*it->direction))
        return "has extension " + e.uri + " in a wrong direction";
    }
    return {};
  });
}

/// With an id that any packet can carry; others depend on a=extmap-allow-mixed.
std::string mid_extension(const Description& offer, const Description& answer) {
  return each(offer, answer, [](const Media& theirs, const Media& ours) -> std::string {
    const auto has = [](const Media& m) {
      return std::any_of(m.extmaps.begin(), m.extmaps.end(),
                         [](const sdp::Extmap& e) { return e.uri == extension_uri::kMid && e.id <= 14; });
    };
    return !has(theirs) || has(ours) ? "" : "lacks the extension of the MID";
  });
}

std::string mixed_headers(const Description& offer, const Description& answer) {
  return each(offer, answer, [&](const Media& theirs, const Media& ours) -> std::string {
    const bool offered = offer.extmap_allow_mixed || theirs.extmap_allow_mixed;
    const bool answered = answer.extmap_allow_mixed || ours.extmap_allow_mixed;
    return offered == answered ? "" : "has another a=extmap-allow-mixed";
  });
}

/// NACK for Opus apart: jsep_codecs.cc says why.
std::string feedback(const Description& offer, const Description& answer) {
  return each(offer, answer, [](const Media& theirs, const Media& ours) -> std::string {
    for (const sdp::RtcpFb& fb : ours.rtcp_fbs) {
      const bool offered =
          std::any_of(theirs.rtcp_fbs.begin(), theirs.rtcp_fbs.end(), [&](const sdp::RtcpFb& t) {
            return t.type == fb.type && t.parameter == fb.parameter &&
                   (!t.payload_type || t.payload_type == fb.payload_type);
          });
      if (!offered && !(ours.media == "audio" && fb.type == "nack"))
        return "has a=rtcp-fb " + fb.type + ", not offered";
    }
    return {};
  });
}

std::string rtcp(const Description& offer, const Description& answer) {
  return each(offer, answer, [](const Media& theirs, const Media& ours) -> std::string {
    if (theirs.rtcp_mux != ours.rtcp_mux) return "has another a=rtcp-mux";
    if (theirs.rtcp_rsize != ours.rtcp_rsize) return "has another a=rtcp-rsize";
    return ours.rtcp_mux_only ? "has a=rtcp-mux-only" : "";
  });
}

std::string setup(const Description& offer, const Description& answer) {
  return each(offer, answer, [&](const Media& theirs, const Media& ours) -> std::string {
    const auto offered = theirs.setup ? theirs.setup : offer.setup;
    if (ours.setup != sdp::Setup::kActive && ours.setup != sdp::Setup::kPassive)
      return "is neither active nor passive";
    return offered == ours.setup ? "has the client's own role" : "";
  });
}

std::string tls_id(const Description& offer, const Description& answer) {
  const bool offered = offer.tls_id || std::any_of(offer.media.begin(), offer.media.end(),
                                                   [](const Media& m) { return m.tls_id.has_value(); });
  return each(offer, answer, [&](const Media&, const Media& ours) -> std::string {
    return ours.tls_id && !offered ? "has a=tls-id" : "";
  });
}

std::string bundle(const Description& offer, const Description& answer) {
  const auto& offered = bundle_of(offer).mids;
  const auto& ours = bundle_of(answer).mids;
  std::vector<std::string> live;
  for (const Media& m : answer.media)
    if (m.port != 0 && m.mid && is_in(offered, *m.mid)) live.push_back(*m.mid);
  if (ours.size() != live.size()) return "the group is not that of the m-lines that go on";
  for (const std::string& mid : ours)
    if (!is_in(live, mid)) return "the group has " + mid + ", which does not go on";
  for (const std::string& mid : offered) {
    const auto it =
        std::find_if(answer.media.begin(), answer.media.end(), [&](const Media& m) { return m.mid == mid; });
    const auto index = static_cast<std::size_t>(it - answer.media.begin());
    if (it == answer.media.end() || it->port == 0 || offer.media[index].port == 0) continue;
    return ours.front() == mid ? "" : "the group begins with " + ours.front() + ", not with " + mid;
  }
  return {};
}

std::string one_transport(const Description&, const Description& answer) {
  std::size_t described = 0;
  std::size_t live = 0;
  for (const Media& m : answer.media) {
    if (m.bundle_only) return "has a=bundle-only";
    if (m.port == 0) continue;
    ++live;
    described += m.candidates.empty() ? 0 : 1;
    if (m.end_of_candidates == m.candidates.empty()) return "has candidates without their end";
    if (!m.ice_ufrag || !m.ice_pwd || m.fingerprints.empty()) return "has an m-line without credentials";
  }
  if (described > 1 || (live > 0 && described == 0)) return "describes no transport, or more than one";
  const auto& group = bundle_of(answer).mids;
  if (group.empty()) return {};
  for (const Media& m : answer.media)
    if (!m.candidates.empty() && m.mid != group.front()) return "the group does not begin with its transport";
  return {};
}

std::string max_bundle(const Description& offer, const Description& answer) {
  std::size_t outside = 0;
  for (std::size_t i = 0; i < answer.media.size(); ++i) {
    const Media& m = offer.media[i];
    if (answer.media[i].port != 0 && (!m.mid || !is_in(bundle_of(offer).mids, *m.mid))) ++outside;
  }
  return outside > 1 || (outside == 1 && !bundle_of(answer).mids.empty()) ? "needs a second transport" : "";
}

std::string ice_options(const Description& offer, const Description& answer) {
  for (const std::string& option : answer.ice_options) {
    const bool offered = is_in(offer.ice_options, option) ||
                         std::any_of(offer.media.begin(), offer.media.end(),
                                     [&](const Media& m) { return is_in(m.ice_options, option); });
    if (!offered) return "has the option " + option + ", not offered";
  }
  return {};
}

std::string msids(const Description& offer, const Description& answer) {
  return each(
      offer, answer,
      [](const Media&, const Media& ours) -> std::string {
        const bool sends = ours.port != 0 && !is_data(ours) && sdp::sends(*ours.direction);
        return sends != ours.msids.empty() ? "" : "sends without a=msid, or has one and does not send";
      },
      true);
}

std::string simulcast(const Description& offer, const Description& answer) {
  return each(offer, answer, [](const Media& theirs, const Media& ours) -> std::string {
    for (const sdp::Rid& rid : ours.rids) {
      const auto it = std::find_if(theirs.rids.begin(), theirs.rids.end(),
                                   [&](const sdp::Rid& r) { return r.id == rid.id; });
      if (it == theirs.rids.end() || it->send == rid.send)
        return "has the rid " + rid.id + ", not offered so";
    }
    if (!ours.simulcast) return {};
    if (!theirs.simulcast || !ours.simulcast->send.empty()) return "has a=simulcast, not offered so";
    for (const auto& stream : ours.simulcast->recv)
      for (const auto& alternative : stream)
        if (std::none_of(ours.rids.begin(), ours.rids.end(),
                         [&](const sdp::Rid& r) { return r.id == alternative.rid; }))
          return "has a=simulcast with a rid that no a=rid describes";
    return {};
  });
}

std::string lip_sync(const Description& offer, const Description& answer) {
  for (const sdp::Group& group : answer.groups) {
    if (group.semantics == "BUNDLE") continue;
    const bool offered = std::any_of(offer.groups.begin(), offer.groups.end(), [&](const sdp::Group& g) {
      return g.semantics == group.semantics &&
             std::all_of(group.mids.begin(), group.mids.end(),
                         [&](const auto& mid) { return is_in(g.mids, mid); });
    });
    if (!offered) return "has a group of " + group.semantics + " that was not offered";
  }
  return {};
}

std::string data(const Description&, const Description& answer) {
  for (const Media& m : answer.media) {
    if (m.port == 0 || !is_data(m)) continue;
    if (m.setup != sdp::Setup::kActive && m.setup != sdp::Setup::kPassive)
      return "is neither active nor passive";
    if (std::string broken = broken_data(m); !broken.empty()) return broken;
  }
  return {};
}

constexpr std::array kRules = {
    AnswerRule{"RFC 8841 §9.3", "data channels have their port and size, and nothing of RTP", data},
    AnswerRule{"RFC 3264 §6, RFC 8829 §5.3.1", "m-lines are the offer's, in number, media and protocol",
               same_lines},
    AnswerRule{"RFC 8829 §5.3.1", "a=mid is the offer's, and there if and only if it is there", same_mids},
    AnswerRule{"RFC 3264 §6.1", "directions fit the offered ones", directions},
    AnswerRule{"RFC 8829 §5.3.1", "formats are some of the offered, in their order", formats},
    AnswerRule{"RFC 8829 §5.3.1, RFC 4588 §8.1", "each format has its a=rtpmap, and RTX a codec to repair",
               rtpmaps},
    AnswerRule{"RFC 8285 §6", "extensions are some of the offered, by the same id, directions turned round",
               extensions},
    AnswerRule{"RFC 9143 §9.1", "the extension of the MID is taken wherever it is offered", mid_extension},
    AnswerRule{"RFC 8285 §6", "a=extmap-allow-mixed stands where it is offered", mixed_headers},
    AnswerRule{"RFC 4585 §4.2", "a=rtcp-fb is some of the offered", feedback},
    AnswerRule{"RFC 8829 §5.3.1, RFC 8858 §4", "a=rtcp-mux and a=rtcp-rsize stand where they are offered",
               rtcp},
    AnswerRule{"RFC 8842 §5.3", "a=setup is active or passive, the other of the offered", setup},
    AnswerRule{"RFC 8842 §5.3", "a=tls-id stands where the client has one, and not otherwise", tls_id},
    AnswerRule{"RFC 9143 §7.3",
               "the group has the m-lines that go on, first the first offered that has a port", bundle},
    AnswerRule{"RFC 9143 §7.3, RFC 8840 §8.2",
               "one m-line has the candidates and their end, and begins the group", one_transport},
    AnswerRule{"RFC 8829 §5.3.1", "what is in no group with the first m-line is rejected (max-bundle)",
               max_bundle},
    AnswerRule{"RFC 8829 §5.3.1", "a=ice-options are some of the offered", ice_options},
    AnswerRule{"RFC 8829 §5.3.1, RFC 8830 §2", "a=msid stands where the server sends, and nowhere else",
               msids},
    AnswerRule{"RFC 8853 §5.3.2, RFC 8851 §6.2", "rids and simulcast are the offered, turned round",
               simulcast},
    AnswerRule{"RFC 8829 §5.3.1", "groups of lip sync are parts of the offered", lip_sync},
};

}  // namespace

std::span<const AnswerRule> answer_rules() {
  return kRules;
}

}  // namespace sluice::negotiate::testing
