#include "packetize/audio_packetizer.h"

#include <algorithm>

#include "codec/opus.h"

namespace sluice::packetize {

bool OpusPacketizer::packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out) {
  const auto opus = codec::Opus::parse(frame.data);
  if (!opus || frame.data.size() > limits.max_payload - limits.first_shorter_by) return false;
  Payloads::Part& part = out.begin();
  part.begins_layer = true;
  part.ends_layer = true;
  // RFC 7587 §4.1: in 48 kHz, whatever the encoder's rate.
  part.duration = static_cast<std::uint32_t>(opus->duration().count() * 48 / 1000);
  out.put(frame.data);
  return true;
}

bool PcmPacketizer::packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out) {
  if (frame.data.empty()) return false;
  const std::uint32_t start = frame.metadata.rtp_timestamp;
  if (start != expected_) flush(start, out);
  const std::size_t packet = std::min(samples_, limits.max_payload - limits.first_shorter_by);
  Bytes samples = frame.data;
  std::uint32_t offset = 0;
  if (!rest_.empty()) {
    const std::size_t wanted = std::min(packet > rest_.size() ? packet - rest_.size() : 0, samples.size());
    const auto before = static_cast<std::uint32_t>(rest_.size());
    rest_.insert(rest_.end(), samples.begin(), samples.begin() + static_cast<long>(wanted));
    samples = samples.subspan(wanted);
    if (rest_.size() >= packet) {
      put(rest_, 0 - before, out);
      rest_.clear();
      offset = static_cast<std::uint32_t>(wanted);
    }
  }
  while (samples.size() >= packet) {
    put(samples.first(packet), offset, out);
    offset += static_cast<std::uint32_t>(packet);
    samples = samples.subspan(packet);
  }
  rest_.insert(rest_.end(), samples.begin(), samples.end());
  expected_ = start + static_cast<std::uint32_t>(frame.data.size());
  return true;
}

void PcmPacketizer::flush(std::uint32_t timestamp, Payloads& out) {
  if (rest_.empty()) return;
  put(rest_, expected_ - static_cast<std::uint32_t>(rest_.size()) - timestamp, out);
  rest_.clear();
}

void PcmPacketizer::put(Bytes samples, std::uint32_t offset, Payloads& out) const {
  Payloads::Part& part = out.begin();
  part.timestamp_offset = offset;
  part.duration = static_cast<std::uint32_t>(samples.size());
  part.begins_layer = true;
  part.ends_layer = true;
  out.put(samples);
}

}  // namespace sluice::packetize
