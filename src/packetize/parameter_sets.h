// The sequence and picture parameter sets of H.264 that a stream sent last, so that a key frame that comes
// without them can have them put before it: encoders often write them once, but who joins later, or lost the
// first key frame, cannot decode without. Held by both ends, H264Packetizer and H264Depacketizer.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace sluice::packetize {

class ParameterSets {
 public:
  static constexpr std::uint8_t kSps = 7;
  static constexpr std::uint8_t kPps = 8;
  /// Bytes kept of either kind; a stream with more of them must repeat them itself.
  static constexpr std::size_t kMaxBytes = 4096;

  /// Before the NAL units of a frame are noted.
  void begin_frame() { in_frame_ = {}; }
  /// A NAL unit with its header: one that is no parameter set changes nothing. The first of its kind in a
  /// frame replaces those of earlier frames.
  void note(Bytes nal);
  /// Whether the frame had both kinds.
  [[nodiscard]] bool frame_has_both() const { return in_frame_.sps && in_frame_.pps; }
  [[nodiscard]] bool known() const { return !sps_.empty() && !pps_.empty(); }
  /// Calls `visit(nal)` for those that the frame lacked.
  template <typename Visitor>
  void visit_lacking(Visitor&& visit) const {
    if (!in_frame_.sps) visit_all(sps_, visit);
    if (!in_frame_.pps) visit_all(pps_, visit);
  }

 private:
  struct InFrame {
    bool sps = false;
    bool pps = false;
  };
  /// Each with its length before it, in two bytes.
  using Stored = std::vector<std::uint8_t>;
  template <typename Visitor>
  static void visit_all(const Stored& stored, Visitor&& visit) {
    for (ByteReader reader(stored); reader.remaining() > 0;) {
      const std::size_t size = reader.u16();
      visit(reader.bytes(size));
    }
  }

  InFrame in_frame_;
  Stored sps_;
  Stored pps_;
};

}  // namespace sluice::packetize
