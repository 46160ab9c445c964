#include "dtls/fingerprint.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/check.h"

namespace sluice::dtls {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm == "sha-1") return EVP_sha1();
  if (algorithm == "sha-224") return EVP_sha224();
  if (algorithm == "sha-256") return EVP_sha256();
  if (algorithm == "sha-384") return EVP_sha384();
  if (algorithm == "sha-512") return EVP_sha512();
  return nullptr;
}

std::size_t strength(std::string_view algorithm) {
  const auto* at = std::find(std::begin(kFingerprintAlgorithms), std::end(kFingerprintAlgorithms), algorithm);
  return static_cast<std::size_t>(at - std::begin(kFingerprintAlgorithms));
}

std::string cased(std::string_view text, int (*convert)(int)) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(convert(static_cast<unsigned char>(c)));
  return out;
}

/// RFC 8122 §5: 2UHEX *(":" 2UHEX), exactly `bytes` of them.
bool well_formed(std::string_view value, std::size_t bytes) {
  if (value.size() != bytes * 3 - 1) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool good = i % 3 == 2 ? value[i] == ':' : std::isxdigit(static_cast<unsigned char>(value[i])) != 0;
    if (!good) return false;
  }
  return true;
}

}  // namespace

std::optional<DtlsFingerprint> fingerprint_of(const x509_st& certificate, std::string_view algorithm) {
  const EVP_MD* digest = digest_of(algorithm);
  if (digest == nullptr) return std::nullopt;
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  SLUICE_CHECK(X509_digest(&certificate, digest, hash.data(), &size) == 1);

  DtlsFingerprint out{std::string(algorithm), {}};
  out.value.reserve(size * 3);
  for (unsigned int i = 0; i < size; ++i) {
    if (i > 0) out.value += ':';
    out.value += kHex[hash[i] >> 4];
    out.value += kHex[hash[i] & 15];
  }
  return out;
}

Result<std::vector<DtlsFingerprint>> normalize_fingerprints(
    const std::vector<DtlsFingerprint>& fingerprints) {
  if (fingerprints.empty()) {
    return invalid_argument("dtlsParameters.fingerprints",
                            "The list is empty, expected at least one fingerprint.");
  }
  std::vector<DtlsFingerprint> out;
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    const std::string algorithm = cased(fingerprints[i].algorithm, std::tolower);
    const EVP_MD* digest = digest_of(algorithm);
    if (digest == nullptr)
      continue;  // RFC 8122 §5: one of an unknown hash is no reason to refuse the others.
    const auto bytes = static_cast<std::size_t>(EVP_MD_get_size(digest));
    if (!well_formed(fingerprints[i].value, bytes)) {
      return invalid_argument("dtlsParameters.fingerprints[" + std::to_string(i) + "].value",
                              "Malformed " + algorithm + " fingerprint, expected " + std::to_string(bytes) +
                                  " hexadecimal bytes joined by colons.");
    }
    out.push_back({algorithm, cased(fingerprints[i].value, std::toupper)});
  }
  if (out.empty()) {
    return Error{
        ErrorCode::kUnsupported, "dtlsParameters.fingerprints[0].algorithm",
        "No fingerprint has a known algorithm, expected sha-1, sha-224, sha-256, sha-384 or sha-512."};
  }
  return out;
}

bool matches_fingerprints(const x509_st& certificate, const std::vector<DtlsFingerprint>& fingerprints) {
  std::string_view strongest;
  for (const DtlsFingerprint& f : fingerprints) {
    if (strongest.empty() || strength(f.algorithm) > strength(strongest)) strongest = f.algorithm;
  }
  const auto own = fingerprint_of(certificate, strongest);
  return own && std::find(fingerprints.begin(), fingerprints.end(), *own) != fingerprints.end();
}

}  // namespace sluice::dtls
