// What both agents do with a datagram before its meaning: screen it, authenticate a request, word the
// replies. Used by lite_agent and controlling_agent only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

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

/// The success response to a check that came from `from`.
std::vector<std::uint8_t> success_reply(const StunMessage& request, const SocketAddress& from,
                                        std::string_view password);

/// The error response for why `request` was refused; empty when nothing is to be said. Errors to those who
/// could not authenticate carry no integrity (RFC 8489 §9.1.3) and stay below three times the request.
std::vector<std::uint8_t> error_reply(const StunMessage& request, ReceiveResult why,
                                      std::string_view password);

}  // namespace sluice::ice
