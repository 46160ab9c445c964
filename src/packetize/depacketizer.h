// RTP payloads of one frame, all of them and in order, back to the frame: what each codec's packetizer took
// apart, by anybody's. Which payloads are a frame's FrameReceiver finds out, which holds it.
//
// Network bytes: what does not add up gives no frame, and nothing that a payload says makes more memory than
// its own size.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "packetize/packetizer.h"
#include "packetize/parameter_sets.h"
#include "sluice/encoded_frame.h"

namespace sluice::packetize {

/// What a payload tells of where it stands, when nothing is known of the packet before it.
struct Start {
  bool of_frame = false;  ///< A frame can begin with it.
  bool of_key_frame = false;
};

class Depacketizer {
 public:
  explicit Depacketizer(Format format) : format_(format) {}

  [[nodiscard]] Start start_of(Bytes payload) const;
  /// Replaces what `out` holds, all but the timestamp and `after_loss`; false when the payloads are no frame.
  /// No payload is empty.
  bool depacketize(std::span<const Bytes> payloads, EncodedFrame& out);
  /// H.264: sprop-parameter-sets of SDP (RFC 6184 §8.1), in Annex B.
  void set_parameter_sets(Bytes nals);

 private:
  bool depacketize_h264(std::span<const Bytes> payloads, EncodedFrame& out);
  bool depacketize_av1(std::span<const Bytes> payloads, EncodedFrame& out);

  Format format_;
  ParameterSets sets_;                 ///< H.264
  std::vector<std::uint8_t> scratch_;  ///< A NAL unit or an OBU that comes in pieces; kept for its capacity.
};

}  // namespace sluice::packetize
