#include "sctp/early_resets.h"

#include <algorithm>

#include "sctp/packet.h"

namespace sluice::sctp {
namespace {

constexpr std::uint16_t kOutgoingReset = 13;  // RFC 6525 §4.1

bool is_later(std::uint32_t tsn, std::uint32_t than) {
  return static_cast<std::int32_t>(tsn - than) > 0;
}

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |     Parameter Type = 13       | Parameter Length = 16 + 2 * N |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |           Re-configuration Request Sequence Number            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |           Re-configuration Response Sequence Number           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                Sender's Last Assigned TSN                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// The last of these in a RE-CONFIG.
std::optional<std::uint32_t> last_assigned_tsn(Bytes reconfig) {
  std::optional<std::uint32_t> tsn;
  Bytes rest = reconfig.subspan(4);
  while (rest.size() >= 4) {
    const std::size_t length = load16(&rest[2]);
    if (length < 4 || length > rest.size()) break;
    if (load16(&rest[0]) == kOutgoingReset && length >= 16) tsn = load32(&rest[12]);
    rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
  }
  return tsn;
}

}  // namespace

Bytes EarlyResets::filter(Bytes packet) {
  bool early = false;
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    if (type == chunk_type::kData || type == chunk_type::kIData) {
      data_since_sack_ = true;
    } else if (type == chunk_type::kReConfig) {
      early = early || is_early(chunk);
    } else if ((type == chunk_type::kInit || type == chunk_type::kInitAck) && chunk.size() >= 20 && !there_ &&
               has_right_checksum(packet)) {
      there_ = load32(&chunk[16]) - 1;  // Initial TSN
    }
  });
  if (!early || !has_right_checksum(packet)) return packet;
  // The request becomes padding, which a receiver skips; what is with it may be what it waits for.
  out_.assign(packet.begin(), packet.end());
  bool more = false;
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    if (type == chunk_type::kReConfig && is_early(chunk)) {
      keep(packet, chunk);
      out_[static_cast<std::size_t>(chunk.data() - packet.data())] = chunk_type::kPad;
    } else {
      more = true;
    }
  });
  if (!more) return {};
  set_checksum(out_);
  return out_;
}

void EarlyResets::keep(Bytes packet, Bytes reconfig) {
  after_ = *last_assigned_tsn(reconfig);
  request_.assign(packet.begin(), packet.begin() + kCommonHeader);
  request_.insert(request_.end(), reconfig.begin(), reconfig.end());
  request_.resize((request_.size() + 3) & ~std::size_t{3});
  set_checksum(request_);
}

bool EarlyResets::is_early(Bytes reconfig) const {
  const auto after = last_assigned_tsn(reconfig);
  return after && there_ && is_later(*after, *there_);
}

void EarlyResets::note_sent(Bytes packet) {
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    if (type != chunk_type::kSack || chunk.size() < 8) return;
    there_ = load32(&chunk[4]);  // Cumulative TSN Ack
    data_since_sack_ = false;
  });
}

Bytes EarlyResets::take_due() {
  if (request_.empty() || is_later(after_, *there_)) return {};
  out_.swap(request_);
  request_.clear();
  return out_;
}

Bytes EarlyResets::ask_for_sack(bool interleaving) {
  out_.assign(request_.begin(), request_.begin() + kCommonHeader);
  out_.resize(kCommonHeader + 8);
  out_[kCommonHeader] = interleaving ? chunk_type::kIForwardTsn : chunk_type::kForwardTsn;
  store16(&out_[kCommonHeader + 2], 8);
  store32(&out_[kCommonHeader + 4], *there_);
  set_checksum(out_);
  return out_;
}

}  // namespace sluice::sctp
