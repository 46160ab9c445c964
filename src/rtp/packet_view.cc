#include "rtp/packet_view.h"

#include <limits>

namespace sluice::rtp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                           timestamp                           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |           synchronization source (SSRC) identifier            |
// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
// |            contributing source (CSRC) identifiers             | 0 to 15
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
std::optional<PacketView> PacketView::parse(Bytes packet) {
  if (packet.size() < kFixedHeaderSize || packet.size() > std::numeric_limits<std::uint16_t>::max()) {
    return std::nullopt;
  }
  const std::uint8_t* p = packet.data();
  if (p[0] >> 6 != 2) return std::nullopt;

  PacketView view;
  view.data_ = p;
  view.size_ = static_cast<std::uint16_t>(packet.size());
  view.csrc_count_ = p[0] & 0x0F;
  view.marker_ = (p[1] & 0x80) != 0;
  view.payload_type_ = {static_cast<std::uint8_t>(p[1] & 0x7F)};
  view.sequence_number_ = {load16(p + 2)};
  view.timestamp_ = {load32(p + 4)};
  view.ssrc_ = {load32(p + 8)};

  const std::size_t csrcs_end = kFixedHeaderSize + 4 * std::size_t{view.csrc_count_};
  if (csrcs_end > packet.size()) return std::nullopt;
  view.header_size_ = static_cast<std::uint16_t>(csrcs_end);
  if ((p[0] & 0x10) != 0 && !view.parse_extension_block(packet, csrcs_end)) return std::nullopt;
  view.payload_offset_ = view.header_size_;

  if ((p[0] & 0x20) != 0) {
    // RFC 3550 §5.1: the last octet counts the padding, itself included. One that reaches into the header is
    // a lie.
    if (packet.size() == view.header_size_) return std::nullopt;
    view.padding_size_ = packet.back();
    if (view.padding_size_ == 0 || view.padding_size_ > packet.size() - view.header_size_)
      return std::nullopt;
  }
  return view;
}

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |      defined by profile       |       length in words         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
bool PacketView::parse_extension_block(Bytes packet, std::size_t at) {
  if (packet.size() - at < 4) return false;
  const std::size_t size = 4 * std::size_t{load16(packet.data() + at + 2)};
  if (size > packet.size() - at - 4) return false;
  extension_profile_ = load16(packet.data() + at);
  extension_offset_ = static_cast<std::uint16_t>(at + 4);
  extension_size_ = static_cast<std::uint16_t>(size);
  header_size_ = static_cast<std::uint16_t>(at + 4 + size);
  return true;
}

// RFC 8285 §4.2, one-byte header:      §4.3, two-byte header:
//  0                                    0                   1
//  0 1 2 3 4 5 6 7                      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
// +-+-+-+-+-+-+-+-+                    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  ID   | L - 1 | L bytes …          |       ID      |       L       | L bytes …
// +-+-+-+-+-+-+-+-+                    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
std::optional<PacketView::Element> PacketView::next_extension(std::size_t& at) const {
  const Bytes block = extension_block();
  const bool one_byte = extension_profile_ == kOneByteProfile;
  if (!one_byte && (extension_profile_ & 0xFFF0) != kTwoByteProfile) return std::nullopt;

  while (at < block.size() && block[at] == 0) ++at;  // Padding is a zero byte, in both forms.
  if (at == block.size()) return std::nullopt;

  std::uint8_t id = block[at];
  std::size_t length = 0;
  if (one_byte) {
    length = std::size_t{id & 0x0FU} + 1;
    id = static_cast<std::uint8_t>(id >> 4);
    // RFC 8285 §4.2: id 15 ends the processing, and so does id 0 with a length.
    if (id == 15 || id == 0) return std::nullopt;
    at += 1;
  } else {
    if (block.size() - at < 2) return std::nullopt;
    length = block[at + 1];
    at += 2;
  }
  if (length > block.size() - at) return std::nullopt;
  const Element element{id, block.subspan(at, length)};
  at += length;
  return element;
}

std::optional<Bytes> PacketView::extension(std::uint8_t id) const {
  std::size_t at = 0;
  while (const auto element = next_extension(at)) {
    if (element->id == id) return element->value;
  }
  return std::nullopt;
}

PacketView PacketView::with_identity(Ssrc ssrc, PayloadType type, SequenceNumber number,
                                     std::size_t skip) const {
  PacketView view = *this;
  view.ssrc_ = ssrc;
  view.payload_type_ = type;
  view.sequence_number_ = number;
  view.payload_offset_ = static_cast<std::uint16_t>(payload_offset_ + skip);
  return view;
}

}  // namespace sluice::rtp
