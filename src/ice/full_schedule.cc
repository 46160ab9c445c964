// What the full agent sends and when: checks, retransmissions, the nomination, consent; and when it gives up.
#include <algorithm>
#include <array>
#include <utility>

#include "ice/candidate.h"
#include "ice/full_agent.h"
#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kMaxRequestSize = 640;  // USERNAME of 513 bytes and all the rest
constexpr Duration kInitialRto = 500ms;       // RFC 8445 §14.3

}  // namespace

bool FullAgent::active() const {
  return state_ != IceState::kFailed && state_ != IceState::kClosed;
}

void FullAgent::advance(Instant now) {
  if (state_ == IceState::kClosed) return;
  gatherer_.advance(now);
  after_gatherer();
  if (!active()) return;
  if (previous_ && previous_->until <= now) {
    std::erase_if(transactions_, [](const Transaction& t) { return t.previous; });
    previous_.reset();
  }
  run_transactions(now);
  run_nomination(now);
  run_checks(now);
  run_consent(now);
  give_up_when_nothing_is_left(now);
}

Instant FullAgent::next_deadline() const {
  if (state_ == IceState::kClosed) return kNever;
  Instant first = gatherer_.next_deadline();
  if (!active()) return first;
  for (const Transaction& t : transactions_) first = std::min(first, t.timer.next());
  if (remote_) {
    if (checklist_.has_waiting(nominated_)) {
      first = std::min(first, next_check_at_);
    } else if (!nominated_) {
      const Instant thaw = checklist_.next_thaw(kInitialRto);
      if (thaw != kNever) first = std::min(first, std::max(thaw, next_check_at_));
    }
    first = std::min(first, nominate_at());
  }
  if (previous_) first = std::min(first, previous_->until);
  if (last_consent_ != kNever) {
    first = std::min(first, last_consent_ + kConsentTimeout);
    if (selected_) first = std::min(first, next_consent_);
    if (connected_state()) first = std::min(first, last_consent_ + kDisconnectedAfter);
  }
  return std::min(first, give_up_at());
}

void FullAgent::run_transactions(Instant now) {
  std::vector<Transaction> over;
  for (std::size_t i = 0; i < transactions_.size();) {
    Transaction& t = transactions_[i];
    switch (t.timer.due(now)) {
      case Retransmission::Due::kAgain:
        if (Pair* pair = t.previous ? nullptr : checklist_.find(t.path)) ++pair->numbers.requests_sent;
        transmit(t.path, t.bytes, now);
        break;
      case Retransmission::Due::kGiveUp:
        over.push_back(std::move(t));
        transactions_.erase(transactions_.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      case Retransmission::Due::kNothing:
        break;
    }
    ++i;
  }
  for (const Transaction& t : over) on_failure(t, PairFailure::kNoAnswer);
}

/// RFC 8445 §6.1.4.2, one check an interval of Ta. After the nomination ordinary checks stop (§8.1.2).
void FullAgent::run_checks(Instant now) {
  if (!remote_ || now < next_check_at_) return;
  Pair* pair = checklist_.next(nominated_, now, kInitialRto);
  if (pair == nullptr) return;
  pair->state = PairState::kInProgress;
  pair->triggered = false;
  pair->checked = now;
  send_request(pair->path, Purpose::kCheck, now);
  next_check_at_ = now + options_.pacing;
  if (state_ == IceState::kNew) set_state(IceState::kChecking);
}

bool FullAgent::nominating() const {
  return std::any_of(transactions_.begin(), transactions_.end(),
                     [](const Transaction& t) { return t.purpose == Purpose::kNominate && !t.previous; });
}

/// RFC 8445 §8.1.1, regular nomination: the best valid pair, once no better one is likely. Relayed ones are
/// waited with a little longer.
Instant FullAgent::nominate_at() const {
  if (!controlling_ || nominated_ || !first_valid_ || nominating()) return kNever;
  const Pair* pair = checklist_.best_valid();
  if (pair == nullptr) return kNever;
  if (!checklist_.better_may_come(*pair)) return *first_valid_;
  return *first_valid_ + (pair->relayed ? kRelayPatience : kNominationPatience);
}

void FullAgent::run_nomination(Instant now) {
  if (!remote_ || now < nominate_at()) return;
  ++nomination_;
  send_request(checklist_.best_valid()->path, Purpose::kNominate, now);
}

/// RFC 7675 §5.1: a fresh request every 4 to 6 s, never retransmitted; 30 s without an answer end the
/// permission to send.
void FullAgent::run_consent(Instant now) {
  if (last_consent_ == kNever) return;
  if (now - last_consent_ >= kConsentTimeout) {
    if (!on_previous_)
      return fail("no answer by the selected pair for 30 s: the consent to send has expired (RFC 7675)");
    // The pair from before the restart is dead; the restart goes on.
    unselect();
    previous_.reset();
    on_previous_ = false;
    std::erase_if(transactions_, [](const Transaction& t) { return t.previous; });
    return set_state(IceState::kChecking);
  }
  if (connected_state() && now - last_consent_ >= kDisconnectedAfter)
    lose_connection("no answer by the selected pair for 12 s");
  if (!selected_ || now < next_consent_) return;
  send_request(*selected_, Purpose::kConsent, now);
  next_consent_ = now + consent_interval();
}

/// RFC 8863 §4: failed pairs alone do not end the attempt; the peer's checks may still come through. Nor does
/// an empty list, while we gather or the peer may still tell candidates.
Instant FullAgent::give_up_at() const {
  if ((state_ != IceState::kNew && state_ != IceState::kChecking) || !patience_from_ || selected_)
    return kNever;
  if (!checklist_.all_failed() || gathering_ == GatheringState::kGathering) return kNever;
  return *patience_from_ + (remotes_.empty() && !remote_ended_ ? kCandidatePatience : kFailurePatience);
}

void FullAgent::give_up_when_nothing_is_left(Instant now) {
  if (now >= give_up_at()) fail(why_failed());
}

Duration FullAgent::consent_interval() {
  const double factor = 0.8 + 0.4 * random_.unit();
  return Duration(static_cast<Duration::rep>(static_cast<double>(kConsentInterval.count()) * factor));
}

/// RFC 8445 §14.3: checks of one agent share the pace, so the more are under way, the later each repeats.
Duration FullAgent::check_rto() const {
  return std::max(kInitialRto, options_.pacing * checklist_.busy());
}

void FullAgent::send_request(const Path& path, Purpose purpose, Instant now) {
  Transaction transaction;
  random_.fill(transaction.id);
  transaction.path = path;
  transaction.purpose = purpose;
  transaction.controlling = controlling_;
  transaction.previous = on_previous_ && purpose == Purpose::kConsent;
  transaction.sent = now;
  RetransmissionPlan plan;
  plan.rto = check_rto();
  plan.reliable = protocol_of(path.socket) == IceProtocol::kTcp;
  if (purpose == Purpose::kConsent) plan = {.requests = 1, .last_wait = 1, .rto = kConsentTimeout};
  transaction.timer = Retransmission(plan, now);
  transaction.bytes = build_request(transaction);
  Pair* pair = transaction.previous ? &previous_->pair : checklist_.find(path);
  if (pair != nullptr) {
    ++pair->numbers.requests_sent;
    if (purpose == Purpose::kConsent) ++pair->numbers.consent_requests_sent;
  }
  transmit(path, transaction.bytes, now);
  if (purpose == Purpose::kConsent) transaction.bytes = {};  // never sent again
  transactions_.push_back(std::move(transaction));
}

std::vector<std::uint8_t> FullAgent::build_request(const Transaction& transaction) const {
  std::array<std::uint8_t, kMaxRequestSize> buffer;
  StunWriter writer(buffer, StunClass::kRequest, StunMethod::kBinding, transaction.id);
  const Credentials& local = transaction.previous ? previous_->local : local_;
  const Credentials& remote = transaction.previous ? *previous_->remote : *remote_;
  writer.username(remote.ufrag, local.ufrag);
  // RFC 8445 §7.1.1: what the peer shall take for our priority, were this a peer-reflexive candidate.
  const LocalCandidate* base = base_of(transaction.path.socket);
  const std::uint32_t preference = base == nullptr ? 0 : base->ice.priority & 0xFFFFFF;
  writer.priority(type_preference(IceCandidateType::kPrflx) << 24 | preference);
  if (controlling_) {
    writer.ice_controlling(tie_breaker_);
    // Consent checks repeat the nomination, so that a lite peer follows when our address changes under way.
    if (transaction.purpose == Purpose::kNominate ||
        (transaction.purpose == Purpose::kConsent && nominated_)) {
      writer.use_candidate();
      if (options_.renomination) writer.nomination(nomination_);
    }
  } else {
    writer.ice_controlled(tie_breaker_);
  }
  const Bytes message = writer.finish(as_bytes(remote.password));
  return {message.begin(), message.end()};
}

/// STUN and data alike, by whatever the pair sends from.
void FullAgent::transmit(const Path& path, Bytes bytes, Instant now) {
  if (bytes.empty()) return;
  if (path.socket >= kFirstRelay) {
    gatherer_.relay_send(path, bytes, now);
  } else if (path.socket >= kFirstPairConnection) {
    connections_.send(path.socket, bytes);
  } else if (out_.size() < kMaxPending) {
    out_.push_back({path, {bytes.begin(), bytes.end()}});
  }
}

void FullAgent::connected(SocketId connection, const SocketAddress& local, Instant now) {
  if (gatherer_.has_connection(connection)) {
    gatherer_.connected(connection, local, now);
    return after_gatherer();
  }
  connections_.connected(connection);
}

void FullAgent::disconnected(SocketId connection, std::string_view why, Instant now) {
  if (gatherer_.has_connection(connection)) {
    gatherer_.disconnected(connection, why, now);
    return after_gatherer();
  }
  if (connections_.remote(connection) == nullptr) return;
  connections_.disconnected(connection);
  on_socket_lost(connection, PairFailure::kNoConnection,
                 "the TCP connection of the selected pair has ended: " + std::string(why));
}

void FullAgent::resolved(std::string_view host, const std::vector<SocketAddress>& addresses,
                         std::string_view why, Instant now) {
  gatherer_.resolved(host, addresses, why, now);
  after_gatherer();
}

}  // namespace sluice::ice
