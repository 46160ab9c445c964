// One RTP stream of a producer: what was received, what is missing, what can be sent again, and when a key
// frame is asked for. Owned by Producer; its feedback is sent by MediaSession.
#pragma once

#include <optional>
#include <string>

#include "rtp/history.h"
#include "rtp/nack_generator.h"
#include "rtp/rate_meter.h"
#include "rtp/receive_statistics.h"
#include "rtp/sequence_window.h"
#include "sfu/key_frame_requester.h"

namespace sluice::sfu {

struct ProducerStream {
  ProducerStream(std::uint32_t clock_rate, Duration key_frame_delay)
      : media(clock_rate), repair(clock_rate), key_frames(key_frame_delay) {}

  [[nodiscard]] Instant next_deadline() const {
    return std::min({nack.next_deadline(), key_frames.next_deadline(), history.next_deadline()});
  }

  std::optional<Ssrc> ssrc;  ///< Known from signaling, or learned from the first packet.
  std::optional<Ssrc> rtx_ssrc;
  std::string rid;
  rtp::ReceiveStatistics media;   ///< As the report blocks tell: without repairs.
  rtp::ReceiveStatistics repair;  ///< The RTX stream.
  rtp::SequenceWindow seen;       ///< Media and repairs together: nothing is forwarded twice.
  rtp::NackGenerator nack;
  rtp::History history;
  KeyFrameRequester key_frames;
  rtp::RateMeter rate;
  bool ended = false;  ///< Its publisher said goodbye, and nothing came since.
  std::uint64_t packets_discarded = 0;
  std::uint64_t nack_count = 0;
  std::uint64_t pli_count = 0;
  std::uint64_t fir_count = 0;
  std::uint64_t key_frame_count = 0;
};

}  // namespace sluice::sfu
