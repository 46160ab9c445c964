#include "net/nat_network.h"

#include <algorithm>

namespace sluice::net {
namespace {

/// The part of `remote` that counts.
SocketAddress key_of(NatBehavior behavior, const SocketAddress& remote) {
  switch (behavior) {
    case NatBehavior::kEndpointIndependent:
      return {};
    case NatBehavior::kAddressDependent:
      return remote.with_port(0);
    case NatBehavior::kAddressAndPortDependent:
      break;
  }
  return remote;
}

}  // namespace

std::size_t NatNetwork::add_nat(const SocketAddress& outer, const NatSpec& spec) {
  Nat& nat = nats_.emplace_back();
  nat.outer = outer.with_port(0);
  nat.spec = spec;
  return nats_.size() - 1;
}

void NatNetwork::put_behind(const SocketAddress& host_ip, std::size_t nat) {
  behind_[host_ip.with_port(0)] = nat;
}

void NatNetwork::forget(std::size_t nat) {
  nats_[nat].bindings.clear();
}

std::optional<std::size_t> NatNetwork::nat_of(const SocketAddress& host) const {
  const auto it = behind_.find(host.with_port(0));
  return it == behind_.end() ? std::nullopt : std::optional<std::size_t>(it->second);
}

NatNetwork::Binding& NatNetwork::bind(Nat& nat, const SocketAddress& from, const SocketAddress& to,
                                      Instant now) {
  std::erase_if(nat.bindings, [&](const Binding& b) { return now - b.last_used > nat.spec.timeout; });
  const SocketAddress key = key_of(nat.spec.mapping, to);
  auto it = std::find_if(nat.bindings.begin(), nat.bindings.end(),
                         [&](const Binding& b) { return b.inner == from && b.key == key; });
  if (it == nat.bindings.end()) {
    it = nat.bindings.insert(it, Binding{from, nat.outer.with_port(nat.next_port++), key, now, {}});
  }
  it->last_used = now;
  it->permitted.insert(key_of(nat.spec.filtering, to));
  return *it;
}

std::optional<SocketAddress> NatNetwork::enter(const SocketAddress& from, const SocketAddress& to,
                                               Instant now) {
  for (Nat& nat : nats_) {
    if (nat.outer != to.with_port(0)) continue;
    for (const Binding& b : nat.bindings) {
      if (b.outer == to && now - b.last_used <= nat.spec.timeout &&
          b.permitted.contains(key_of(nat.spec.filtering, from)))
        return b.inner;
    }
    return std::nullopt;
  }
  // Private addresses are unknown outside.
  return nat_of(to) ? std::nullopt : std::optional<SocketAddress>(to);
}

SocketAddress NatNetwork::outer_of_stream(const SocketAddress& from, const SocketAddress& to, Instant now) {
  const auto nat = nat_of(from);
  return nat ? bind(nats_[*nat], from, to, now).outer : from;
}

void NatNetwork::send(const SocketAddress& from, const SocketAddress& to, Bytes bytes, bool stream,
                      Instant now) {
  ++sent_;
  if (down || is_cut(from, to)) return;
  const auto own = nat_of(from);
  if (own && own == nat_of(to)) return fly(from, to, bytes, stream, now);  // in one network
  SocketAddress source = from;
  if (own) {
    Nat& nat = nats_[*own];
    if (nat.spec.udp_blocked && !stream) return;
    source = bind(nat, from, to, now).outer;
    if (nat.outer == to.with_port(0) && !nat.spec.hairpin) return;
  }
  const auto inner = enter(source, to, now);
  if (inner && !is_cut(from, *inner)) fly(source, *inner, bytes, stream, now);
}

NatNetwork::Datagram NatNetwork::forge(const SocketAddress& from, const SocketAddress& to, Bytes bytes) {
  Datagram forged{from, to, {bytes.begin(), bytes.end()}, false};
  const std::uint32_t kind = random_.below(4);
  if (kind != 0) {
    const int changes = 1 + static_cast<int>(random_.below(4));
    for (int i = 0; i < changes && !forged.bytes.empty(); ++i)
      forged.bytes[random_.below(static_cast<std::uint32_t>(forged.bytes.size()))] =
          static_cast<std::uint8_t>(random_.u32());
  }
  if (kind == 1) forged.bytes.resize(random_.below(static_cast<std::uint32_t>(forged.bytes.size() + 1)));
  if (kind == 2) forged.from = from.with_port(static_cast<std::uint16_t>(1 + random_.below(65535)));
  return forged;
}

void NatNetwork::fly(const SocketAddress& from, const SocketAddress& to, Bytes bytes, bool stream,
                     Instant now) {
  // Streams lose nothing and keep their order: equal delays, and a multimap keeps equal keys in order.
  if (!stream && link.forgery > 0 && random_.chance(link.forgery))
    queue_.emplace(now + link.min_delay, forge(from, to, bytes));
  const int copies = !stream && random_.chance(link.duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (!stream && random_.chance(link.loss)) continue;
    const auto spread = static_cast<std::uint32_t>((link.max_delay - link.min_delay).count() + 1);
    const Duration delay = stream ? link.max_delay : link.min_delay + Duration(random_.below(spread));
    queue_.emplace(now + delay, Datagram{from, to, {bytes.begin(), bytes.end()}, stream});
  }
}

std::optional<NatNetwork::Datagram> NatNetwork::receive(Instant now) {
  if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
  Datagram datagram = std::move(queue_.begin()->second);
  queue_.erase(queue_.begin());
  return datagram;
}

}  // namespace sluice::net
