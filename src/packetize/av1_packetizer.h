// AV1 temporal units to RTP payloads (RTP Payload Format For AV1, version 1.0, §4 and §5): OBUs without their
// sizes as elements, put together and cut to fill packets. Held by Packetizer.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "codec/obu.h"
#include "packetize/payloads.h"
#include "sluice/encoded_frame.h"

namespace sluice::packetize {

class Av1Packetizer {
 public:
  /// A temporal unit in the low-overhead format. False for one without OBUs to send, or whose sizes do not
  /// add up.
  bool packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out);

 private:
  /// An OBU, or a part of one.
  struct Element {
    std::array<std::uint8_t, 2> head{};  ///< OBU header and extension; of a continued OBU nothing.
    std::uint8_t head_size = 0;
    Bytes payload;
    [[nodiscard]] std::size_t size() const { return head_size + payload.size(); }
  };
  /// More would gain nothing: each has its length then.
  static constexpr std::size_t kMaxElements = 32;

  [[nodiscard]] std::size_t room() const;
  void add(const codec::Obu& obu, Payloads& out);
  void flush(bool is_continued, Payloads& out);

  Limits limits_;
  std::array<Element, kMaxElements> elements_{};
  std::size_t count_ = 0;
  std::size_t used_ = 0;    ///< Of the payload, with a length before each element.
  bool continues_ = false;  ///< The first element is the rest of an OBU.
  bool starts_sequence_ = false;
  bool is_first_of_layer_ = true;
  bool has_layer_ = false;  ///< An OBU of the frame told `spatial_`.
  std::uint8_t spatial_ = 0;
};

}  // namespace sluice::packetize
