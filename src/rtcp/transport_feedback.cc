#include "rtcp/transport_feedback.h"

#include <algorithm>
#include <array>
#include <limits>

namespace sluice::rtcp {
namespace {

// Packet status symbols, draft §3.1.1.
constexpr std::uint8_t kNotReceived = 0;
constexpr std::uint8_t kSmallDelta = 1;  // 8 bits, unsigned
constexpr std::uint8_t kLargeDelta = 2;  // 16 bits, signed
constexpr std::uint8_t kReserved = 3;

//  0                   1
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |0| S |       Run Length        |   §3.1.3
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |1|0|   14 symbols of one bit   |   §3.1.4
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |1|1|   7 symbols of two bits   |   §3.1.4
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
constexpr std::size_t kMaxRun = 0x1FFF;
constexpr std::size_t kOneBitSymbols = 14;
constexpr std::size_t kTwoBitSymbols = 7;

constexpr std::size_t chunk_length(std::uint16_t chunk) {
  if ((chunk & 0x8000) == 0) return chunk & kMaxRun;
  return (chunk & 0x4000) == 0 ? kOneBitSymbols : kTwoBitSymbols;
}

constexpr std::uint8_t chunk_symbol(std::uint16_t chunk, std::size_t i) {
  if ((chunk & 0x8000) == 0) return (chunk >> 13) & 3;
  if ((chunk & 0x4000) == 0) return (chunk >> (kOneBitSymbols - 1 - i)) & 1;
  return (chunk >> (2 * (kTwoBitSymbols - 1 - i))) & 3;
}

}  // namespace

std::optional<TransportFeedback> TransportFeedback::parse(const Packet& packet) {
  if (packet.type != PacketType::kRtpFeedback || packet.count != format::kTransportFeedback)
    return std::nullopt;
  ByteReader reader(packet.body);
  TransportFeedback feedback;
  feedback.sender_ = {reader.u32()};
  feedback.media_ = {reader.u32()};
  feedback.base_ = {reader.u16()};
  feedback.status_count_ = reader.u16();
  const std::uint32_t reference = reader.u24();
  feedback.reference_time_ =
      static_cast<std::int32_t>(reference) - ((reference & 0x800000) != 0 ? 0x1000000 : 0);
  feedback.feedback_count_ = reader.u8();
  if (!reader.ok() || feedback.status_count_ == 0) return std::nullopt;

  const Bytes rest = reader.rest();
  std::size_t delta_bytes = 0;
  for (std::size_t left = feedback.status_count_; left > 0;) {
    const std::uint16_t chunk = reader.u16();
    const std::size_t length = std::min(chunk_length(chunk), left);
    if (!reader.ok() || length == 0) return std::nullopt;
    const bool run = (chunk & 0x8000) == 0;
    for (std::size_t i = 0; i < (run ? 1 : length); ++i) {
      const std::uint8_t symbol = chunk_symbol(chunk, i);
      if (symbol == kReserved) return std::nullopt;
      delta_bytes += symbol * (run ? length : 1);  // a symbol's value is the size of its delta
    }
    left -= length;
  }
  if (reader.remaining() < delta_bytes) return std::nullopt;
  feedback.chunks_ = rest.first(rest.size() - reader.remaining());
  feedback.deltas_ = reader.bytes(delta_bytes);
  return feedback;
}

std::optional<Duration> TransportFeedback::Cursor::next() {
  if (used_ == length_) {
    chunk_ = chunks_.u16();
    length_ = static_cast<std::uint16_t>(chunk_length(chunk_));
    used_ = 0;
  }
  switch (chunk_symbol(chunk_, used_++)) {
    case kSmallDelta:
      at_ += deltas_.u8() * kDeltaUnit;
      return at_;
    case kLargeDelta:
      at_ += static_cast<std::int16_t>(deltas_.u16()) * kDeltaUnit;
      return at_;
    default:
      return std::nullopt;
  }
}

namespace {

constexpr std::size_t kMaxStatuses = 2048;
constexpr std::int64_t kTicksPerReference = TransportFeedback::kReferenceUnit / TransportFeedback::kDeltaUnit;

std::int64_t to_ticks(Instant at) {
  return at.time_since_epoch() / TransportFeedback::kDeltaUnit;
}

/// Statuses of one packet to be.
struct Statuses {
  std::array<std::uint8_t, kMaxStatuses> symbols;
  std::array<std::int16_t, kMaxStatuses> deltas;
  std::size_t size = 0;
  std::int64_t reference = 0;  ///< Units of 64 ms.
};

void collect(std::span<const Instant> arrivals, Statuses& out) {
  // The first arrival gives the reference time: its own delta is then a small one.
  const auto first = std::find_if(arrivals.begin(), arrivals.end(), [](Instant at) { return at != kNever; });
  if (first != arrivals.end()) out.reference = to_ticks(*first) / kTicksPerReference;
  std::int64_t before = out.reference * kTicksPerReference;
  for (const Instant at : arrivals.first(std::min(arrivals.size(), kMaxStatuses))) {
    std::int64_t delta = 0;
    std::uint8_t symbol = kNotReceived;
    if (at != kNever) {
      delta = to_ticks(at) - before;
      if (delta < std::numeric_limits<std::int16_t>::min() ||
          delta > std::numeric_limits<std::int16_t>::max())
        return;
      symbol = delta >= 0 && delta <= 0xFF ? kSmallDelta : kLargeDelta;
      before += delta;
    }
    out.symbols[out.size] = symbol;
    out.deltas[out.size++] = static_cast<std::int16_t>(delta);
  }
}

struct Chunk {
  std::uint16_t bits = 0;
  std::size_t length = 0;
};

/// The chunk that covers the most of `symbols`, which is not empty.
Chunk next_chunk(std::span<const std::uint8_t> symbols) {
  const std::uint8_t symbol = symbols[0];
  const auto run_end =
      std::find_if(symbols.begin(), symbols.end(), [symbol](std::uint8_t s) { return s != symbol; });
  const auto run = std::min(static_cast<std::size_t>(run_end - symbols.begin()), kMaxRun);

  const auto head = symbols.first(std::min(symbols.size(), kOneBitSymbols));
  const bool one_bit = std::find(head.begin(), head.end(), kLargeDelta) == head.end();
  const std::size_t length = std::min(symbols.size(), one_bit ? kOneBitSymbols : kTwoBitSymbols);
  if (run >= length) return {static_cast<std::uint16_t>((symbol << 13) | run), run};

  unsigned bits = one_bit ? 0x8000 : 0xC000;
  for (std::size_t i = 0; i < length; ++i) {
    bits |= one_bit ? unsigned{symbols[i]} << (kOneBitSymbols - 1 - i)
                    : unsigned{symbols[i]} << (2 * (kTwoBitSymbols - 1 - i));
  }
  return {static_cast<std::uint16_t>(bits), length};
}

}  // namespace

std::size_t TransportFeedback::serialize_to(ByteWriter& writer, const Head& head, SequenceNumber base,
                                            std::span<const Instant> arrivals) {
  constexpr std::size_t kFixedSize = kHeaderSize + 16;
  Statuses statuses;
  collect(arrivals, statuses);

  // As many chunks as fit with their deltas and the padding. Only the last may be shortened: a vector always
  // stands for all of its symbols, and only the status count says that it ends early.
  const std::size_t room = writer.room() / 4 * 4;
  std::array<std::uint16_t, kMaxStatuses / kTwoBitSymbols + 1> chunks;
  std::size_t chunk_count = 0;
  std::size_t done = 0;
  bool shortened = false;
  for (std::size_t size = kFixedSize; done < statuses.size && !shortened;) {
    const std::span<const std::uint8_t> rest(statuses.symbols.data() + done, statuses.size - done);
    const auto cost = [&rest](const Chunk& chunk) {
      std::size_t bytes = 2;
      for (const std::uint8_t symbol : rest.first(chunk.length)) bytes += symbol;  // the size of its delta
      return bytes;
    };
    Chunk chunk = next_chunk(rest);
    for (std::size_t limit = std::min(chunk.length, kTwoBitSymbols); size + cost(chunk) > room && limit > 0;
         --limit) {
      chunk = next_chunk(rest.first(limit));
      shortened = true;
    }
    if (size + cost(chunk) > room) break;
    size += cost(chunk);
    done += chunk.length;
    chunks[chunk_count++] = chunk.bits;
  }
  if (done == 0) return 0;

  const PacketScope scope(writer, PacketType::kRtpFeedback, format::kTransportFeedback);
  writer.u32(head.sender.value);
  writer.u32(head.media.value);
  writer.u16(base.value);
  writer.u16(static_cast<std::uint16_t>(done));
  writer.u24(static_cast<std::uint32_t>(statuses.reference & 0xFFFFFF));
  writer.u8(head.feedback_count);
  for (std::size_t i = 0; i < chunk_count; ++i) writer.u16(chunks[i]);
  for (std::size_t i = 0; i < done; ++i) {
    if (statuses.symbols[i] == kSmallDelta) writer.u8(static_cast<std::uint8_t>(statuses.deltas[i]));
    if (statuses.symbols[i] == kLargeDelta) writer.u16(static_cast<std::uint16_t>(statuses.deltas[i]));
  }
  return done;
}

}  // namespace sluice::rtcp
