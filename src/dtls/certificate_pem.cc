// Reading the operator's certificate and key, with an error for everything that is commonly wrong with such
// files.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "dtls/certificate.h"

namespace sluice::dtls {
namespace {

constexpr const char* kCertificateField = "dtlsCertificateFile";
constexpr const char* kKeyField = "dtlsPrivateKeyFile";
constexpr std::size_t kMaxChain = 10;
constexpr int kMinRsaBits = 2048;

using FilePtr = std::unique_ptr<FILE, int (*)(FILE*)>;

/// A readable file, or null and the reason in `error`.
FilePtr open(const std::string& path, const char* field, Error& error) {
  FilePtr file(std::fopen(path.c_str(), "rb"), &std::fclose);
  // A directory opens but cannot be read.
  const bool readable = file != nullptr && (std::fgetc(file.get()) != EOF || std::ferror(file.get()) == 0);
  if (!readable) {
    error = invalid_argument(field, "Cannot read " + path + ": " + std::strerror(errno) + ".");
    return {nullptr, &std::fclose};
  }
  std::rewind(file.get());
  return file;
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

Result<std::vector<Certificate::X509Ptr>> Certificate::read_chain(const std::string& path) {
  Error error;
  const FilePtr file = open(path, kCertificateField, error);
  if (!file) return error;
  std::vector<X509Ptr> chain;
  while (X509* x509 = PEM_read_X509(file.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(x509);
    if (chain.size() > kMaxChain) {
      return invalid_argument(kCertificateField,
                              path + " holds more than " + std::to_string(kMaxChain) + " certificates.");
    }
  }
  // At the end of a good file OpenSSL's last complaint is that no further block starts.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return invalid_argument(kCertificateField, path + " holds a damaged PEM certificate.");
  if (chain.empty()) {
    return invalid_argument(
        kCertificateField,
        path + " is not a PEM certificate, expected a \"-----BEGIN CERTIFICATE-----\" block.");
  }
  return chain;
}

Result<Certificate::KeyPtr> Certificate::read_key(const std::string& path) {
  Error error;
  const FilePtr file = open(path, kKeyField, error);
  if (!file) return error;
  bool password_wanted = false;
  KeyPtr key(PEM_read_PrivateKey(file.get(), nullptr, &no_password, &password_wanted));
  const bool no_start = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (key) return key;
  if (password_wanted) {
    return invalid_argument(kKeyField, path + " is encrypted, expected a private key without a password.");
  }
  if (no_start) {
    return invalid_argument(
        kKeyField, path + " is not a PEM private key, expected a \"-----BEGIN PRIVATE KEY-----\" block.");
  }
  return invalid_argument(kKeyField, path + " holds a damaged PEM private key.");
}

Result<Certificate> Certificate::from_pem_files(const std::string& certificate_path,
                                                const std::string& key_path) {
  ERR_clear_error();
  Result<std::vector<X509Ptr>> chain = read_chain(certificate_path);
  if (!chain) return chain.error();
  EVP_PKEY* public_key = X509_get0_pubkey(chain->front().get());
  const std::string problem =
      public_key == nullptr ? "has an unreadable public key" : key_problem(public_key);
  ERR_clear_error();
  if (!problem.empty()) return invalid_argument(kCertificateField, certificate_path + " " + problem + ".");

  Result<KeyPtr> key = read_key(key_path);
  if (!key) return key.error();
  const bool match = X509_check_private_key(chain->front().get(), key->get()) == 1;
  ERR_clear_error();
  if (!match) {
    return invalid_argument(
        kKeyField, "The key in " + key_path + " does not match the certificate in " + certificate_path + ".");
  }
  return Certificate(std::move(*chain), std::move(*key));
}

}  // namespace sluice::dtls
