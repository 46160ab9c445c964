#include "ice/stun_writer.h"

#include "base/check.h"
#include "base/crypto.h"
#include "ice/crc32.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kIntegrityAttribute = 24;
constexpr std::size_t kFingerprintAttribute = 8;

// RFC 8489 §5: M11..M7 C1 M6..M4 C0 M3..M0.
std::uint16_t message_type(StunClass stun_class, StunMethod method) {
  const auto c = static_cast<unsigned>(stun_class);
  const auto m = static_cast<unsigned>(method);
  return static_cast<std::uint16_t>((m & 0x000F) | ((m & 0x0070) << 1) | ((m & 0x0F80) << 2) |
                                    ((c & 1) << 4) | ((c & 2) << 7));
}

}  // namespace

StunWriter::StunWriter(MutableBytes out, StunClass stun_class, StunMethod method, const TransactionId& id)
    : out_(out), writer_(out) {
  writer_.u16(message_type(stun_class, method));
  writer_.u16(0);
  writer_.u32(kStunMagicCookie);
  writer_.bytes(id);
}

void StunWriter::begin(StunAttribute type, std::size_t size) {
  writer_.u16(static_cast<std::uint16_t>(type));
  writer_.u16(static_cast<std::uint16_t>(size));
}

void StunWriter::pad() {
  writer_.fill((4 - writer_.size() % 4) % 4);
}

void StunWriter::text(StunAttribute type, std::string_view value) {
  begin(type, value.size());
  writer_.bytes(as_bytes(value));
  pad();
}

void StunWriter::username(std::string_view receiver_ufrag, std::string_view sender_ufrag) {
  begin(StunAttribute::kUsername, receiver_ufrag.size() + 1 + sender_ufrag.size());
  writer_.bytes(as_bytes(receiver_ufrag));
  writer_.u8(':');
  writer_.bytes(as_bytes(sender_ufrag));
  pad();
}

void StunWriter::xor_address(StunAttribute type, const SocketAddress& address) {
  if (!writer_.ok()) return;
  begin(type, 4 + address.size());
  writer_.u8(0);
  writer_.u8(address.family() == IpFamily::kIPv4 ? 1 : 2);
  writer_.u16(static_cast<std::uint16_t>(address.port() ^ (kStunMagicCookie >> 16)));
  const std::uint8_t* mask = out_.data() + 4;  // cookie, then transaction id (RFC 8489 §14.2)
  for (std::size_t i = 0; i < address.size(); ++i) writer_.u8(address.bytes()[i] ^ mask[i]);
}

void StunWriter::error_code(std::uint16_t code, std::string_view reason) {
  SLUICE_CHECK(code >= 300 && code <= 699);
  begin(StunAttribute::kErrorCode, 4 + reason.size());
  writer_.u16(0);
  writer_.u8(static_cast<std::uint8_t>(code / 100));
  writer_.u8(static_cast<std::uint8_t>(code % 100));
  writer_.bytes(as_bytes(reason));
  pad();
}

void StunWriter::unknown_attributes(std::span<const std::uint16_t> types) {
  begin(StunAttribute::kUnknownAttributes, 2 * types.size());
  for (const std::uint16_t type : types) writer_.u16(type);
  pad();
}

void StunWriter::priority(std::uint32_t value) {
  begin(StunAttribute::kPriority, 4);
  writer_.u32(value);
}

void StunWriter::use_candidate() {
  begin(StunAttribute::kUseCandidate, 0);
}

void StunWriter::ice_controlled(std::uint64_t tie_breaker) {
  begin(StunAttribute::kIceControlled, 8);
  writer_.u64(tie_breaker);
}

void StunWriter::ice_controlling(std::uint64_t tie_breaker) {
  begin(StunAttribute::kIceControlling, 8);
  writer_.u64(tie_breaker);
}

void StunWriter::nomination(std::uint32_t value) {
  begin(StunAttribute::kNomination, 4);
  writer_.u32(value);
}

void StunWriter::software(std::string_view name) {
  text(StunAttribute::kSoftware, name);
}

void StunWriter::alternate_server(const SocketAddress& address) {
  begin(StunAttribute::kAlternateServer, 4 + address.size());
  writer_.u8(0);
  writer_.u8(address.family() == IpFamily::kIPv4 ? 1 : 2);
  writer_.u16(address.port());
  writer_.bytes(Bytes(address.bytes(), address.size()));
}

void StunWriter::lifetime(std::uint32_t seconds) {
  begin(StunAttribute::kLifetime, 4);
  writer_.u32(seconds);
}

void StunWriter::channel_number(std::uint16_t number) {
  begin(StunAttribute::kChannelNumber, 4);
  writer_.u16(number);
  writer_.u16(0);
}

void StunWriter::requested_transport(std::uint8_t protocol) {
  begin(StunAttribute::kRequestedTransport, 4);
  writer_.u8(protocol);
  writer_.u24(0);
}

void StunWriter::requested_family(IpFamily family) {
  begin(StunAttribute::kRequestedAddressFamily, 4);
  writer_.u8(family == IpFamily::kIPv4 ? 1 : 2);
  writer_.u24(0);
}

void StunWriter::data(Bytes bytes) {
  begin(StunAttribute::kData, bytes.size());
  writer_.bytes(bytes);
  pad();
}

void StunWriter::empty_attribute(std::uint16_t type) {
  begin(static_cast<StunAttribute>(type), 0);
}

void StunWriter::set_length(std::size_t following) {
  writer_.patch16(2, static_cast<std::uint16_t>(writer_.size() - kStunHeaderSize + following));
}

Bytes StunWriter::finish(Bytes key) {
  if (!writer_.ok()) return {};
  set_length(kIntegrityAttribute);
  const auto mac = crypto::hmac_sha1(key, writer_.written());
  begin(StunAttribute::kMessageIntegrity, mac.size());
  writer_.bytes(mac);
  return finish();
}

Bytes StunWriter::finish() {
  if (!writer_.ok()) return {};
  set_length(kFingerprintAttribute);
  const std::uint32_t fingerprint = stun_fingerprint(writer_.written());
  begin(StunAttribute::kFingerprint, 4);
  writer_.u32(fingerprint);
  return writer_.ok() ? Bytes(writer_.written()) : Bytes();
}

}  // namespace sluice::ice
