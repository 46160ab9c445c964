#include <array>

#include "packetize/depacketizer.h"

namespace sluice::packetize {
namespace {

constexpr std::uint8_t kIdrSlice = 5;
constexpr std::uint8_t kAccessUnitDelimiter = 9;
constexpr std::uint8_t kStapA = 24;
constexpr std::uint8_t kFuA = 28;
constexpr std::array<std::uint8_t, 4> kStartCode = {0, 0, 0, 1};

/// An access unit in the making.
class AccessUnit {
 public:
  AccessUnit(std::vector<std::uint8_t>& out, ParameterSets& sets) : out_(out), sets_(sets) {
    sets_.begin_frame();
  }
  void add(Bytes nal) {
    const std::uint8_t type = nal[0] & 0x1F;
    sets_.note(nal);
    has_idr_ = has_idr_ || type == kIdrSlice;
    put(nal);
    // Where parameter sets would stand (H.264 §7.4.1.2.3).
    if (type == kAccessUnitDelimiter && out_.size() == nal.size() + kStartCode.size())
      after_delimiter_ = out_.size();
  }
  /// Puts before an IDR picture the parameter sets that it came without. False for no NAL units.
  bool finish(std::vector<std::uint8_t>& scratch) {
    if (!has_idr_ || sets_.frame_has_both()) return !out_.empty();
    scratch.clear();
    sets_.visit_lacking([&](Bytes nal) {
      scratch.insert(scratch.end(), kStartCode.begin(), kStartCode.end());
      scratch.insert(scratch.end(), nal.begin(), nal.end());
    });
    out_.insert(out_.begin() + static_cast<long>(after_delimiter_), scratch.begin(), scratch.end());
    return true;
  }

 private:
  void put(Bytes nal) {
    out_.insert(out_.end(), kStartCode.begin(), kStartCode.end());
    out_.insert(out_.end(), nal.begin(), nal.end());
  }

  std::vector<std::uint8_t>& out_;
  ParameterSets& sets_;
  std::size_t after_delimiter_ = 0;
  bool has_idr_ = false;
};

/// RFC 6184 §5.7.1
bool add_aggregate(Bytes units, AccessUnit& out) {
  ByteReader reader(units);
  while (reader.remaining() > 0) {
    const Bytes nal = reader.bytes(reader.u16());
    if (!reader.ok() || nal.empty()) return false;
    out.add(nal);
  }
  return !units.empty();
}

}  // namespace

/// Packetization mode 1: the others have types that are not negotiated.
bool Depacketizer::depacketize_h264(std::span<const Bytes> payloads, EncodedFrame& out) {
  AccessUnit unit(out.data, sets_);
  bool in_fragments = false;
  scratch_.clear();
  for (const Bytes payload : payloads) {
    const std::uint8_t type = payload[0] & 0x1F;
    if (type != kFuA) {
      if (in_fragments || type == 0 || type > kStapA) return false;
      if (type < kStapA) {
        unit.add(payload);
      } else if (!add_aggregate(payload.subspan(1), unit)) {
        return false;
      }
      continue;
    }
    // RFC 6184 §5.8: S and E are not both set; what stands between them is one NAL unit without its header.
    if (payload.size() < 3) return false;
    const bool starts = (payload[1] & 0x80) != 0;
    if (starts == in_fragments) return false;
    if (starts) {
      scratch_.assign(1, static_cast<std::uint8_t>((payload[0] & 0xE0) | (payload[1] & 0x1F)));
    } else if ((scratch_[0] & 0x1F) != (payload[1] & 0x1F)) {
      return false;
    }
    scratch_.insert(scratch_.end(), payload.begin() + 2, payload.end());
    in_fragments = (payload[1] & 0x40) == 0;
    if (!in_fragments) unit.add(scratch_);
  }
  if (in_fragments || !unit.finish(scratch_)) return false;
  inspect(Format::kH264, out.data, out.metadata);
  // Without parameter sets nothing decodes.
  out.metadata.key_frame = out.metadata.key_frame && sets_.known();
  return true;
}

}  // namespace sluice::packetize
