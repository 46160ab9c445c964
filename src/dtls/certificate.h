// The certificate a worker shows to its peers: made at start, or read from the operator's PEM files.
//
// A value that may be copied: key and chain are immutable and shared by reference count inside OpenSSL.
// Called by the engine (once), dtls::Context and the tests. Peers verify by fingerprint only, never by
// issuer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/dtls_parameters.h"
#include "sluice/result.h"

struct x509_st;
struct evp_pkey_st;

namespace sluice::dtls {

class Certificate {
 public:
  /// A fresh ECDSA P-256 key, self-signed as CN=sluice, valid from a day before `unix_seconds` to 30 days
  /// after it. The key comes from OpenSSL's own generator: a key is not to be repeatable from a seed.
  static Certificate generate(std::int64_t unix_seconds);
  /// A PEM certificate (followed by its chain, if any) and its unencrypted PEM private key. An error names
  /// the file and the problem; its field is "dtlsCertificateFile" or "dtlsPrivateKeyFile".
  static Result<Certificate> from_pem_files(const std::string& certificate_path, const std::string& key_path);
  /// The same from the texts themselves; errors call them "the certificate" and "the private key".
  static Result<Certificate> from_pem(const std::string& certificate, const std::string& key);

  /// `algorithm` must be one of kFingerprintAlgorithms.
  [[nodiscard]] DtlsFingerprint fingerprint(std::string_view algorithm = "sha-256") const;
  /// One for every algorithm, weakest first, as dtlsParameters lists them.
  [[nodiscard]] std::vector<DtlsFingerprint> fingerprints() const;
  /// The leaf, PEM.
  [[nodiscard]] std::string pem() const;

  [[nodiscard]] x509_st* x509() const { return chain_.front().get(); }
  [[nodiscard]] evp_pkey_st* key() const { return key_.get(); }
  /// The certificates after the leaf.
  [[nodiscard]] std::vector<x509_st*> issuers() const;

  Certificate(const Certificate& other);
  Certificate& operator=(const Certificate& other);
  Certificate(Certificate&&) noexcept = default;
  Certificate& operator=(Certificate&&) noexcept = default;
  ~Certificate() = default;

 private:
  struct X509Free {
    void operator()(x509_st* x) const;
  };
  struct KeyFree {
    void operator()(evp_pkey_st* key) const;
  };
  using X509Ptr = std::unique_ptr<x509_st, X509Free>;
  using KeyPtr = std::unique_ptr<evp_pkey_st, KeyFree>;

  Certificate(std::vector<X509Ptr> chain, KeyPtr key) : chain_(std::move(chain)), key_(std::move(key)) {}
  /// `name`: what errors call it.
  static Result<std::vector<X509Ptr>> read_chain(const std::string& text, const std::string& name);
  static Result<KeyPtr> read_key(const std::string& text, const std::string& name);
  static Result<Certificate> from_texts(const std::string& certificate, const std::string& certificate_name,
                                        const std::string& key, const std::string& key_name);

  std::vector<X509Ptr> chain_;  ///< Never empty; leaf first.
  KeyPtr key_;
};

}  // namespace sluice::dtls
