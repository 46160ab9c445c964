#include "sctp/dcep.h"

#include "base/check.h"
#include "sctp/utf8.h"

namespace sluice::sctp::dcep {
namespace {

constexpr std::uint8_t kAck = 0x02;
constexpr std::uint8_t kOpen = 0x03;
constexpr std::size_t kOpenHeader = 12;

// RFC 8832 §8.2.2: the upper bit takes the order away from each kind.
constexpr std::uint8_t kReliable = 0x00;
constexpr std::uint8_t kPartialRetransmit = 0x01;
constexpr std::uint8_t kPartialTimed = 0x02;
constexpr std::uint8_t kUnordered = 0x80;

/// The wire has 32 bits, the API 16 (W3C WebRTC §6.2: unsigned short).
std::uint16_t clamp16(std::uint32_t value) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(value, 0xFFFF));
}

std::optional<Reliability> reliability_of(std::uint8_t type, std::uint32_t parameter) {
  Reliability reliability;
  reliability.ordered = (type & kUnordered) == 0;
  switch (type & ~kUnordered) {
    case kReliable:
      return reliability;
    case kPartialRetransmit:
      reliability.max_retransmits = clamp16(parameter);
      return reliability;
    case kPartialTimed:
      reliability.max_packet_life_time = clamp16(parameter);
      return reliability;
    default:
      return std::nullopt;
  }
}

/// RFC 8831 §6.4 names four; a number between two is the lower one.
Priority priority_of(std::uint16_t value) {
  if (value >= static_cast<std::uint16_t>(Priority::kHigh)) return Priority::kHigh;
  if (value >= static_cast<std::uint16_t>(Priority::kMedium)) return Priority::kMedium;
  if (value >= static_cast<std::uint16_t>(Priority::kLow)) return Priority::kLow;
  return Priority::kVeryLow;
}

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  Message Type |  Channel Type |            Priority           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                    Reliability Parameter                      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |         Label Length          |       Protocol Length         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                             Label                             |
// |                            Protocol                           |
std::optional<Open> parse_open(ByteReader reader) {
  const std::uint8_t type = reader.u8();
  const std::uint16_t priority = reader.u16();
  const std::uint32_t parameter = reader.u32();
  const std::uint16_t label_size = reader.u16();
  const std::uint16_t protocol_size = reader.u16();
  const std::string_view label = as_text(reader.bytes(label_size));
  const std::string_view protocol = as_text(reader.bytes(protocol_size));
  const auto reliability = reliability_of(type, parameter);
  if (!reader.ok() || reader.remaining() != 0 || !reliability) return std::nullopt;
  if (!is_utf8(label) || !is_utf8(protocol)) return std::nullopt;
  return Open{*reliability, priority_of(priority), std::string(label), std::string(protocol)};
}

}  // namespace

std::optional<std::variant<Open, Ack>> parse(Bytes message) {
  ByteReader reader(message);
  switch (reader.u8()) {
    case kAck:
      if (reader.ok()) return Ack{};
      return std::nullopt;
    case kOpen:
      if (auto open = parse_open(reader)) return *std::move(open);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::vector<std::uint8_t> write(const Open& open) {
  SLUICE_CHECK(open.label.size() <= 0xFFFF && open.protocol.size() <= 0xFFFF);
  const Reliability& reliability = open.reliability;
  std::uint8_t type = reliability.ordered ? 0 : kUnordered;
  if (reliability.max_retransmits) type |= kPartialRetransmit;
  if (reliability.max_packet_life_time) type |= kPartialTimed;
  std::vector<std::uint8_t> out(kOpenHeader + open.label.size() + open.protocol.size());
  ByteWriter writer(out);
  writer.u8(kOpen);
  writer.u8(type);
  writer.u16(static_cast<std::uint16_t>(open.priority));
  writer.u32(reliability.max_retransmits.value_or(reliability.max_packet_life_time.value_or(0)));
  writer.u16(static_cast<std::uint16_t>(open.label.size()));
  writer.u16(static_cast<std::uint16_t>(open.protocol.size()));
  writer.bytes(as_bytes(open.label));
  writer.bytes(as_bytes(open.protocol));
  return out;
}

std::vector<std::uint8_t> write(Ack /*ack*/) {
  return {kAck};
}

}  // namespace sluice::sctp::dcep
