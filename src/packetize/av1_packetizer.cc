#include "packetize/av1_packetizer.h"

#include <algorithm>

namespace sluice::packetize {
namespace {

using codec::Obu;

/// §5: temporal delimiters are implied by timestamps, and tile lists have no place in RTP. Padding is not
/// worth its bytes.
bool is_sent(const Obu& obu) {
  return obu.type() != Obu::kTemporalDelimiter && obu.type() != Obu::kTileList && obu.type() != Obu::kPadding;
}

}  // namespace

bool Av1Packetizer::packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out) {
  bool has_sequence_header = false;
  bool has_any = false;
  for (ByteReader reader(frame.data); reader.remaining() > 0;) {
    const auto obu = Obu::read(reader);
    if (!obu) return false;
    has_any = has_any || is_sent(*obu);
    has_sequence_header = has_sequence_header || obu->type() == Obu::kSequenceHeader;
  }
  if (!has_any) return false;

  limits_ = limits;
  count_ = 0;
  used_ = 1;
  continues_ = false;
  // §4.4, N: the first packet of a coded video sequence, which begins with a key frame and its sequence
  // header.
  starts_sequence_ = frame.metadata.key_frame && has_sequence_header;
  is_first_of_layer_ = true;
  has_layer_ = false;
  spatial_ = 0;
  for (ByteReader reader(frame.data); reader.remaining() > 0;) {
    const auto obu = Obu::read(reader);
    if (is_sent(*obu)) add(*obu, out);
  }
  flush(false, out);
  out.last().ends_layer = true;
  return true;
}

/// Bytes that are free for another element and its length.
std::size_t Av1Packetizer::room() const {
  const std::size_t max = limits_.max_payload - limits_.first_shorter_by;
  return max > used_ ? max - used_ : 0;
}

void Av1Packetizer::add(const Obu& obu, Payloads& out) {
  // §5: OBUs of one packet are of the same layer, and what begins a layer's frame begins a packet.
  // A sequence header has no layer and goes with what follows it.
  if (obu.has_extension()) {
    if (has_layer_ && obu.spatial_layer() != spatial_) {
      flush(false, out);
      out.last().ends_layer = true;
      is_first_of_layer_ = true;
    }
    spatial_ = obu.spatial_layer();
    has_layer_ = true;
  }
  Element whole;
  whole.head = {static_cast<std::uint8_t>(obu.header & ~Obu::kHasSize), obu.extension};
  whole.head_size = obu.has_extension() ? 2 : 1;
  whole.payload = obu.payload;
  // The last of up to three elements has no length; it is counted with one all the same, as another may
  // follow.
  const auto length_of = [](std::size_t size) {
    return codec::leb128_size(static_cast<std::uint32_t>(size));
  };
  constexpr std::size_t kWorthCutting = 16;
  for (;;) {
    const std::size_t free = room();
    const std::size_t length = count_ < 3 ? 0 : length_of(std::min(free, whole.size()));
    if (whole.size() + length <= free && count_ < kMaxElements) {
      elements_[count_++] = whole;
      used_ += whole.size() + length_of(whole.size());
      return;
    }
    if (count_ == kMaxElements || free < kWorthCutting) {
      flush(false, out);
      continue;
    }
    const std::size_t cut = free - length;
    Element part = whole;
    part.payload = whole.payload.first(cut - whole.head_size);
    elements_[count_++] = part;
    flush(true, out);
    whole.payload = whole.payload.subspan(part.payload.size());
    whole.head_size = 0;
  }
}

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |Z|Y| W |N|-|-|-|   §4.4: then the elements, each with its length in leb128, the last without it when W
// +-+-+-+-+-+-+-+-+   counts them
void Av1Packetizer::flush(bool is_continued, Payloads& out) {
  if (count_ == 0) return;
  const std::size_t announced = count_ <= 3 ? count_ : 0;
  Payloads::Part& part = out.begin();
  part.spatial_index = spatial_;
  part.begins_layer = is_first_of_layer_;
  out.put(static_cast<std::uint8_t>((continues_ ? 0x80 : 0) | (is_continued ? 0x40 : 0) | announced << 4 |
                                    (starts_sequence_ ? 0x08 : 0)));
  for (std::size_t i = 0; i < count_; ++i) {
    const Element& element = elements_[i];
    if (announced == 0 || i + 1 < count_) {
      codec::write_leb128(static_cast<std::uint32_t>(element.size()), [&](std::uint8_t b) { out.put(b); });
    }
    out.put(Bytes(element.head).first(element.head_size));
    out.put(element.payload);
  }
  count_ = 0;
  used_ = 1;
  continues_ = is_continued;
  starts_sequence_ = false;
  is_first_of_layer_ = false;
  limits_.first_shorter_by = 0;
}

}  // namespace sluice::packetize
