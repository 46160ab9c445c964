#include "ice/check.h"

#include <array>

#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kMaxReply = 160;  // the largest is a 420 that names kMaxUnknown attributes: 108 bytes

std::vector<std::uint8_t> copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

ReceiveResult screen(Bytes bytes, std::optional<StunMessage>& message) {
  message = StunMessage::parse(bytes);
  if (!message) return ReceiveResult::kMalformed;
  // RFC 8489 §6.3: where FINGERPRINT is used, a message without it, or with a wrong one, is silently
  // discarded.
  if (!message->has_fingerprint()) return ReceiveResult::kNoFingerprint;
  if (!message->verify_fingerprint()) return ReceiveResult::kBadFingerprint;
  if (message->method != StunMethod::kBinding) return ReceiveResult::kUnexpectedMethod;
  return ReceiveResult::kHandled;
}

bool username_matches(std::string_view username, std::string_view ufrag,
                      std::optional<std::string_view> remote) {
  if (username.size() <= ufrag.size() || username.substr(0, ufrag.size()) != ufrag ||
      username[ufrag.size()] != ':') {
    return false;
  }
  return !remote || username.substr(ufrag.size() + 1) == *remote;
}

ReceiveResult authenticate(const StunMessage& request, const Credentials& local,
                           std::optional<std::string_view> remote_ufrag) {
  if (!request.username || !request.has_integrity()) return ReceiveResult::kMissingCredentials;
  if (!username_matches(*request.username, local.ufrag, remote_ufrag)) return ReceiveResult::kBadUsername;
  if (!request.verify_integrity(as_bytes(local.password))) return ReceiveResult::kBadIntegrity;
  if (!request.unknown_required().empty()) return ReceiveResult::kUnknownAttribute;
  return ReceiveResult::kHandled;
}

std::vector<std::uint8_t> success_reply(const StunMessage& request, const SocketAddress& from,
                                        std::string_view password) {
  std::array<std::uint8_t, kMaxReply> buffer;
  StunWriter writer(buffer, StunClass::kSuccess, StunMethod::kBinding, request.transaction_id);
  writer.xor_mapped_address(from);
  return copy(writer.finish(as_bytes(password)));
}

std::vector<std::uint8_t> error_reply(const StunMessage& request, ReceiveResult why,
                                      std::string_view password) {
  std::array<std::uint8_t, kMaxReply> buffer;
  StunWriter writer(buffer, StunClass::kError, StunMethod::kBinding, request.transaction_id);
  switch (why) {
    case ReceiveResult::kMissingCredentials:
      writer.error_code(400, "Bad Request");
      return copy(writer.finish());
    case ReceiveResult::kBadUsername:
    case ReceiveResult::kBadIntegrity:
      writer.error_code(401, "Unauthorized");
      return copy(writer.finish());
    case ReceiveResult::kUnknownAttribute:
      writer.error_code(420, "Unknown Attribute");
      writer.unknown_attributes(request.unknown_required());
      return copy(writer.finish(as_bytes(password)));
    case ReceiveResult::kRoleConflict:
      writer.error_code(487, "Role Conflict");
      return copy(writer.finish(as_bytes(password)));
    default:
      return {};
  }
}

}  // namespace sluice::ice
