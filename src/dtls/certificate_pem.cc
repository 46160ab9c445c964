// Reading the operator's certificate and key, with an error for everything that is commonly wrong with such
// files.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "dtls/certificate.h"

namespace sluice::dtls {
namespace {

constexpr const char* kCertificateField = "dtlsCertificateFile";
constexpr const char* kKeyField = "dtlsPrivateKeyFile";
constexpr std::size_t kMaxChain = 10;
constexpr int kMinRsaBits = 2048;

constexpr std::size_t kMaxFile = 1 << 20;

using FilePtr = std::unique_ptr<FILE, int (*)(FILE*)>;
using BioPtr = std::unique_ptr<BIO, int (*)(BIO*)>;

Result<std::string> read_file(const std::string& path, const char* field) {
  const FilePtr file(std::fopen(path.c_str(), "rb"), &std::fclose);
  std::string text(kMaxFile, '\0');
  const std::size_t size = file ? std::fread(text.data(), 1, text.size(), file.get()) : 0;
  if (!file || std::ferror(file.get()) != 0) {  // a directory opens, but cannot be read
    return invalid_argument(field, "Cannot read " + path + ": " + std::strerror(errno) + ".");
  }
  text.resize(size);
  return text;
}

BioPtr bio_of(const std::string& text) {
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  SLUICE_CHECK(bio != nullptr);
  return bio;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Instead of OpenSSL's prompt on the terminal. Sets the flag that a password was wanted.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* wanted) {
  *static_cast<bool*>(wanted) = true;
  return -1;
}

/// Empty when peers can use such a key in the suites offered to them.
std::string key_problem(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits >= kMinRsaBits) return {};
    return "has an RSA key of " + std::to_string(bits) + " bits, expected at least " +
           std::to_string(kMinRsaBits);
  }
  if (EVP_PKEY_is_a(key, "EC") != 1) return "has a key that is neither ECDSA nor RSA";
  char group[64] = {};
  std::size_t size = 0;
  EVP_PKEY_get_group_name(key, group, sizeof group, &size);
  const std::string_view name(group, size);
  if (name == "prime256v1" || name == "P-256" || name == "secp384r1" || name == "P-384") return {};
  return "has an ECDSA key on the curve " + std::string(name) + ", expected P-256 or P-384";
}

}  // namespace

Result<std::vector<Certificate::X509Ptr>> Certificate::read_chain(const std::string& text,
                                                                  const std::string& name) {
  if (!contains(text, "-----BEGIN CERTIFICATE-----") && !contains(text, "-----BEGIN X509 CERTIFICATE-----")) {
    return invalid_argument(
        kCertificateField,
        name + " is not a PEM certificate, expected a \"-----BEGIN CERTIFICATE-----\" block.");
  }
  const BioPtr bio = bio_of(text);
  std::vector<X509Ptr> chain;
  while (X509* x509 = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(x509);
    if (chain.size() > kMaxChain) {
      return invalid_argument(kCertificateField,
                              name + " holds more than " + std::to_string(kMaxChain) + " certificates.");
    }
  }
  // At the end of a good file OpenSSL's last complaint is that no further block starts.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return invalid_argument(kCertificateField, name + " holds a damaged PEM certificate.");
  return chain;
}

Result<Certificate::KeyPtr> Certificate::read_key(const std::string& text, const std::string& name) {
  if (!contains(text, "PRIVATE KEY-----")) {
    return invalid_argument(
        kKeyField, name + " is not a PEM private key, expected a \"-----BEGIN PRIVATE KEY-----\" block.");
  }
  bool password_wanted = false;
  KeyPtr key(PEM_read_bio_PrivateKey(bio_of(text).get(), nullptr, &no_password, &password_wanted));
  ERR_clear_error();
  if (key) return key;
  if (password_wanted) {
    return invalid_argument(kKeyField, name + " is encrypted, expected a private key without a password.");
  }
  return invalid_argument(kKeyField, name + " holds a damaged PEM private key.");
}

Result<Certificate> Certificate::from_pem_files(const std::string& certificate_path,
                                                const std::string& key_path) {
  const Result<std::string> certificate = read_file(certificate_path, kCertificateField);
  if (!certificate) return certificate.error();
  if (auto chain = read_chain(*certificate, certificate_path); !chain) return chain.error();
  const Result<std::string> key = read_file(key_path, kKeyField);
  if (!key) return key.error();
  return from_texts(*certificate, certificate_path, *key, key_path);
}

Result<Certificate> Certificate::from_pem(const std::string& certificate, const std::string& key) {
  return from_texts(certificate, "the certificate", key, "the private key");
}

Result<Certificate> Certificate::from_texts(const std::string& certificate,
                                            const std::string& certificate_name, const std::string& key_text,
                                            const std::string& key_name) {
  ERR_clear_error();
  Result<std::vector<X509Ptr>> chain = read_chain(certificate, certificate_name);
  if (!chain) return chain.error();
  EVP_PKEY* public_key = X509_get0_pubkey(chain->front().get());
  const std::string problem =
      public_key == nullptr ? "has an unreadable public key" : key_problem(public_key);
  ERR_clear_error();
  if (!problem.empty()) return invalid_argument(kCertificateField, certificate_name + " " + problem + ".");

  Result<KeyPtr> key = read_key(key_text, key_name);
  if (!key) return key.error();
  const bool match = X509_check_private_key(chain->front().get(), key->get()) == 1;
  ERR_clear_error();
  if (!match) {
    return invalid_argument(
        kKeyField, "The key in " + key_name + " does not match the certificate in " + certificate_name + ".");
  }
  return Certificate(std::move(*chain), std::move(*key));
}

}  // namespace sluice::dtls
