// What two ends tell each other about DTLS through signaling: who speaks first, and by which fingerprint a
// certificate is known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

/// RFC 8122 §5: a hash of the DER certificate.
struct DtlsFingerprint {
  std::string algorithm;  ///< Lower case: "sha-1", "sha-224", "sha-256", "sha-384" or "sha-512".
  std::string value;      ///< Upper-case hexadecimal bytes joined by colons, "AB:CD:...".
  friend bool operator==(const DtlsFingerprint&, const DtlsFingerprint&) = default;
};

/// RFC 5763 §5, in ORTC's words. `kAuto` is an offer (a=setup:actpass); client is active, server is passive.
enum class DtlsRole : std::uint8_t { kAuto, kClient, kServer };

/// ORTC's RTCDtlsParameters.
struct DtlsParameters {
  DtlsRole role = DtlsRole::kAuto;
  std::vector<DtlsFingerprint> fingerprints;
};

}  // namespace sluice
