// Base64 with padding (RFC 4648 §4), strict: what is not exactly what encode() writes is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sluice::base64 {

std::string encode(Bytes bytes);
/// Nothing when a character is none of the alphabet, the padding is missing or wrong, or unused bits are set
/// (§3.5).
std::optional<std::vector<std::uint8_t>> decode(std::string_view text);

}  // namespace sluice::base64
