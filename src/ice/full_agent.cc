// The full agent's life as its owner sees it: states, the selected pair, restart, close. Candidates are
// full_candidates.cc, what comes in full_receive.cc, what goes out and when full_schedule.cc.
#include "ice/full_agent.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::ice {
namespace {

constexpr Duration kPreviousGrace = 5s;
constexpr Duration kLeastPacing = 5ms;  // RFC 8445 §14.2

}  // namespace

FullAgent::FullAgent(Credentials local, Random& random, Options options)
    : local_(std::move(local)),
      random_(random),
      options_(std::move(options)),
      tie_breaker_(random.u64()),
      controlling_(options_.controlling),
      gatherer_(random, std::max(options_.pacing, kLeastPacing)) {
  options_.pacing = std::max(options_.pacing, kLeastPacing);
  gatherer_.set_servers(std::move(options_.servers));
}

void FullAgent::set_servers(std::vector<IceServer> servers, TransportPolicy policy) {
  gatherer_.set_servers(std::move(servers));
  options_.policy = policy;
}

void FullAgent::set_controlling(bool controlling) {
  if (transactions_.empty() && checklist_.pairs().empty() && !remote_lite_) set_role(controlling);
}

/// RFC 8445 §7.3.1.1. Whatever was nominated was so by a controlling agent that is none any more.
void FullAgent::set_role(bool controlling) {
  if (controlling_ == controlling) return;
  controlling_ = controlling;
  checklist_.set_role(controlling);
  nominated_ = false;
  push_event(FullEvent::Type::kRoleChanged);
}

void FullAgent::set_remote(Credentials remote, bool lite, Instant now) {
  if (state_ == IceState::kClosed) return;
  if (remote_ && remote_->ufrag != remote.ufrag) leave_peer();
  remote_ = std::move(remote);
  remote_lite_ = lite;
  if (lite) set_role(true);  // RFC 8445 §6.1.1
  if (!patience_from_) patience_from_ = now;
  for (const EarlyCheck& early : std::exchange(early_, {})) {
    if (early.remote_ufrag == remote_->ufrag) on_check(early.facts, early.path, now);
  }
}

void FullAgent::end_of_candidates(Instant now) {
  remote_ended_ = true;
  update_completed();
  give_up_when_nothing_is_left(now);
}

void FullAgent::restart(Credentials new_local, Instant now) {
  if (state_ == IceState::kClosed) return;
  // A second restart before the first came to anything: what carries data is of the generation before both.
  if (selected_ && !on_previous_) {
    const Pair* pair = checklist_.find(*selected_);
    if (pair != nullptr) {
      previous_ = Previous{local_, remote_, *pair, remote_of(*pair)};
      on_previous_ = true;
      for (Transaction& t : transactions_) t.previous = true;
    }
  }
  if (!on_previous_) previous_.reset();
  std::erase_if(transactions_,
                [](const Transaction& t) { return t.purpose != Purpose::kConsent || !t.previous; });
  local_ = std::move(new_local);
  early_.clear();
  forget_peer();
  last_error_.clear();
  if (!on_previous_) last_consent_ = next_consent_ = kNever;
  // W3C WebRTC §5.6, RTCIceTransportState: completed goes back to connected, lost ones to checking.
  if (state_ == IceState::kCompleted) set_state(IceState::kConnected);
  if (state_ == IceState::kDisconnected || state_ == IceState::kFailed) set_state(IceState::kChecking);
  gatherer_.keep_alive(true);
  if (gathering_ == GatheringState::kNew) return;
  gathering_ = GatheringState::kNew;
  gather(now);
}

/// Credentials, candidates and pairs; what on_previous_ says of carries on.
void FullAgent::forget_peer() {
  remote_.reset();
  remote_ended_ = false;
  remotes_.clear();
  remote_foundations_.clear();
  reflexive_foundations_ = 0;
  conflicts_ = 0;
  checklist_.clear();
  connections_.close_others(on_previous_ ? previous_->pair.path.socket : SocketId{0});
  nominated_ = false;
  first_valid_.reset();
  patience_from_.reset();
}

/// RFC 8829 §3.2: another device answers the same offer. Nothing of what led to the one before is a path to
/// it; what was gathered here is good for both.
void FullAgent::leave_peer() {
  transactions_.clear();
  previous_.reset();
  on_previous_ = false;
  forget_peer();
  unselect();
  if (state_ != IceState::kNew) set_state(IceState::kChecking);
  gatherer_.keep_alive(true);
}

void FullAgent::close(Instant now) {
  if (state_ == IceState::kClosed) return;
  transactions_.clear();
  checklist_.clear();
  early_.clear();
  previous_.reset();
  on_previous_ = false;
  unselect();
  out_.clear();
  data_.clear();
  connections_.drain(out_);
  out_.clear();
  connections_.close_others(0);
  gatherer_.close(now);
  set_state(IceState::kClosed);
}

Pair* FullAgent::pair_of(const Path& path) {
  return const_cast<Pair*>(std::as_const(*this).pair_of(path));
}

const Pair* FullAgent::pair_of(const Path& path) const {
  if (const Pair* pair = checklist_.find(path)) return pair;
  return previous_ && previous_->pair.path == path ? &previous_->pair : nullptr;
}

bool FullAgent::is_known(const Path& path) const {
  const Pair* pair = checklist_.find(path);
  if (pair != nullptr && (pair->authenticated || pair->state == PairState::kSucceeded)) return true;
  return selected_ == path || (previous_ && previous_->pair.path == path);
}

std::optional<SocketAddress> FullAgent::mapped_address() const {
  const Pair* pair = selected_ ? pair_of(*selected_) : nullptr;
  return pair == nullptr ? std::nullopt : pair->mapped;
}

std::optional<SelectedPair> FullAgent::selected_pair() const {
  const Pair* pair = selected_ ? pair_of(*selected_) : nullptr;
  if (pair == nullptr) return std::nullopt;
  return SelectedPair{pair->path, local_of(*pair), remote_of(*pair), nominated_,
                      pair->path.socket < kFirstConnection};
}

bool FullAgent::send(Bytes datagram, Instant now) {
  Pair* pair = selected_ ? pair_of(*selected_) : nullptr;
  if (pair == nullptr) {
    ++unsent_.packets_discarded;
    unsent_.bytes_discarded += datagram.size();
    return false;
  }
  if (pair->path.socket >= kFirstRelay) {
    if (!gatherer_.relay_send(pair->path, datagram, now)) {
      ++pair->numbers.packets_discarded;
      pair->numbers.bytes_discarded += datagram.size();
      return false;
    }
  } else {
    transmit(pair->path, datagram, now);
  }
  count_sent(datagram.size(), now);
  return true;
}

void FullAgent::count_sent(std::size_t size, Instant now) {
  Pair* pair = selected_ ? pair_of(*selected_) : nullptr;
  if (pair == nullptr) return;
  ++pair->numbers.packets_sent;
  pair->numbers.bytes_sent += size;
  pair->numbers.last_packet_sent = now;
}

void FullAgent::drain(std::vector<Transmit>& out) {
  std::move(out_.begin(), out_.end(), std::back_inserter(out));
  out_.clear();
  gatherer_.drain(out);
  connections_.drain(out);
}

std::optional<FullRequest> FullAgent::poll_request() {
  auto request = gatherer_.poll_request();
  return request ? std::move(request) : connections_.poll_request();
}

void FullAgent::select(const Pair& pair, bool nominated, Instant now) {
  const bool changed = selected_ != pair.path || on_previous_;
  selected_ = pair.path;
  nominated_ = nominated;
  last_consent_ = now;
  if (on_previous_) {
    on_previous_ = false;
    previous_->until = now + kPreviousGrace;
  }
  if (changed) {
    next_consent_ = now + consent_interval();
    push_event(FullEvent::Type::kSelectedPairChanged);
    if (pair.path.socket >= kFirstRelay) gatherer_.bind_channel(pair.path, now);
  }
  if (nominated) {
    // RFC 8445 §8.1.2: the other checks are stopped; their pairs are tried again when this one is lost. A
    // peer that nominates aggressively may still want one of them.
    const auto stopped = [&](const Transaction& t) {
      if (t.purpose != Purpose::kCheck) return false;
      const Pair* other = checklist_.find(t.path);
      return other == nullptr || other->peer_nominated == kNever;
    };
    std::erase_if(transactions_, stopped);
    for (Pair& p : checklist_.pairs()) {
      if (p.state == PairState::kInProgress && p.peer_nominated == kNever) p.state = PairState::kWaiting;
    }
    gatherer_.keep_alive(false);
  }
  if (!connected_state()) set_state(IceState::kConnected);
  update_completed();
}

void FullAgent::unselect() {
  nominated_ = false;
  first_valid_.reset();
  last_consent_ = next_consent_ = kNever;
  if (std::exchange(selected_, std::nullopt)) push_event(FullEvent::Type::kSelectedPairChanged);
}

/// The selected pair went silent or lost its socket: all pairs, it included, are tried again.
void FullAgent::lose_connection(std::string reason) {
  if (!on_previous_) {
    std::erase_if(transactions_, [](const Transaction& t) { return t.purpose != Purpose::kConsent; });
    checklist_.reset();
    nominated_ = false;
    first_valid_.reset();
  }
  set_state(IceState::kDisconnected, std::move(reason));
}

void FullAgent::fail(std::string reason) {
  transactions_.clear();
  previous_.reset();
  on_previous_ = false;
  unselect();
  set_state(IceState::kFailed, std::move(reason));
}

/// W3C WebRTC §5.6: completed is connected when no more candidates are to come from either side, and no more
/// checks to be made.
void FullAgent::update_completed() {
  const bool completed =
      nominated_ && !on_previous_ && remote_ended_ && gathering_ == GatheringState::kComplete;
  if (completed && state_ == IceState::kConnected) set_state(IceState::kCompleted);
  if (!completed && state_ == IceState::kCompleted) set_state(IceState::kConnected);
}

void FullAgent::set_state(IceState state, std::string reason) {
  if (state_ == state) return;
  state_ = state;
  reason_ = std::move(reason);
  push_event(FullEvent::Type::kStateChanged);
}

void FullAgent::push_event(FullEvent::Type type) {
  FullEvent event;
  event.type = type;
  event.state = state_;
  event.gathering = gathering_;
  if (type == FullEvent::Type::kStateChanged) event.reason = reason_;
  events_.push(std::move(event));
}

}  // namespace sluice::ice
