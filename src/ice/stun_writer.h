// Writing STUN messages into a caller's buffer (RFC 8489 §5, §14). Used by the agents.
//
// Invariants: attributes are written in call order, padded with zeros; finish() comes last and once. A buffer
// that is too small gives an empty result, never a torn message.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "ice/stun_message.h"

namespace sluice::ice {

class StunWriter {
 public:
  StunWriter(MutableBytes out, StunClass stun_class, StunMethod method, const TransactionId& id);

  /// "receiver:sender" (RFC 8445 §7.2.2).
  void username(std::string_view receiver_ufrag, std::string_view sender_ufrag);
  /// The long-term credential's (RFC 8489 §9.2).
  void username(std::string_view name) { text(StunAttribute::kUsername, name); }
  void realm(std::string_view value) { text(StunAttribute::kRealm, value); }
  void nonce(std::string_view value) { text(StunAttribute::kNonce, value); }
  void xor_mapped_address(const SocketAddress& address) {
    xor_address(StunAttribute::kXorMappedAddress, address);
  }
  /// `code` is 300 to 699.
  void error_code(std::uint16_t code, std::string_view reason);
  void unknown_attributes(std::span<const std::uint16_t> types);
  void priority(std::uint32_t value);
  void use_candidate();
  void ice_controlled(std::uint64_t tie_breaker);
  void ice_controlling(std::uint64_t tie_breaker);
  void nomination(std::uint32_t value);
  void software(std::string_view name);
  // TURN's (RFC 8656 §18).
  void xor_peer_address(const SocketAddress& address) {
    xor_address(StunAttribute::kXorPeerAddress, address);
  }
  void xor_relayed_address(const SocketAddress& address) {
    xor_address(StunAttribute::kXorRelayedAddress, address);
  }
  void alternate_server(const SocketAddress& address);
  void lifetime(std::uint32_t seconds);
  void channel_number(std::uint16_t number);
  void requested_transport(std::uint8_t protocol);
  void requested_family(IpFamily family);
  void data(Bytes bytes);
  /// An attribute without a value, of any type.
  void empty_attribute(std::uint16_t type);

  /// Adds MESSAGE-INTEGRITY under `key` and FINGERPRINT and gives the whole message; empty when it did not
  /// fit.
  Bytes finish(Bytes key);
  /// The same without MESSAGE-INTEGRITY: indications, and errors to those who could not authenticate.
  Bytes finish();

 private:
  void begin(StunAttribute type, std::size_t size);
  void pad();
  void set_length(std::size_t following);
  void text(StunAttribute type, std::string_view value);
  void xor_address(StunAttribute type, const SocketAddress& address);

  MutableBytes out_;
  ByteWriter writer_;
};

}  // namespace sluice::ice
