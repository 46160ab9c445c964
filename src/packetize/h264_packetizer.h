// H.264 access units to RTP payloads (RFC 6184, packetization-mode 1): NAL units alone, small ones together
// (STAP-A), large ones in fragments (FU-A). Held by Packetizer.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "packetize/parameter_sets.h"
#include "packetize/payloads.h"
#include "sluice/encoded_frame.h"

namespace sluice::packetize {

enum class H264Format : std::uint8_t {
  kAnnexB,          ///< Start codes (H.264 Annex B): what encoders write and Annex B files hold.
  kLengthPrefixed,  ///< Four bytes of length before each NAL unit ("avc1" in MP4, ISO/IEC 14496-15).
};

class H264Packetizer {
 public:
  explicit H264Packetizer(H264Format format) : format_(format) {}

  /// An IDR picture without parameter sets gets those of before. False for a frame without NAL units, or one
  /// whose lengths do not add up.
  bool packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out);
  /// Those that came apart from the stream, as in "avcC" or sprop-parameter-sets: in the frames' format.
  bool set_parameter_sets(Bytes nals);

 private:
  bool find_units(Bytes frame);
  void put_fragments(Bytes nal, const Limits& limits, std::size_t first_shorter_by, Payloads& out) const;
  void put_together(std::size_t first, std::size_t count, Payloads& out) const;

  H264Format format_;
  ParameterSets sets_;
  std::vector<Bytes> units_;  ///< Of one frame; kept for its capacity.
};

}  // namespace sluice::packetize
