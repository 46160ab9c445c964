// SRTP by libsrtp2: the reference. It keeps roll-over counters, replay windows and the SRTCP index itself,
// beside ours, and takes no index from outside; that both agree packet after packet is what the comparison
// tests prove.
//
// The library's own state is process-wide (srtp_init); it is started once and never stopped.
#ifdef SLUICE_SRTP_LIBSRTP
#include <array>
#include <cstring>
#include <memory>

#include <srtp2/srtp.h>

#include "base/check.h"
#include "srtp/backends.h"
#include "srtp/packet_cipher.h"

namespace sluice::srtp {
namespace {

class LibsrtpCipher final : public Cipher {
 public:
  LibsrtpCipher(const MasterKey& key, Direction direction) : key_(key.bytes) {
    srtp_policy_t policy{};
    switch (key.suite) {
      case Suite::kAeadAes256Gcm:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
        break;
      case Suite::kAeadAes128Gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        break;
      case Suite::kAesCm128HmacSha1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;
      case Suite::kAesCm128HmacSha1_32:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;
    }
    const bool outbound = direction == Direction::kOutbound;
    policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
    policy.key = key_.data();
    policy.window_size =
        outbound ? 0x7FFF : 1024;  // outbound: retransmissions may be old; inbound: as Inbound's
    policy.allow_repeat_tx = 1;
    SLUICE_CHECK(srtp_create(&session_, &policy) == srtp_err_status_ok);
  }
  LibsrtpCipher(const LibsrtpCipher&) = delete;
  LibsrtpCipher& operator=(const LibsrtpCipher&) = delete;
  ~LibsrtpCipher() override {
    srtp_dealloc(session_);
    wipe(key_.data(), key_.size());
  }

  std::size_t protect_rtp(const RtpToProtect& packet) override {
    std::uint8_t* payload = packet.out + packet.header_size + packet.prefix_size;
    if (!packet.payload.empty()) std::memcpy(payload, packet.payload.data(), packet.payload.size());
    int size = static_cast<int>(packet.header_size + packet.prefix_size + packet.payload.size());
    return srtp_protect(session_, packet.out, &size) == srtp_err_status_ok ? static_cast<std::size_t>(size)
                                                                           : 0;
  }
  bool unprotect_rtp(MutableBytes packet, std::size_t /*header_size*/, std::uint64_t /*index*/) override {
    int size = static_cast<int>(packet.size());
    return srtp_unprotect(session_, packet.data(), &size) == srtp_err_status_ok;
  }
  std::size_t protect_rtcp(std::uint8_t* packet, std::size_t size, std::uint32_t /*index*/) override {
    int length = static_cast<int>(size);
    return srtp_protect_rtcp(session_, packet, &length) == srtp_err_status_ok
               ? static_cast<std::size_t>(length)
               : 0;
  }
  bool unprotect_rtcp(MutableBytes packet, std::uint32_t /*index*/) override {
    int size = static_cast<int>(packet.size());
    return srtp_unprotect_rtcp(session_, packet.data(), &size) == srtp_err_status_ok;
  }
  void forget(std::uint32_t ssrc) override { srtp_remove_stream(session_, ssrc); }

 private:
  std::array<std::uint8_t, 46> key_;
  srtp_t session_ = nullptr;
};

class LibsrtpBackend final : public Backend {
 public:
  [[nodiscard]] BackendKind kind() const override { return BackendKind::kLibsrtp; }
  std::unique_ptr<Cipher> make_cipher(const MasterKey& key, Direction direction) override {
    return std::make_unique<LibsrtpCipher>(key, direction);
  }
};

}  // namespace

std::unique_ptr<Backend> make_libsrtp_backend() {
  static const bool started = srtp_init() == srtp_err_status_ok;
  if (!started) return nullptr;
  return std::make_unique<LibsrtpBackend>();
}

}  // namespace sluice::srtp
#endif  // SLUICE_SRTP_LIBSRTP
