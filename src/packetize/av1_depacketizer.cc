#include "codec/obu.h"
#include "packetize/depacketizer.h"

namespace sluice::packetize {
namespace {

using codec::Obu;

void append(std::vector<std::uint8_t>& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Writes an OBU with its size, as the low-overhead format wants it (AV1 §5.2). RTP has OBUs without, but
/// takes those with one (§4.4 of the payload format: "SHOULD").
bool put_obu(Bytes element, std::vector<std::uint8_t>& out) {
  if (element.empty()) return true;
  ByteReader reader(element);
  const auto obu = Obu::read(reader);
  // An element is one OBU; what follows within its size is trailing bits at most.
  if (!obu || reader.remaining() > 0) return false;
  if (obu->type() == Obu::kTemporalDelimiter || obu->type() == Obu::kTileList) return true;
  out.push_back(obu->header | Obu::kHasSize);
  if (obu->has_extension()) out.push_back(obu->extension);
  codec::write_leb128(static_cast<std::uint32_t>(obu->payload.size()),
                      [&](std::uint8_t byte) { out.push_back(byte); });
  append(out, obu->payload);
  return true;
}

}  // namespace

//  0 1 2 3 4 5 6 7
// +-+-+-+-+-+-+-+-+
// |Z|Y| W |N|-|-|-|   AV1 RTP §4.4; then the elements, each with its length in leb128,
// +-+-+-+-+-+-+-+-+   the last without it when W counts them
bool Depacketizer::depacketize_av1(std::span<const Bytes> payloads, EncodedFrame& out) {
  // A temporal unit begins with its delimiter (AV1 §7.5), which RTP leaves out: an OBU with a size of 0.
  out.data = {Obu::kTemporalDelimiter << 3 | Obu::kHasSize, 0};
  const std::size_t nothing = out.data.size();
  bool is_open = false;
  scratch_.clear();
  for (const Bytes payload : payloads) {
    ByteReader reader(payload);
    const std::uint8_t head = reader.u8();
    const bool continues = (head & 0x80) != 0;
    const unsigned announced = (head >> 4) & 3;
    if (continues != is_open) return false;
    unsigned count = 0;
    while (announced == 0 ? reader.remaining() > 0 : count < announced) {
      std::size_t size = reader.remaining();
      if (announced == 0 || count + 1 < announced) {
        const auto told = codec::read_leb128(reader);
        if (!told) return false;
        size = *told;
      }
      const Bytes element = reader.bytes(size);
      if (!reader.ok()) return false;
      const bool is_last = announced == 0 ? reader.remaining() == 0 : count + 1 == announced;
      const bool goes_on = is_last && (head & 0x40) != 0;
      ++count;
      if (is_open || goes_on) {
        append(scratch_, element);
        is_open = goes_on;
        if (goes_on) continue;
        if (!put_obu(scratch_, out.data)) return false;
        scratch_.clear();
      } else if (!put_obu(element, out.data)) {
        return false;
      }
    }
    if (count == 0) return false;
  }
  if (is_open || out.data.size() == nothing) return false;
  inspect(Format::kAv1, out.data, out.metadata);
  return true;
}

}  // namespace sluice::packetize
