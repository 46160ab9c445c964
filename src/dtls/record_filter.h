// Looks a datagram over before OpenSSL sees it, because OpenSSL ends a handshake over one malformed plaintext
// message.
//
// What is unprotected can be sent by anyone who knows the 5-tuple, so it must be well-formed and fit the role
// to be let in. Protected records (epoch above 0) are authenticated by OpenSSL, which drops bad ones silently
// (RFC 6347 §4.1.2.7), except those too short for a nonce and a tag: since 3.0.19 it answers them with a
// fatal alert.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace sluice::dtls {

/// What became of a datagram.
enum class ReceiveResult : std::uint8_t {
  kProcessed,
  kNotStarted,         ///< The session has not been started.
  kFinished,           ///< The session has failed or was closed.
  kTooShort,           ///< Less than one record, or a record that ends beyond the datagram.
  kBadRecord,          ///< Unknown content type, version or an impossible length.
  kBadHandshake,       ///< A plaintext handshake fragment that contradicts itself.
  kUnexpectedMessage,  ///< A plaintext message that the peer's role never sends.
  kUnencrypted,        ///< Plaintext that may only come protected: application data.
};
inline constexpr std::size_t kReceiveResultCount = 8;
std::string_view to_string(ReceiveResult result);

/// The largest handshake message let in, in bytes; certificate chains are what grows.
inline constexpr std::size_t kMaxHandshakeMessage = 32 * 1024;

/// The least that a protected record holds: AES-GCM's explicit nonce and tag (RFC 5288 §3), or the tag alone
/// (RFC 7905 §2).
inline constexpr std::size_t kMinGcmRecord = 8 + 16;
inline constexpr std::size_t kMinChachaRecord = 16;

/// kProcessed when the datagram may go to OpenSSL.
ReceiveResult check_datagram(Bytes datagram, bool from_client, std::size_t min_protected = kMinGcmRecord);

}  // namespace sluice::dtls
