// Audio to RTP payloads: Opus, whose packets are payloads as they are (RFC 7587 §4.2), and G.711 (RFC 3551
// §4.5.14), whose bytes are samples that are cut into packets of equal duration. Held by Packetizer.
#pragma once

#include <cstdint>
#include <vector>

#include "packetize/payloads.h"
#include "sluice/encoded_frame.h"
#include "sluice/time.h"

namespace sluice::packetize {

/// How long a packet plays is the encoder's choice (ptime); silence that it leaves out shows in timestamps.
class OpusPacketizer {
 public:
  /// False for an empty packet, one that is no Opus, or one that does not fit.
  static bool packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out);
};

/// PCMU and PCMA: a byte a sample. Takes any number of samples at a time and gives packets of `ptime`; the
/// rest waits for samples that go on with it. Where they do not (a pause), it leaves as a shorter packet.
class PcmPacketizer {
 public:
  /// `ptime`: 1 ms to 200 ms (RFC 3551 §4.5: senders 20 ms, receivers take 0 to 200 ms).
  explicit PcmPacketizer(Duration ptime) : samples_(static_cast<std::size_t>(ptime / 125us)) {}

  /// `timestamp_offset` of the payloads may be negative: the rest of a call before. False for no samples.
  bool packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out);
  /// The rest, when nothing more is to come: with offsets from `timestamp`.
  void flush(std::uint32_t timestamp, Payloads& out);

 private:
  void put(Bytes samples, std::uint32_t offset, Payloads& out) const;

  std::size_t samples_;
  std::vector<std::uint8_t> rest_;
  std::uint32_t expected_ = 0;  ///< Behind the last sample that was given.
};

}  // namespace sluice::packetize
