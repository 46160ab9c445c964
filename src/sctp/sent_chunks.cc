#include "sctp/sent_chunks.h"

#include "sctp/packet.h"

namespace sluice::sctp {
namespace {

constexpr std::size_t kDataHeader = 16;
constexpr std::size_t kIDataHeader = 20;

}  // namespace

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |     Type      |  Flags        |            Length             |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                              TSN                              |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |      Stream Identifier        |  DATA: Stream Sequence Number,…
std::size_t SentChunks::add(Bytes packet) {
  ++packets_;
  std::size_t total = 0;
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    const std::size_t header = type == chunk_type::kData    ? kDataHeader
                               : type == chunk_type::kIData ? kIDataHeader
                                                            : 0;
    if (header == 0 || chunk.size() <= header) return;
    if (!is_new(load32(&chunk[4]))) {
      ++retransmitted_;
      return;
    }
    const std::uint16_t stream_id = load16(&chunk[8]);
    const std::size_t bytes = chunk.size() - header;
    if (sent_.empty() || sent_.back().stream_id != stream_id) sent_.push_back({stream_id, 0});
    sent_.back().bytes += bytes;
    total += bytes;
  });
  return total;
}

/// TSNs leave in order the first time (RFC 9260 §6.1).
bool SentChunks::is_new(std::uint32_t tsn) {
  if (highest_ && static_cast<std::int32_t>(tsn - *highest_) <= 0) return false;
  highest_ = tsn;
  return true;
}

}  // namespace sluice::sctp
