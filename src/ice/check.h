// What all agents do with a datagram before its meaning: screen it, authenticate a request, word the
// replies. Used by the agents only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "ice/agent.h"
#include "ice/stun_message.h"

namespace sluice::ice {

/// Parses and checks form, FINGERPRINT and method. kHandled means that `message` may be looked at.
ReceiveResult screen(Bytes bytes, std::optional<StunMessage>& message);

/// Whether USERNAME is "<ufrag>:<something>", or exactly "<ufrag>:<remote>" where `remote` is known.
bool username_matches(std::string_view username, std::string_view ufrag,
                      std::optional<std::string_view> remote);

/// The short-term credential mechanism for a request (RFC 8489 §9.1.3), then unknown attributes (§6.3.1).
ReceiveResult authenticate(const StunMessage& request, const Credentials& local,
                           std::optional<std::string_view> remote_ufrag);

/// A reply to a check, held without memory of its own: consent is checked all the time.
class Reply {
 public:
  /// The largest is a 420 that names kMaxUnknown attributes: 108 bytes.
  static constexpr std::size_t kMax = 160;

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::uint8_t* begin() const { return bytes_.data(); }
  [[nodiscard]] const std::uint8_t* end() const { return bytes_.data() + size_; }

  /// Where to write, and, once it is known, how much of it was.
  [[nodiscard]] MutableBytes room() { return bytes_; }
  void resize(std::size_t size) { size_ = static_cast<std::uint8_t>(size); }

 private:
  std::array<std::uint8_t, kMax> bytes_{};
  std::uint8_t size_ = 0;
};

/// The success response to a check that came from `from`.
Reply success_reply(const StunMessage& request, const SocketAddress& from, std::string_view password);

/// The error response for why `request` was refused; empty when nothing is to be said. Errors to those who
/// could not authenticate carry no integrity (RFC 8489 §9.1.3) and stay below three times the request.
Reply error_reply(const StunMessage& request, ReceiveResult why, std::string_view password);

}  // namespace sluice::ice
