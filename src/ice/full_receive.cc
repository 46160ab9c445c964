// What the full agent does with what comes in: data for the layer above, checks (RFC 8445 §7.3), answers
// (§7.2.5).
#include <algorithm>
#include <utility>

#include "ice/candidate.h"
#include "ice/check.h"
#include "ice/full_agent.h"

namespace sluice::ice {
namespace {

constexpr std::uint16_t kRoleConflictCode = 487;
/// A peer that nominates aggressively sends USE-CANDIDATE on every pair in one burst (RFC 5245 §8.1.1.2); for
/// so long the best of them wins. A peer that changed its mind says so later than that.
constexpr Duration kNominationHold = 1s;

bool is_stun(Bytes bytes) {
  return bytes[0] <= 3;  // RFC 7983 §7
}

}  // namespace

Received FullAgent::receive(MutableBytes datagram, const Path& path, Instant now) {
  if (state_ == IceState::kClosed || datagram.empty()) return {};
  const Gatherer::Inbound inbound = gatherer_.receive(datagram, path, now);
  switch (inbound.kind) {
    case Gatherer::Kind::kHandled:
      after_gatherer();
      return {Received::Kind::kConsumed, {}, path};
    case Gatherer::Kind::kData:
      return receive_by(inbound.payload, inbound.path, now);
    case Gatherer::Kind::kNotMine:
      break;
  }
  return receive_by(datagram, path, now);
}

/// `path` is that of a pair, not the way to a server.
Received FullAgent::receive_by(MutableBytes datagram, const Path& path, Instant now) {
  if (datagram.empty()) return {};
  if (is_stun(datagram)) {
    const ReceiveResult result = process(datagram, path, now);
    ++counts_[static_cast<std::size_t>(result)];
    return {
        result == ReceiveResult::kHandled ? Received::Kind::kConsumed : Received::Kind::kDropped, {}, path};
  }
  if (!is_known(path)) {
    ++unknown_source_;
    return {};
  }
  if (Pair* pair = pair_of(path)) {
    ++pair->numbers.packets_received;
    pair->numbers.bytes_received += datagram.size();
    pair->numbers.last_packet_received = now;
  }
  return {Received::Kind::kData, datagram, path};
}

void FullAgent::receive_stream(SocketId connection, Bytes bytes, Instant now) {
  if (state_ == IceState::kClosed) return;
  const auto take = [&](MutableBytes datagram, const Path& path) {
    const Received received = receive_by(datagram, path, now);
    if (received.kind == Received::Kind::kData)
      data_.push({received.path, {received.payload.begin(), received.payload.end()}});
  };
  if (gatherer_.has_connection(connection)) {
    gatherer_.append_stream(connection, bytes);
    while (const auto inbound = gatherer_.next_from_stream(connection, now)) {
      if (inbound->kind == Gatherer::Kind::kData) take(inbound->payload, inbound->path);
    }
    return after_gatherer();
  }
  connections_.append(connection, bytes);
  while (const auto datagram = connections_.next(connection))
    take(*datagram, {*connections_.remote(connection), connection});
}

ReceiveResult FullAgent::process(Bytes bytes, const Path& path, Instant now) {
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

ReceiveResult FullAgent::process_request(const StunMessage& request, const Path& path, Instant now) {
  // Nothing of ours is there to be checked: a socket that only asks servers (iceTransportPolicy relay).
  if (base_of(path.socket) == nullptr) return ReceiveResult::kUnmatchedResponse;
  const bool previous = previous_ && username_matches(request.username.value_or(std::string_view{}),
                                                      previous_->local.ufrag, std::nullopt);
  const Credentials& local = previous ? previous_->local : local_;
  const auto& remote = previous ? previous_->remote : remote_;
  const auto remote_ufrag = remote ? std::optional<std::string_view>(remote->ufrag) : std::nullopt;
  ReceiveResult result = authenticate(request, local, remote_ufrag);
  if (result == ReceiveResult::kHandled && !previous && !resolve_roles(request))
    result = ReceiveResult::kRoleConflict;
  if (result != ReceiveResult::kHandled) {
    transmit(path, error_reply(request, result, local.password), now);
    return result;
  }
  transmit(path, success_reply(request, path.remote, local.password), now);
  if (previous) {
    if (previous_->pair.path == path) {
      ++previous_->pair.numbers.requests_received;
      ++previous_->pair.numbers.responses_sent;
    }
    return result;
  }
  if (!remote_) {
    remember_early(request, path);
  } else {
    on_check({request.priority.value_or(0), request.use_candidate, request.nomination}, path, now);
  }
  return result;
}

/// RFC 8445 §7.3.1.1: the larger tie-breaker keeps controlling. False: answer 487.
bool FullAgent::resolve_roles(const StunMessage& request) {
  if (controlling_ && request.ice_controlling) {
    if (tie_breaker_ >= *request.ice_controlling) return false;
    set_role(false);
  } else if (!controlling_ && request.ice_controlled) {
    if (tie_breaker_ < *request.ice_controlled) return false;
    set_role(true);
  }
  return true;
}

/// RFC 8445 §7.3: a check may overtake the answer of signaling. It has been answered; what it asks of us
/// waits.
void FullAgent::remember_early(const StunMessage& request, const Path& path) {
  const std::string_view username = *request.username;
  const CheckFacts facts{request.priority.value_or(0), request.use_candidate, request.nomination};
  const std::string_view remote = username.substr(username.find(':') + 1);
  for (EarlyCheck& e : early_) {
    if (e.path != path || e.remote_ufrag != remote) continue;
    e.facts = facts;
    return;
  }
  if (early_.size() < kMaxEarlyChecks) early_.push_back({path, std::string(remote), facts});
}

/// RFC 8445 §7.3.1.3 to §7.3.1.5: a check of the peer's makes us check the same pair, and may nominate it.
void FullAgent::on_check(const CheckFacts& facts, const Path& path, Instant now) {
  Pair* pair = checklist_.find(path);
  if (pair == nullptr && state_ != IceState::kFailed)
    pair = add_reflexive(
        path, facts.priority != 0 ? facts.priority : candidate_priority(IceCandidateType::kPrflx, 65535));
  if (pair == nullptr) return;
  pair->authenticated = true;
  ++pair->numbers.requests_received;
  ++pair->numbers.responses_sent;
  if (state_ == IceState::kFailed) return;
  if (pair->state == PairState::kInProgress) cancel_checks(path, now);
  if (pair->state != PairState::kSucceeded) checklist_.trigger(*pair);
  if (controlling_) return;
  if (!facts.use_candidate && facts.nomination.value_or(0) == 0) {
    pair->peer_nominated = kNever;
    return;
  }
  pair->peer_nominated = now;
  pair->nomination = facts.nomination;
  if (pair->state == PairState::kSucceeded && nomination_wins(*pair)) select(*pair, true, now);
}

bool FullAgent::nomination_wins(const Pair& pair) const {
  const Pair* rival = selected_ && !on_previous_ ? checklist_.find(*selected_) : nullptr;
  if (!nominated_ || rival == nullptr || rival == &pair) return true;
  if (pair.nomination && rival->nomination && *pair.nomination != *rival->nomination)
    return *pair.nomination > *rival->nomination;
  if (pair.nomination && !rival->nomination) return true;
  if (rival->peer_nominated == kNever || pair.peer_nominated - rival->peer_nominated >= kNominationHold)
    return true;  // the peer has left the rival
  return pair.priority >= rival->priority;
}

/// RFC 8445 §7.3.1.4: the path works towards us, so a fresh check beats the back-off of the old one.
void FullAgent::cancel_checks(const Path& path, Instant now) {
  for (Transaction& t : transactions_) {
    if (t.path != path || t.purpose != Purpose::kCheck || t.cancelled) continue;
    t.cancelled = true;
    t.timer.stop(now);
  }
}

ReceiveResult FullAgent::process_response(const StunMessage& response, const Path& path, Instant now) {
  const auto it = std::find_if(transactions_.begin(), transactions_.end(),
                               [&](const Transaction& t) { return t.id == response.transaction_id; });
  if (it == transactions_.end()) return ReceiveResult::kUnmatchedResponse;
  const auto& remote = it->previous ? previous_->remote : remote_;
  // RFC 8489 §9.1.4: without proof it never came; the transaction goes on.
  if (!remote || !response.verify_integrity(as_bytes(remote->password))) return ReceiveResult::kBadIntegrity;
  const bool success = response.stun_class == StunClass::kSuccess;
  if (success && !response.xor_mapped_address) return ReceiveResult::kMalformed;

  const Transaction transaction = std::move(*it);
  transactions_.erase(it);
  if (path != transaction.path) {  // RFC 8445 §7.2.5.2.1: not symmetric
    on_failure(transaction, PairFailure::kNotSymmetric);
    return ReceiveResult::kUnmatchedResponse;
  }
  if (!response.unknown_required().empty()) {  // RFC 8489 §6.3.3
    on_failure(transaction, PairFailure::kRefused);
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
  on_failure(transaction, PairFailure::kRefused);
  return ReceiveResult::kErrorResponse;
}

void FullAgent::on_success(const Transaction& transaction, const StunMessage& response, Instant now) {
  Pair* pair = transaction.previous ? &previous_->pair : checklist_.find(transaction.path);
  if (pair == nullptr) return;
  ++pair->numbers.responses_received;
  pair->mapped = response.xor_mapped_address;
  if (transaction.timer.sent() == 1) {  // of a repeated request nobody knows which one was answered
    pair->numbers.round_trip_time = now - transaction.sent;
    pair->numbers.total_round_trip_time += pair->numbers.round_trip_time;
  }
  const bool is_selected = selected_ == transaction.path && on_previous_ == transaction.previous;
  if (is_selected) {
    last_consent_ = now;
    if (state_ == IceState::kDisconnected && transaction.previous) set_state(IceState::kConnected);
  }
  if (transaction.previous) return;

  const Pair* current = selected_ && !on_previous_ ? checklist_.find(*selected_) : nullptr;
  const bool current_holds = connected_state() && current != nullptr && current->state != PairState::kFailed;
  checklist_.succeed(*pair);
  if (!first_valid_) first_valid_ = now;
  if (transaction.purpose == Purpose::kNominate && transaction.controlling && controlling_) {
    select(*pair, true, now);
  } else if (!controlling_ && pair->peer_nominated != kNever && nomination_wins(*pair)) {
    select(*pair, true, now);
  } else if (!nominated_ && !on_previous_ && (!current_holds || pair->priority > current->priority)) {
    select(*pair, false, now);
  }
}

void FullAgent::on_failure(const Transaction& transaction, PairFailure why) {
  if (transaction.cancelled || transaction.previous) return;
  if (transaction.purpose == Purpose::kConsent) return;  // consent runs out by time only (RFC 7675 §5.1)
  if (Pair* pair = checklist_.find(transaction.path)) checklist_.fail(*pair, why);
}

/// RFC 8445 §7.2.5.1: take the other role unless that has happened already, with a new tie-breaker, and check
/// again.
void FullAgent::on_role_conflict(const Transaction& transaction) {
  if (transaction.previous) return;
  if (transaction.controlling == controlling_ && !remote_lite_) {
    set_role(!controlling_);
    tie_breaker_ = random_.u64();
  }
  if (Pair* pair = checklist_.find(transaction.path);
      pair != nullptr && transaction.purpose != Purpose::kConsent)
    checklist_.trigger(*pair);
}

}  // namespace sluice::ice
