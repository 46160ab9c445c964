// The m-lines of the client's description, one by one, and the whole put together.
#include "negotiate/jsep_remote.h"

#include <algorithm>
#include <set>

#include "negotiate/codec_match.h"
#include "negotiate/jsep_bundle.h"
#include "negotiate/jsep_codecs.h"
#include "negotiate/jsep_data.h"
#include "negotiate/jsep_extensions.h"
#include "negotiate/jsep_sources.h"
#include "negotiate/media_codecs.h"
#include "negotiate/validate.h"
#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

bool is_rtp(const sdp::MediaDescription& media) {
  return (media.media == "audio" || media.media == "video") &&
         media.protocol.find("RTP/") != std::string::npos;
}

/// RFC 8843 §6: port 0 means "in the bundle" in an offer, with the attribute and a group to be in.
bool is_rejected(const sdp::SessionDescription& description, const sdp::MediaDescription& media,
                 SdpType type) {
  if (media.port != 0) return false;
  return is_answer(type) || !media.bundle_only || !media.mid ||
         bundle_with(description, *media.mid) == nullptr;
}

/// RFC 8829 §5.10: TIAS, else AS made comparable: 5% for RTCP, and 40 bytes of headers 50 times a second.
std::optional<std::uint64_t> bitrate_limit(const std::vector<sdp::Line>& lines) {
  constexpr std::uint64_t kHeaders = 50 * 40 * 8;
  if (const auto tias = sdp::bandwidth(lines, "TIAS")) return tias;
  const auto as = sdp::bandwidth(lines, "AS");
  if (!as || *as > 0xFFFFFFFFU) return std::nullopt;
  const std::uint64_t bps = *as * 950;
  return bps > kHeaders ? bps - kHeaders : 0;
}

/// Fills `sent`: what the m-line's sender would send and the room reads.
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
  const std::vector<std::uint8_t> allowed = rids ? payload_types_of_rids(media) : std::vector<std::uint8_t>();
  out.sent.codecs = sent_codecs(out.codecs, allowed);
  const bool rtx = std::any_of(out.sent.codecs.begin(), out.sent.codecs.end(),
                               [](const auto& codec) { return is_rtx(codec.mime_type); });
  const std::optional<std::uint8_t> sent =
      out.sent.codecs.empty() ? std::nullopt : std::optional(out.sent.codecs.front().payload_type);
  Sources sources = read_sources(media, rids, rtx, sent);
  out.sent.mid = out.mid;
  out.sent.encodings = std::move(sources.encodings);
  out.sent.rtcp.cname = std::move(sources.cname);
  out.sent.rtcp.reduced_size = media.rtcp_rsize;
  out.sent.msid = std::move(sources.msid);
  out.streams = std::move(sources.streams);
  out.rids = std::move(sources.rids);
  out.stream_ids = std::move(sources.stream_ids);
}

Result<RemoteSection> read_section(const sdp::SessionDescription& description, std::size_t index,
                                   SdpType type, std::string_view text, const RtpCapabilities& room) {
  const sdp::MediaDescription& media = description.media[index];
  RemoteSection out;
  out.mid = media.mid.value_or("");
  out.media = media.media;
  out.protocol = media.protocol;
  out.formats = media.formats;
  out.rejected = is_rejected(description, media, type);
  if (media.media == "audio" || media.media == "video") out.kind = *kind_of(media.media + "/x");
  out.direction = media.direction.value_or(description.direction.value_or(sdp::Direction::kSendRecv));
  out.extmap_allow_mixed = description.extmap_allow_mixed || media.extmap_allow_mixed;
  out.max_bitrate = bitrate_limit(media.lines);
  if (out.rejected) return out;
  if (auto data = read_data(media)) {
    out.data = data;
    return out;
  }
  if (!is_rtp(media)) {
    out.unusable = "the room routes no m=" + media.media + " over " + media.protocol;
    out.kind.reset();
    return out;
  }
  if (is_plan_b(media))
    return refuse(text, index, "a=ssrc",
                  name_of(media, index) +
                      " carries several tracks (Plan B); expected one m= section for each track "
                      "(Unified Plan, RFC 8829)",
                  ErrorCode::kUnsupported);
  if (const std::string* rid = find_undescribed_rid(media))
    return refuse(text, index, "a=simulcast",
                  name_of(media, index) + " has the rid \"" + *rid +
                      "\" in a=simulcast; expected an a=rid line for it (RFC 8829 §5.8.3)");
  const auto described = described_codecs(media);
  for (const RtpCodecParameters& codec : described) out.payload_types.push_back(codec.payload_type);
  out.codecs = match_codecs(*out.kind, described, room);
  if (out.codecs.empty()) out.unusable = "the client has none of the room's codecs";
  out.extensions = extensions_of(description, media, room, *out.kind);
  read_sender(media, room, out);
  if (out.codecs.empty()) return out;
  if (auto valid = validate(out.sent, name_of(media, index)); !valid)
    return refuse(text, index, valid.error().field, valid.error().message, valid.error().code);
  return out;
}

/// RFC 9143 §7.1: each mid once, and each member of a group an m-line.
Result<void> check_groups(const sdp::SessionDescription& description, std::string_view text) {
  std::set<std::string_view> mids;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto& mid = description.media[i].mid;
    if (mid && !mids.insert(*mid).second)
      return refuse(text, i, "a=mid",
                    "two m= sections have the mid \"" + *mid + "\"; expected each mid once");
  }
  std::set<std::string_view> members;
  for (const sdp::Group& group : description.groups) {
    if (group.semantics != "BUNDLE") continue;
    for (const std::string& mid : group.mids) {
      if (!mids.contains(mid))
        return refuse(text, sdp::kSession, "a=group:BUNDLE",
                      "a=group:BUNDLE names the mid \"" + mid + "\"; expected that of an m= section");
      if (!members.insert(mid).second)
        return refuse(text, sdp::kSession, "a=group:BUNDLE",
                      "a=group:BUNDLE names the mid \"" + mid + "\" twice; expected it once");
    }
  }
  return {};
}

void add_ice_options(const std::vector<std::string>& options, std::vector<std::string>& out) {
  for (const std::string& option : options)
    if (std::find(out.begin(), out.end(), option) == out.end()) out.push_back(option);
}

}  // namespace

std::string name_of(const sdp::MediaDescription& media, std::size_t index) {
  std::string out = "the m=" + media.media + " section (number " + std::to_string(index + 1);
  if (media.mid) out += ", mid \"" + *media.mid + '"';
  return out + ')';
}

Error refuse(std::string_view text, std::size_t section, std::string field, std::string message,
             ErrorCode code) {
  const sdp::FoundLine line = sdp::find_line(text, section, field);
  if (line.number != 0) message += "; " + sdp::describe_line(line.number, line.text);
  return {code, std::move(field), std::move(message)};
}

Result<RemoteDescription> read_remote(std::string_view text, SdpType type, const RtpCapabilities& room,
                                      bool takes_data) {
  auto parsed = sdp::parse(text);
  if (!parsed) return parsed.error();
  const sdp::SessionDescription& description = *parsed;
  // RFC 8445 §2.5: of two lite agents neither would send a check.
  if (description.ice_lite)
    return refuse(text, sdp::kSession, "a=ice-lite",
                  "the client is ICE-lite and so is the server; expected a client with full ICE",
                  ErrorCode::kUnsupported);
  if (auto checked = check_groups(description, text); !checked) return checked.error();
  RemoteDescription out;
  out.text = text;
  out.ice_options = description.ice_options;
  if (const auto total = sdp::bandwidth(description.lines, "CT"); total && *total <= 0xFFFFFFFFU)
    out.max_bitrate = *total * 1000;
  for (const sdp::Group& group : description.groups)
    if (group.semantics == "LS") out.lip_sync.push_back(group.mids);
  bool has_data = false;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    auto section = read_section(description, i, type, text, room);
    if (!section) return section.error();
    add_ice_options(description.media[i].ice_options, out.ice_options);
    if (section->data && !takes_data) section->unusable = "the peer takes no data channels";
    if (section->data && std::exchange(has_data, true))
      section->unusable = "there is another m-line of data channels, which is all that a transport has";
    out.sections.push_back(std::move(*section));
  }
  if (auto bundled = read_bundle(description, type, out); !bundled) return bundled.error();
  return out;
}

}  // namespace sluice::negotiate::jsep
