// Codecs and extensions of an m-line against the room's. Used by jsep_remote.cc.
#pragma once

#include <vector>

#include "negotiate/jsep_remote.h"

namespace sluice::negotiate::jsep {

/// The codecs of an m-line in its order, as the client describes them (RFC 3551 static numbers need no
/// rtpmap).
std::vector<RtpCodecParameters> described_codecs(const sdp::MediaDescription& media);

/// Those that the room routes, with what both agree on.
std::vector<MatchedCodec> match_codecs(MediaKind kind, const std::vector<RtpCodecParameters>& offered,
                                       const RtpCapabilities& room);

/// Of what a client may send, the first media codec, its RTX and its companions (comfort noise, telephone
/// events), and RED in front when the client would rather send that: a producer with one codec is one that
/// every consumer can rely on. `allowed`: the payload types that its rids leave to it; empty: any.
std::vector<RtpCodecParameters> sent_codecs(const std::vector<MatchedCodec>& codecs,
                                            const std::vector<std::uint8_t>& allowed = {});

/// Whether the room reads (from a producer) or writes (to a consumer) this extension.
bool room_receives(const RtpCapabilities& room, MediaKind kind, std::string_view uri);

}  // namespace sluice::negotiate::jsep
