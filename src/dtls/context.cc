#include "dtls/context.h"

#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "dtls/openssl_hooks.h"
#include "dtls/record_filter.h"

namespace sluice::dtls {
namespace {

// What browsers offer: ephemeral keys and AEAD only. AES first, for it has instructions of its own.
constexpr const char* kCipherSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr const char* kSignatures =
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:RSA-PSS+SHA512:RSA+SHA512";

const char* openssl_name(std::uint16_t profile) {
  switch (profile) {
    case kSrtpAeadAes256Gcm:
      return "SRTP_AEAD_AES_256_GCM";
    case kSrtpAeadAes128Gcm:
      return "SRTP_AEAD_AES_128_GCM";
    case kSrtpAes128CmSha1_80:
      return "SRTP_AES128_CM_SHA1_80";
    case kSrtpAes128CmSha1_32:
      return "SRTP_AES128_CM_SHA1_32";
    default:
      return nullptr;
  }
}

std::string openssl_names(std::span<const std::uint16_t> profiles) {
  std::string out;
  for (const std::uint16_t profile : profiles) {
    const char* name = openssl_name(profile);
    SLUICE_CHECK(name != nullptr);
    out += (out.empty() ? "" : ":") + std::string(name);
  }
  SLUICE_CHECK(!out.empty());
  return out;
}

void set_protocol(SSL_CTX* context) {
  SLUICE_CHECK(SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1);
  SLUICE_CHECK(SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1);
  // Whatever openssl.cnf says: a peer's certificate is bound by its fingerprint, so its own signature is not
  // judged.
  SSL_CTX_set_security_level(context, 1);
  SLUICE_CHECK(SSL_CTX_set_cipher_list(context, kCipherSuites) == 1);
  SLUICE_CHECK(SSL_CTX_set1_groups_list(context, kGroups) == 1);
  SLUICE_CHECK(SSL_CTX_set1_sigalgs_list(context, kSignatures) == 1);
  SLUICE_CHECK(SSL_CTX_set1_client_sigalgs_list(context, kSignatures) == 1);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_QUERY_MTU |
                                   SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context, kMaxHandshakeMessage);
}

void set_certificate(SSL_CTX* context, const Certificate& certificate) {
  SLUICE_CHECK(SSL_CTX_use_certificate(context, certificate.x509()) == 1);
  SLUICE_CHECK(SSL_CTX_use_PrivateKey(context, certificate.key()) == 1);
  for (X509* issuer : certificate.issuers()) SLUICE_CHECK(SSL_CTX_add1_chain_cert(context, issuer) == 1);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
}

}  // namespace

void Context::ContextFree::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}
void Context::MethodFree::operator()(bio_method_st* method) const {
  BIO_meth_free(method);
}

Context::Context(Certificate certificate, std::span<const std::uint16_t> profiles)
    : certificate_(std::move(certificate)),
      ssl_context_(SSL_CTX_new(DTLS_method())),
      bio_method_(Hooks::make_bio_method()) {
  SSL_CTX* context = ssl_context_.get();
  SLUICE_CHECK(context != nullptr);
  set_protocol(context);
  set_certificate(context, certificate_);
  // RFC 5764 §4.1.1. As server, OpenSSL takes the first of *its* list that the client offers too.
  SLUICE_CHECK(SSL_CTX_set_tlsext_use_srtp(context, openssl_names(profiles).c_str()) == 0);
  // RFC 5763 §5: both ends show a certificate.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, &Hooks::verify, nullptr);
  SSL_CTX_set_info_callback(context, &Hooks::info);
  ERR_clear_error();
}

}  // namespace sluice::dtls
