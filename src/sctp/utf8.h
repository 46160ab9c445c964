// Whether bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
//
// For names that come in by DCEP.
#pragma once

#include <string_view>

namespace sluice::sctp {

bool is_utf8(std::string_view text);

}  // namespace sluice::sctp
