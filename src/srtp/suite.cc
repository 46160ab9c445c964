#include "srtp/suite.h"

#include <algorithm>

namespace sluice::srtp {

std::optional<Suite> suite_from_profile(std::uint16_t profile) {
  for (const Suite suite : kSuites) {
    if (static_cast<std::uint16_t>(suite) == profile) return suite;
  }
  return std::nullopt;
}

std::string_view to_string(Suite suite) {
  switch (suite) {
    case Suite::kAeadAes256Gcm:
      return "AEAD_AES_256_GCM";
    case Suite::kAeadAes128Gcm:
      return "AEAD_AES_128_GCM";
    case Suite::kAesCm128HmacSha1_80:
      return "AES_CM_128_HMAC_SHA1_80";
    case Suite::kAesCm128HmacSha1_32:
      return "AES_CM_128_HMAC_SHA1_32";
  }
  return "";
}

std::optional<Suite> parse_suite(std::string_view name) {
  for (const Suite suite : kSuites) {
    if (to_string(suite) == name) return suite;
  }
  return std::nullopt;
}

std::optional<MasterKey> MasterKey::from_bytes(Suite suite, Bytes key_and_salt) {
  if (key_and_salt.size() != key_size(suite) + salt_size(suite)) return std::nullopt;
  MasterKey key;
  key.suite = suite;
  std::ranges::copy(key_and_salt, key.bytes.begin());
  return key;
}

// RFC 5764 §4.2: client key, server key, client salt, server salt.
std::optional<KeyPair> split_keying_material(Suite suite, Bytes material) {
  if (material.size() != keying_material_size(suite)) return std::nullopt;
  const std::size_t key = key_size(suite);
  const std::size_t salt = salt_size(suite);
  const auto assemble = [&](std::size_t key_at, std::size_t salt_at) {
    MasterKey master;
    master.suite = suite;
    std::ranges::copy(material.subspan(key_at, key), master.bytes.begin());
    std::ranges::copy(material.subspan(salt_at, salt),
                      master.bytes.begin() + static_cast<std::ptrdiff_t>(key));
    return master;
  };
  return KeyPair{assemble(0, 2 * key), assemble(key, 2 * key + salt)};
}

}  // namespace sluice::srtp
