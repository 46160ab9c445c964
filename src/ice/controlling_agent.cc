// The owner's side of the controlling agent, and its table of pairs. What comes in is controlling_receive.cc,
// what goes out controlling_schedule.cc.
#include "ice/controlling_agent.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ice/candidate.h"

namespace sluice::ice {

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
  forget_connection();
  out_.clear();
  pairs_.clear();
  set_state(IceState::kClosed);
}

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

void ControllingAgent::push(const Path& path, Bytes bytes) {
  if (!bytes.empty() && out_.size() < kMaxPending) out_.push_back({path, {bytes.begin(), bytes.end()}});
}

}  // namespace sluice::ice
