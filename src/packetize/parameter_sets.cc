#include "packetize/parameter_sets.h"

namespace sluice::packetize {

void ParameterSets::note(Bytes nal) {
  if (nal.empty()) return;
  const std::uint8_t type = nal[0] & 0x1F;
  if (type != kSps && type != kPps) return;
  Stored& stored = type == kSps ? sps_ : pps_;
  bool& in_frame = type == kSps ? in_frame_.sps : in_frame_.pps;
  if (!in_frame) stored.clear();
  in_frame = true;
  if (stored.size() + 2 + nal.size() > kMaxBytes) return;
  stored.push_back(static_cast<std::uint8_t>(nal.size() >> 8));
  stored.push_back(static_cast<std::uint8_t>(nal.size()));
  stored.insert(stored.end(), nal.begin(), nal.end());
}

}  // namespace sluice::packetize
