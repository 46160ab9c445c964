#include "net/turn_server.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "base/md5.h"

namespace sluice::net {
namespace {

using ice::StunClass;
using ice::StunMessage;
using ice::StunMethod;
using ice::StunWriter;

constexpr Duration kPermissionLifetime = 5min;
constexpr Duration kChannelLifetime = 10min;
constexpr std::uint32_t kLifetime = 600;

Bytes key_bytes(const std::string& key) {
  return as_bytes(key);
}

}  // namespace

void TurnServer::receive(Bytes message, const SocketAddress& client_address, bool stream, Instant now) {
  advance(now);
  const Client client{client_address, stream};
  if (message.size() >= 4 && (message[0] & 0xC0) == 0x40) return receive_channel_data(message, client, now);
  const auto m = StunMessage::parse(message);
  if (!m || (m->has_fingerprint() && !m->verify_fingerprint())) return;
  if (m->method == StunMethod::kBinding) {
    if (m->stun_class != StunClass::kRequest) return;
    std::vector<std::uint8_t> buffer(200);
    StunWriter writer(buffer, StunClass::kSuccess, StunMethod::kBinding, m->transaction_id);
    writer.xor_mapped_address(client_address);
    return reply(client, writer.finish());
  }
  if (options_.stun_only) return error(*m, client, 400, {});
  if (m->stun_class == StunClass::kIndication) {
    const auto it = allocations_.find(client);
    if (m->method != StunMethod::kSend || it == allocations_.end() || !m->xor_peer_address || !m->data)
      return;
    ++send_indications;
    return relay(it->second, *m->xor_peer_address, *m->data, now);
  }
  if (m->stun_class != StunClass::kRequest) return;
  std::string key;
  if (!authenticate(*m, client, now, key)) return;
  if (m->method == StunMethod::kAllocate) return allocate(*m, client, key, now);
  change(*m, client, key, now);
}

/// RFC 8489 §9.2.4. The nonce is the instant of its making.
bool TurnServer::authenticate(const StunMessage& request, const Client& client, Instant now,
                              std::string& key) {
  if (!request.has_integrity()) {
    challenge(request, client, 401, now);
    return false;
  }
  if (!request.username || !request.realm || !request.nonce) {
    error(request, client, 400, {});
    return false;
  }
  std::int64_t made = 0;
  std::from_chars(request.nonce->data(), request.nonce->data() + request.nonce->size(), made);
  if (now - Instant(Duration(made)) > options_.nonce_lifetime) {
    ++stale_nonces;
    challenge(request, client, 438, now);
    return false;
  }
  const auto user = options_.users.find(std::string(*request.username));
  if (user == options_.users.end() || *request.realm != options_.realm) {
    challenge(request, client, 401, now);
    return false;
  }
  const auto digest = crypto::md5(as_bytes(user->first + ":" + options_.realm + ":" + user->second));
  key.assign(digest.begin(), digest.end());
  if (request.verify_integrity(key_bytes(key))) return true;
  challenge(request, client, 401, now);
  return false;
}

void TurnServer::allocate(const StunMessage& request, const Client& client, const std::string& key,
                          Instant now) {
  if (options_.alternate) {
    std::vector<std::uint8_t> buffer(300);
    StunWriter writer(buffer, StunClass::kError, request.method, request.transaction_id);
    writer.error_code(300, "Try Alternate");
    writer.alternate_server(*options_.alternate);
    return reply(client, writer.finish(key_bytes(key)));
  }
  if (options_.refuse_allocate != 0) return error(request, client, options_.refuse_allocate, key);
  if (const auto it = allocations_.find(client); it != allocations_.end()) {
    // RFC 8656 §7.2: a repeated request gets the same answer.
    if (it->second.id == request.transaction_id) return reply_allocated(request, client, it->second, key);
    return error(request, client, 437, key);
  }
  if (!request.requested_transport) return error(request, client, 400, key);
  if (*request.requested_transport != 17) return error(request, client, 442, key);
  if (request.requested_family.value_or(IpFamily::kIPv4) != options_.relay_ip.family())
    return error(request, client, 440, key);
  if (allocations_.size() >= options_.quota) return error(request, client, 486, key);
  Allocation a;
  a.relayed = options_.relay_ip.with_port(next_port_++);
  a.user = *request.username;
  a.id = request.transaction_id;
  a.expires = now + std::chrono::seconds(kLifetime);
  reply_allocated(request, client, allocations_.emplace(client, std::move(a)).first->second, key);
}

void TurnServer::reply_allocated(const StunMessage& request, const Client& client, const Allocation& a,
                                 const std::string& key) {
  std::vector<std::uint8_t> buffer(300);
  StunWriter writer(buffer, StunClass::kSuccess, request.method, request.transaction_id);
  writer.xor_relayed_address(a.relayed);
  writer.xor_mapped_address(client.first);
  writer.lifetime(kLifetime);
  reply(client, writer.finish(key_bytes(key)));
}

void TurnServer::change(const StunMessage& request, const Client& client, const std::string& key,
                        Instant now) {
  const auto it = allocations_.find(client);
  if (it == allocations_.end()) return error(request, client, 437, key);
  Allocation& a = it->second;
  if (a.user != *request.username) return error(request, client, 441, key);
  std::vector<std::uint8_t> buffer(300);
  StunWriter writer(buffer, StunClass::kSuccess, request.method, request.transaction_id);
  switch (request.method) {
    case StunMethod::kRefresh: {
      const std::uint32_t lifetime = std::min(request.lifetime.value_or(kLifetime), kLifetime);
      writer.lifetime(lifetime);
      a.expires = now + std::chrono::seconds(lifetime);
      if (lifetime == 0) allocations_.erase(it);
      break;
    }
    case StunMethod::kCreatePermission: {
      if (!request.xor_peer_address) return error(request, client, 400, key);
      const SocketAddress ip = request.xor_peer_address->with_port(0);
      if (ip.family() != a.relayed.family()) return error(request, client, 443, key);
      if (std::find(options_.denied.begin(), options_.denied.end(), ip) != options_.denied.end())
        return error(request, client, 403, key);
      a.permissions[ip] = now + kPermissionLifetime;
      break;
    }
    case StunMethod::kChannelBind:
      return bind(request, client, a, key, now);
    default:
      return error(request, client, 400, key);
  }
  reply(client, writer.finish(key_bytes(key)));
}

void TurnServer::bind(const StunMessage& request, const Client& client, Allocation& a, const std::string& key,
                      Instant now) {
  if (!request.channel_number || !request.xor_peer_address || *request.channel_number < 0x4000 ||
      *request.channel_number > 0x4FFF)
    return error(request, client, 400, key);
  // RFC 8656 §12.2: neither the number nor the peer may be bound otherwise.
  for (Channel& c : a.channels) {
    if ((c.number == *request.channel_number) != (c.peer == *request.xor_peer_address))
      return error(request, client, 400, key);
  }
  std::erase_if(a.channels, [&](const Channel& c) { return c.number == *request.channel_number; });
  a.channels.push_back({*request.channel_number, *request.xor_peer_address, now + kChannelLifetime});
  a.permissions[request.xor_peer_address->with_port(0)] = now + kPermissionLifetime;
  std::vector<std::uint8_t> buffer(300);
  StunWriter writer(buffer, StunClass::kSuccess, request.method, request.transaction_id);
  reply(client, writer.finish(key_bytes(key)));
}

void TurnServer::receive_channel_data(Bytes message, const Client& client, Instant now) {
  const auto it = allocations_.find(client);
  const std::size_t size = load16(message.data() + 2);
  if (it == allocations_.end() || size > message.size() - 4) return;
  for (const Channel& c : it->second.channels) {
    if (c.number != load16(message.data())) continue;
    ++channel_datagrams;
    return relay(it->second, c.peer, message.subspan(4, size), now);
  }
}

void TurnServer::relay(Allocation& a, const SocketAddress& peer, Bytes data, Instant) {
  if (!a.permissions.contains(peer.with_port(0))) {
    ++refused_peers;
    return;
  }
  out_.push_back({false, a.relayed, peer, false, {data.begin(), data.end()}});
}

void TurnServer::receive_relayed(Bytes datagram, const SocketAddress& peer, const SocketAddress& relayed,
                                 Instant now) {
  advance(now);
  for (auto& [client, a] : allocations_) {
    if (a.relayed != relayed) continue;
    if (!a.permissions.contains(peer.with_port(0))) {
      ++refused_peers;
      return;
    }
    for (const Channel& c : a.channels) {
      if (c.peer != peer) continue;
      std::vector<std::uint8_t> message(4 + datagram.size());
      store16(message.data(), c.number);
      store16(message.data() + 2, static_cast<std::uint16_t>(datagram.size()));
      std::copy(datagram.begin(), datagram.end(), message.begin() + 4);
      if (client.second) message.resize((message.size() + 3) & ~std::size_t{3});
      return reply(client, message);
    }
    std::vector<std::uint8_t> buffer(datagram.size() + 200);
    StunWriter writer(buffer, StunClass::kIndication, StunMethod::kData, ice::TransactionId{7});
    writer.xor_peer_address(peer);
    writer.data(datagram);
    return reply(client, writer.finish());
  }
}

void TurnServer::advance(Instant now) {
  std::erase_if(allocations_, [&](const auto& entry) { return entry.second.expires <= now; });
  for (auto& [client, a] : allocations_) {
    std::erase_if(a.permissions, [&](const auto& entry) { return entry.second <= now; });
    std::erase_if(a.channels, [&](const Channel& c) { return c.expires <= now; });
  }
}

void TurnServer::challenge(const StunMessage& request, const Client& client, std::uint16_t code,
                           Instant now) {
  std::vector<std::uint8_t> buffer(400);
  StunWriter writer(buffer, StunClass::kError, request.method, request.transaction_id);
  writer.error_code(code, code == 401 ? "Unauthorized" : "Stale Nonce");
  writer.realm(options_.realm);
  writer.nonce(std::to_string(now.time_since_epoch().count()));
  reply(client, writer.finish());
}

void TurnServer::error(const StunMessage& request, const Client& client, std::uint16_t code,
                       const std::string& key) {
  std::vector<std::uint8_t> buffer(400);
  StunWriter writer(buffer, StunClass::kError, request.method, request.transaction_id);
  writer.error_code(code, "");
  reply(client, key.empty() ? writer.finish() : writer.finish(key_bytes(key)));
}

void TurnServer::reply(const Client& client, Bytes message) {
  out_.push_back({true, options_.address, client.first, client.second, {message.begin(), message.end()}});
}

}  // namespace sluice::net
