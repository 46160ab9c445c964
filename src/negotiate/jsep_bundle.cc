#include "negotiate/jsep_bundle.h"

#include <algorithm>
#include <span>

#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

using Members = std::span<const sdp::MediaDescription* const>;

/// RFC 8122 §5; a fingerprint by any other hash is to be ignored.
bool known_hash(std::string_view algorithm) {
  constexpr std::string_view kKnown[] = {"sha-1", "sha-224", "sha-256", "sha-384", "sha-512"};
  return std::find(std::begin(kKnown), std::end(kKnown), algorithm) != std::end(kKnown);
}

/// RFC 8829 §5.1.2 and RFC 8859: an m-line's own transport attribute, else the session's, else that of the
/// m-line the bundle's transport is described in.
class TransportReader {
 public:
  TransportReader(const sdp::SessionDescription& description, Members members,
                  const sdp::MediaDescription& media) {
    levels_ = {&media, &description};
    levels_.insert(levels_.end(), members.begin(), members.end());
  }

  [[nodiscard]] const std::string* ufrag() const { return find(&sdp::SharedAttributes::ice_ufrag); }
  [[nodiscard]] const std::string* pwd() const { return find(&sdp::SharedAttributes::ice_pwd); }
  [[nodiscard]] const sdp::Setup* setup() const { return find(&sdp::SharedAttributes::setup); }
  [[nodiscard]] const std::string* tls_id() const { return find(&sdp::SharedAttributes::tls_id); }
  [[nodiscard]] std::vector<DtlsFingerprint> fingerprints() const {
    std::vector<DtlsFingerprint> out;
    for (const sdp::SharedAttributes* level : levels_) {
      for (const sdp::Fingerprint& f : level->fingerprints) {
        DtlsFingerprint canonical{f.algorithm, f.value};
        for (char& c : canonical.algorithm) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        for (char& c : canonical.value) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
        if (known_hash(canonical.algorithm)) out.push_back(std::move(canonical));
      }
      if (!out.empty()) break;
    }
    return out;
  }

 private:
  template <typename T>
  const T* find(std::optional<T> sdp::SharedAttributes::*member) const {
    for (const sdp::SharedAttributes* level : levels_)
      if ((level->*member).has_value()) return &*(level->*member);
    return nullptr;
  }

  std::vector<const sdp::SharedAttributes*> levels_;
};

/// Everything that stands between this m-line and media over one encrypted transport, named at once (RFC 8829
/// §5.8.3).
Result<void> check_transport(const TransportReader& transport, const sdp::MediaDescription& media,
                             std::size_t index, std::string_view text) {
  std::vector<std::string> missing;
  if (transport.ufrag() == nullptr) missing.emplace_back("a=ice-ufrag");
  if (transport.pwd() == nullptr) missing.emplace_back("a=ice-pwd");
  if (transport.fingerprints().empty()) missing.emplace_back("a=fingerprint");
  if (transport.setup() == nullptr) missing.emplace_back("a=setup");
  if (media.media != "application" && !media.rtcp_mux) missing.emplace_back("a=rtcp-mux");
  if (missing.empty()) return {};
  std::string list;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (i > 0) list += i + 1 == missing.size() ? " and " : ", ";
    list += missing[i];
  }
  std::string message = name_of(media, index) + " lacks " + list;
  if (media.protocol.find("SAVP") == std::string::npos)
    message += " (its protocol is " + media.protocol + ")";
  return refuse(text, index, missing.front(),
                message + "; expected media over ICE and DTLS-SRTP with rtcp-mux");
}

/// The first m-line that can be had decides which group is taken: the rest would need a second transport
/// (RFC 8829 §5.3.1, "max-bundle"). Where none can be had, the first that is at least media.
std::size_t first_section(const RemoteDescription& description) {
  const auto& sections = description.sections;
  auto it = std::find_if(sections.begin(), sections.end(), [](const RemoteSection& s) { return s.usable(); });
  if (it == sections.end())
    it = std::find_if(sections.begin(), sections.end(),
                      [](const RemoteSection& s) { return !s.rejected && s.kind; });
  return static_cast<std::size_t>(it - sections.begin());
}

bool contains(const std::vector<std::string>& mids, std::string_view mid) {
  return std::find(mids.begin(), mids.end(), mid) != mids.end();
}

/// The live members of the group in its order: the first describes the transport (RFC 9143 §7.3.1).
std::vector<const sdp::MediaDescription*> members_of(const sdp::SessionDescription& description,
                                                     const sdp::Group& group, const RemoteDescription& read) {
  std::vector<std::pair<std::string_view, const sdp::MediaDescription*>> by_mid;
  for (std::size_t i = 0; i < read.sections.size(); ++i)
    if (!read.sections[i].rejected && description.media[i].mid)
      by_mid.emplace_back(*description.media[i].mid, &description.media[i]);
  std::sort(by_mid.begin(), by_mid.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const sdp::MediaDescription*> out;
  for (const std::string& mid : group.mids) {
    const auto it = std::lower_bound(by_mid.begin(), by_mid.end(), mid,
                                     [](const auto& entry, const std::string& m) { return entry.first < m; });
    if (it != by_mid.end() && it->first == mid) out.push_back(it->second);
  }
  return out;
}

/// RFC 9143 §7.3.1: the first of the group that goes on and has a port; bundle-only ones have none.
std::optional<std::size_t> tagged_section(const sdp::SessionDescription& description, Members members,
                                          const RemoteDescription& read) {
  std::optional<std::size_t> without_port;
  for (const sdp::MediaDescription* member : members) {
    const auto index = static_cast<std::size_t>(member - description.media.data());
    if (!read.sections[index].usable()) continue;
    if (member->port != 0) return index;
    if (!without_port) without_port = index;
  }
  return without_port;
}

Result<RemoteTransport> read_transport(const sdp::SessionDescription& description,
                                       const TransportReader& reader, std::size_t section, SdpType type,
                                       std::string_view text) {
  RemoteTransport out;
  out.ice = {*reader.ufrag(), *reader.pwd(), false};
  out.fingerprints = reader.fingerprints();
  out.setup = *reader.setup();
  if (const std::string* tls_id = reader.tls_id()) out.tls_id = *tls_id;
  if (out.setup == sdp::Setup::kHoldconn)
    return refuse(text, section, "a=setup", "a=setup is holdconn; expected actpass, active or passive");
  // RFC 5763 §5: the answer decides.
  if (is_answer(type) && out.setup == sdp::Setup::kActpass)
    return refuse(text, section, "a=setup", "a=setup is actpass in an answer; expected active or passive");
  // Every bundled m-line's candidates lead to the one transport or, before the first answer, nowhere.
  for (const sdp::MediaDescription& m : description.media)
    for (const sdp::Candidate& c : m.candidates)
      if (c.component == 1 && m.port != 0) out.candidates.push_back(c.ice);
  return out;
}

}  // namespace

const sdp::Group* bundle_with(const sdp::SessionDescription& description, std::string_view mid) {
  for (const sdp::Group& g : description.groups)
    if (g.semantics == "BUNDLE" && contains(g.mids, mid)) return &g;
  return nullptr;
}

Result<void> read_bundle(const sdp::SessionDescription& description, SdpType type, RemoteDescription& out) {
  const std::size_t first = first_section(out);
  if (first == out.sections.size()) return {};
  const std::string& first_mid = out.sections[first].mid;
  const sdp::Group* group = first_mid.empty() ? nullptr : bundle_with(description, first_mid);
  std::vector<const sdp::MediaDescription*> members;
  if (group != nullptr) members = members_of(description, *group, out);
  for (std::size_t i = 0; i < out.sections.size(); ++i) {
    RemoteSection& section = out.sections[i];
    if (section.rejected || (!section.kind && !section.data)) continue;
    if (i != first && (group == nullptr || section.mid.empty() || !contains(group->mids, section.mid))) {
      if (is_answer(type))
        return refuse(out.text, i, "a=group:BUNDLE",
                      name_of(description.media[i], i) +
                          " is accepted outside of the BUNDLE group; expected it in the group, or port 0");
      section.unusable = "the m-line is in no BUNDLE group with the first, and there is one transport only";
      continue;
    }
    const TransportReader reader(description, members, description.media[i]);
    if (auto checked = check_transport(reader, description.media[i], i, out.text); !checked) return checked;
  }
  std::size_t tagged = first;
  if (group != nullptr) {
    out.bundle = group->mids;
    tagged = tagged_section(description, members, out).value_or(first);
    const auto at = std::find(out.bundle->begin(), out.bundle->end(), out.sections[tagged].mid);
    std::rotate(out.bundle->begin(), at, at + 1);
  }
  if (!out.sections[tagged].usable()) return {};
  const TransportReader reader(description, members, description.media[tagged]);
  auto transport = read_transport(description, reader, tagged, type, out.text);
  if (!transport) return transport.error();
  out.transport = std::move(*transport);
  return {};
}

}  // namespace sluice::negotiate::jsep
