#include "peer/remote_description.h"

#include <algorithm>
#include <set>

#include "negotiate/codec_match.h"
#include "negotiate/jsep_bundle.h"
#include "negotiate/jsep_codecs.h"
#include "negotiate/jsep_data.h"
#include "negotiate/jsep_extensions.h"
#include "negotiate/jsep_sources.h"
#include "sdp/sdp.h"

namespace sluice::peer {
namespace jsep = negotiate::jsep;
namespace {

bool is_rtp(const sdp::MediaDescription& media) {
  return (media.media == "audio" || media.media == "video") &&
         media.protocol.find("RTP/") != std::string::npos;
}

/// RFC 8843 §6: port 0 means "in the bundle" in an offer, with the attribute and a group to be in.
bool is_rejected(const sdp::SessionDescription& description, const sdp::MediaDescription& media,
                 SdpType type) {
  if (media.port != 0) return false;
  return type == SdpType::kAnswer || !media.bundle_only || !media.mid ||
         jsep::bundle_with(description, *media.mid) == nullptr;
}

Result<void> read_rtp(const sdp::SessionDescription& description, std::size_t index, std::string_view text,
                      const RtpCapabilities& ours, RemoteSection& out) {
  const sdp::MediaDescription& media = description.media[index];
  if (jsep::is_plan_b(media))
    return jsep::refuse(text, index, "a=ssrc",
                        jsep::name_of(media, index) +
                            " carries several tracks (Plan B); expected one m= section for each track "
                            "(Unified Plan, RFC 8829)",
                        ErrorCode::kUnsupported);
  if (const std::string* rid = jsep::find_undescribed_rid(media))
    return jsep::refuse(text, index, "a=simulcast",
                        jsep::name_of(media, index) + " has the rid \"" + *rid +
                            "\" in a=simulcast; expected an a=rid line for it (RFC 8829 §5.8.3)");
  const auto described = jsep::described_codecs(media);
  for (const RtpCodecParameters& codec : described) out.payload_types.push_back(codec.payload_type);
  out.codecs = jsep::match_codecs(*out.kind, described, ours);
  if (out.codecs.empty()) out.unusable = "none of its codecs is one of ours";
  out.extensions = jsep::extensions_of(description, media, ours, *out.kind);
  return {};
}

Result<RemoteSection> read_section(const sdp::SessionDescription& description, std::size_t index,
                                   SdpType type, std::string_view text, const RtpCapabilities& ours) {
  const sdp::MediaDescription& media = description.media[index];
  RemoteSection out;
  out.source = media;
  out.mid = media.mid.value_or("");
  out.media = media.media;
  out.protocol = media.protocol;
  out.formats = media.formats;
  out.rejected = is_rejected(description, media, type);
  if (is_rtp(media)) out.kind = *negotiate::kind_of(media.media + "/x");
  out.direction = media.direction.value_or(description.direction.value_or(sdp::Direction::kSendRecv));
  out.extmap_allow_mixed = description.extmap_allow_mixed || media.extmap_allow_mixed;
  out.data = jsep::read_data(media);
  if (out.rejected || out.data) return out;
  if (!out.kind) {
    out.unusable = "m=" + media.media + " over " + media.protocol + " is nothing that this end has";
    return out;
  }
  if (auto read = read_rtp(description, index, text, ours, out); !read) return read.error();
  return out;
}

/// RFC 9143 §7.1: each mid once, and each member of a group an m-line.
Result<void> check_groups(const sdp::SessionDescription& description, std::string_view text) {
  std::set<std::string_view> mids;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto& mid = description.media[i].mid;
    if (mid && !mids.insert(*mid).second)
      return jsep::refuse(text, i, "a=mid",
                          "two m= sections have the mid \"" + *mid + "\"; expected each mid once");
  }
  for (const sdp::Group& group : description.groups) {
    if (group.semantics != "BUNDLE") continue;
    for (const std::string& mid : group.mids)
      if (!mids.contains(mid))
        return jsep::refuse(text, sdp::kSession, "a=group:BUNDLE",
                            "a=group:BUNDLE names the mid \"" + mid + "\"; expected that of an m= section");
  }
  return {};
}

/// An attribute of the transport: the m-line's, else the session's, else that of the m-line which describes
/// the bundle's transport (RFC 8829 §5.1.2, RFC 8859).
template <typename Get>
auto find_level(const sdp::SessionDescription& description, const sdp::MediaDescription& media,
                const sdp::MediaDescription& tagged, Get get) {
  const sdp::SharedAttributes* const levels[] = {&media, &description, &tagged};
  for (const auto* level : levels)
    if (get(*level)) return level;
  return static_cast<const sdp::SharedAttributes*>(nullptr);
}

std::vector<DtlsFingerprint> canonical(const std::vector<sdp::Fingerprint>& fingerprints) {
  std::vector<DtlsFingerprint> out;
  for (const sdp::Fingerprint& f : fingerprints) {
    DtlsFingerprint& one = out.emplace_back(DtlsFingerprint{f.algorithm, f.value});
    for (char& c : one.algorithm) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (char& c : one.value) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

class TransportReader {
 public:
  TransportReader(const sdp::SessionDescription& description, std::size_t tagged, std::string_view text)
      : description_(description), tagged_(tagged), text_(text) {}

  /// What stands between this m-line and an encrypted transport, all at once (RFC 8829 §5.8.3).
  [[nodiscard]] Result<void> check(std::size_t index, bool rtp) const {
    const sdp::MediaDescription& media = description_.media[index];
    std::vector<std::string> missing;
    if (ufrag(media) == nullptr) missing.emplace_back("a=ice-ufrag");
    if (pwd(media) == nullptr) missing.emplace_back("a=ice-pwd");
    if (fingerprints(media) == nullptr) missing.emplace_back("a=fingerprint");
    if (setup(media) == nullptr) missing.emplace_back("a=setup");
    if (rtp && !media.rtcp_mux) missing.emplace_back("a=rtcp-mux");
    if (missing.empty()) return {};
    std::string list;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      if (i > 0) list += i + 1 == missing.size() ? " and " : ", ";
      list += missing[i];
    }
    std::string message = jsep::name_of(media, index) + " lacks " + list;
    if (rtp && media.protocol.find("SAVP") == std::string::npos)
      message += " (its protocol is " + media.protocol + ")";
    return jsep::refuse(text_, index, missing.front(),
                        message + "; expected ICE and DTLS, and rtcp-mux for media");
  }

  [[nodiscard]] Result<void> read(SdpType type, RemoteDescription& out) const {
    const sdp::MediaDescription& media = description_.media[tagged_];
    out.ice = RemoteIce{{*ufrag(media)->ice_ufrag, *pwd(media)->ice_pwd, description_.ice_lite}, {}, false};
    out.fingerprints = canonical(fingerprints(media)->fingerprints);
    out.setup = *setup(media)->setup;
    for (const sdp::SharedAttributes* level : {static_cast<const sdp::SharedAttributes*>(&media),
                                               static_cast<const sdp::SharedAttributes*>(&description_)})
      if (!out.tls_id && level->tls_id) out.tls_id = level->tls_id;
    if (out.setup == sdp::Setup::kHoldconn)
      return jsep::refuse(text_, tagged_, "a=setup",
                          "a=setup is holdconn; expected actpass, active or passive");
    // RFC 5763 §5: the answer decides.
    if (type == SdpType::kAnswer && out.setup == sdp::Setup::kActpass)
      return jsep::refuse(text_, tagged_, "a=setup",
                          "a=setup is actpass in an answer; expected active or passive");
    for (const sdp::MediaDescription& m : description_.media)
      for (const sdp::Candidate& c : m.candidates)
        if (c.component == 1) out.ice->candidates.push_back(c.ice);
    out.ice->ended = media.end_of_candidates;
    return {};
  }

 private:
  using Media = sdp::MediaDescription;
  [[nodiscard]] const sdp::SharedAttributes* ufrag(const Media& m) const {
    return level(m, [](const auto& l) { return l.ice_ufrag.has_value(); });
  }
  [[nodiscard]] const sdp::SharedAttributes* pwd(const Media& m) const {
    return level(m, [](const auto& l) { return l.ice_pwd.has_value(); });
  }
  [[nodiscard]] const sdp::SharedAttributes* fingerprints(const Media& m) const {
    return level(m, [](const auto& l) { return !l.fingerprints.empty(); });
  }
  [[nodiscard]] const sdp::SharedAttributes* setup(const Media& m) const {
    return level(m, [](const auto& l) { return l.setup.has_value(); });
  }
  template <typename Get>
  [[nodiscard]] const sdp::SharedAttributes* level(const Media& media, Get get) const {
    return find_level(description_, media, description_.media[tagged_], get);
  }

  const sdp::SessionDescription& description_;
  std::size_t tagged_;
  std::string_view text_;
};

/// The first m-line that can be had decides which group is taken: the rest would need a second transport
/// (RFC 8829 §5.3.1, "max-bundle").
Result<void> read_bundle(SdpType type, std::string_view text, RemoteDescription& out) {
  const auto usable = [](const RemoteSection& s) { return s.usable(); };
  auto first = std::find_if(out.sections.begin(), out.sections.end(), usable);
  if (first == out.sections.end()) return {};
  const sdp::Group* group = first->mid.empty() ? nullptr : jsep::bundle_with(out.parsed, first->mid);
  out.bundled = group != nullptr;
  for (auto it = first; it != out.sections.end(); ++it) {
    if (!it->usable() || it == first) continue;
    const bool inside = group != nullptr && !it->mid.empty() &&
                        std::find(group->mids.begin(), group->mids.end(), it->mid) != group->mids.end();
    if (inside) continue;
    const auto index = static_cast<std::size_t>(it - out.sections.begin());
    if (type == SdpType::kAnswer)
      return jsep::refuse(
          text, index, "a=group:BUNDLE",
          jsep::name_of(out.parsed.media[index], index) +
              " is accepted outside of the BUNDLE group; expected it in the group, or port 0");
    it->unusable = "the m-line is in no BUNDLE group with the first, and there is one transport only";
  }
  // RFC 9143 §7.3.1: the group's first that goes on and has a port describes the transport.
  auto tagged = first;
  if (group != nullptr) {
    for (const bool with_port : {true, false}) {
      const auto mid = std::find_if(group->mids.begin(), group->mids.end(), [&](const std::string& m) {
        return std::any_of(out.sections.begin(), out.sections.end(), [&](const RemoteSection& s) {
          return s.usable() && s.mid == m && (!with_port || s.source.port != 0);
        });
      });
      if (mid == group->mids.end()) continue;
      tagged = std::find_if(out.sections.begin(), out.sections.end(),
                            [&](const RemoteSection& s) { return s.mid == *mid; });
      break;
    }
  }
  const TransportReader reader(out.parsed, static_cast<std::size_t>(tagged - out.sections.begin()), text);
  for (std::size_t i = 0; i < out.sections.size(); ++i) {
    if (!out.sections[i].usable()) continue;
    if (auto checked = reader.check(i, out.sections[i].kind.has_value()); !checked) return checked;
  }
  out.bundle.push_back(tagged->mid);
  if (group != nullptr)
    for (const std::string& mid : group->mids)
      if (mid != tagged->mid) out.bundle.push_back(mid);
  return reader.read(type, out);
}

}  // namespace

Result<RemoteDescription> read_remote(std::string_view text, SdpType type, const RtpCapabilities& ours) {
  auto parsed = sdp::parse(text);
  if (!parsed) return parsed.error();
  RemoteDescription out;
  out.parsed = std::move(*parsed);
  if (auto checked = check_groups(out.parsed, text); !checked) return checked.error();
  for (std::size_t i = 0; i < out.parsed.media.size(); ++i) {
    auto section = read_section(out.parsed, i, type, text, ours);
    if (!section) return section.error();
    out.sections.push_back(std::move(*section));
  }
  if (auto bundled = read_bundle(type, text, out); !bundled) return bundled.error();
  return out;
}

}  // namespace sluice::peer
