// A transceiver as negotiation sees it: what its owner wants. What was agreed stands in its m-line
// (agreement.h). Held by Negotiator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdp/description.h"
#include "sluice/rtp_parameters.h"
#include "sluice/rtp_transceiver.h"

namespace sluice::peer {

using TransceiverId = std::uint32_t;

constexpr sdp::Direction to_sdp(TransceiverDirection direction) {
  return direction == TransceiverDirection::kStopped ? sdp::Direction::kInactive
                                                     : static_cast<sdp::Direction>(direction);
}
constexpr TransceiverDirection from_sdp(sdp::Direction direction) {
  return static_cast<TransceiverDirection>(direction);
}

/// One stream that a sender may send; its SSRCs are for life.
struct Encoding {
  std::string rid;  ///< Empty: the only one.
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;
  std::optional<std::uint32_t> max_bitrate;
};

struct Transceiver {
  TransceiverId id = 0;
  MediaKind kind = MediaKind::kAudio;
  TransceiverDirection direction = TransceiverDirection::kSendRecv;
  std::optional<TransceiverDirection> current_direction;
  bool stopping = false;  ///< stop() was called; the next negotiation makes it true.
  /// Payload types, in our own numbers, that it may use, the preferred first; RTX is not among them.
  std::vector<std::uint8_t> codecs;
  std::string track_id;  ///< Of what is sent.
  std::vector<std::string> stream_ids;
  std::vector<Encoding> encodings;
  bool has_track = false;     ///< add_track() or add_transceiver() gave it something to send.
  bool ever_sent = false;     ///< W3C: add_track() takes only one that never has.
  bool by_add_track = false;  ///< RFC 8829 §5.10: an offer's m-line may take it.
  bool by_remote = false;     ///< Made for an m-line of the other side; a rollback takes it away again.
  bool receiving = false;     ///< A Track event was given, and no TrackRemoved since.
};

}  // namespace sluice::peer
