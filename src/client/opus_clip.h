// Opus for synthetic peers: real coded audio, and room for a marker in each packet.
//
// The marker lies in the padding of a code 3 packet (RFC 6716 §3.2.5), which decoders skip whatever it holds:
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | config  |s|1|1|V|1|     M     |  padding = 20 |  lengths (V)  :
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// :                  the M frames                                 |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// :                  20 bytes of padding: the marker              |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
#pragma once

#include <optional>

#include "base/bytes.h"
#include "client/clip.h"

namespace sluice::client {

/// A humming voice, and the silence between its turns.
AudioClip make_humming();

/// The packet anew, with room for a marker; padding that it had is gone. Nothing when it is no Opus packet
/// (RFC 6716 §3.4).
std::optional<AudioClip::Packet> with_marker_room(Bytes packet);

}  // namespace sluice::client
