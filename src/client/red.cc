#include "client/red.h"

#include <algorithm>

#include "codec/red.h"

namespace sluice::client {
namespace {

constexpr std::uint32_t kMaxOffset = 0x3FFF;  // RFC 2198 §3: 14 bits,
constexpr std::size_t kMaxBlock = 0x3FF;      // and 10 bits

}  // namespace

bool RedWriter::repeats(const MediaUnit& unit) const {
  return !before_.empty() && before_.size() <= kMaxBlock &&
         unit.timestamp.value - before_timestamp_.value <= kMaxOffset;
}

std::size_t RedWriter::size_of(const MediaUnit& unit) const {
  return (repeats(unit) ? 4 + before_.size() : 0) + 1 + unit.size;
}

// The layout is drawn in codec/red.cc.
void RedWriter::write(const MediaUnit& unit, MutableBytes out) {
  ByteWriter writer(out);
  const bool repeat = repeats(unit);
  if (repeat) {
    writer.u8(static_cast<std::uint8_t>(0x80 | block_type_));
    writer.u24((unit.timestamp.value - before_timestamp_.value) << 10 |
               static_cast<std::uint32_t>(before_.size()));
  }
  writer.u8(block_type_);
  if (repeat) writer.bytes(before_);
  const MutableBytes primary = out.subspan(writer.size());
  unit.write_payload(primary);
  before_.assign(primary.begin(), primary.end());
  before_timestamp_ = unit.timestamp;
}

std::optional<Bytes> RedReader::read(Bytes payload, RtpTimestamp timestamp) {
  const auto red = codec::Red::parse(payload);
  if (!red || !codec::Red::names_only(payload, red->block_count, block_type_)) return std::nullopt;
  for (std::size_t i = 0; i + 1U < red->block_count; ++i) {
    const RtpTimestamp at{timestamp.value - red->blocks[i].timestamp_offset};
    const Bytes repeated = codec::Red::bytes_of(red->blocks[i], payload);
    if (before_timestamp_ == at &&
        !std::equal(repeated.begin(), repeated.end(), before_.begin(), before_.end()))
      return std::nullopt;
  }
  const Bytes primary = codec::Red::bytes_of(red->primary(), payload);
  before_.assign(primary.begin(), primary.end());
  before_timestamp_ = timestamp;
  return primary;
}

}  // namespace sluice::client
