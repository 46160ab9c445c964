// From one master key to the session keys of RTP and RTCP (RFC 3711 §4.3; RFC 6188 §3 for 256-bit keys; RFC
// 7714 §11), with a key derivation rate of zero: derived once. Used by the backends that do not derive keys
// themselves.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "srtp/suite.h"

namespace sluice::srtp {

/// For one kind of packet: the cipher's key and salt, and the authentication key of the HMAC suites.
struct SessionKey {
  std::array<std::uint8_t, 32> key{};
  std::array<std::uint8_t, 14> salt{};
  std::array<std::uint8_t, 20> auth{};
};

struct SessionKeys {
  Suite suite = Suite::kAeadAes256Gcm;
  SessionKey rtp;
  SessionKey rtcp;

  SessionKeys() = default;
  SessionKeys(const SessionKeys&) = default;
  SessionKeys& operator=(const SessionKeys&) = default;
  /// Leaves no key behind in memory.
  ~SessionKeys();
};

SessionKeys derive_session_keys(const MasterKey& master);

/// The pseudo-random function under it: fills `out` with the output for `label` (RFC 3711 §4.3.3).
void derive_key(Bytes master_key, Bytes master_salt, std::uint8_t label, MutableBytes out);

/// Overwrites keys that are no longer needed, in a way the compiler keeps.
void wipe(void* data, std::size_t size);

}  // namespace sluice::srtp
