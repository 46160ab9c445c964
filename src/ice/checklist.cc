#include "ice/checklist.h"

#include <algorithm>

#include "ice/candidate.h"

namespace sluice::ice {
namespace {

bool is_open(const Pair& p) {
  return p.state == PairState::kFrozen || p.state == PairState::kWaiting || p.state == PairState::kInProgress;
}

}  // namespace

const Pair* Checklist::find(const Path& path) const {
  const auto it = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) { return p.path == path; });
  return it == pairs_.end() ? nullptr : &*it;
}

Pair* Checklist::find(const Path& path) {
  return const_cast<Pair*>(std::as_const(*this).find(path));
}

void Checklist::set_priorities(Pair& pair, std::uint32_t local, std::uint32_t remote, bool controlling) {
  pair.local_priority = local;
  pair.remote_priority = remote;
  pair.priority = controlling ? pair_priority(local, remote) : pair_priority(remote, local);
}

void Checklist::set_role(bool controlling) {
  for (Pair& p : pairs_) set_priorities(p, p.local_priority, p.remote_priority, controlling);
}

/// RFC 8445 §6.1.2.5: of too many pairs those of lowest priority are left out; never one that works or
/// has worked.
bool Checklist::make_room(std::uint64_t priority) {
  if (pairs_.size() < kMaxPairs) return true;
  auto worst = pairs_.end();
  for (auto it = pairs_.begin(); it != pairs_.end(); ++it) {
    if (it->state == PairState::kSucceeded || it->state == PairState::kInProgress || it->mapped) continue;
    if (worst == pairs_.end() || it->priority < worst->priority) worst = it;
  }
  if (worst == pairs_.end() || worst->priority >= priority) return false;
  pairs_.erase(worst);
  return true;
}

Pair* Checklist::add(Pair pair, bool controlling) {
  if (find(pair.path) != nullptr) return nullptr;
  set_priorities(pair, pair.local_priority, pair.remote_priority, controlling);
  if (!make_room(pair.priority)) return nullptr;
  // RFC 8445 §6.1.2.6, RFC 8838 §12: of one foundation the best pair waits and the others are frozen, until
  // one has succeeded.
  Pair* waiting = nullptr;
  bool succeeded = false;
  bool under_way = false;
  for (Pair& p : pairs_) {
    if (p.foundation != pair.foundation) continue;
    if (p.state == PairState::kWaiting) waiting = &p;
    succeeded = succeeded || p.state == PairState::kSucceeded;
    under_way = under_way || p.state == PairState::kInProgress;
  }
  const bool best = waiting == nullptr || waiting->priority < pair.priority;
  pair.state = succeeded || (best && !under_way) ? PairState::kWaiting : PairState::kFrozen;
  if (!succeeded && pair.state == PairState::kWaiting && waiting != nullptr && !waiting->triggered)
    waiting->state = PairState::kFrozen;
  return &pairs_.emplace_back(pair);
}

void Checklist::trigger(Pair& pair) {
  pair.state = PairState::kWaiting;
  if (pair.triggered) return;
  pair.triggered = true;
  pair.queued = queued_++;
}

bool Checklist::may_thaw(const Pair& frozen, Instant now, Duration patience) const {
  return std::none_of(pairs_.begin(), pairs_.end(), [&](const Pair& p) {
    return p.foundation == frozen.foundation &&
           (p.state == PairState::kWaiting ||
            (p.state == PairState::kInProgress && now - p.checked < patience));
  });
}

Pair* Checklist::next(bool triggered_only, Instant now, Duration patience) {
  Pair* first_in = nullptr;
  Pair* best = nullptr;
  for (Pair& p : pairs_) {
    if (p.state != PairState::kWaiting) continue;
    if (p.triggered && (first_in == nullptr || p.queued < first_in->queued)) first_in = &p;
    if (best == nullptr || p.priority > best->priority) best = &p;
  }
  if (first_in != nullptr || triggered_only) return first_in;
  if (best != nullptr) return best;
  for (Pair& p : pairs_) {
    if (p.state == PairState::kFrozen && (best == nullptr || p.priority > best->priority) &&
        may_thaw(p, now, patience))
      best = &p;
  }
  return best;
}

bool Checklist::has_waiting(bool triggered_only) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& p) {
    return p.state == PairState::kWaiting && (p.triggered || !triggered_only);
  });
}

Instant Checklist::next_thaw(Duration patience) const {
  Instant first = kNever;
  for (const Pair& frozen : pairs_) {
    if (frozen.state != PairState::kFrozen) continue;
    Instant last{};
    for (const Pair& p : pairs_) {
      if (p.foundation != frozen.foundation) continue;
      if (p.state == PairState::kWaiting) last = kNever;
      if (p.state == PairState::kInProgress) last = std::max(last, p.checked + patience);
    }
    first = std::min(first, last);
  }
  return first;
}

/// RFC 8445 §7.2.5.3.3: what is known to work for one pair is likely to work for those of its foundation.
void Checklist::succeed(Pair& pair) {
  pair.state = PairState::kSucceeded;
  pair.failure = PairFailure::kNone;
  pair.triggered = false;
  for (Pair& p : pairs_) {
    if (p.state == PairState::kFrozen && p.foundation == pair.foundation) p.state = PairState::kWaiting;
  }
}

void Checklist::fail(Pair& pair, PairFailure why) {
  pair.state = PairState::kFailed;
  pair.failure = why;
  pair.triggered = false;
}

void Checklist::reset() {
  for (Pair& p : pairs_) {
    p.state = PairState::kWaiting;
    p.failure = PairFailure::kNone;
    p.triggered = false;
    p.peer_nominated = kNever;
  }
}

const Pair* Checklist::best_valid() const {
  const Pair* best = nullptr;
  for (const Pair& p : pairs_) {
    if (p.state == PairState::kSucceeded && (best == nullptr || p.priority > best->priority)) best = &p;
  }
  return best;
}

bool Checklist::better_may_come(const Pair& pair) const {
  return std::any_of(pairs_.begin(), pairs_.end(),
                     [&](const Pair& p) { return p.priority > pair.priority && is_open(p); });
}

bool Checklist::all_failed() const {
  return std::all_of(pairs_.begin(), pairs_.end(),
                     [](const Pair& p) { return p.state == PairState::kFailed; });
}

int Checklist::busy() const {
  return static_cast<int>(std::count_if(pairs_.begin(), pairs_.end(), [](const Pair& p) {
    return p.state == PairState::kWaiting || p.state == PairState::kInProgress;
  }));
}

std::string describe_failures(const std::vector<Pair>& pairs) {
  constexpr std::pair<PairFailure, const char*> kNames[] = {
      {PairFailure::kNoAnswer, "without an answer"},
      {PairFailure::kRefused, "refused by the peer"},
      {PairFailure::kNotSymmetric, "answered from another address"},
      {PairFailure::kNoConnection, "without a TCP connection"},
      {PairFailure::kNoPermission, "refused by the TURN server"}};
  std::string text = pairs.size() == 1 ? "the only candidate pair failed"
                                       : "all " + std::to_string(pairs.size()) + " candidate pairs failed";
  const char* separator = ": ";
  for (const auto& [failure, name] : kNames) {
    const auto n =
        std::count_if(pairs.begin(), pairs.end(), [&](const Pair& p) { return p.failure == failure; });
    if (n == 0) continue;
    text += separator;
    if (pairs.size() > 1) text += std::to_string(n) + " ";
    text += name;
    separator = ", ";
  }
  return text;
}

}  // namespace sluice::ice
