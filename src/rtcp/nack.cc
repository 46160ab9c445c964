#include "rtcp/nack.h"

namespace sluice::rtcp {

std::optional<Nack> Nack::parse(const Packet& packet) {
  if (packet.type != PacketType::kRtpFeedback || packet.count != format::kNack) return std::nullopt;
  ByteReader reader(packet.body);
  Nack nack;
  nack.sender_ = {reader.u32()};
  nack.media_ = {reader.u32()};
  nack.items_ = reader.rest();
  // RFC 4585 §6.2.1: at least one item, and nothing but whole items.
  if (!reader.ok() || nack.items_.empty() || nack.items_.size() % kItemSize != 0) return std::nullopt;
  return nack;
}

std::size_t Nack::serialize_to(ByteWriter& writer, Ssrc sender, Ssrc media,
                               std::span<const SequenceNumber> numbers) {
  if (numbers.empty() || writer.room() < kHeaderSize + 8 + kItemSize) return 0;
  const PacketScope scope(writer, PacketType::kRtpFeedback, format::kNack);
  writer.u32(sender.value);
  writer.u32(media.value);
  std::size_t done = 0;
  while (done < numbers.size() && writer.room() >= kItemSize) {
    const SequenceNumber pid = numbers[done++];
    unsigned blp = 0;
    for (; done < numbers.size(); ++done) {
      const int ahead = numbers[done].minus(pid);
      if (ahead < 1 || ahead > 16) break;
      blp |= 1U << (ahead - 1);
    }
    writer.u16(pid.value);
    writer.u16(static_cast<std::uint16_t>(blp));
  }
  return done;
}

}  // namespace sluice::rtcp
