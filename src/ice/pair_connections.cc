#include "ice/pair_connections.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::ice {
namespace {

constexpr std::size_t kMaxPending = 256;

}  // namespace

const PairConnections::Connection* PairConnections::find(SocketId id) const {
  const auto it =
      std::find_if(connections_.begin(), connections_.end(), [&](const Connection& c) { return c.id == id; });
  return it == connections_.end() ? nullptr : &*it;
}

PairConnections::Connection* PairConnections::find(SocketId id) {
  return const_cast<Connection*>(std::as_const(*this).find(id));
}

SocketId PairConnections::add(const SocketAddress& local, const SocketAddress& remote) {
  if (connections_.size() >= kMaxConnections || next_id_ == kFirstRelay) return 0;
  Connection& added = connections_.emplace_back();
  added.id = next_id_++;
  added.local = local;
  added.remote = remote;
  return added.id;
}

void PairConnections::send(SocketId connection, Bytes datagram) {
  Connection* c = find(connection);
  if (c == nullptr) return;
  auto framed = frame_for_stream(StreamFraming::kLength, datagram);
  if (c->state == State::kOpen) {
    if (out_.size() < kMaxPending) out_.push_back({{c->remote, c->id}, std::move(framed)});
    return;
  }
  if (c->waiting.size() < kMaxWaiting) c->waiting.push_back(std::move(framed));
  if (c->state == State::kOpening) return;
  c->state = State::kOpening;
  c->deframer = StreamDeframer(StreamFraming::kLength);
  FullRequest request;
  request.type = FullRequest::Type::kConnect;
  request.socket = c->id;
  request.remote = c->remote;
  request.local = c->local.with_port(0);
  requests_.push(std::move(request));
}

void PairConnections::connected(SocketId connection) {
  Connection* c = find(connection);
  if (c == nullptr || c->state != State::kOpening) return;
  c->state = State::kOpen;
  for (auto& framed : std::exchange(c->waiting, {})) out_.push_back({{c->remote, c->id}, std::move(framed)});
}

void PairConnections::disconnected(SocketId connection) {
  Connection* c = find(connection);
  if (c == nullptr) return;
  c->state = State::kIdle;
  c->waiting.clear();
  c->deframer = StreamDeframer(StreamFraming::kLength);
}

void PairConnections::append(SocketId connection, Bytes bytes) {
  if (Connection* c = find(connection); c != nullptr && c->state == State::kOpen) c->deframer.append(bytes);
}

std::optional<MutableBytes> PairConnections::next(SocketId connection) {
  Connection* c = find(connection);
  return c == nullptr ? std::nullopt : c->deframer.next();
}

const SocketAddress* PairConnections::local(SocketId connection) const {
  const Connection* found = find(connection);
  return found == nullptr ? nullptr : &found->local;
}

const SocketAddress* PairConnections::remote(SocketId connection) const {
  const Connection* found = find(connection);
  return found == nullptr ? nullptr : &found->remote;
}

void PairConnections::close_others(SocketId kept) {
  std::erase_if(connections_, [&](const Connection& c) {
    if (c.id == kept) return false;
    if (c.state == State::kIdle) return true;
    FullRequest request;
    request.type = FullRequest::Type::kDisconnect;
    request.socket = c.id;
    requests_.push(std::move(request));
    return true;
  });
}

void PairConnections::drain(std::vector<Transmit>& out) {
  std::move(out_.begin(), out_.end(), std::back_inserter(out));
  out_.clear();
}

}  // namespace sluice::ice
