// What all DTLS sessions of a worker share: certificate, cipher suites, SRTP profiles and every other setting
// of OpenSSL.
//
// Built once per certificate; outlives its sessions.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "dtls/certificate.h"

struct ssl_ctx_st;
struct bio_method_st;

namespace sluice::dtls {

/// IANA "DTLS-SRTP Protection Profiles" (RFC 5764 §4.1.2, RFC 7714 §14.2).
inline constexpr std::uint16_t kSrtpAes128CmSha1_80 = 0x0001;
inline constexpr std::uint16_t kSrtpAes128CmSha1_32 = 0x0002;
inline constexpr std::uint16_t kSrtpAeadAes128Gcm = 0x0007;
inline constexpr std::uint16_t kSrtpAeadAes256Gcm = 0x0008;

/// Our order of preference. As server it decides; as client it is what we offer.
inline constexpr std::array<std::uint16_t, 4> kSrtpProfiles = {kSrtpAeadAes256Gcm, kSrtpAeadAes128Gcm,
                                                               kSrtpAes128CmSha1_80, kSrtpAes128CmSha1_32};

class Context {
 public:
  /// `profiles`: SRTP profiles offered or accepted, most preferred first, not empty, all from kSrtpProfiles.
  explicit Context(Certificate certificate, std::span<const std::uint16_t> profiles = kSrtpProfiles);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() = default;

  [[nodiscard]] const Certificate& certificate() const { return certificate_; }

 private:
  friend class Session;
  struct ContextFree {
    void operator()(ssl_ctx_st* context) const;
  };
  struct MethodFree {
    void operator()(bio_method_st* method) const;
  };

  Certificate certificate_;
  std::unique_ptr<ssl_ctx_st, ContextFree> ssl_context_;
  std::unique_ptr<bio_method_st, MethodFree> bio_method_;
};

}  // namespace sluice::dtls
