// The SRTP protection profiles spoken here, their sizes and names, and the master key each direction starts
// from. Used by everyone who negotiates or holds SRTP keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace sluice::srtp {

/// A protection profile; the value is its number in DTLS-SRTP's use_srtp extension (IANA; RFC 5764 §4.1.2,
/// RFC 7714 §14.2).
enum class Suite : std::uint16_t {
  kAesCm128HmacSha1_80 = 0x0001,
  kAesCm128HmacSha1_32 = 0x0002,
  kAeadAes128Gcm = 0x0007,
  kAeadAes256Gcm = 0x0008,
};

/// Every suite, the preferred one first.
inline constexpr std::array<Suite, 4> kSuites = {Suite::kAeadAes256Gcm, Suite::kAeadAes128Gcm,
                                                 Suite::kAesCm128HmacSha1_80, Suite::kAesCm128HmacSha1_32};

constexpr bool is_aead(Suite suite) {
  return suite == Suite::kAeadAes128Gcm || suite == Suite::kAeadAes256Gcm;
}
/// Master key and master salt, in bytes.
constexpr std::size_t key_size(Suite suite) {
  return suite == Suite::kAeadAes256Gcm ? 32 : 16;
}
constexpr std::size_t salt_size(Suite suite) {
  return is_aead(suite) ? 12 : 14;
}
/// The authentication tag of an RTP packet. HmacSha1_32 shortens RTP's only (RFC 5764 §4.1.2).
constexpr std::size_t rtp_tag_size(Suite suite) {
  return is_aead(suite) ? 16 : suite == Suite::kAesCm128HmacSha1_32 ? 4 : 10;
}
constexpr std::size_t rtcp_tag_size(Suite suite) {
  return is_aead(suite) ? 16 : 10;
}
/// By how many bytes protection makes a packet longer.
constexpr std::size_t rtp_overhead(Suite suite) {
  return rtp_tag_size(suite);
}
constexpr std::size_t rtcp_overhead(Suite suite) {
  return rtcp_tag_size(suite) + 4;
}
/// No suite makes a packet longer than this: the room a send slot keeps after the payload.
inline constexpr std::size_t kMaxOverhead = 32;

/// The suite of a DTLS-SRTP profile number, if it is one of ours.
std::optional<Suite> suite_from_profile(std::uint16_t profile);
/// "AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32".
std::string_view to_string(Suite suite);
std::optional<Suite> parse_suite(std::string_view name);

/// The key one direction of a transport is protected with: key_size bytes of key, then salt_size bytes of
/// salt.
struct MasterKey {
  Suite suite = Suite::kAeadAes256Gcm;
  std::array<std::uint8_t, 46> bytes{};

  [[nodiscard]] Bytes key() const { return Bytes(bytes).first(key_size(suite)); }
  [[nodiscard]] Bytes salt() const { return Bytes(bytes).subspan(key_size(suite), salt_size(suite)); }
  [[nodiscard]] Bytes key_and_salt() const { return Bytes(bytes).first(key_size(suite) + salt_size(suite)); }

  /// From key followed by salt (SDES inline keys, plain transports); nothing when the size does not fit the
  /// suite.
  static std::optional<MasterKey> from_bytes(Suite suite, Bytes key_and_salt);
};

/// What a DTLS handshake gives: the key of what the DTLS client sends and of what the server sends.
struct KeyPair {
  MasterKey client;
  MasterKey server;
};
/// How many bytes to ask of the TLS exporter "EXTRACTOR-dtls_srtp" (RFC 5764 §4.2).
constexpr std::size_t keying_material_size(Suite suite) {
  return 2 * (key_size(suite) + salt_size(suite));
}
/// Takes the exporter's bytes apart; nothing when their number is not keying_material_size(suite).
std::optional<KeyPair> split_keying_material(Suite suite, Bytes material);

}  // namespace sluice::srtp
