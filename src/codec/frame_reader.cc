#include "codec/frame_reader.h"

namespace sluice::codec {

struct FrameReader::State {};

FrameReader::FrameReader() = default;
FrameReader::~FrameReader() = default;
FrameReader::FrameReader(FrameReader&&) noexcept = default;
FrameReader& FrameReader::operator=(FrameReader&&) noexcept = default;

FrameFacts FrameReader::read(Kind kind, Bytes payload, std::optional<Bytes> /*descriptor*/, bool /*marker*/) {
  return frame_facts(kind, payload);
}

}  // namespace sluice::codec
