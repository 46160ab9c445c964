#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>

#include "base/check.h"

namespace sluice::crypto {

std::array<std::uint8_t, 20> hmac_sha1(Bytes key, Bytes message) {
  std::array<std::uint8_t, 20> out{};
  unsigned size = 0;
  SLUICE_CHECK(HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(), out.data(), &size) != nullptr);
  return out;
}

bool equal_constant_time(Bytes a, Bytes b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

void fill_entropy(MutableBytes out) { SLUICE_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1); }

struct KeyStream::State {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_CIPHER_CTX_free(context); }
};

KeyStream::KeyStream(const std::array<std::uint8_t, 32>& key) : state_(std::make_unique<State>()) {
  const std::array<std::uint8_t, 16> iv{};
  SLUICE_CHECK(EVP_EncryptInit_ex(state_->context, EVP_aes_256_ctr(), nullptr, key.data(), iv.data()) == 1);
}
KeyStream::KeyStream(KeyStream&&) noexcept = default;
KeyStream& KeyStream::operator=(KeyStream&&) noexcept = default;
KeyStream::~KeyStream() = default;

void KeyStream::fill(MutableBytes out) {
  if (out.empty()) return;  // an empty span may have no address
  std::memset(out.data(), 0, out.size());
  int written = 0;
  SLUICE_CHECK(EVP_EncryptUpdate(state_->context, out.data(), &written, out.data(), static_cast<int>(out.size())) == 1);
}

}  // namespace sluice::crypto
