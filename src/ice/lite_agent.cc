#include "ice/lite_agent.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sluice::ice {
namespace {

/// A peer that nominates aggressively sends USE-CANDIDATE on every pair in one burst; for so long the best of
/// them stays selected against worse ones. A peer that changed its mind repeats itself later than that.
constexpr Duration kNominationHold = 1s;

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

}  // namespace

LiteAgent::LiteAgent(Credentials local, Duration consent_timeout)
    : current_{std::move(local), std::nullopt}, consent_timeout_(consent_timeout) {}

void LiteAgent::set_remote(Credentials remote) {
  current_.remote_ufrag = std::move(remote.ufrag);
}

void LiteAgent::restart(Credentials new_local) {
  if (state_ == IceState::kClosed) return;
  // A second restart before the peer took up the first: what still carries media is the generation before
  // both.
  if (!previous_ || current_.used) previous_ = std::move(current_);
  current_ = Generation{std::move(new_local), std::nullopt};
}

void LiteAgent::close() {
  if (state_ == IceState::kClosed) return;
  paths_.clear();
  replies_.clear();
  previous_.reset();
  select(std::nullopt);
  set_state(IceState::kClosed);
}

ReceiveResult LiteAgent::receive(Bytes bytes, const Path& path, Instant now) {
  const ReceiveResult result = process(bytes, path, now);
  ++counts_[static_cast<std::size_t>(result)];
  return result;
}

ReceiveResult LiteAgent::process(Bytes bytes, const Path& path, Instant now) {
  if (state_ == IceState::kClosed) return ReceiveResult::kClosed;
  std::optional<StunMessage> message;
  if (const ReceiveResult screened = screen(bytes, message); screened != ReceiveResult::kHandled)
    return screened;
  switch (message->stun_class) {
    case StunClass::kRequest:
      return process_request(*message, path, now);
    case StunClass::kIndication:
      // RFC 8445 §11: a keepalive, unauthenticated by design; it proves nothing and changes nothing.
      return message->unknown_required().empty() ? ReceiveResult::kHandled : ReceiveResult::kUnknownAttribute;
    case StunClass::kSuccess:
    case StunClass::kError:
      break;
  }
  return ReceiveResult::kUnexpectedClass;  // a lite agent asks nothing
}

ReceiveResult LiteAgent::process_request(const StunMessage& request, const Path& path, Instant now) {
  Generation& generation = generation_for(request.username.value_or(std::string_view{}));
  ReceiveResult result = authenticate(request, generation.local, view(generation.remote_ufrag));
  // RFC 8445 §7.3.1.1: the peer claims to be controlled, but a lite agent is never controlling when the peer
  // is full.
  if (result == ReceiveResult::kHandled && request.ice_controlled) result = ReceiveResult::kRoleConflict;
  if (result != ReceiveResult::kHandled) {
    reply(path, error_reply(request, result, generation.local.password));
    return result;
  }
  reply(path, success_reply(request, path.remote, generation.local.password));
  accept(request, generation, path, now);
  return result;
}

LiteAgent::Generation& LiteAgent::generation_for(std::string_view username) {
  if (previous_ && username_matches(username, previous_->local.ufrag, std::nullopt)) return *previous_;
  return current_;
}

void LiteAgent::accept(const StunMessage& request, Generation& generation, const Path& path, Instant now) {
  if (!generation.used && &generation == &current_) begin_generation();
  ValidPath& valid = touch(path, request.priority.value_or(0), now);
  const bool nominates = request.use_candidate || request.nomination.value_or(0) != 0;
  if (!nominates) {
    valid.nominated.reset();
    if (state_ == IceState::kNew || state_ == IceState::kDisconnected) set_state(IceState::kConnected);
    if (!nominated_) select_best();
    return;
  }
  const bool won = wins(request, valid, now);
  valid.nominated = now;
  if (request.nomination) nomination_ = std::max(nomination_.value_or(0), *request.nomination);
  if (!won) return;
  nominated_ = true;
  if (state_ == IceState::kNew || state_ == IceState::kDisconnected) set_state(IceState::kConnected);
  select(path);
  set_state(IceState::kCompleted);
}

void LiteAgent::begin_generation() {
  current_.used = true;
  previous_.reset();
  // RFC 8445 §9: nominations are of one generation; the selected path carries media until the new one
  // nominates.
  nominated_ = false;
  nomination_.reset();
  for (ValidPath& p : paths_) p.nominated.reset();
}

LiteAgent::ValidPath& LiteAgent::touch(const Path& path, std::uint32_t priority, Instant now) {
  ValidPath* valid = find(path);
  if (valid == nullptr) {
    if (paths_.size() == kMaxPaths) evict_oldest();
    valid = &paths_.emplace_back();
    valid->path = path;
  }
  valid->last_check = now;
  valid->priority = priority;
  return *valid;
}

void LiteAgent::evict_oldest() {
  auto oldest = paths_.end();
  for (auto it = paths_.begin(); it != paths_.end(); ++it) {
    if (selected_ == it->path) continue;
    if (oldest == paths_.end() || it->last_check < oldest->last_check) oldest = it;
  }
  paths_.erase(oldest);
}

bool LiteAgent::wins(const StunMessage& request, const ValidPath& path, Instant now) const {
  const ValidPath* rival = selected_ ? find(*selected_) : nullptr;
  if (!nominated_ || rival == nullptr || rival == &path) return true;
  // Renomination: the highest value wins; equal values are one nomination on two paths (the peer's address
  // changed).
  if (request.nomination && nomination_ && *request.nomination != *nomination_) {
    return *request.nomination > *nomination_;
  }
  if (request.nomination && !nomination_) return true;
  if (!rival->nominated || now - *rival->nominated >= kNominationHold)
    return true;  // the peer left the rival
  return (request.nomination || !nomination_) && path.priority >= rival->priority;
}

void LiteAgent::select_best() {
  const auto best =
      std::max_element(paths_.begin(), paths_.end(), [](const ValidPath& a, const ValidPath& b) {
        return std::tuple(a.nominated.has_value(), a.priority, a.last_check) <
               std::tuple(b.nominated.has_value(), b.priority, b.last_check);
      });
  if (best == paths_.end()) return select(std::nullopt);
  const ValidPath* now_selected = selected_ ? find(*selected_) : nullptr;
  const bool no_better = now_selected != nullptr && now_selected->priority == best->priority &&
                         now_selected->nominated.has_value() == best->nominated.has_value();
  if (!no_better) select(best->path);
}

void LiteAgent::advance(Instant now) {
  if (consent_timeout_ == Duration::zero() || paths_.empty()) return;
  // RFC 7675 §5.1: consent expired, transmission on that path ceases.
  const auto expired = [&](const ValidPath& p) { return now - p.last_check >= consent_timeout_; };
  if (std::erase_if(paths_, expired) != 0) after_removal();
}

void LiteAgent::remove_path(const Path& path) {
  if (std::erase_if(paths_, [&](const ValidPath& p) { return p.path == path; }) != 0) after_removal();
}

void LiteAgent::after_removal() {
  if (selected_ && find(*selected_) == nullptr) {
    nominated_ = false;
    nomination_.reset();
    select_best();
    if (state_ == IceState::kCompleted && !paths_.empty())
      set_state(IceState::kConnected);  // what is left was not nominated last
  }
  if (paths_.empty()) set_state(IceState::kDisconnected);
}

Instant LiteAgent::next_deadline() const {
  if (consent_timeout_ == Duration::zero()) return kNever;
  Instant first = kNever;
  for (const ValidPath& p : paths_) first = std::min(first, p.last_check + consent_timeout_);
  return first;
}

void LiteAgent::drain(std::vector<ReplyBy>& out) {
  out.insert(out.end(), replies_.begin(), replies_.end());
  replies_.clear();
}

std::optional<AgentEvent> LiteAgent::poll_event() {
  if (events_.empty()) return std::nullopt;
  AgentEvent event = events_.front();
  events_.pop_front();
  return event;
}

std::optional<Credentials> LiteAgent::previous_local() const {
  return previous_ ? std::optional(previous_->local) : std::nullopt;
}

void LiteAgent::select(std::optional<Path> path) {
  if (selected_ == path) return;
  selected_ = path;
  push_event({AgentEvent::Type::kSelectedPathChanged, state_, selected_});
}

void LiteAgent::set_state(IceState state) {
  if (state_ == state) return;
  state_ = state;
  push_event({AgentEvent::Type::kStateChanged, state_, selected_});
}

void LiteAgent::push_event(AgentEvent event) {
  if (events_.size() == kMaxPending) events_.pop_front();
  events_.push_back(event);
}

void LiteAgent::reply(const Path& path, const Reply& bytes) {
  if (!bytes.empty() && replies_.size() < kMaxPending) replies_.push_back({path, bytes});
}

const LiteAgent::ValidPath* LiteAgent::find(const Path& path) const {
  const auto it =
      std::find_if(paths_.begin(), paths_.end(), [&](const ValidPath& p) { return p.path == path; });
  return it == paths_.end() ? nullptr : &*it;
}

LiteAgent::ValidPath* LiteAgent::find(const Path& path) {
  return const_cast<ValidPath*>(std::as_const(*this).find(path));
}

bool LiteAgent::is_known(const Path& path) const {
  return find(path) != nullptr;
}

}  // namespace sluice::ice
