// The configuration of a PeerConnection: W3C's RTCConfiguration (WebRTC §4.2.1) in C++, and what a program
// without a browser around it must say itself: certificate, codecs, limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/dtls_parameters.h"
#include "sluice/result.h"
#include "sluice/rtp_parameters.h"

namespace sluice {

/// RTCIceServer: what PeerConnection::create() and set_configuration() check, naming the field at fault.
struct IceServer {
  std::vector<std::string> urls;  ///< "stun:host[:port]", "turn:host[:port][?transport=udp|tcp]", "turns:…".
  std::optional<std::string> username;
  std::optional<std::string> credential;
  std::optional<std::string> credential_type;  ///< "password", which is also what absence means.
  friend bool operator==(const IceServer&, const IceServer&) = default;
};

/// RTCIceTransportPolicy.
enum class IceTransportPolicy : std::uint8_t { kAll, kRelay };

/// A certificate of one's own and its key: by the paths of two PEM files, or by the PEM texts themselves.
struct CertificatePem {
  std::string certificate_path;
  std::string private_key_path;
  std::string certificate;
  std::string private_key;
  /// When given, what the certificate must have: "sha-256 C6:ED:…". Another certificate is refused.
  std::string fingerprint;
  friend bool operator==(const CertificatePem&, const CertificatePem&) = default;
};

struct Configuration {
  std::vector<IceServer> ice_servers;
  IceTransportPolicy ice_transport_policy = IceTransportPolicy::kAll;
  /// None: a fresh ECDSA P-256 certificate, valid for 30 days.
  std::optional<CertificatePem> certificate;
  /// Who is the DTLS client when this end answers an offer that leaves it the choice (RFC 8842 §5.3):
  /// kClient, as browsers have it, or kServer.
  DtlsRole answer_role = DtlsRole::kClient;
  /// What transceivers can use, the preferred first; empty: default_codecs(). A payload type is chosen where
  /// none is given; video gets its RTX (RFC 4588) by itself.
  std::vector<RtpCodecCapability> codecs;
  /// SRTP protection profiles to offer or accept (RFC 5764), the preferred first, by the names of
  /// SrtpParameters: {"AES_CM_128_HMAC_SHA1_80"}. Empty: all, AEAD_AES_256_GCM first.
  std::vector<std::string> srtp_crypto_suites;
  /// Bytes of the longest message that a data channel takes from the other side; announced to it (RFC 8841).
  std::uint32_t max_message_size = 256 * 1024;
  /// Data channels that may be open at once, of both ends together; at most 32,767, as each end has every
  /// other of SCTP's 65,535 streams (RFC 8832 §6). Twice as many streams are announced, 40 bytes of memory
  /// each.
  std::uint16_t max_data_channels = 4'096;
};

/// Opus, PCMU, PCMA; VP8, VP9, H264 (constrained baseline), AV1: what there are packetizers for.
std::vector<RtpCodecCapability> default_codecs();

/// RTCConfiguration as JavaScript writes it: {"iceServers": [{"urls": "stun:…"}], "iceTransportPolicy":
/// "relay"}. `urls` is a string or an array. Members that only browsers have a use for (bundlePolicy
/// "max-bundle", rtcpMuxPolicy "require", iceCandidatePoolSize 0) are taken at these values; everything else
/// is refused, by name.
Result<Configuration> configuration_from_json(std::string_view json);

}  // namespace sluice
