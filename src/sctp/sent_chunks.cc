#include "sctp/sent_chunks.h"

namespace sluice::sctp {
namespace {

constexpr std::size_t kCommonHeader = 12;
constexpr std::uint8_t kData = 0;    // RFC 9260 §3.3.1
constexpr std::uint8_t kIData = 64;  // RFC 8260 §2.1
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
  Bytes rest = packet.size() > kCommonHeader ? packet.subspan(kCommonHeader) : Bytes();
  while (rest.size() >= 4) {
    const std::uint8_t type = rest[0];
    const std::size_t length = load16(&rest[2]);
    if (length < 4 || length > rest.size()) break;
    const std::size_t header = type == kData ? kDataHeader : type == kIData ? kIDataHeader : 0;
    if (header != 0 && length > header) {
      if (is_new(load32(&rest[4]))) {
        const std::uint16_t stream_id = load16(&rest[8]);
        const std::size_t bytes = length - header;
        if (sent_.empty() || sent_.back().stream_id != stream_id) sent_.push_back({stream_id, 0});
        sent_.back().bytes += bytes;
        total += bytes;
      } else {
        ++retransmitted_;
      }
    }
    rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
  }
  return total;
}

/// TSNs leave in order the first time (RFC 9260 §6.1).
bool SentChunks::is_new(std::uint32_t tsn) {
  if (highest_ && static_cast<std::int32_t>(tsn - *highest_) <= 0) return false;
  highest_ = tsn;
  return true;
}

}  // namespace sluice::sctp
