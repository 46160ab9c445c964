// What the controlling agent sends and when: checks, retransmissions, the nomination, consent.
#include <algorithm>
#include <array>
#include <utility>

#include "ice/candidate.h"
#include "ice/controlling_agent.h"
#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kMaxRequestSize = 640;  // USERNAME of 513 bytes and all the rest

}  // namespace

bool ControllingAgent::active() const {
  return remote_.has_value() && state_ != IceState::kFailed && state_ != IceState::kClosed;
}

void ControllingAgent::advance(Instant now) {
  if (!active()) return;
  run_transactions(now);
  run_nomination(now);
  run_checks(now);
  run_consent(now);
  give_up_when_all_failed(now);
}

Instant ControllingAgent::next_deadline() const {
  if (!active()) return kNever;
  Instant first = kNever;
  for (const Transaction& t : transactions_) first = std::min(first, t.next);
  if (next_check() != nullptr) first = std::min(first, next_check_at_);
  if (const Pair* pair = nominee();
      pair != nullptr && controlling_ && !nominated_ && first_valid_ && !nominating()) {
    first = std::min(first, better_may_come(*pair) ? *first_valid_ + kNominationPatience : *first_valid_);
  }
  if (selected_) {
    first = std::min({first, next_consent_, last_consent_ + kConsentTimeout});
    if (state_ == IceState::kConnected) first = std::min(first, last_consent_ + kDisconnectedAfter);
  }
  if (state_ == IceState::kChecking && started_ && all_failed())
    first = std::min(first, *started_ + kFailurePatience);
  return first;
}

/// RFC 8489 §6.2.1: 500 ms, doubled each time, Rc requests in all, then Rm times the first wait for the last
/// answer.
void ControllingAgent::run_transactions(Instant now) {
  std::vector<Transaction> over;
  std::erase_if(transactions_, [&](Transaction& t) {
    if (t.next > now) return false;
    if (t.purpose == Purpose::kConsent || t.cancelled) return true;  // too old to count
    if (t.requests == kMaxRequests) {
      over.push_back(std::move(t));
      return true;
    }
    push(t.path, t.bytes);
    t.next = now + (++t.requests == kMaxRequests ? kLastWait * t.rto : (1 << (t.requests - 1)) * t.rto);
    return false;
  });
  for (const Transaction& t : over) on_failure(t);
}

void ControllingAgent::run_checks(Instant now) {
  if (now < next_check_at_) return;
  const Pair* next = next_check();
  if (next == nullptr) return;
  Pair& pair = *find(next->path);
  send_request(pair.path, Purpose::kCheck, now);
  pair.state = PairState::kInProgress;
  pair.triggered = false;
  next_check_at_ = now + kPacing;
  if (!started_) started_ = now;
  if (state_ == IceState::kNew) set_state(IceState::kChecking);
}

/// RFC 8445 §8.1.1, regular nomination: the best valid pair, once no better one is likely.
void ControllingAgent::run_nomination(Instant now) {
  if (!controlling_ || nominated_ || !first_valid_ || nominating()) return;
  const Pair* pair = nominee();
  if (pair == nullptr || (better_may_come(*pair) && now < *first_valid_ + kNominationPatience)) return;
  ++nomination_;
  send_request(pair->path, Purpose::kNominate, now);
}

/// RFC 7675 §5.1: a fresh request every 4 to 6 s, never retransmitted; 30 s without an answer end the
/// permission to send.
void ControllingAgent::run_consent(Instant now) {
  if (!selected_) return;
  if (now - last_consent_ >= kConsentTimeout) return fail();
  if (state_ == IceState::kConnected && now - last_consent_ >= kDisconnectedAfter) lose_connection();
  if (now < next_consent_) return;
  send_request(*selected_, Purpose::kConsent, now);
  next_consent_ = now + consent_interval();
}

/// The selected path went silent: it stays in use while all pairs, it included, are tried again.
void ControllingAgent::lose_connection() {
  std::erase_if(transactions_, [](const Transaction& t) { return t.purpose != Purpose::kConsent; });
  for (Pair& p : pairs_) p.state = PairState::kWaiting;
  nominated_ = false;
  first_valid_.reset();
  set_state(IceState::kDisconnected);
}

void ControllingAgent::forget_connection() {
  transactions_.clear();
  nominated_ = false;
  first_valid_.reset();
  next_consent_ = kNever;
  mapped_.reset();
  if (std::exchange(selected_, std::nullopt))
    push_event({AgentEvent::Type::kSelectedPathChanged, state_, selected_});
}

void ControllingAgent::fail() {
  forget_connection();
  set_state(IceState::kFailed);
}

/// RFC 8863 §4: failed pairs alone do not end the attempt; the peer's checks may still come through.
void ControllingAgent::give_up_when_all_failed(Instant now) {
  if (state_ == IceState::kChecking && started_ && all_failed() && now >= *started_ + kFailurePatience)
    fail();
}

Duration ControllingAgent::consent_interval() {
  const double factor = 0.8 + 0.4 * random_.unit();
  return Duration(static_cast<Duration::rep>(static_cast<double>(kConsentInterval.count()) * factor));
}

/// RFC 8445 §14.3: checks of one agent share the pace, so the more are under way, the later each repeats.
Duration ControllingAgent::initial_rto() const {
  const auto busy = std::count_if(pairs_.begin(), pairs_.end(), [](const Pair& p) {
    return p.state == PairState::kWaiting || p.state == PairState::kInProgress;
  });
  return std::max(kInitialRto, kPacing * busy);
}

void ControllingAgent::send_request(const Path& path, Purpose purpose, Instant now) {
  Transaction transaction;
  random_.fill(transaction.id);
  transaction.path = path;
  transaction.purpose = purpose;
  transaction.controlling = controlling_;
  transaction.rto = initial_rto();
  transaction.next = now + (purpose == Purpose::kConsent ? kConsentTimeout : transaction.rto);
  transaction.bytes = build_request(transaction);
  push(path, transaction.bytes);
  transactions_.push_back(std::move(transaction));
}

std::vector<std::uint8_t> ControllingAgent::build_request(const Transaction& transaction) const {
  std::array<std::uint8_t, kMaxRequestSize> buffer;
  StunWriter writer(buffer, StunClass::kRequest, StunMethod::kBinding, transaction.id);
  writer.username(remote_->ufrag, local_.ufrag);
  writer.priority(local_priority(transaction.path.socket, IceCandidateType::kPrflx));  // RFC 8445 §7.1.1
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
  const Bytes message = writer.finish(as_bytes(remote_->password));
  return {message.begin(), message.end()};
}

}  // namespace sluice::ice
