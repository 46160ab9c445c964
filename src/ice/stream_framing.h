// Datagrams in a byte stream, two ways: behind a length (RFC 4571, which ICE-TCP uses: RFC 6544 §3), and as a
// TURN server and its client talk (RFC 8656 §12.5: STUN messages and ChannelData padded to four bytes tell
// their own length). Used by FullAgent and Gatherer.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace sluice::ice {

enum class StreamFraming : std::uint8_t { kLength, kTurn };

/// Takes a stream apart. Holds at most one incomplete datagram (64 KiB) beside what was last given.
class StreamDeframer {
 public:
  explicit StreamDeframer(StreamFraming framing) : framing_(framing) {}

  void append(Bytes bytes);
  /// The next whole datagram, valid until the next call of anything here. ChannelData comes without padding.
  std::optional<MutableBytes> next();
  /// What came cannot be a datagram, so nothing that follows can be found either.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  struct Frame {
    std::size_t skip;    ///< Before the datagram.
    std::size_t size;    ///< Of the datagram.
    std::size_t padded;  ///< From the start of `skip` to the next frame.
  };
  [[nodiscard]] std::optional<Frame> frame();

  StreamFraming framing_;
  std::vector<std::uint8_t> buffer_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

/// `datagram` as it goes into a stream: with a length before it, or padded.
std::vector<std::uint8_t> frame_for_stream(StreamFraming framing, Bytes datagram);

}  // namespace sluice::ice
