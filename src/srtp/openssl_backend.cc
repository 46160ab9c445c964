// SRTP by OpenSSL: a context a key with the key schedule in it, so that a packet only sets the IV. Algorithms
// are fetched once.
//
// HMAC-SHA1 runs over SHA_CTX, which OpenSSL 3 keeps but calls deprecated: EVP_MAC and EVP_MD allocate twice
// a packet when a prepared state is used again, a SHA_CTX is copied with no allocation and is faster by an
// eighth.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <array>
#include <cstring>
#include <memory>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/check.h"
#include "srtp/backends.h"
#include "srtp/packet_cipher.h"

namespace sluice::srtp {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherPtr = std::unique_ptr<EVP_CIPHER, FreeCipher>;
using ContextPtr = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

ContextPtr keyed_context(EVP_CIPHER* cipher, const std::uint8_t* key, bool encrypt) {
  ContextPtr context(EVP_CIPHER_CTX_new());
  SLUICE_CHECK(context != nullptr);
  SLUICE_CHECK(EVP_CipherInit_ex2(context.get(), cipher, key, nullptr, encrypt ? 1 : 0, nullptr) == 1);
  return context;
}

class OpensslGcm {
 public:
  OpensslGcm(EVP_CIPHER* cipher, Direction direction, const SessionKey& key)
      : context_(keyed_context(cipher, key.key.data(), direction == Direction::kOutbound)) {}

  void seal(const GcmNonce& nonce, Bytes aad, const std::uint8_t* in, std::uint8_t* out, std::size_t size,
            std::uint8_t* tag) {
    start(nonce, aad);
    int written = 0;
    if (size > 0)
      SLUICE_CHECK(EVP_CipherUpdate(context_.get(), out, &written, in, static_cast<int>(size)) == 1);
    std::uint8_t none[16];
    SLUICE_CHECK(EVP_CipherFinal_ex(context_.get(), none, &written) == 1);
    SLUICE_CHECK(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kGcmTagSize, tag) == 1);
  }

  bool open(const GcmNonce& nonce, Bytes aad, MutableBytes text, const std::uint8_t* tag) {
    start(nonce, aad);
    int written = 0;
    if (!text.empty()) {
      SLUICE_CHECK(EVP_CipherUpdate(context_.get(), text.data(), &written, text.data(),
                                    static_cast<int>(text.size())) == 1);
    }
    std::uint8_t expected[kGcmTagSize];
    std::memcpy(expected, tag, kGcmTagSize);  // the interface wants it mutable
    SLUICE_CHECK(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kGcmTagSize, expected) == 1);
    std::uint8_t none[16];
    return EVP_CipherFinal_ex(context_.get(), none, &written) == 1;
  }

 private:
  void start(const GcmNonce& nonce, Bytes aad) {
    SLUICE_CHECK(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, nonce.data(), -1, nullptr) == 1);
    int written = 0;
    SLUICE_CHECK(
        EVP_CipherUpdate(context_.get(), nullptr, &written, aad.data(), static_cast<int>(aad.size())) == 1);
  }

  ContextPtr context_;
};

/// HMAC-SHA1 (RFC 2104) with the key's two blocks already hashed.
class HmacSha1 {
 public:
  explicit HmacSha1(const std::array<std::uint8_t, 20>& key) {
    prepare(inner_, key, 0x36);
    prepare(outer_, key, 0x5C);
  }
  ~HmacSha1() {
    wipe(&inner_, sizeof inner_);
    wipe(&outer_, sizeof outer_);
  }

  [[nodiscard]] std::array<std::uint8_t, 20> run(Bytes data) const {
    std::array<std::uint8_t, 20> digest;
    SHA_CTX state = inner_;
    SHA1_Update(&state, data.data(), data.size());
    SHA1_Final(digest.data(), &state);
    state = outer_;
    SHA1_Update(&state, digest.data(), digest.size());
    SHA1_Final(digest.data(), &state);
    return digest;
  }

 private:
  static void prepare(SHA_CTX& state, const std::array<std::uint8_t, 20>& key, std::uint8_t pad) {
    std::array<std::uint8_t, 64> block;
    block.fill(pad);
    for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
    SHA1_Init(&state);
    SHA1_Update(&state, block.data(), block.size());
    wipe(block.data(), block.size());
  }

  SHA_CTX inner_{};
  SHA_CTX outer_{};
};

class OpensslCm {
 public:
  static constexpr bool kBatches = false;

  OpensslCm(EVP_CIPHER* cipher, const SessionKey& key)
      : context_(keyed_context(cipher, key.key.data(), true)), hmac_(key.auth) {}

  void crypt(const CmIv& iv, const std::uint8_t* in, std::uint8_t* out, std::size_t size) {
    if (size == 0) return;
    int written = 0;
    SLUICE_CHECK(EVP_EncryptInit_ex2(context_.get(), nullptr, nullptr, iv.data(), nullptr) == 1);
    SLUICE_CHECK(EVP_EncryptUpdate(context_.get(), out, &written, in, static_cast<int>(size)) == 1);
  }
  std::array<std::uint8_t, 20> hmac(Bytes data) { return hmac_.run(data); }
  void append_tag(Bytes data, std::uint8_t* at, std::size_t tag_size) {
    const auto tag = hmac_.run(data);
    std::memcpy(at, tag.data(), tag_size);
  }

 private:
  ContextPtr context_;
  HmacSha1 hmac_;
};

class OpensslBackend final : public PrimitiveBackend {
 public:
  OpensslBackend()
      : gcm128_(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr)),
        gcm256_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)),
        ctr128_(EVP_CIPHER_fetch(nullptr, "AES-128-CTR", nullptr)) {
    SLUICE_CHECK(gcm128_ != nullptr && gcm256_ != nullptr && ctr128_ != nullptr);
  }

  [[nodiscard]] BackendKind kind() const override { return BackendKind::kOpenssl; }

  std::unique_ptr<Cipher> make_session_cipher(const SessionKeys& keys, Direction direction) override {
    if (!is_aead(keys.suite)) {
      return std::make_unique<CmCipher<OpensslCm>>(keys, ctr128_.get());
    }
    EVP_CIPHER* cipher = keys.suite == Suite::kAeadAes256Gcm ? gcm256_.get() : gcm128_.get();
    return std::make_unique<GcmCipher<OpensslGcm>>(keys, cipher, direction);
  }

 private:
  CipherPtr gcm128_;
  CipherPtr gcm256_;
  CipherPtr ctr128_;
};

}  // namespace

std::unique_ptr<Backend> make_openssl_backend() {
  return std::make_unique<OpensslBackend>();
}

}  // namespace sluice::srtp
