// What the TURN client sends and when. What it makes of answers is turn_receive.cc.
#include "ice/turn_client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

constexpr std::uint8_t kUdpProtocol = 17;  // RFC 8656 §18.7
constexpr std::size_t kMaxRequest = 2200;  // user name, realm and nonce at their largest
constexpr std::size_t kMaxDatagram = 1500 + 64;
constexpr std::uint16_t kLastChannel = 0x4FFF;  // RFC 8656 §12

}  // namespace

TurnClient::TurnClient(Options options, Random& random)
    : options_(std::move(options)),
      random_(random),
      credential_(options_.username, options_.password),
      family_asked_(options_.family == IpFamily::kIPv6) {}

TransactionId TurnClient::new_id() {
  TransactionId id;
  random_.fill(id);
  return id;
}

void TurnClient::start(Instant now) {
  if (state_ != State::kNew) return;
  state_ = State::kAllocating;
  request({.method = StunMethod::kAllocate}, now);
}

void TurnClient::close(Instant now) {
  if (state_ == State::kClosed) return;
  const bool allocated = state_ == State::kReady;
  transactions_.clear();
  permissions_.clear();
  channels_.clear();
  state_ = State::kClosed;
  // RFC 8656 §8: a lifetime of zero deletes the allocation. Whether it arrives is not waited for: the server
  // also forgets by itself.
  if (!allocated) return;
  request({.method = StunMethod::kRefresh, .lifetime = 0}, now);
  transactions_.clear();
}

/// Sends `transaction` as a new one, signed as soon as the server has told how.
void TurnClient::request(Transaction transaction, Instant now) {
  transaction.id = new_id();
  transaction.was_signed = credential_.challenged();
  RetransmissionPlan plan = kServerPlan;
  plan.reliable = options_.reliable;
  transaction.timer = Retransmission(plan, now);
  transaction.bytes = build(transaction);
  push(transaction.bytes);
  transactions_.push_back(std::move(transaction));
}

std::vector<std::uint8_t> TurnClient::build(const Transaction& transaction) const {
  std::vector<std::uint8_t> buffer(kMaxRequest);
  StunWriter writer(buffer, StunClass::kRequest, transaction.method, transaction.id);
  switch (transaction.method) {
    case StunMethod::kAllocate:
      writer.requested_transport(kUdpProtocol);
      if (family_asked_) writer.requested_family(options_.family);
      break;
    case StunMethod::kRefresh:
      writer.lifetime(transaction.lifetime);
      // RFC 8656 §18.6: the family goes along where it did at the allocation.
      if (family_asked_) writer.requested_family(options_.family);
      break;
    case StunMethod::kChannelBind:
      for (const Channel& c : channels_) {
        if (c.peer == transaction.peer) writer.channel_number(c.number);
      }
      writer.xor_peer_address(transaction.peer);
      break;
    default:
      writer.xor_peer_address(transaction.peer);
  }
  Bytes message;
  if (transaction.was_signed) {
    credential_.write(writer);
    message = writer.finish(credential_.key());
  } else {
    message = writer.finish();
  }
  buffer.resize(message.size());
  return buffer;
}

TurnClient::Permission* TurnClient::permission(const SocketAddress& peer) {
  const SocketAddress ip = peer.with_port(0);
  const auto it =
      std::find_if(permissions_.begin(), permissions_.end(), [&](const Permission& p) { return p.ip == ip; });
  return it == permissions_.end() ? nullptr : &*it;
}

TurnClient::Channel* TurnClient::channel(const SocketAddress& peer) {
  const auto it =
      std::find_if(channels_.begin(), channels_.end(), [&](const Channel& c) { return c.peer == peer; });
  return it == channels_.end() ? nullptr : &*it;
}

TurnClient::Permission* TurnClient::add_permission(const SocketAddress& peer, Instant now) {
  if (permissions_.size() >= kMaxPermissions) {
    const auto idle = std::find_if(permissions_.begin(), permissions_.end(), [&](const Permission& p) {
      return now - p.last_used >= kPermissionIdle || p.progress == Progress::kRefused;
    });
    if (idle == permissions_.end()) return nullptr;
    permissions_.erase(idle);
  }
  Permission& added = permissions_.emplace_back();
  added.ip = peer.with_port(0);
  request({.method = StunMethod::kCreatePermission, .peer = added.ip}, now);
  return &added;
}

bool TurnClient::send(const SocketAddress& peer, Bytes datagram, Instant now) {
  if (state_ != State::kReady || peer.family() != relayed_.family()) return false;
  Permission* allowed = permission(peer);
  if (allowed == nullptr) allowed = add_permission(peer, now);
  if (allowed == nullptr || allowed->progress == Progress::kRefused) return false;
  allowed->last_used = now;
  if (allowed->progress == Progress::kGranted) {
    send_now(peer, datagram);
    return true;
  }
  if (allowed->waiting.size() >= kMaxWaiting) return false;
  allowed->waiting.emplace_back(peer, std::vector<std::uint8_t>(datagram.begin(), datagram.end()));
  return true;
}

void TurnClient::flush(Permission& permission) {
  const auto waiting = std::exchange(permission.waiting, {});
  for (const auto& [peer, datagram] : waiting) send_now(peer, datagram);
}

void TurnClient::send_now(const SocketAddress& peer, Bytes datagram) {
  const Channel* bound = channel(peer);
  if (bound != nullptr && bound->progress == Progress::kGranted) {
    // RFC 8656 §12.4, §12.5: padding is for streams; over UDP it is left out.
    std::vector<std::uint8_t> message(4 + datagram.size());
    store16(message.data(), bound->number);
    store16(message.data() + 2, static_cast<std::uint16_t>(datagram.size()));
    std::copy(datagram.begin(), datagram.end(), message.begin() + 4);
    if (options_.reliable) message.resize((message.size() + 3) & ~std::size_t{3});
    return push(std::move(message));
  }
  std::vector<std::uint8_t> buffer(datagram.size() + kMaxDatagram - 1500);
  StunWriter writer(buffer, StunClass::kIndication, StunMethod::kSend, new_id());
  writer.xor_peer_address(peer);
  writer.data(datagram);
  buffer.resize(writer.finish().size());
  push(std::move(buffer));
}

void TurnClient::bind_channel(const SocketAddress& peer, Instant now) {
  if (state_ != State::kReady || channel(peer) != nullptr) return;
  // Numbers are not used again: a channel must rest for five minutes first (RFC 8656 §12), and 4096 last.
  if (channels_.size() >= kMaxChannels || next_channel_ > kLastChannel) return;
  Channel added;
  added.peer = peer;
  added.number = next_channel_++;
  channels_.push_back(added);
  request({.method = StunMethod::kChannelBind, .peer = peer}, now);
}

void TurnClient::advance(Instant now) {
  if (state_ != State::kAllocating && state_ != State::kReady) return;
  std::vector<Transaction> over;
  std::erase_if(transactions_, [&](Transaction& t) {
    const auto due = t.timer.due(now);
    if (due == Retransmission::Due::kAgain) push(t.bytes);
    if (due != Retransmission::Due::kGiveUp) return false;
    over.push_back(std::move(t));
    return true;
  });
  for (const Transaction& t : over) on_refusal(t, kServerNotReached, "the server does not answer", now);
  if (state_ != State::kReady) return;
  if (now >= refresh_) {
    refresh_ = kNever;  // until the answer
    request({.method = StunMethod::kRefresh, .lifetime = 600}, now);
  }
  std::erase_if(permissions_, [&](const Permission& p) {
    return p.refresh <= now && now - p.last_used >= kPermissionIdle;
  });
  for (Permission& p : permissions_) {
    if (p.refresh > now) continue;
    p.refresh = kNever;
    request({.method = StunMethod::kCreatePermission, .peer = p.ip}, now);
  }
  for (Channel& c : channels_) {
    if (c.refresh > now) continue;
    c.refresh = kNever;
    request({.method = StunMethod::kChannelBind, .peer = c.peer}, now);
  }
}

Instant TurnClient::next_deadline() const {
  if (state_ != State::kAllocating && state_ != State::kReady) return kNever;
  Instant first = refresh_;
  for (const Transaction& t : transactions_) first = std::min(first, t.timer.next());
  for (const Permission& p : permissions_) first = std::min(first, p.refresh);
  for (const Channel& c : channels_) first = std::min(first, c.refresh);
  return first;
}

void TurnClient::drain(std::vector<std::vector<std::uint8_t>>& out) {
  std::move(out_.begin(), out_.end(), std::back_inserter(out));
  out_.clear();
}

void TurnClient::push(std::vector<std::uint8_t> message) {
  if (!message.empty() && out_.size() < kMaxOut) out_.push_back(std::move(message));
}

}  // namespace sluice::ice
