// What the controlling agent does with requests and responses (RFC 8445 §7.2.5, §7.3).
#include <algorithm>
#include <utility>

#include "ice/check.h"
#include "ice/controlling_agent.h"

namespace sluice::ice {
namespace {

constexpr std::uint16_t kRoleConflictCode = 487;

}  // namespace

ReceiveResult ControllingAgent::receive(Bytes bytes, const Path& path, Instant now) {
  const ReceiveResult result = process(bytes, path, now);
  ++counts_[static_cast<std::size_t>(result)];
  return result;
}

ReceiveResult ControllingAgent::process(Bytes bytes, const Path& path, Instant now) {
  if (state_ == IceState::kClosed) return ReceiveResult::kClosed;
  std::optional<StunMessage> message;
  if (const ReceiveResult screened = screen(bytes, message); screened != ReceiveResult::kHandled)
    return screened;
  switch (message->stun_class) {
    case StunClass::kRequest:
      return process_request(*message, path, now);
    case StunClass::kIndication:  // RFC 8445 §11: a keepalive
      return message->unknown_required().empty() ? ReceiveResult::kHandled : ReceiveResult::kUnknownAttribute;
    case StunClass::kSuccess:
    case StunClass::kError:
      return process_response(*message, path, now);
  }
  return ReceiveResult::kUnexpectedClass;
}

ReceiveResult ControllingAgent::process_request(const StunMessage& request, const Path& path, Instant now) {
  const auto remote_ufrag = remote_ ? std::optional<std::string_view>(remote_->ufrag) : std::nullopt;
  ReceiveResult result = authenticate(request, local_, remote_ufrag);
  if (result == ReceiveResult::kHandled && !resolve_roles(request)) result = ReceiveResult::kRoleConflict;
  if (result != ReceiveResult::kHandled) {
    push(path, error_reply(request, result, local_.password));
    return result;
  }
  push(path, success_reply(request, path.remote, local_.password));
  trigger_check(request, path, now);
  return result;
}

/// RFC 8445 §7.3.1.1: the larger tie-breaker keeps controlling. False: answer 487.
bool ControllingAgent::resolve_roles(const StunMessage& request) {
  if (controlling_ && request.ice_controlling) {
    if (tie_breaker_ >= *request.ice_controlling) return false;
    set_role(false);
  } else if (!controlling_ && request.ice_controlled) {
    if (tie_breaker_ < *request.ice_controlled) return false;
    set_role(true);
  }
  return true;
}

/// RFC 8445 §7.3.1.3 to §7.3.1.5: a check from the peer makes us check the same pair, and may nominate it.
void ControllingAgent::trigger_check(const StunMessage& request, const Path& path, Instant now) {
  if (state_ == IceState::kFailed) return;
  Pair* pair = find(path);
  if (pair == nullptr) pair = add_pair(path, request.priority.value_or(0));  // peer-reflexive
  if (pair == nullptr) return;
  if (pair->state == PairState::kInProgress) cancel_checks(path, now);
  if (pair->state != PairState::kSucceeded) {
    pair->state = PairState::kWaiting;
    pair->triggered = true;
  }
  if (!controlling_ && request.use_candidate) {
    pair->peer_nominated = true;
    if (pair->state == PairState::kSucceeded) select(*pair, true, now);
  }
}

/// RFC 8445 §7.3.1.4: the path works towards us, so a fresh check beats the back-off of the old one.
void ControllingAgent::cancel_checks(const Path& path, Instant now) {
  for (Transaction& t : transactions_) {
    if (t.path != path || t.purpose != Purpose::kCheck || t.cancelled) continue;
    t.cancelled = true;
    t.next = now + kLastWait * t.rto;
  }
}

ReceiveResult ControllingAgent::process_response(const StunMessage& response, const Path& path, Instant now) {
  const auto it = std::find_if(transactions_.begin(), transactions_.end(),
                               [&](const Transaction& t) { return t.id == response.transaction_id; });
  if (it == transactions_.end() || !remote_) return ReceiveResult::kUnmatchedResponse;
  // RFC 8489 §9.1.4: without proof it never came; the transaction goes on.
  if (!response.verify_integrity(as_bytes(remote_->password))) return ReceiveResult::kBadIntegrity;
  const bool success = response.stun_class == StunClass::kSuccess;
  if (success && !response.xor_mapped_address) return ReceiveResult::kMalformed;

  const Transaction transaction = std::move(*it);
  transactions_.erase(it);
  if (path != transaction.path) {  // RFC 8445 §7.2.5.2.1: not symmetric
    on_failure(transaction);
    return ReceiveResult::kUnmatchedResponse;
  }
  if (!response.unknown_required().empty()) {  // RFC 8489 §6.3.3
    on_failure(transaction);
    return ReceiveResult::kUnknownAttribute;
  }
  if (success) {
    on_success(transaction, response, now);
    return ReceiveResult::kHandled;
  }
  if (response.error_code == kRoleConflictCode) {
    on_role_conflict(transaction);
    return ReceiveResult::kRoleConflict;
  }
  on_failure(transaction);
  return ReceiveResult::kErrorResponse;
}

void ControllingAgent::on_success(const Transaction& transaction, const StunMessage& response, Instant now) {
  Pair* pair = find(transaction.path);
  if (pair == nullptr) return;
  const Pair* current = selected_ ? find(*selected_) : nullptr;
  const bool current_holds =
      state_ == IceState::kConnected && current != nullptr && current->state != PairState::kFailed;
  pair->state = PairState::kSucceeded;
  pair->mapped = response.xor_mapped_address;
  if (!first_valid_) first_valid_ = now;

  if (selected_ == pair->path) {
    last_consent_ = now;
    mapped_ = pair->mapped;
  }
  if (transaction.purpose == Purpose::kNominate && transaction.controlling && controlling_) {
    select(*pair, true, now);
  } else if (!controlling_ && pair->peer_nominated) {
    select(*pair, true, now);
  } else if (!nominated_ && (!current_holds || pair->priority > current->priority)) {
    select(*pair, false, now);
  }
}

void ControllingAgent::on_failure(const Transaction& transaction) {
  if (transaction.cancelled) return;
  if (transaction.purpose == Purpose::kConsent) return;  // consent runs out by time only (RFC 7675 §5.1)
  if (Pair* pair = find(transaction.path)) pair->state = PairState::kFailed;
}

/// RFC 8445 §7.2.5.1: take the other role unless that has happened already, with a new tie-breaker, and check
/// again.
void ControllingAgent::on_role_conflict(const Transaction& transaction) {
  if (transaction.controlling == controlling_) {
    set_role(!controlling_);
    tie_breaker_ = random_.u64();
  }
  if (Pair* pair = find(transaction.path); pair != nullptr && transaction.purpose != Purpose::kConsent) {
    pair->state = PairState::kWaiting;
    pair->triggered = true;
  }
}

}  // namespace sluice::ice
