// What the TURN client makes of a server's messages: relayed data, answers, refusals.
#include <algorithm>
#include <utility>

#include "ice/stun_error.h"
#include "ice/turn_client.h"

namespace sluice::ice {
namespace {

constexpr int kMaxStale = 3;
constexpr std::uint32_t kMaxLifetime = 3600;  // RFC 8656 §7.2: what servers grant at most

}  // namespace

TurnClient::Inbound TurnClient::receive(MutableBytes message, Instant now) {
  if (message.empty() || (state_ != State::kAllocating && state_ != State::kReady)) return {};
  if ((message[0] & 0xF0) == 0x40) return receive_channel_data(message);
  const auto parsed = StunMessage::parse(message);
  if (!parsed || (parsed->has_fingerprint() && !parsed->verify_fingerprint())) return {};
  switch (parsed->stun_class) {
    case StunClass::kIndication:
      return receive_data(*parsed, message);
    case StunClass::kSuccess:
    case StunClass::kError:
      return {receive_response(*parsed, now), {}, {}};
    case StunClass::kRequest:
      break;
  }
  return {};
}

TurnClient::Inbound TurnClient::receive_channel_data(MutableBytes message) {
  if (message.size() < 4 || state_ != State::kReady) return {};
  const std::uint16_t number = load16(message.data());
  const std::size_t size = load16(message.data() + 2);
  const auto it =
      std::find_if(channels_.begin(), channels_.end(), [&](const Channel& c) { return c.number == number; });
  // The server may use a channel before its answer to our ChannelBind arrives.
  if (it == channels_.end() || it->progress == Progress::kRefused || size > message.size() - 4) return {};
  return {Kind::kData, it->peer, message.subspan(4, size)};
}

TurnClient::Inbound TurnClient::receive_data(const StunMessage& message, MutableBytes bytes) {
  if (message.method != StunMethod::kData || state_ != State::kReady) return {};
  if (!message.xor_peer_address || !message.data || !message.unknown_required().empty()) return {};
  // RFC 8656 §11.4: a client should drop what no permission of its own lets through.
  const Permission* allowed = permission(*message.xor_peer_address);
  if (allowed == nullptr || allowed->progress == Progress::kRefused) return {};
  const auto offset = static_cast<std::size_t>(message.data->data() - bytes.data());
  return {Kind::kData, *message.xor_peer_address, bytes.subspan(offset, message.data->size())};
}

TurnClient::Kind TurnClient::receive_response(const StunMessage& response, Instant now) {
  const auto it = std::find_if(transactions_.begin(), transactions_.end(),
                               [&](const Transaction& t) { return t.id == response.transaction_id; });
  if (it == transactions_.end() || it->method != response.method) return Kind::kDropped;
  const bool success = response.stun_class == StunClass::kSuccess;
  // RFC 8489 §9.2.5: an answer to a signed request is signed, or it never came. Errors about the credentials
  // themselves cannot be; of others, those that are not signed are taken too, for the sake of old servers:
  // whoever makes one up must know the transaction.
  if (it->was_signed && (success || response.has_integrity()) &&
      !response.verify_integrity(credential_.key()))
    return Kind::kDropped;
  if (!success && !response.error_code) return Kind::kDropped;
  // RFC 8489 §6.3.3: such an answer ends the transaction. One that nobody has signed may be damaged or made
  // up, and must not end what the true one can still complete: as if it never came.
  const bool authentic = it->was_signed && response.has_integrity();
  if (!response.unknown_required().empty() && !authentic) return Kind::kDropped;
  Transaction transaction = std::move(*it);
  transactions_.erase(it);
  if (!response.unknown_required().empty()) {
    on_refusal(transaction, 420, "the server's answer has an attribute that must be understood", now);
  } else if (success) {
    on_success(transaction, response, now);
  } else {
    on_error(std::move(transaction), response, now);
  }
  return Kind::kHandled;
}

void TurnClient::on_success(const Transaction& transaction, const StunMessage& response, Instant now) {
  switch (transaction.method) {
    case StunMethod::kAllocate:
      return on_allocated(response, now);
    case StunMethod::kRefresh:
      if (state_ == State::kAllocating)
        return request({.method = StunMethod::kAllocate}, now);  // after a 437
      return set_lifetime(response.lifetime.value_or(transaction.lifetime), now);
    case StunMethod::kCreatePermission:
      if (Permission* p = permission(transaction.peer)) {
        p->progress = Progress::kGranted;
        p->refresh = now + kPermissionRefresh;
        flush(*p);
      }
      return;
    default:
      if (Channel* c = channel(transaction.peer)) {
        c->progress = Progress::kGranted;
        c->refresh = now + kChannelRefresh;
      }
      // RFC 8656 §12: a channel is a permission too.
      if (Permission* p = permission(transaction.peer)) p->refresh = now + kPermissionRefresh;
  }
}

void TurnClient::on_allocated(const StunMessage& response, Instant now) {
  if (!response.xor_relayed_address || response.xor_relayed_address->is_unspecified() ||
      response.xor_relayed_address->port() == 0)
    return fail(400, "the server's success response names no relayed address");
  relayed_ = *response.xor_relayed_address;
  mapped_ = response.xor_mapped_address;
  state_ = State::kReady;
  set_lifetime(response.lifetime.value_or(600), now);
  events_.push({.type = Event::Type::kAllocated});
}

/// RFC 8656 §8: a refresh goes out a minute before the end; of short lifetimes, at the half.
void TurnClient::set_lifetime(std::uint32_t seconds, Instant now) {
  if (seconds == 0) return fail(kServerNotReached, "the server has ended the allocation");
  const auto lifetime = std::chrono::seconds(std::min(seconds, kMaxLifetime));
  refresh_ = now + (lifetime > 2min ? Duration(lifetime - 1min) : Duration(lifetime) / 2);
}

void TurnClient::on_error(Transaction transaction, const StunMessage& response, Instant now) {
  const std::uint16_t code = *response.error_code;
  if (code == 401 || code == 438) {
    const auto answer = credential_.take(response, transaction.was_signed);
    if (answer == LongTermCredential::Answer::kTryAgain && ++transaction.stale <= kMaxStale)
      return request(std::move(transaction), now);
    std::string text = stun_error_text(code, response.error_reason);
    if (answer == LongTermCredential::Answer::kRefused) text += ": the username or credential is refused";
    if (answer == LongTermCredential::Answer::kMalformed) text += ": the challenge has no realm or nonce";
    return on_refusal(transaction, code, text, now);
  }
  if (transaction.method == StunMethod::kAllocate)
    return on_allocate_error(std::move(transaction), response, now);
  on_refusal(transaction, code, stun_error_text(code, response.error_reason), now);
}

void TurnClient::on_allocate_error(Transaction transaction, const StunMessage& response, Instant now) {
  const std::uint16_t code = *response.error_code;
  if (code == 300 && response.alternate_server) {  // RFC 8489 §10
    state_ = State::kFailed;
    events_.push({.type = Event::Type::kRedirected, .address = *response.alternate_server});
    return;
  }
  // RFC 8656 §7.4: something of an earlier life of this 5-tuple is in the way. Our port is not ours to
  // change, so we end what is there and try once more.
  if (code == 437 && !std::exchange(mismatch_cleared_, true))
    return request({.method = StunMethod::kRefresh, .lifetime = 0}, now);
  if (code == 440 && std::exchange(family_asked_, false))
    return request({.method = StunMethod::kAllocate}, now);  // then of the server's own choice
  on_refusal(transaction, code, stun_error_text(code, response.error_reason), now);
}

/// A request came to nothing, be it by an answer or by silence.
void TurnClient::on_refusal(const Transaction& transaction, std::uint16_t code, const std::string& text,
                            Instant now) {
  // RFC 8656 §5: whatever was asked, a 437 says that there is no such allocation.
  if (code == 437 && state_ == State::kReady)
    return fail(code, text + ": the server does not know the allocation any more");
  switch (transaction.method) {
    case StunMethod::kAllocate:
      return fail(code, text);
    case StunMethod::kRefresh:
      // Whatever the server says of an allocation it does not let us delete: the next Allocate tells.
      if (state_ == State::kAllocating) return request({.method = StunMethod::kAllocate}, now);
      return fail(code, text);
    case StunMethod::kCreatePermission:
      return refuse_peer(transaction.peer, code, text);
    default:
      // Without a channel data goes by indications. RFC 8656 §12.3: no other try for this peer.
      if (Channel* c = channel(transaction.peer)) c->progress = Progress::kRefused;
  }
}

void TurnClient::refuse_peer(const SocketAddress& ip, std::uint16_t code, const std::string& text) {
  Permission* p = permission(ip);
  if (p == nullptr) return;
  p->progress = Progress::kRefused;
  p->waiting.clear();
  events_.push({.type = Event::Type::kPeerRefused, .code = code, .text = text, .address = ip});
}

void TurnClient::fail(std::uint16_t code, std::string text) {
  state_ = State::kFailed;
  transactions_.clear();
  permissions_.clear();
  channels_.clear();
  events_.push({.type = Event::Type::kFailed, .code = code, .text = std::move(text)});
}

}  // namespace sluice::ice
