#define OPENSSL_SUPPRESS_DEPRECATED  // SHA_CTX, see hmac_sha1
#include "base/crypto.h"

#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/check.h"
#include "base/md5.h"

namespace sluice::crypto {

// RFC 2104 over SHA_CTX: OpenSSL 3's HMAC() fetches its algorithm and allocates a dozen times a call, and
// every consent check of every client makes two (docs/decisions tells the same story of SRTP).
std::array<std::uint8_t, 20> hmac_sha1(Bytes key, Bytes message) {
  constexpr std::size_t kBlock = SHA_CBLOCK;
  std::array<std::uint8_t, kBlock> pad{};
  if (key.size() > kBlock) {
    SHA1(key.data(), key.size(), pad.data());
  } else if (!key.empty()) {
    std::memcpy(pad.data(), key.data(), key.size());
  }
  std::array<std::uint8_t, 20> digest{};
  const auto round = [&](std::uint8_t mask, Bytes text) {
    std::array<std::uint8_t, kBlock> block = pad;
    for (std::uint8_t& byte : block) byte ^= mask;
    SHA_CTX context;
    SHA1_Init(&context);
    SHA1_Update(&context, block.data(), block.size());
    SHA1_Update(&context, text.data(), text.size());
    SHA1_Final(digest.data(), &context);
  };
  round(0x36, message);
  const std::array<std::uint8_t, 20> inner = digest;
  round(0x5C, inner);
  return digest;
}

std::array<std::uint8_t, 16> md5(Bytes message) {
  std::array<std::uint8_t, 16> digest{};
  MD5(message.data(), message.size(), digest.data());
  return digest;
}

bool equal_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void fill_entropy(MutableBytes out) {
  SLUICE_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

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
  SLUICE_CHECK(EVP_EncryptUpdate(state_->context, out.data(), &written, out.data(),
                                 static_cast<int>(out.size())) == 1);
}

}  // namespace sluice::crypto
