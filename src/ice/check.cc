#include "ice/check.h"

#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

/// A reply by what `write` does and gives back as the finished message.
template <typename Write>
Reply reply_of(const StunMessage& request, StunClass stun_class, Write write) {
  Reply out;
  StunWriter writer(out.room(), stun_class, StunMethod::kBinding, request.transaction_id);
  out.resize(write(writer).size());
  return out;
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

Reply success_reply(const StunMessage& request, const SocketAddress& from, std::string_view password) {
  return reply_of(request, StunClass::kSuccess, [&](StunWriter& writer) {
    writer.xor_mapped_address(from);
    return writer.finish(as_bytes(password));
  });
}

Reply error_reply(const StunMessage& request, ReceiveResult why, std::string_view password) {
  return reply_of(request, StunClass::kError, [&](StunWriter& writer) -> Bytes {
    switch (why) {
      case ReceiveResult::kMissingCredentials:
        writer.error_code(400, "Bad Request");
        return writer.finish();
      case ReceiveResult::kBadUsername:
      case ReceiveResult::kBadIntegrity:
        writer.error_code(401, "Unauthorized");
        return writer.finish();
      case ReceiveResult::kUnknownAttribute:
        writer.error_code(420, "Unknown Attribute");
        writer.unknown_attributes(request.unknown_required());
        return writer.finish(as_bytes(password));
      case ReceiveResult::kRoleConflict:
        writer.error_code(487, "Role Conflict");
        return writer.finish(as_bytes(password));
      default:
        return {};
    }
  });
}

}  // namespace sluice::ice
