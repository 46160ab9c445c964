#include "net/virtual_network.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::net {

void VirtualNetwork::add_host(const SocketAddress& inner, const LinkSpec& up, const LinkSpec& down) {
  hosts_[inner] = {inner, {up, {}}, {down, {}}, false};
  inner_of_[inner] = inner;
}

void VirtualNetwork::remove_host(const SocketAddress& inner) {
  const auto it = hosts_.find(inner);
  if (it == hosts_.end()) return;
  inner_of_.erase(it->second.outer);
  hosts_.erase(it);
}

void VirtualNetwork::set_link(const SocketAddress& inner, const LinkSpec& up, const LinkSpec& down) {
  Host& host = hosts_.at(inner);
  host.up.spec = up;
  host.down.spec = down;
}

void VirtualNetwork::cut(const SocketAddress& inner, bool is_cut) {
  hosts_.at(inner).is_cut = is_cut;
}

void VirtualNetwork::rebind(const SocketAddress& inner, const SocketAddress& outer) {
  Host& host = hosts_.at(inner);
  inner_of_.erase(host.outer);
  host.outer = outer;
  inner_of_[outer] = inner;
}

SocketAddress VirtualNetwork::outer(const SocketAddress& inner) const {
  return hosts_.at(inner).outer;
}

bool VirtualNetwork::is_server(const SocketAddress& address) const {
  return std::find(servers_.begin(), servers_.end(), address) != servers_.end();
}

Instant VirtualNetwork::pass(Direction& direction, std::size_t size, Instant now) {
  const LinkSpec& spec = direction.spec;
  if (spec.loss > 0 && random_.chance(spec.loss)) {
    ++counts_.lost;
    return kNever;
  }
  Instant at = now;
  if (spec.bandwidth != 0) {
    const Instant start = std::max(now, direction.free_at);
    const auto waiting = static_cast<std::uint64_t>((start - now).count()) * spec.bandwidth / 8'000'000;
    if (waiting + size > spec.queue) {
      ++counts_.overflowed;
      return kNever;
    }
    direction.free_at = start + Duration(static_cast<std::int64_t>(size * 8'000'000 / spec.bandwidth));
    at = direction.free_at;
  }
  at += spec.delay;
  if (spec.jitter > Duration::zero())
    at += Duration(random_.below(static_cast<std::uint32_t>(spec.jitter.count()) + 1));
  return at;
}

void VirtualNetwork::send(const SocketAddress& from, const SocketAddress& to, Bytes bytes, Instant now) {
  ++counts_.sent;
  const bool upward = is_server(to);
  const auto inner = upward ? inner_of_.end() : inner_of_.find(to);
  const auto host = upward                     ? hosts_.find(from)
                    : inner == inner_of_.end() ? hosts_.end()
                                               : hosts_.find(inner->second);
  if (host == hosts_.end() || host->second.is_cut || (!upward && !is_server(from))) {
    ++counts_.undeliverable;
    return;
  }
  Direction& direction = upward ? host->second.up : host->second.down;
  const bool twice = direction.spec.duplication > 0 && random_.chance(direction.spec.duplication);
  counts_.duplicated += twice ? 1 : 0;
  for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
    const Instant at = pass(direction, bytes.size(), now);
    if (at == kNever) continue;
    fly(upward ? host->second.outer : from, upward ? to : host->first, bytes, at);
  }
}

void VirtualNetwork::fly(const SocketAddress& from, const SocketAddress& to, Bytes bytes, Instant at) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  Datagram& datagram = slots_[slot];
  datagram.from = from;
  datagram.to = to;
  datagram.bytes.assign(bytes.begin(), bytes.end());
  queue_.push({at, order_++, slot});
}

bool VirtualNetwork::receive(Instant now, Datagram& out) {
  if (queue_.empty() || queue_.top().at > now) return false;
  const std::uint32_t slot = queue_.top().slot;
  queue_.pop();
  std::swap(out, slots_[slot]);  // the vectors change places and keep their memory
  free_.push_back(slot);
  ++counts_.delivered;
  return true;
}

}  // namespace sluice::net
