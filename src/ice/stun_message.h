// Reading STUN messages (RFC 8489 §5): a view into the datagram, no allocation. Writing is stun_writer.h.
//
// Invariants: a StunMessage points into the bytes it was parsed from and must not outlive them. parse()
// checks form only; whether the sender may speak is verify_integrity()'s answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "sluice/address.h"

namespace sluice::ice {

enum class StunClass : std::uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };

/// Twelve bits on the wire; others may come and are refused by the agents. All but Binding are TURN's (RFC
/// 8656 §17).
enum class StunMethod : std::uint16_t {
  kBinding = 1,
  kAllocate = 3,
  kRefresh = 4,
  kSend = 6,
  kData = 7,
  kCreatePermission = 8,
  kChannelBind = 9,
};

/// RFC 8489 §18.3, RFC 8445 §16.1, RFC 8656 §18; 0xC001 is the renomination draft's
/// (draft-thatcher-ice-renomination).
enum class StunAttribute : std::uint16_t {
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kChannelNumber = 0x000C,
  kLifetime = 0x000D,
  kXorPeerAddress = 0x0012,
  kData = 0x0013,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kXorRelayedAddress = 0x0016,
  kRequestedAddressFamily = 0x0017,
  kRequestedTransport = 0x0019,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kSoftware = 0x8022,
  kAlternateServer = 0x8023,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
  kNomination = 0xC001,
};

using TransactionId = std::array<std::uint8_t, 12>;

inline constexpr std::uint32_t kStunMagicCookie = 0x2112A442;
inline constexpr std::size_t kStunHeaderSize = 20;
inline constexpr std::size_t kMaxStunSize = 1984;  ///< No larger datagram comes (Packet::kCapacity).

struct StunMessage {
  static constexpr std::size_t kMaxUnknown = 8;  ///< So many unknown attributes are remembered for a 420.

  /// Nothing when the bytes are not exactly one well-formed STUN message.
  static std::optional<StunMessage> parse(Bytes bytes);

  /// Compares MESSAGE-INTEGRITY with HMAC-SHA1 under `key`, in constant time; false when the attribute is
  /// absent.
  [[nodiscard]] bool verify_integrity(Bytes key) const;
  /// Compares FINGERPRINT with the CRC-32 of what precedes it; false when absent.
  [[nodiscard]] bool verify_fingerprint() const;

  [[nodiscard]] bool has_integrity() const { return integrity_at != 0; }
  [[nodiscard]] bool has_fingerprint() const { return fingerprint_at != 0; }
  [[nodiscard]] std::span<const std::uint16_t> unknown_required() const {
    return {unknown.data(), unknown_count};
  }

  Bytes bytes;
  StunClass stun_class = StunClass::kRequest;
  StunMethod method = StunMethod::kBinding;
  TransactionId transaction_id{};

  std::optional<std::string_view> username;
  std::optional<std::string_view> realm;
  std::optional<std::string_view> nonce;
  std::optional<std::string_view> software;
  std::optional<SocketAddress> xor_mapped_address;
  std::optional<std::uint16_t> error_code;  ///< 300 to 699.
  std::string_view error_reason;
  Bytes unknown_attributes;  ///< The value of UNKNOWN-ATTRIBUTES: 16-bit types.
  std::optional<std::uint32_t> priority;
  bool use_candidate = false;
  std::optional<std::uint64_t> ice_controlled;   ///< The tie-breaker.
  std::optional<std::uint64_t> ice_controlling;  ///< The tie-breaker.
  std::optional<std::uint32_t> nomination;
  // TURN's:
  std::optional<std::uint16_t> channel_number;
  std::optional<std::uint32_t> lifetime;  ///< s
  std::optional<SocketAddress> xor_peer_address;
  std::optional<SocketAddress> xor_relayed_address;
  std::optional<SocketAddress> alternate_server;
  std::optional<IpFamily> requested_family;
  std::optional<std::uint8_t> requested_transport;  ///< IANA protocol number; 17: UDP.
  std::optional<Bytes> data;

  std::size_t integrity_at = 0;    ///< Offset of the MESSAGE-INTEGRITY attribute; 0 when absent.
  std::size_t fingerprint_at = 0;  ///< Offset of the FINGERPRINT attribute; 0 when absent.
  std::array<std::uint16_t, kMaxUnknown> unknown{};
  std::size_t unknown_count = 0;
};

/// The part of USERNAME before ':' — the receiver's ufrag — without a full parse; empty when there is none.
/// For finding the transport a first check is meant for; nothing is verified.
std::string_view peek_local_ufrag(Bytes bytes);

/// The transaction id of something that looks like a STUN message, without a full parse.
std::optional<TransactionId> peek_transaction_id(Bytes bytes);

}  // namespace sluice::ice
