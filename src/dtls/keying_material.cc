// The SRTP keys of a DTLS session (RFC 5764 §4.2).
#include <openssl/crypto.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "dtls/session.h"

namespace sluice::dtls {
namespace {

constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";

struct Lengths {
  std::size_t key;
  std::size_t salt;
};

/// RFC 5764 §4.1.2: 128-bit key, 112-bit salt. RFC 7714 §12: 96-bit salt.
Lengths lengths_of(std::uint16_t profile) {
  switch (profile) {
    case kSrtpAeadAes256Gcm:
      return {32, 12};
    case kSrtpAeadAes128Gcm:
      return {16, 12};
    default:
      return {16, 14};
  }
}

}  // namespace

// The exported block:
//
//   +----------------------+----------------------+-----------------------+-----------------------+
//   | client_write key     | server_write key     | client_write salt     | server_write salt     |
//   +----------------------+----------------------+-----------------------+-----------------------+
std::optional<KeyingMaterial> Session::keys() const {
  if (state_ != State::kConnected) return std::nullopt;
  const SRTP_PROTECTION_PROFILE* profile = SSL_get_selected_srtp_profile(ssl_.get());
  if (profile == nullptr) return std::nullopt;

  KeyingMaterial out;
  out.profile = static_cast<std::uint16_t>(profile->id);
  const auto [key, salt] = lengths_of(out.profile);
  std::array<std::uint8_t, 2 * (32 + 14)> block{};
  const std::size_t size = 2 * (key + salt);
  SLUICE_CHECK(SSL_export_keying_material(ssl_.get(), block.data(), size, kLabel.data(), kLabel.size(),
                                          nullptr, 0, 0) == 1);

  const auto take = [&](std::vector<std::uint8_t>& to, std::size_t at, std::size_t n) {
    to.insert(to.end(), block.data() + at, block.data() + at + n);
  };
  take(out.client_write, 0, key);
  take(out.client_write, 2 * key, salt);
  take(out.server_write, key, key);
  take(out.server_write, 2 * key + salt, salt);
  OPENSSL_cleanse(block.data(), block.size());
  return out;
}

}  // namespace sluice::dtls
