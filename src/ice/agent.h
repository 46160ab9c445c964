// What both ICE agents share: credentials, what they send, what they tell, and why they dropped a datagram.
// Used by whoever owns an agent (transport, client).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/address.h"
#include "sluice/ice_parameters.h"

namespace sluice::ice {

struct Credentials {
  std::string ufrag;
  std::string password;
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// A datagram to send by `path`.
struct Transmit {
  Path path;
  std::vector<std::uint8_t> bytes;
};

/// Something the owner may want to know; taken with poll_event().
struct AgentEvent {
  enum class Type : std::uint8_t { kStateChanged, kSelectedPathChanged };
  Type type = Type::kStateChanged;
  IceState state = IceState::kNew;  ///< The state after the change.
  std::optional<Path> path;         ///< The selected path after the change; empty when there is none.
  friend bool operator==(const AgentEvent&, const AgentEvent&) = default;
};

/// What became of a datagram. Everything but kHandled is a drop, counted by reason; some are answered with an
/// error.
enum class ReceiveResult : std::uint8_t {
  kHandled,
  kMalformed,           ///< Not a well-formed STUN message.
  kNoFingerprint,       ///< ICE demands FINGERPRINT (RFC 8445 §7.1).
  kBadFingerprint,      ///< Not meant for us, or damaged.
  kUnexpectedClass,     ///< A response to an agent that asks nothing, an indication other than Binding.
  kUnexpectedMethod,    ///< Anything but Binding.
  kMissingCredentials,  ///< No USERNAME or no MESSAGE-INTEGRITY; answered 400.
  kBadUsername,         ///< USERNAME is not ours, or not the peer's; answered 401.
  kBadIntegrity,        ///< MESSAGE-INTEGRITY does not match; a request is answered 401.
  kUnknownAttribute,   ///< A comprehension-required attribute that we do not know; a request is answered 420.
  kRoleConflict,       ///< The peer takes our role; answered 487.
  kUnmatchedResponse,  ///< A response to nothing that we asked, or from another address than we asked.
  kErrorResponse,      ///< The peer refused our request.
  kClosed,             ///< The agent is closed.
};
inline constexpr std::size_t kReceiveResultCount = 14;
using ReceiveCounts = std::array<std::uint64_t, kReceiveResultCount>;

/// "handled", "malformed", ...: the names under which the counts are shown.
constexpr std::string_view to_string(ReceiveResult result) {
  constexpr std::string_view kNames[kReceiveResultCount] = {
      "handled",           "malformed",           "no-fingerprint", "bad-fingerprint", "unexpected-class",
      "unexpected-method", "missing-credentials", "bad-username",   "bad-integrity",   "unknown-attribute",
      "role-conflict",     "unmatched-response",  "error-response", "closed"};
  return kNames[static_cast<std::size_t>(result)];
}

}  // namespace sluice::ice
