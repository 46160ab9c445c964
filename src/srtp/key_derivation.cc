#include "srtp/key_derivation.h"

#include <algorithm>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace sluice::srtp {
namespace {

// RFC 3711 §4.3.2, table 1.
constexpr std::uint8_t kLabelRtpEncryption = 0;
constexpr std::uint8_t kLabelRtpAuthentication = 1;
constexpr std::uint8_t kLabelRtpSalt = 2;
constexpr std::uint8_t kLabelRtcpEncryption = 3;
constexpr std::uint8_t kLabelRtcpAuthentication = 4;
constexpr std::uint8_t kLabelRtcpSalt = 5;

SessionKey derive(const MasterKey& master, std::uint8_t encryption, std::uint8_t authentication,
                  std::uint8_t salt) {
  SessionKey out;
  derive_key(master.key(), master.salt(), encryption, MutableBytes(out.key).first(key_size(master.suite)));
  derive_key(master.key(), master.salt(), salt, MutableBytes(out.salt).first(salt_size(master.suite)));
  if (!is_aead(master.suite)) derive_key(master.key(), master.salt(), authentication, out.auth);
  return out;
}

}  // namespace

SessionKeys::~SessionKeys() {
  wipe(&rtp, sizeof rtp);
  wipe(&rtcp, sizeof rtcp);
}

SessionKeys derive_session_keys(const MasterKey& master) {
  SessionKeys keys;
  keys.suite = master.suite;
  keys.rtp = derive(master, kLabelRtpEncryption, kLabelRtpAuthentication, kLabelRtpSalt);
  keys.rtcp = derive(master, kLabelRtcpEncryption, kLabelRtcpAuthentication, kLabelRtcpSalt);
  return keys;
}

// The counter block, from which AES-CM generates (RFC 3711 §4.3.1 and §4.3.3):
//
//    0                   7             13  14 15
//   +-------------------------------------+-----+
//   |        master salt (14 bytes)       | 0 0 |
//   +-------------------+-----+-----------+-----+
//              XOR      |label| r = 0     |
//
// A salt of 12 bytes (RFC 7714 §11) stands at the left too.
void derive_key(Bytes master_key, Bytes master_salt, std::uint8_t label, MutableBytes out) {
  SLUICE_CHECK(master_salt.size() <= 14 && (master_key.size() == 16 || master_key.size() == 32));
  std::array<std::uint8_t, 16> counter{};
  std::ranges::copy(master_salt, counter.begin());
  counter[7] ^= label;
  const EVP_CIPHER* cipher = master_key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  std::ranges::fill(out, std::uint8_t{0});
  int written = 0;
  SLUICE_CHECK(EVP_EncryptInit_ex2(context.get(), cipher, master_key.data(), counter.data(), nullptr) == 1);
  SLUICE_CHECK(
      EVP_EncryptUpdate(context.get(), out.data(), &written, out.data(), static_cast<int>(out.size())) == 1);
}

void wipe(void* data, std::size_t size) {
  OPENSSL_cleanse(data, size);
}

}  // namespace sluice::srtp
