// Certificate fingerprints (RFC 8122): computing, checking what signaling brought, and comparing.
//
// Called by Certificate (its own fingerprints) and Session (the peer's). OpenSSL stays in the .cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/dtls_parameters.h"
#include "sluice/result.h"

struct x509_st;

namespace sluice::dtls {

/// The hashes understood, weakest first. MD2 and MD5 are refused (RFC 8122 §5).
inline constexpr std::string_view kFingerprintAlgorithms[] = {"sha-1", "sha-224", "sha-256", "sha-384",
                                                              "sha-512"};

/// The fingerprint of a certificate; nothing when the algorithm is not among kFingerprintAlgorithms.
std::optional<DtlsFingerprint> fingerprint_of(const x509_st& certificate, std::string_view algorithm);

/// Checks the fingerprints signaling brought and brings them to our letter case. Entries of an unknown
/// algorithm are left out; an error names the first entry at fault: empty list, malformed value, no algorithm
/// known.
Result<std::vector<DtlsFingerprint>> normalize_fingerprints(const std::vector<DtlsFingerprint>& fingerprints);

/// RFC 8122 §5: of the normalized fingerprints, those of the strongest hash count, and one of them must
/// match.
bool matches_fingerprints(const x509_st& certificate, const std::vector<DtlsFingerprint>& fingerprints);

}  // namespace sluice::dtls
