// MD5 (RFC 1321), which the long-term credentials of STUN and TURN are keyed with (RFC 8489 §9.2.2). Not for
// anything new. OpenSSL is behind it, in crypto.cc.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace sluice::crypto {

std::array<std::uint8_t, 16> md5(Bytes message);

}  // namespace sluice::crypto
