#include "negotiate/jsep_outgoing.h"

#include <algorithm>

#include "negotiate/codec_match.h"
#include "negotiate/media_codecs.h"

namespace sluice::negotiate::jsep {
namespace {

/// Rewrites the codecs' numbers by `map` (room's payload type → session's or none), and drops what has none.
template <typename Map>
std::vector<RtpCodecParameters> renumber(const std::vector<RtpCodecParameters>& codecs, const Map& map) {
  std::vector<RtpCodecParameters> out;
  for (const RtpCodecParameters& codec : codecs) {
    if (is_rtx(codec.mime_type)) continue;
    const std::optional<std::uint8_t> number = map(codec.payload_type);
    if (!number) continue;
    RtpCodecParameters& media = out.emplace_back(codec);
    media.payload_type = *number;
    const RtpCodecParameters* rtx = find_rtx(codecs, codec.payload_type);
    const std::optional<std::uint8_t> rtx_number = rtx != nullptr ? map(rtx->payload_type) : std::nullopt;
    if (!rtx_number) continue;
    RtpCodecParameters& retransmission = out.emplace_back(*rtx);
    retransmission.payload_type = *rtx_number;
    set_parameter(retransmission.parameters, "apt", std::int64_t{*number});
  }
  settle_red_parameters(out);
  return out;
}

bool has_rtx(const std::vector<RtpCodecParameters>& codecs) {
  return std::any_of(codecs.begin(), codecs.end(), [](const auto& c) { return is_rtx(c.mime_type); });
}

/// transport-cc without its header extension, or an SSRC for RTX without RTX, promises what cannot be.
void make_consistent(RtpParameters& parameters) {
  const auto& extensions = parameters.header_extensions;
  const bool transport_cc = std::any_of(extensions.begin(), extensions.end(), [](const auto& e) {
    return e.uri == extension_uri::kTransportWideCc;
  });
  for (RtpCodecParameters& codec : parameters.codecs)
    if (!transport_cc)
      std::erase_if(codec.rtcp_feedback, [](const RtcpFeedback& fb) { return fb.type == "transport-cc"; });
  if (has_rtx(parameters.codecs)) return;
  for (RtpEncodingParameters& encoding : parameters.encodings) encoding.rtx_ssrc.reset();
}

/// RTX for audio is offered to who has named it only: browsers have none, and libwebrtc refuses a description
/// whole that names two SSRCs for an audio track.
std::vector<RtpCodecParameters> offerable_codecs(const OutgoingTrack& track, const BundleNumbers& numbers) {
  std::vector<RtpCodecParameters> out = track.consumable.codecs;
  std::erase_if(out, [&](const RtpCodecParameters& codec) {
    return track.kind == MediaKind::kAudio && is_rtx(codec.mime_type) && !numbers.known(codec.payload_type);
  });
  return out;
}

/// RFC 8285 §4.1.2: packets with and without two-byte headers may be mixed only where the client takes that;
/// two-byte ones are those with an id above 14 or, as the MID of a long name, more than 16 bytes.
bool is_writable(std::uint16_t id, std::string_view uri, const RemoteSection& section) {
  constexpr std::size_t kMostOneByteValue = 16;
  if (section.extmap_allow_mixed) return true;
  return id <= 14 && (uri != extension_uri::kMid || section.mid.size() <= kMostOneByteValue);
}

}  // namespace

std::optional<RtpParameters> offered_parameters(const OutgoingTrack& track, BundleNumbers& numbers) {
  RtpParameters out = track.consumable;
  out.codecs =
      renumber(offerable_codecs(track, numbers), [&](std::uint8_t pt) { return numbers.payload_type(pt); });
  if (out.codecs.empty()) return std::nullopt;
  out.header_extensions.clear();
  for (const RtpHeaderExtensionParameters& e : track.consumable.header_extensions)
    if (const auto id = numbers.extension_id(e.uri, e.id))
      out.header_extensions.push_back({e.uri, *id, e.encrypt});
  make_consistent(out);
  return out;
}

std::optional<RtpParameters> answered_parameters(const OutgoingTrack& track, const RemoteSection& section) {
  RtpParameters out = track.consumable;
  const auto find_match = [&](auto&& same) -> const MatchedCodec* {
    const auto it = std::find_if(section.codecs.begin(), section.codecs.end(), same);
    return it == section.codecs.end() ? nullptr : &*it;
  };
  out.codecs = renumber(track.consumable.codecs, [&](std::uint8_t room) -> std::optional<std::uint8_t> {
    const MatchedCodec* match =
        find_match([&](const MatchedCodec& m) { return m.room_payload_type == room; });
    return match != nullptr ? std::optional(match->codec.payload_type) : std::nullopt;
  });
  if (out.codecs.empty()) return std::nullopt;
  const auto match_of = [&](const RtpCodecParameters& codec) {
    return find_match([&](const MatchedCodec& m) { return m.codec.payload_type == codec.payload_type; });
  };
  // RFC 8829 §5.3.1 and §5.2.2: in the order of the client; pointers into one list compare by place.
  std::stable_sort(out.codecs.begin(), out.codecs.end(),
                   [&](const auto& a, const auto& b) { return match_of(a) < match_of(b); });
  for (RtpCodecParameters& codec : out.codecs) {
    const MatchedCodec* match = match_of(codec);
    std::erase_if(codec.rtcp_feedback, [&](const RtcpFeedback& fb) {
      const auto& theirs = match->codec.rtcp_feedback;
      return std::find(theirs.begin(), theirs.end(), fb) == theirs.end();
    });
  }
  out.header_extensions.clear();
  for (const RtpHeaderExtensionParameters& ours : track.consumable.header_extensions)
    for (const sdp::Extmap& theirs : section.extensions)
      if (theirs.uri == ours.uri && is_writable(theirs.id, ours.uri, section) &&
          sdp::receives(theirs.direction.value_or(sdp::Direction::kSendRecv)))
        out.header_extensions.push_back({ours.uri, static_cast<std::uint8_t>(theirs.id), ours.encrypt});
  make_consistent(out);
  return out;
}

void keep_answered(const Slot& slot, RtpParameters& parameters) {
  std::erase_if(parameters.header_extensions,
                [&](const RtpHeaderExtensionParameters& e) { return !slot.extensions->contains(e.uri); });
  for (RtpCodecParameters& codec : parameters.codecs) {
    const RtpCodecParameters* answered = find_payload_type(slot.receive_codecs, codec.payload_type);
    if (answered == nullptr) continue;
    std::erase_if(codec.rtcp_feedback, [&](const RtcpFeedback& fb) {
      const auto& theirs = answered->rtcp_feedback;
      return std::find(theirs.begin(), theirs.end(), fb) == theirs.end();
    });
  }
  make_consistent(parameters);
}

void place_track(Slot& slot, const OutgoingTrack& track, RtpParameters parameters) {
  slot.sending = true;
  slot.track_id = track.id;
  slot.send = std::move(parameters);
  slot.send.mid = slot.mid;
  slot.stream_ids = track.stream_ids;
  if (slot.stream_ids.empty()) slot.stream_ids.emplace_back("-");  // RFC 8830 §2: in no stream
  slot.track_msid = track.track_id.empty() ? track.id : track.track_id;
  slot.send.msid = slot.stream_ids.front() + ' ' + slot.track_msid;
}

void clear_track(Slot& slot) {
  slot.sending = false;
  slot.track_id.clear();
  slot.outgoing.reset();
}

}  // namespace sluice::negotiate::jsep
