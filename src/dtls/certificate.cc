#include "dtls/certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "dtls/fingerprint.h"

namespace sluice::dtls {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;

/// RFC 5280 §4.1.2.2: positive and unlike any other, since browsers show it in chrome://webrtc-internals.
void set_random_serial(X509* x509) {
  std::uint64_t serial = 0;
  SLUICE_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  SLUICE_CHECK(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1 | 1) == 1);
}

}  // namespace

void Certificate::X509Free::operator()(x509_st* x) const {
  X509_free(x);
}
void Certificate::KeyFree::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Certificate Certificate::generate(std::int64_t unix_seconds) {
  KeyPtr key(EVP_EC_gen("P-256"));
  std::vector<X509Ptr> chain;
  chain.emplace_back(X509_new());
  X509* x509 = chain.front().get();
  SLUICE_CHECK(key != nullptr && x509 != nullptr);

  SLUICE_CHECK(X509_set_version(x509, 2) == 1);  // v3
  set_random_serial(x509);
  // A day back, for peers whose clock is behind ours.
  SLUICE_CHECK(ASN1_TIME_set(X509_getm_notBefore(x509), static_cast<time_t>(unix_seconds - kDay)) != nullptr);
  SLUICE_CHECK(ASN1_TIME_set(X509_getm_notAfter(x509), static_cast<time_t>(unix_seconds + 30 * kDay)) !=
               nullptr);
  X509_NAME* name = X509_get_subject_name(x509);
  const auto* common_name = reinterpret_cast<const unsigned char*>("sluice");
  SLUICE_CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1);
  SLUICE_CHECK(X509_set_issuer_name(x509, name) == 1);
  SLUICE_CHECK(X509_set_pubkey(x509, key.get()) == 1);
  SLUICE_CHECK(X509_sign(x509, key.get(), EVP_sha256()) > 0);
  return {std::move(chain), std::move(key)};
}

DtlsFingerprint Certificate::fingerprint(std::string_view algorithm) const {
  auto out = fingerprint_of(*x509(), algorithm);
  SLUICE_CHECK(out.has_value());
  return *std::move(out);
}

std::vector<DtlsFingerprint> Certificate::fingerprints() const {
  std::vector<DtlsFingerprint> out;
  for (const std::string_view algorithm : kFingerprintAlgorithms) out.push_back(fingerprint(algorithm));
  return out;
}

std::string Certificate::pem() const {
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  SLUICE_CHECK(bio != nullptr && PEM_write_bio_X509(bio.get(), x509()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::vector<x509_st*> Certificate::issuers() const {
  std::vector<x509_st*> out;
  for (std::size_t i = 1; i < chain_.size(); ++i) out.push_back(chain_[i].get());
  return out;
}

Certificate::Certificate(const Certificate& other) : key_(other.key_.get()) {
  SLUICE_CHECK(EVP_PKEY_up_ref(key_.get()) == 1);
  for (const X509Ptr& x : other.chain_) {
    SLUICE_CHECK(X509_up_ref(x.get()) == 1);
    chain_.emplace_back(x.get());
  }
}

Certificate& Certificate::operator=(const Certificate& other) {
  if (this != &other) *this = Certificate(other);
  return *this;
}

}  // namespace sluice::dtls
