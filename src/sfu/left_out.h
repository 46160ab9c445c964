// Why a packet of the producer was not forwarded to a consumer. Counted for explain().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::sfu {

enum class LeftOut : std::uint8_t {
  kPayloadType,     ///< Its codec was not negotiated with the viewer.
  kAwaitsKeyFrame,  ///< Nothing can be decoded yet.
  kLayer,           ///< Of the stream that is forwarded, in a layer that is not.
  kOtherStream,     ///< Of another simulcast stream.
  kTooLate,         ///< Its place was given away, or is forgotten.
  kDtx,             ///< Discontinuous transmission, and the consumer ignores it.
  kRed,             ///< RED that cannot be taken apart, and the viewer has none.
};
inline constexpr std::size_t kLeftOutReasons = 7;

constexpr std::string_view name_of(LeftOut reason) {
  switch (reason) {
    case LeftOut::kPayloadType:
      return "codec-not-negotiated";
    case LeftOut::kAwaitsKeyFrame:
      return "awaits-key-frame";
    case LeftOut::kLayer:
      return "layer";
    case LeftOut::kOtherStream:
      return "other-stream";
    case LeftOut::kTooLate:
      return "too-late";
    case LeftOut::kDtx:
      return "dtx";
    case LeftOut::kRed:
      return "red-unreadable";
  }
  return "";
}

}  // namespace sluice::sfu
