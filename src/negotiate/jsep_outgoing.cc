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
  for (RtpCodecParameters& codec : out.codecs) {
    const MatchedCodec* match =
        find_match([&](const MatchedCodec& m) { return m.codec.payload_type == codec.payload_type; });
    std::erase_if(codec.rtcp_feedback, [&](const RtcpFeedback& fb) {
      const auto& theirs = match->codec.rtcp_feedback;
      return std::find(theirs.begin(), theirs.end(), fb) == theirs.end();
    });
  }
  out.header_extensions.clear();
  for (const RtpHeaderExtensionParameters& ours : track.consumable.header_extensions)
    for (const sdp::Extmap& theirs : section.extensions)
      if (theirs.uri == ours.uri && theirs.id <= 14 &&
          sdp::receives(theirs.direction.value_or(sdp::Direction::kSendRecv)))
        out.header_extensions.push_back({ours.uri, static_cast<std::uint8_t>(theirs.id), ours.encrypt});
  make_consistent(out);
  return out;
}

void place_track(Slot& slot, const OutgoingTrack& track, RtpParameters parameters) {
  slot.sending = true;
  slot.track_id = track.id;
  slot.send = std::move(parameters);
  slot.send.mid = slot.mid;
  slot.stream_id = track.stream_id.empty() ? "-" : track.stream_id;
  slot.track_msid = track.track_id.empty() ? track.id : track.track_id;
  slot.send.msid = slot.stream_id + ' ' + slot.track_msid;
}

void clear_track(Slot& slot) {
  slot.sending = false;
  slot.track_id.clear();
  slot.outgoing.reset();
}

}  // namespace sluice::negotiate::jsep
