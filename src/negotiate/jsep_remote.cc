#include "negotiate/jsep_remote.h"

#include <algorithm>
#include <set>

#include "negotiate/codec_match.h"
#include "negotiate/jsep_codecs.h"
#include "negotiate/jsep_sources.h"
#include "negotiate/media_codecs.h"
#include "negotiate/validate.h"

namespace sluice::negotiate::jsep {
namespace {

std::string name_of(const sdp::MediaDescription& media, std::size_t index) {
  std::string out = "the m=" + media.media + " section (number " + std::to_string(index + 1);
  if (media.mid) out += ", mid \"" + *media.mid + '"';
  return out + ')';
}

const sdp::Group* bundle_of(const sdp::SessionDescription& description) {
  for (const sdp::Group& g : description.groups)
    if (g.semantics == "BUNDLE") return &g;
  return nullptr;
}

/// The m= section that a member of the group names; null when there is none.
const sdp::MediaDescription* find_mid(const sdp::SessionDescription& description, std::string_view mid) {
  for (const sdp::MediaDescription& m : description.media)
    if (m.mid && *m.mid == mid) return &m;
  return nullptr;
}

/// RFC 8122 §5; a fingerprint by any other hash is to be ignored.
bool known_hash(std::string_view algorithm) {
  constexpr std::string_view kKnown[] = {"sha-1", "sha-224", "sha-256", "sha-384", "sha-512"};
  return std::find(std::begin(kKnown), std::end(kKnown), algorithm) != std::end(kKnown);
}

bool is_rtp(const sdp::MediaDescription& media) {
  return (media.media == "audio" || media.media == "video") &&
         media.protocol.find("RTP/") != std::string::npos;
}

/// RFC 8829 §5.1.2 and RFC 8859: an m-line's own transport attribute, else the session's, else that of the
/// m-line the bundle's transport is described in.
class TransportReader {
 public:
  TransportReader(const sdp::SessionDescription& description, const sdp::Group* bundle,
                  const sdp::MediaDescription& media) {
    levels_ = {&media, &description};
    if (bundle == nullptr) return;
    for (const std::string& mid : bundle->mids) {
      const sdp::MediaDescription* member = find_mid(description, mid);
      if (member != nullptr && !member->rejected()) levels_.push_back(member);
    }
  }

  [[nodiscard]] const std::string* ufrag() const { return find(&sdp::SharedAttributes::ice_ufrag); }
  [[nodiscard]] const std::string* pwd() const { return find(&sdp::SharedAttributes::ice_pwd); }
  [[nodiscard]] const sdp::Setup* setup() const { return find(&sdp::SharedAttributes::setup); }
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

/// Everything that stands between this m-line and media over one encrypted transport, named at once.
Result<void> check_transport(const sdp::SessionDescription& description, const sdp::MediaDescription& media,
                             std::size_t index) {
  const sdp::Group* bundle = bundle_of(description);
  const TransportReader transport(description, bundle, media);
  std::vector<std::string> missing;
  if (!media.mid) missing.emplace_back("a=mid");
  const bool bundled = bundle != nullptr && media.mid &&
                       std::find(bundle->mids.begin(), bundle->mids.end(), *media.mid) != bundle->mids.end();
  if (transport.ufrag() == nullptr) missing.emplace_back("a=ice-ufrag");
  if (transport.pwd() == nullptr) missing.emplace_back("a=ice-pwd");
  if (transport.fingerprints().empty()) missing.emplace_back("a=fingerprint");
  if (transport.setup() == nullptr) missing.emplace_back("a=setup");
  if (!media.rtcp_mux) missing.emplace_back("a=rtcp-mux");
  if (!bundled) missing.emplace_back("a=group:BUNDLE");
  if (missing.empty()) return {};
  std::string list;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (i > 0) list += i + 1 == missing.size() ? " and " : ", ";
    list += missing[i];
    if (missing[i] == "a=group:BUNDLE" && media.mid) list += " with its mid";
  }
  std::string message = name_of(media, index) + " lacks " + list;
  if (media.protocol.find("SAVP") == std::string::npos)
    message += " (its protocol is " + media.protocol + ")";
  return invalid_argument(missing.front(),
                          message + "; expected media over ICE and DTLS-SRTP, all bundled, with rtcp-mux");
}

Result<RemoteTransport> read_transport(const sdp::SessionDescription& description,
                                       const sdp::MediaDescription& media) {
  const TransportReader reader(description, bundle_of(description), media);
  RemoteTransport out;
  out.ice = {*reader.ufrag(), *reader.pwd(), false};
  out.fingerprints = reader.fingerprints();
  out.setup = *reader.setup();
  if (out.setup == sdp::Setup::kHoldconn)
    return invalid_argument("a=setup", "a=setup is holdconn; expected actpass, active or passive");
  // Every bundled m-line's candidates lead to the one transport or, before the first answer, nowhere.
  for (const sdp::MediaDescription& m : description.media)
    for (const sdp::Candidate& c : m.candidates)
      if (c.component == 1 && !m.rejected()) out.candidates.push_back(c.ice);
  return out;
}

std::vector<sdp::Extmap> extensions_of(const sdp::SessionDescription& description,
                                       const sdp::MediaDescription& media) {
  std::vector<sdp::Extmap> out;
  std::set<std::uint16_t> ids;
  std::set<std::string_view> uris;
  for (const auto* level : {&media.extmaps, &description.extmaps})
    for (const sdp::Extmap& e : *level)
      if (e.id <= 255 && !uris.contains(e.uri) && ids.insert(e.id).second) {
        uris.insert(e.uri);
        out.push_back(e);
      }
  return out;
}

/// Fills `sent` and `streams`: what the m-line's sender would send and the room reads.
void read_sender(const sdp::MediaDescription& media, const RtpCapabilities& room, RemoteSection& out) {
  bool rids = false;
  bool transport_cc = false;
  for (const RtpHeaderExtension& known : room.header_extensions) {
    if (known.kind != *out.kind || !room_receives(room, *out.kind, known.uri)) continue;
    for (const sdp::Extmap& e : out.extensions) {
      if (e.uri != known.uri || !sdp::sends(e.direction.value_or(sdp::Direction::kSendRecv))) continue;
      out.sent.header_extensions.push_back({e.uri, static_cast<std::uint8_t>(e.id), false});
      rids = rids || e.uri == extension_uri::kRid;
      transport_cc = transport_cc || e.uri == extension_uri::kTransportWideCc;
    }
  }
  for (MatchedCodec& match : out.codecs)
    if (!transport_cc)
      std::erase_if(match.codec.rtcp_feedback,
                    [](const RtcpFeedback& fb) { return fb.type == "transport-cc"; });
  out.sent.codecs = sent_codecs(out.codecs);
  const bool rtx = std::any_of(out.sent.codecs.begin(), out.sent.codecs.end(),
                               [](const auto& codec) { return is_rtx(codec.mime_type); });
  Sources sources = read_sources(media, rids, rtx);
  out.sent.mid = out.mid;
  out.sent.encodings = std::move(sources.encodings);
  out.sent.rtcp.cname = std::move(sources.cname);
  out.sent.rtcp.reduced_size = media.rtcp_rsize;
  out.sent.msid = std::move(sources.msid);
  out.streams = std::move(sources.streams);
}

Result<RemoteSection> read_section(const sdp::SessionDescription& description, std::size_t index,
                                   const RtpCapabilities& room) {
  const sdp::MediaDescription& media = description.media[index];
  RemoteSection out;
  out.mid = media.mid.value_or("");
  out.media = media.media;
  out.protocol = media.protocol;
  out.formats = media.formats;
  out.rejected = media.rejected();
  if (media.media == "audio" || media.media == "video") out.kind = *kind_of(media.media + "/x");
  out.direction = media.direction.value_or(description.direction.value_or(sdp::Direction::kSendRecv));
  if (out.rejected || !out.kind) return out;
  if (!is_rtp(media))
    return invalid_argument("m=" + media.media, name_of(media, index) + " has the protocol " +
                                                    media.protocol + "; expected UDP/TLS/RTP/SAVPF");
  if (is_plan_b(media))
    return Error{ErrorCode::kUnsupported, "a=ssrc",
                 name_of(media, index) +
                     " carries several tracks (Plan B); expected one m= section for each track "
                     "(Unified Plan, RFC 8829)"};
  if (auto checked = check_transport(description, media, index); !checked) return checked.error();
  const auto described = described_codecs(media);
  for (const RtpCodecParameters& codec : described) out.payload_types.push_back(codec.payload_type);
  out.codecs = match_codecs(*out.kind, described, room);
  out.extensions = extensions_of(description, media);
  read_sender(media, room, out);
  if (!out.codecs.empty()) {
    if (auto valid = validate(out.sent, name_of(media, index)); !valid) return valid.error();
  }
  return out;
}

/// RFC 8843 §7: one group, each member an m-line, no mid twice.
Result<void> check_group(const sdp::SessionDescription& description) {
  std::set<std::string_view> mids;
  for (const sdp::MediaDescription& m : description.media)
    if (m.mid && !mids.insert(*m.mid).second)
      return invalid_argument("a=mid",
                              "two m= sections have the mid \"" + *m.mid + "\"; expected each mid once");
  const sdp::Group* bundle = bundle_of(description);
  if (bundle == nullptr) return {};
  std::set<std::string_view> members;
  for (const std::string& mid : bundle->mids) {
    if (!mids.contains(mid))
      return invalid_argument("a=group:BUNDLE",
                              "a=group:BUNDLE names the mid \"" + mid + "\", which no m= section has");
    if (!members.insert(mid).second)
      return invalid_argument("a=group:BUNDLE", "a=group:BUNDLE names the mid \"" + mid + "\" twice");
  }
  return {};
}

/// RFC 8843 §7.3.1: the first member that is not rejected describes the transport.
Result<std::optional<RemoteTransport>> read_bundle_transport(const sdp::SessionDescription& description,
                                                             const RemoteDescription& read) {
  const sdp::Group* bundle = bundle_of(description);
  if (bundle == nullptr) return std::optional<RemoteTransport>();
  for (const std::string& mid : bundle->mids) {
    for (std::size_t i = 0; i < read.sections.size(); ++i) {
      const RemoteSection& section = read.sections[i];
      if (section.mid != mid || section.rejected || !section.kind || section.codecs.empty()) continue;
      auto transport = read_transport(description, description.media[i]);
      if (!transport) return transport.error();
      return std::optional<RemoteTransport>(std::move(*transport));
    }
  }
  return std::optional<RemoteTransport>();
}

}  // namespace

Result<RemoteDescription> read_remote(const sdp::SessionDescription& description, SdpType type,
                                      const RtpCapabilities& room) {
  // RFC 8445 §2.5: of two lite agents neither would send a check.
  if (description.ice_lite)
    return Error{ErrorCode::kUnsupported, "a=ice-lite",
                 "the client is ICE-lite and so is the server; expected a client with full ICE"};
  if (auto checked = check_group(description); !checked) return checked.error();
  RemoteDescription out;
  out.extmap_allow_mixed = description.extmap_allow_mixed;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    auto section = read_section(description, i, room);
    if (!section) return section.error();
    out.extmap_allow_mixed = out.extmap_allow_mixed || description.media[i].extmap_allow_mixed;
    out.sections.push_back(std::move(*section));
  }
  auto transport = read_bundle_transport(description, out);
  if (!transport) return transport.error();
  out.transport = std::move(*transport);
  // RFC 5763 §5: the answer decides.
  if (type == SdpType::kAnswer && out.transport && out.transport->setup == sdp::Setup::kActpass)
    return invalid_argument("a=setup", "a=setup is actpass in an answer; expected active or passive");
  return out;
}

}  // namespace sluice::negotiate::jsep
