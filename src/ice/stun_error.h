// A STUN error code as a sentence. Used by TurnClient and Gatherer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::ice {

/// "486 Allocation Quota Reached". The server's own reason where it gives one, made printable and short.
std::string stun_error_text(std::uint16_t code, std::string_view reason);

}  // namespace sluice::ice
