// Candidates of both sides and the pairs that they form (RFC 8445 §5.1, §6.1.2).
#include <algorithm>
#include <utility>

#include "ice/candidate.h"
#include "ice/full_agent.h"

namespace sluice::ice {
namespace {

constexpr std::uint16_t kReflexiveFoundation = 0x8000;
constexpr std::uint16_t kDiscardPort = 9;  // RFC 6544 §4.5: of active candidates

bool is_link_local(const SocketAddress& address) {
  return address.family() == IpFamily::kIPv6 && address.bytes()[0] == 0xFE &&
         (address.bytes()[1] & 0xC0) == 0x80;
}

bool is_mdns_name(std::string_view name) {
  constexpr std::string_view kSuffix = ".local";
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() <= kSuffix.size()) return false;
  const std::string_view end = name.substr(name.size() - kSuffix.size());
  return std::equal(end.begin(), end.end(), kSuffix.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

void FullAgent::add_local(const LocalAddress& address, Instant now) {
  if (state_ == IceState::kClosed || bases_.size() >= kMaxBases || address.socket >= kFirstConnection) return;
  const auto same = [&](const Base& b) {
    return b.local.protocol == address.protocol &&
           (address.protocol == IceProtocol::kUdp ? b.local.socket == address.socket
                                                  : b.local.address.ip() == address.address.ip());
  };
  if (std::any_of(bases_.begin(), bases_.end(), same)) return;
  Base base{address, static_cast<std::uint16_t>(bases_.empty() ? 0 : bases_.back().place + 1)};
  if (address.protocol == IceProtocol::kTcp) base.local.address = address.address.with_port(kDiscardPort);
  bases_.push_back(base);
  if (gathering_ == GatheringState::kNew) return;
  make_host_candidate(base);
  gatherer_.add_base(base.local, base.place, now);
  after_gatherer();
}

void FullAgent::gather(Instant now) {
  if (state_ == IceState::kClosed || gathering_ != GatheringState::kNew) return;
  gathering_ = GatheringState::kGathering;
  push_event(FullEvent::Type::kGatheringStateChanged);
  if (options_.policy == TransportPolicy::kRelay)
    std::erase_if(locals_, [](const LocalCandidate& c) { return c.ice.type != IceCandidateType::kRelay; });
  // After a restart: what there is is told, and paired, anew.
  const auto known = std::exchange(locals_, {});
  for (const Base& base : bases_) make_host_candidate(base);
  for (const LocalCandidate& candidate : known) {
    if (candidate.ice.type == IceCandidateType::kHost) continue;
    locals_.push_back(candidate);
    FullEvent event;
    event.type = FullEvent::Type::kCandidate;
    event.candidate = candidate;
    events_.push(std::move(event));
    if (candidate.ice.type == IceCandidateType::kRelay) form_pairs(locals_.back());
  }
  if (!gatherer_.started()) {
    for (const Base& base : bases_) gatherer_.add_base(base.local, base.place, now);
  }
  gatherer_.start(now);
  after_gatherer();
}

void FullAgent::make_host_candidate(const Base& base) {
  if (options_.policy == TransportPolicy::kRelay) return;
  LocalCandidate candidate;
  candidate.ice.type = IceCandidateType::kHost;
  candidate.ice.protocol = base.local.protocol;
  candidate.address = base.local.address;
  candidate.socket = base.local.socket;
  auto preference = static_cast<std::uint16_t>(65535 - base.place);
  if (base.local.protocol == IceProtocol::kTcp) {
    candidate.ice.tcp_type = IceTcpType::kActive;
    candidate.socket = kFirstPairConnection;  // each pair gets a connection of its own
    preference = tcp_local_preference(IceTcpType::kActive, static_cast<std::uint16_t>(8191 - base.place));
  }
  add_local_candidate(std::move(candidate),
                      {IceCandidateType::kHost, base.local.protocol, base.local.address.with_port(0), {}, {}},
                      preference);
}

/// RFC 8445 §5.1.1.3, §5.1.2, §5.1.3: foundation, priority, and nothing twice.
void FullAgent::add_local_candidate(LocalCandidate candidate, const FoundationKey& key,
                                    std::uint16_t local_preference) {
  const auto redundant = [&](const LocalCandidate& c) {
    return c.address == candidate.address && c.socket == candidate.socket &&
           c.ice.protocol == candidate.ice.protocol;
  };
  if (std::any_of(locals_.begin(), locals_.end(), redundant)) return;
  auto known = std::find(foundations_.begin(), foundations_.end(), key);
  if (known == foundations_.end()) known = foundations_.insert(known, key);
  candidate.ice.foundation = std::to_string(known - foundations_.begin() + 1);
  candidate.ice.priority = candidate_priority(candidate.ice.type, local_preference);
  candidate.ice.address = candidate.address.ip();
  candidate.ice.port = candidate.address.port();
  locals_.push_back(candidate);
  FullEvent event;
  event.type = FullEvent::Type::kCandidate;
  event.candidate = std::move(candidate);
  events_.push(std::move(event));
  form_pairs(locals_.back());
}

void FullAgent::on_found(Gatherer::Event event) {
  LocalCandidate& candidate = event.candidate;
  const bool relay = candidate.ice.type == IceCandidateType::kRelay;
  if (!relay && options_.policy == TransportPolicy::kRelay) return;
  const ServerTransport transport = candidate.relay_protocol.value_or(ServerTransport::kUdp);
  // Among relays one that is reached by UDP is better than one behind TCP, and that than one behind TLS.
  const int worse = 2048 * static_cast<int>(transport);
  const auto preference = static_cast<std::uint16_t>(65535 - event.place - worse);
  add_local_candidate(std::move(candidate),
                      {relay ? IceCandidateType::kRelay : IceCandidateType::kSrflx, IceProtocol::kUdp,
                       event.base.with_port(0), event.server.with_port(0), transport},
                      preference);
}

/// What the gatherer has to tell, into candidates and events.
void FullAgent::after_gatherer() {
  while (auto event = gatherer_.poll_event()) {
    switch (event->type) {
      case Gatherer::Event::Type::kFound:
        on_found(*std::move(event));
        break;
      case Gatherer::Event::Type::kError: {
        last_error_ = event->error.url + ": " + event->error.text;
        FullEvent told;
        told.type = FullEvent::Type::kCandidateError;
        told.error = std::move(event->error);
        events_.push(std::move(told));
        break;
      }
      case Gatherer::Event::Type::kRelayLost:
        on_socket_lost(event->relay, PairFailure::kNoConnection, "the relay is lost: " + event->text);
        break;
      case Gatherer::Event::Type::kPeerRefused:
        for (Pair& p : checklist_.pairs()) {
          if (p.path.socket != event->relay || p.path.remote.with_port(0) != event->peer) continue;
          std::erase_if(transactions_, [&](const Transaction& t) { return t.path == p.path; });
          checklist_.fail(p, PairFailure::kNoPermission);
        }
    }
  }
  update_gathering();
}

void FullAgent::update_gathering() {
  if (gathering_ == GatheringState::kNew) return;
  const GatheringState is = gatherer_.complete() ? GatheringState::kComplete : GatheringState::kGathering;
  if (std::exchange(gathering_, is) == is) return;
  push_event(FullEvent::Type::kGatheringStateChanged);
  update_completed();
}

void FullAgent::remove_local(SocketId socket, Instant now) {
  const auto gone = [&](const Base& b) {
    return b.local.protocol == IceProtocol::kUdp && b.local.socket == socket;
  };
  if (std::erase_if(bases_, gone) == 0) return;
  gatherer_.remove_base(socket, now);
  on_socket_lost(socket, PairFailure::kNoConnection, "a local address is gone");
  after_gatherer();
}

/// Nothing more comes or goes by `socket`: its candidates and pairs are no more.
void FullAgent::on_socket_lost(SocketId socket, PairFailure why, const std::string& reason) {
  const bool was_selected = selected_ && selected_->socket == socket;
  if (protocol_of(socket) == IceProtocol::kUdp) {
    std::erase_if(locals_, [&](const LocalCandidate& c) { return c.socket == socket; });
    checklist_.remove_if([&](const Pair& p) { return p.path.socket == socket; });
  }
  std::erase_if(transactions_, [&](const Transaction& t) { return t.path.socket == socket; });
  for (Pair& p : checklist_.pairs()) {
    if (p.path.socket == socket) checklist_.fail(p, why);
  }
  if (!was_selected) return;
  selected_.reset();
  nominated_ = false;
  if (on_previous_) previous_.reset();
  on_previous_ = false;
  push_event(FullEvent::Type::kSelectedPairChanged);
  lose_connection(reason);
}

const LocalCandidate* FullAgent::base_of(SocketId socket) const {
  const bool tcp = protocol_of(socket) == IceProtocol::kTcp;
  const SocketAddress* local = tcp ? connections_.local(socket) : nullptr;
  for (const LocalCandidate& c : locals_) {
    if (c.ice.type != IceCandidateType::kHost && c.ice.type != IceCandidateType::kRelay) continue;
    if (tcp ? local != nullptr && c.ice.protocol == IceProtocol::kTcp && c.address == *local
            : c.socket == socket && c.ice.protocol == IceProtocol::kUdp)
      return &c;
  }
  return nullptr;
}

CandidateVerdict FullAgent::add_remote_candidate(const IceCandidate& candidate) {
  const CandidateVerdict verdict = take_candidate(candidate);
  ++verdicts_[static_cast<std::size_t>(verdict)];
  return verdict;
}

CandidateVerdict FullAgent::take_candidate(const IceCandidate& candidate) {
  if (state_ == IceState::kClosed || state_ == IceState::kFailed) return CandidateVerdict::kEnded;
  if (is_mdns_name(candidate.address)) return CandidateVerdict::kMdns;
  const auto address = SocketAddress::parse(candidate.address, candidate.port);
  if (!address) return CandidateVerdict::kNotAnAddress;
  const bool tcp = candidate.protocol == IceProtocol::kTcp;
  if (address->is_unspecified() || candidate.port == 0 || (tcp && candidate.tcp_type != IceTcpType::kPassive))
    return CandidateVerdict::kUnusable;
  if (RemoteCandidate* known = find_remote(*address, candidate.protocol)) {
    // What a check of the peer's told first is told properly now (RFC 8838 §11.2).
    if (known->ice.type != IceCandidateType::kPrflx) return CandidateVerdict::kDuplicate;
    known->ice = candidate;
    return CandidateVerdict::kAdded;
  }
  if (remotes_.size() >= kMaxRemoteCandidates) return CandidateVerdict::kLimit;
  RemoteCandidate& added = remotes_.emplace_back();
  added.ice = candidate;
  added.address = *address;
  if (added.ice.priority == 0) added.ice.priority = candidate_priority(candidate.type, 65535);
  added.foundation = remote_foundation(candidate.foundation);
  form_pairs(added);
  return CandidateVerdict::kAdded;
}

std::uint16_t FullAgent::remote_foundation(const std::string& foundation) {
  auto known = std::find(remote_foundations_.begin(), remote_foundations_.end(), foundation);
  if (known == remote_foundations_.end()) known = remote_foundations_.insert(known, foundation);
  return static_cast<std::uint16_t>(known - remote_foundations_.begin());
}

const FullAgent::RemoteCandidate* FullAgent::find_remote(const SocketAddress& address,
                                                         IceProtocol protocol) const {
  const auto it = std::find_if(remotes_.begin(), remotes_.end(), [&](const RemoteCandidate& c) {
    return c.address == address && c.ice.protocol == protocol;
  });
  return it == remotes_.end() ? nullptr : &*it;
}

FullAgent::RemoteCandidate* FullAgent::find_remote(const SocketAddress& address, IceProtocol protocol) {
  return const_cast<RemoteCandidate*>(std::as_const(*this).find_remote(address, protocol));
}

/// RFC 8445 §7.3.1.3: the peer sent a check from an address that it did not tell.
Pair* FullAgent::add_reflexive(const Path& path, std::uint32_t priority) {
  const LocalCandidate* base = base_of(path.socket);
  if (base == nullptr) return nullptr;
  RemoteCandidate* remote = find_remote(path.remote, protocol_of(path.socket));
  if (remote == nullptr) {
    if (remotes_.size() >= kMaxRemoteCandidates) return nullptr;
    remote = &remotes_.emplace_back();
    remote->ice.type = IceCandidateType::kPrflx;
    remote->ice.protocol = protocol_of(path.socket);
    remote->ice.address = path.remote.ip();
    remote->ice.port = path.remote.port();
    remote->ice.priority = priority;
    remote->ice.foundation = "prflx" + std::to_string(reflexive_foundations_);
    remote->address = path.remote;
    remote->foundation = static_cast<std::uint16_t>(kReflexiveFoundation | reflexive_foundations_++);
  }
  Pair pair;
  pair.path = path;
  pair.local_priority = base->ice.priority;
  pair.remote_priority = remote->ice.priority;
  pair.relayed = base->ice.type == IceCandidateType::kRelay;
  pair.foundation = static_cast<std::uint32_t>(std::stoul(base->ice.foundation)) << 16 | remote->foundation;
  return checklist_.add(pair, controlling_);
}

/// RFC 8445 §6.1.2.2. Server-reflexive candidates are not paired: their base is (§6.1.2.4).
Pair* FullAgent::form_pair(const LocalCandidate& local, const RemoteCandidate& remote) {
  if (local.ice.type != IceCandidateType::kHost && local.ice.type != IceCandidateType::kRelay) return nullptr;
  if (local.ice.protocol != remote.ice.protocol || local.address.family() != remote.address.family() ||
      is_link_local(local.address) != is_link_local(remote.address))
    return nullptr;
  Pair pair;
  pair.path = {remote.address, local.socket};
  if (local.ice.protocol == IceProtocol::kTcp) {
    pair.path.socket = connections_.add(local.address, remote.address);
    if (pair.path.socket == 0) return nullptr;
  }
  pair.local_priority = local.ice.priority;
  pair.remote_priority = remote.ice.priority;
  pair.relayed = local.ice.type == IceCandidateType::kRelay || remote.ice.type == IceCandidateType::kRelay;
  pair.foundation = static_cast<std::uint32_t>(std::stoul(local.ice.foundation)) << 16 | remote.foundation;
  return checklist_.add(pair, controlling_);
}

void FullAgent::form_pairs(const LocalCandidate& local) {
  for (const RemoteCandidate& remote : remotes_) form_pair(local, remote);
}

void FullAgent::form_pairs(const RemoteCandidate& remote) {
  for (const LocalCandidate& local : locals_) form_pair(local, remote);
}

}  // namespace sluice::ice
