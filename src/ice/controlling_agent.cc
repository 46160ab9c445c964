#include "ice/controlling_agent.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "ice/candidate.h"
#include "ice/check.h"
#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kMaxRequestSize = 640;  // USERNAME of 513 bytes and all the rest
constexpr std::uint16_t kRoleConflict = 487;

}  // namespace

ControllingAgent::ControllingAgent(Credentials local, std::vector<SocketId> sockets, Random& random,
                                   Options options)
    : local_(std::move(local)),
      sockets_(std::move(sockets)),
      random_(random),
      options_(options),
      tie_breaker_(random.u64()) {}

ControllingAgent::ControllingAgent(Credentials local, std::vector<SocketId> sockets, Random& random)
    : ControllingAgent(std::move(local), std::move(sockets), random, Options{}) {}

void ControllingAgent::set_remote(Credentials remote) {
  remote_ = std::move(remote);
}

void ControllingAgent::add_remote_candidate(const SocketAddress& address, std::uint32_t priority) {
  if (state_ == IceState::kClosed || candidates_.size() >= kMaxPairs) return;
  const auto same = [&](const RemoteCandidate& c) { return c.address == address; };
  if (std::any_of(candidates_.begin(), candidates_.end(), same)) return;
  if (priority == 0) priority = candidate_priority(IceCandidateType::kHost, 65535);
  candidates_.push_back({address, priority});
  for (const SocketId socket : sockets_) add_pair({address, socket}, priority);
}

void ControllingAgent::add_socket(SocketId socket) {
  if (state_ == IceState::kClosed || std::find(sockets_.begin(), sockets_.end(), socket) != sockets_.end())
    return;
  sockets_.push_back(socket);
  for (const RemoteCandidate& c : candidates_) add_pair({c.address, socket}, c.priority);
}

void ControllingAgent::restart(Credentials new_local, Credentials new_remote) {
  if (state_ == IceState::kClosed) return;
  local_ = std::move(new_local);
  remote_ = std::move(new_remote);
  transactions_.clear();
  for (Pair& p : pairs_) {
    p.state = PairState::kWaiting;
    p.peer_nominated = false;
  }
  nominated_ = false;
  first_valid_.reset();
  started_.reset();
  if (state_ == IceState::kFailed) set_state(IceState::kChecking);
}

void ControllingAgent::close() {
  if (state_ == IceState::kClosed) return;
  fail();
  out_.clear();
  pairs_.clear();
  set_state(IceState::kClosed);
}

// --- What comes in
// -------------------------------------------------------------------------------------------------

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
  if (pair->state == PairState::kWaiting || (pair->state == PairState::kFailed && selected_ != path)) {
    pair->state = PairState::kWaiting;
    pair->triggered = true;
  }
  if (!controlling_ && request.use_candidate) {
    pair->peer_nominated = true;
    if (pair->state == PairState::kSucceeded) select(*pair, true, now);
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
  if (response.error_code == kRoleConflict) {
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
  const bool current_holds = current != nullptr && current->state == PairState::kSucceeded;
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

// --- Pairs
// ---------------------------------------------------------------------------------------------------------

std::uint32_t ControllingAgent::local_priority(SocketId socket, IceCandidateType type) const {
  const auto index = std::find(sockets_.begin(), sockets_.end(), socket) - sockets_.begin();
  return candidate_priority(type, static_cast<std::uint16_t>(std::max<std::ptrdiff_t>(65535 - index, 0)));
}

ControllingAgent::Pair* ControllingAgent::add_pair(const Path& path, std::uint32_t remote_priority) {
  const bool ours = std::find(sockets_.begin(), sockets_.end(), path.socket) != sockets_.end();
  if (!ours || pairs_.size() >= kMaxPairs || find(path) != nullptr) return nullptr;
  Pair pair;
  pair.path = path;
  pair.remote_priority = remote_priority;
  const std::uint32_t local = local_priority(path.socket, IceCandidateType::kHost);
  pair.priority =
      controlling_ ? pair_priority(local, remote_priority) : pair_priority(remote_priority, local);
  return &pairs_.emplace_back(pair);
}

void ControllingAgent::set_role(bool controlling) {
  controlling_ = controlling;
  for (Pair& p : pairs_) {
    const std::uint32_t local = local_priority(p.path.socket, IceCandidateType::kHost);
    p.priority =
        controlling_ ? pair_priority(local, p.remote_priority) : pair_priority(p.remote_priority, local);
  }
}

const ControllingAgent::Pair* ControllingAgent::find(const Path& path) const {
  const auto it = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) { return p.path == path; });
  return it == pairs_.end() ? nullptr : &*it;
}

ControllingAgent::Pair* ControllingAgent::find(const Path& path) {
  return const_cast<Pair*>(std::as_const(*this).find(path));
}

bool ControllingAgent::is_known(const Path& path) const {
  const Pair* pair = find(path);
  return pair != nullptr && (pair->state == PairState::kSucceeded || selected_ == path);
}

bool ControllingAgent::all_failed() const {
  return std::all_of(pairs_.begin(), pairs_.end(),
                     [](const Pair& p) { return p.state == PairState::kFailed; });
}

/// The pair to check next: triggered ones first, then by priority (RFC 8445 §6.1.4.2). After the nomination
/// ordinary checks stop (§8.1.1).
const ControllingAgent::Pair* ControllingAgent::next_check() const {
  const Pair* best = nullptr;
  for (const Pair& p : pairs_) {
    if (p.state != PairState::kWaiting || (nominated_ && !p.triggered)) continue;
    if (best == nullptr || std::pair(p.triggered, p.priority) > std::pair(best->triggered, best->priority))
      best = &p;
  }
  return best;
}

const ControllingAgent::Pair* ControllingAgent::nominee() const {
  const Pair* best = nullptr;
  for (const Pair& p : pairs_) {
    if (p.state == PairState::kSucceeded && (best == nullptr || p.priority > best->priority)) best = &p;
  }
  return best;
}

bool ControllingAgent::better_may_come(const Pair& pair) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& p) {
    return p.priority > pair.priority &&
           (p.state == PairState::kWaiting || p.state == PairState::kInProgress);
  });
}

bool ControllingAgent::nominating() const {
  return std::any_of(transactions_.begin(), transactions_.end(),
                     [](const Transaction& t) { return t.purpose == Purpose::kNominate; });
}

// --- What goes out
// -------------------------------------------------------------------------------------------------

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
    if (t.purpose == Purpose::kConsent) return true;  // too old to count
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

/// The selected path went silent: it stays in use while all others are tried again.
void ControllingAgent::lose_connection() {
  std::erase_if(transactions_, [](const Transaction& t) { return t.purpose != Purpose::kConsent; });
  for (Pair& p : pairs_) p.state = selected_ == p.path ? PairState::kFailed : PairState::kWaiting;
  nominated_ = false;
  first_valid_.reset();
  set_state(IceState::kDisconnected);
}

void ControllingAgent::fail() {
  transactions_.clear();
  nominated_ = false;
  first_valid_.reset();
  next_consent_ = kNever;
  mapped_.reset();
  if (std::exchange(selected_, std::nullopt))
    push_event({AgentEvent::Type::kSelectedPathChanged, state_, selected_});
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

void ControllingAgent::drain(std::vector<Transmit>& out) {
  std::move(out_.begin(), out_.end(), std::back_inserter(out));
  out_.clear();
}

std::optional<AgentEvent> ControllingAgent::poll_event() {
  if (events_.empty()) return std::nullopt;
  AgentEvent event = events_.front();
  events_.pop_front();
  return event;
}

void ControllingAgent::select(const Pair& pair, bool nominated, Instant now) {
  const bool changed = selected_ != pair.path;
  selected_ = pair.path;
  nominated_ = nominated;
  mapped_ = pair.mapped;
  last_consent_ = now;
  if (changed) {
    next_consent_ = now + consent_interval();
    push_event({AgentEvent::Type::kSelectedPathChanged, state_, selected_});
  }
  if (nominated) {
    // RFC 8445 §8.1.2: the other checks are stopped; their pairs are tried again when this one is lost.
    std::erase_if(transactions_, [](const Transaction& t) { return t.purpose == Purpose::kCheck; });
    for (Pair& p : pairs_) {
      if (p.state == PairState::kInProgress) p.state = PairState::kWaiting;
    }
  }
  set_state(IceState::kConnected);
}

void ControllingAgent::set_state(IceState state) {
  if (state_ == state) return;
  state_ = state;
  push_event({AgentEvent::Type::kStateChanged, state_, selected_});
}

void ControllingAgent::push_event(AgentEvent event) {
  if (events_.size() == kMaxPending) events_.pop_front();
  events_.push_back(event);
}

void ControllingAgent::push(const Path& path, std::vector<std::uint8_t> bytes) {
  if (!bytes.empty() && out_.size() < kMaxPending) out_.push_back({path, std::move(bytes)});
}

}  // namespace sluice::ice
