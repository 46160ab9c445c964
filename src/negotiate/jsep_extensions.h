// The header extensions of an m-line of the client's (RFC 8285). Used by jsep_remote.cc.
#pragma once

#include <vector>

#include "sdp/description.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate::jsep {

/// Those of the m-line and the session: each id and each URI once, ids that packets can carry (1 to 255 but
/// 15) and that stand for nothing else in an earlier m-line. Where the client leaves the id to us (RFC 8285
/// §6: 4096 and up) and the room knows the extension, one is chosen that the whole description leaves free.
std::vector<sdp::Extmap> extensions_of(const sdp::SessionDescription& description,
                                       const sdp::MediaDescription& media, const RtpCapabilities& room,
                                       MediaKind kind);

}  // namespace sluice::negotiate::jsep
