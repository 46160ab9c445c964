// The few cryptographic primitives that more than one core needs. The only file of base that knows OpenSSL is
// its .cc.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace sluice::crypto {

/// HMAC-SHA1 (RFC 2104), 20 bytes; used by STUN's MESSAGE-INTEGRITY.
std::array<std::uint8_t, 20> hmac_sha1(Bytes key, Bytes message);

/// Compares in time that does not depend on the contents. Different sizes are unequal.
bool equal_constant_time(Bytes a, Bytes b);

/// Fills with the system's entropy. For the owner of the process only; cores take a Random.
void fill_entropy(MutableBytes out);

/// AES-256-CTR key stream: the generator under Random.
class KeyStream {
 public:
  explicit KeyStream(const std::array<std::uint8_t, 32>& key);
  KeyStream(KeyStream&&) noexcept;
  KeyStream& operator=(KeyStream&&) noexcept;
  ~KeyStream();
  void fill(MutableBytes out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::crypto
