// What an RTP header says of its sending, different each time: kept by who has to send the same bytes again.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace sluice::transport {

struct SendStamp {
  std::uint32_t abs_send_time = 0;  ///< 24 bits.
  SequenceNumber transport_cc;      ///< The transport-wide number.
};

}  // namespace sluice::transport
