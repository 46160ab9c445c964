// What the full agent tells about itself: statistics with W3C's names, and the reason of a failure.
#include <algorithm>

#include "ice/candidate.h"
#include "ice/full_agent.h"

namespace sluice::ice {

std::vector<IceCandidate> FullAgent::remote_candidates() const {
  std::vector<IceCandidate> out;
  for (const RemoteCandidate& c : remotes_) out.push_back(c.ice);
  return out;
}

/// RFC 8445 §7.2.5.3.1, §7.2.5.3.2: the local candidate of a valid pair is what the peer saw, by then perhaps
/// one that nobody told.
LocalCandidate FullAgent::local_of(const Pair& pair) const {
  const LocalCandidate* base = base_of(pair.path.socket);
  LocalCandidate local = base == nullptr ? LocalCandidate{} : *base;
  if (!pair.mapped || protocol_of(pair.path.socket) == IceProtocol::kTcp) return local;
  for (const LocalCandidate& c : locals_) {
    if (c.address != *pair.mapped) continue;
    if (c.socket == pair.path.socket) return c;
  }
  if (local.ice.type == IceCandidateType::kRelay || local.address == *pair.mapped) return local;
  local.ice.type = IceCandidateType::kPrflx;
  local.ice.priority = type_preference(IceCandidateType::kPrflx) << 24 | (local.ice.priority & 0xFFFFFF);
  local.related_address = local.address.ip();
  local.related_port = local.address.port();
  local.address = *pair.mapped;
  local.ice.address = pair.mapped->ip();
  local.ice.port = pair.mapped->port();
  return local;
}

IceCandidate FullAgent::remote_of(const Pair& pair) const {
  if (on_previous_ && previous_->pair.path == pair.path) return previous_->remote_candidate;
  const RemoteCandidate* remote = find_remote(pair.path.remote, protocol_of(pair.path.socket));
  return remote == nullptr ? IceCandidate{} : remote->ice;
}

std::vector<CandidatePairStats> FullAgent::pair_stats() const {
  const auto when = [](Instant at) { return at == kNever ? std::nullopt : std::optional<Instant>(at); };
  std::vector<CandidatePairStats> out;
  const auto add = [&](const Pair& pair, bool selected) {
    const PairNumbers& n = pair.numbers;
    CandidatePairStats s;
    s.local = local_of(pair).ice;
    s.remote = remote_of(pair);
    s.state = pair.state;
    s.selected = selected;
    s.nominated = selected && (nominated_ || on_previous_);
    s.packets_sent = n.packets_sent;
    s.packets_received = n.packets_received;
    s.bytes_sent = n.bytes_sent;
    s.bytes_received = n.bytes_received;
    s.last_packet_sent = when(n.last_packet_sent);
    s.last_packet_received = when(n.last_packet_received);
    s.total_round_trip_time = n.total_round_trip_time;
    if (n.round_trip_time >= Duration::zero()) s.current_round_trip_time = n.round_trip_time;
    s.requests_received = n.requests_received;
    s.requests_sent = n.requests_sent;
    s.responses_received = n.responses_received;
    s.responses_sent = n.responses_sent;
    s.consent_requests_sent = n.consent_requests_sent;
    s.packets_discarded_on_send = n.packets_discarded;
    s.bytes_discarded_on_send = n.bytes_discarded;
    out.push_back(std::move(s));
  };
  for (const Pair& p : checklist_.pairs()) add(p, !on_previous_ && selected_ == p.path);
  if (on_previous_) add(previous_->pair, true);
  return out;
}

std::string FullAgent::why_failed() const {
  const auto ignored = [&](CandidateVerdict verdict) { return candidate_count(verdict); };
  if (!checklist_.pairs().empty()) return describe_failures(checklist_.pairs());
  const bool ours = std::any_of(locals_.begin(), locals_.end(), [](const LocalCandidate& c) {
    return c.ice.type == IceCandidateType::kHost || c.ice.type == IceCandidateType::kRelay;
  });
  if (!ours) {
    std::string text = options_.policy == TransportPolicy::kRelay
                           ? "iceTransportPolicy is relay, and no TURN server gave a candidate"
                           : "there is no local candidate";
    return last_error_.empty() ? text : text + " (" + last_error_ + ")";
  }
  if (!remotes_.empty())
    return "no pair can be formed: the candidates of the peer are of other IP versions or protocols than "
           "ours";
  std::string text = remote_ended_ ? "the peer has no candidates" : "the peer told no candidate within 120 s";
  const std::uint64_t mdns = ignored(CandidateVerdict::kMdns);
  const std::uint64_t others =
      ignored(CandidateVerdict::kNotAnAddress) + ignored(CandidateVerdict::kUnusable);
  if (mdns != 0) text += "; " + std::to_string(mdns) + " were mDNS names (.local), which are not resolved";
  if (others != 0) text += "; " + std::to_string(others) + " were of no use";
  return text;
}

}  // namespace sluice::ice
