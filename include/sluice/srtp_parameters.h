// SRTP with keys from signaling, as plain transports use it: the suite and key of what one side sends
// (mediasoup's SrtpParameters; the key and its base64 are those of SDES, RFC 4568 §6.1).
#pragma once

#include <string>

namespace sluice {

struct SrtpParameters {
  std::string crypto_suite;  ///< "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM",
                             ///< "AEAD_AES_256_GCM".
  std::string key_base64;    ///< Master key, then master salt: 30, 30, 28 or 44 bytes.
  friend bool operator==(const SrtpParameters&, const SrtpParameters&) = default;
};

}  // namespace sluice
