#include "ice/stun_message.h"

#include <algorithm>
#include <cstring>

#include "base/crypto.h"
#include "ice/crc32.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kAttributeHeader = 4;
constexpr std::size_t kIntegritySize = 20;
constexpr std::size_t kFingerprintSize = 4;
constexpr std::size_t kMaxUsername = 513;  // RFC 8445 §7.1.1: two ufrags of at most 256 and a colon
constexpr std::size_t kMaxText = 763;      // RFC 8489 §14.8, §14.9, §14.10, §14.14

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |0 0|     message type          |            length             |   length: of what follows these 20 bytes
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                   magic cookie 0x2112A442                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                 transaction id (96 bits)                      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
bool looks_like_stun(Bytes bytes) {
  if (bytes.size() < kStunHeaderSize || bytes.size() > kMaxStunSize || (bytes[0] & 0xC0) != 0) return false;
  const std::size_t length = load16(bytes.data() + 2);
  return length % 4 == 0 && length + kStunHeaderSize == bytes.size() &&
         load32(bytes.data() + 4) == kStunMagicCookie;
}

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |0 0 0 0 0 0 0 0|    family     |      port ^ cookie >> 16      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |     address ^ cookie (IPv4) or cookie | transaction id (IPv6)  ...
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
std::optional<SocketAddress> read_xor_address(Bytes value, const std::uint8_t* cookie_and_id) {
  if (value.size() < 4) return std::nullopt;
  const auto port = static_cast<std::uint16_t>(load16(value.data() + 2) ^ (kStunMagicCookie >> 16));
  const auto unmask = [&](auto& ip) {
    for (std::size_t i = 0; i < sizeof(ip); ++i) ip[i] = value[4 + i] ^ cookie_and_id[i];
  };
  if (value[1] == 1 && value.size() == 8) {
    std::uint8_t ip[4];
    unmask(ip);
    return SocketAddress::ipv4(ip, port);
  }
  if (value[1] == 2 && value.size() == 20) {
    std::uint8_t ip[16];
    unmask(ip);
    return SocketAddress::ipv6(ip, port);
  }
  return std::nullopt;
}

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |         reserved, should be 0         |class|     number      |   code = class * 100 + number
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |      reason phrase (variable)                                ..
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
bool read_error_code(StunMessage& message, Bytes value) {
  if (value.size() < 4 || value.size() > 4 + kMaxText) return false;
  const int hundreds = value[2] & 7;
  if (hundreds < 3 || hundreds > 6 || value[3] > 99) return false;  // RFC 8489 §14.8
  if (message.error_code) return true;
  message.error_code = static_cast<std::uint16_t>(hundreds * 100 + value[3]);
  message.error_reason = as_text(value.subspan(4));
  return true;
}

// Only the first appearance of an attribute counts (RFC 8489 §14), hence "if not yet there" in these.
bool read_text(std::optional<std::string_view>& field, Bytes value, std::size_t limit) {
  if (value.size() > limit) return false;
  if (!field) field = as_text(value);
  return true;
}

bool read_u32(std::optional<std::uint32_t>& field, Bytes value) {
  if (value.size() != 4) return false;
  if (!field) field = load32(value.data());
  return true;
}

bool read_u64(std::optional<std::uint64_t>& field, Bytes value) {
  if (value.size() != 8) return false;
  if (!field) field = load64(value.data());
  return true;
}

void note_unknown(StunMessage& message, std::uint16_t type) {
  if (type >= 0x8000) return;  // RFC 8489 §14: the upper half may be ignored by who does not know it
  const auto known = message.unknown_required();
  if (std::find(known.begin(), known.end(), type) != known.end()) return;
  if (message.unknown_count < StunMessage::kMaxUnknown) message.unknown[message.unknown_count++] = type;
}

bool read_address(std::optional<SocketAddress>& field, Bytes value, const std::uint8_t* mask) {
  const auto address = read_xor_address(value, mask);
  if (!address) return false;
  if (!field) field = address;
  return true;
}

// RFC 8489 §14.15: as MAPPED-ADDRESS, that is, nothing is masked.
bool read_plain_address(std::optional<SocketAddress>& field, Bytes value) {
  static constexpr std::uint8_t kNoMask[16] = {};
  const auto address = read_xor_address(value, kNoMask);
  if (!address) return false;
  if (!field) field = address->with_port(load16(value.data() + 2));
  return true;
}

// RFC 8656 §18.1: the number, and two bytes to be ignored.
bool read_channel(std::optional<std::uint16_t>& field, Bytes value) {
  if (value.size() != 4) return false;
  if (!field) field = load16(value.data());
  return true;
}

// RFC 8656 §18.6: the family, and three bytes to be ignored.
bool read_family(std::optional<IpFamily>& field, Bytes value) {
  if (value.size() != 4 || (value[0] != 1 && value[0] != 2)) return false;
  if (!field) field = value[0] == 1 ? IpFamily::kIPv4 : IpFamily::kIPv6;
  return true;
}

// RFC 8656 §18.7: the protocol, and three bytes to be ignored.
bool read_transport(std::optional<std::uint8_t>& field, Bytes value) {
  if (value.size() != 4) return false;
  if (!field) field = value[0];
  return true;
}

/// False when the value cannot be what its type says.
bool read_turn_attribute(StunMessage& message, std::uint16_t type, Bytes value) {
  const std::uint8_t* mask = message.bytes.data() + 4;
  switch (static_cast<StunAttribute>(type)) {
    case StunAttribute::kChannelNumber:
      return read_channel(message.channel_number, value);
    case StunAttribute::kLifetime:
      return read_u32(message.lifetime, value);
    case StunAttribute::kXorPeerAddress:
      return read_address(message.xor_peer_address, value, mask);
    case StunAttribute::kXorRelayedAddress:
      return read_address(message.xor_relayed_address, value, mask);
    case StunAttribute::kAlternateServer:
      return read_plain_address(message.alternate_server, value);
    case StunAttribute::kRequestedAddressFamily:
      return read_family(message.requested_family, value);
    case StunAttribute::kRequestedTransport:
      return read_transport(message.requested_transport, value);
    case StunAttribute::kData:
      if (!message.data) message.data = value;
      return true;
    default:
      note_unknown(message, type);
      return true;
  }
}

/// The same of every attribute.
bool read_attribute(StunMessage& message, std::uint16_t type, Bytes value, std::size_t at) {
  switch (static_cast<StunAttribute>(type)) {
    case StunAttribute::kUsername:
      return read_text(message.username, value, kMaxUsername);
    case StunAttribute::kMessageIntegrity:
      message.integrity_at = at;
      return value.size() == kIntegritySize;
    case StunAttribute::kFingerprint:
      message.fingerprint_at = at;
      return value.size() == kFingerprintSize;
    case StunAttribute::kErrorCode:
      return read_error_code(message, value);
    case StunAttribute::kUnknownAttributes:
      if (message.unknown_attributes.empty()) message.unknown_attributes = value;
      return value.size() % 2 == 0;
    case StunAttribute::kRealm:
      return read_text(message.realm, value, kMaxText);
    case StunAttribute::kNonce:
      return read_text(message.nonce, value, kMaxText);
    case StunAttribute::kSoftware:
      return read_text(message.software, value, kMaxText);
    case StunAttribute::kXorMappedAddress:
      return read_address(message.xor_mapped_address, value, message.bytes.data() + 4);
    case StunAttribute::kPriority:
      return read_u32(message.priority, value);
    case StunAttribute::kUseCandidate:
      message.use_candidate = true;
      return value.empty();
    case StunAttribute::kIceControlled:
      return read_u64(message.ice_controlled, value);
    case StunAttribute::kIceControlling:
      return read_u64(message.ice_controlling, value);
    case StunAttribute::kNomination:
      return read_u32(message.nomination, value);
    case StunAttribute::kMappedAddress:
      return true;
    default:
      return read_turn_attribute(message, type, value);
  }
}

}  // namespace

std::optional<StunMessage> StunMessage::parse(Bytes bytes) {
  if (!looks_like_stun(bytes)) return std::nullopt;
  StunMessage message;
  message.bytes = bytes;
  // RFC 8489 §5: the class bits C1 C0 lie between the method's: M11..M7 C1 M6..M4 C0 M3..M0.
  const unsigned type = load16(bytes.data());
  message.stun_class = static_cast<StunClass>(((type >> 7) & 2) | ((type >> 4) & 1));
  message.method = static_cast<StunMethod>((type & 0x000F) | ((type & 0x00E0) >> 1) | ((type & 0x3E00) >> 2));
  std::copy_n(bytes.begin() + 8, message.transaction_id.size(), message.transaction_id.begin());

  std::size_t at = kStunHeaderSize;
  while (at < bytes.size()) {
    if (message.has_fingerprint()) return std::nullopt;  // RFC 8489 §14.7: FINGERPRINT is the last attribute
    const std::uint16_t attribute =
        load16(bytes.data() + at);  // a multiple of four is left, so the header is there
    const std::size_t size = load16(bytes.data() + at + 2);
    if (padded(size) > bytes.size() - at - kAttributeHeader) return std::nullopt;
    // RFC 8489 §14.5: what follows MESSAGE-INTEGRITY is not covered by it and is ignored, except FINGERPRINT.
    const bool covered =
        !message.has_integrity() || attribute == static_cast<std::uint16_t>(StunAttribute::kFingerprint);
    if (covered && !read_attribute(message, attribute, bytes.subspan(at + kAttributeHeader, size), at))
      return std::nullopt;
    at += kAttributeHeader + padded(size);
  }
  return message;
}

bool StunMessage::verify_integrity(Bytes key) const {
  if (!has_integrity()) return false;
  // RFC 8489 §14.5: the HMAC covers all before the attribute, with the header's length as if the attribute
  // were the last.
  std::array<std::uint8_t, kMaxStunSize> covered;
  std::memcpy(covered.data(), bytes.data(), integrity_at);
  const std::size_t length = integrity_at + kAttributeHeader + kIntegritySize - kStunHeaderSize;
  store16(covered.data() + 2, static_cast<std::uint16_t>(length));
  const auto expected = crypto::hmac_sha1(key, Bytes(covered.data(), integrity_at));
  return crypto::equal_constant_time(expected,
                                     bytes.subspan(integrity_at + kAttributeHeader, kIntegritySize));
}

bool StunMessage::verify_fingerprint() const {
  if (!has_fingerprint()) return false;
  return load32(bytes.data() + fingerprint_at + kAttributeHeader) ==
         stun_fingerprint(bytes.first(fingerprint_at));
}

std::string_view peek_local_ufrag(Bytes bytes) {
  if (!looks_like_stun(bytes)) return {};
  std::size_t at = kStunHeaderSize;
  while (at < bytes.size()) {
    const std::size_t size = load16(bytes.data() + at + 2);
    if (padded(size) > bytes.size() - at - kAttributeHeader) return {};
    if (load16(bytes.data() + at) == static_cast<std::uint16_t>(StunAttribute::kUsername)) {
      const std::string_view username = as_text(bytes.subspan(at + kAttributeHeader, size));
      const std::size_t colon = username.find(':');
      return colon == std::string_view::npos ? std::string_view{} : username.substr(0, colon);
    }
    at += kAttributeHeader + padded(size);
  }
  return {};
}

std::optional<TransactionId> peek_transaction_id(Bytes bytes) {
  if (!looks_like_stun(bytes)) return std::nullopt;
  TransactionId id;
  std::copy_n(bytes.begin() + 8, id.size(), id.begin());
  return id;
}

}  // namespace sluice::ice
