#include "net/world.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "catch.h"

namespace sluice::net {
namespace {

dtls::Context make_context(const std::vector<std::uint16_t>& profiles) {
  auto certificate = dtls::Certificate::generate(1'700'000'000);
  if (profiles.empty()) return dtls::Context(std::move(certificate));
  return dtls::Context(std::move(certificate), profiles);
}

std::unique_ptr<Engine> make_engine(const WorldOptions& options, const WallClock& wall_clock,
                                    const std::vector<SocketAddress>& servers) {
  EngineOptions out;
  out.seed = Random::expand(options.seed);
  out.wall_clock = wall_clock;
  for (const SocketAddress& address : servers)
    out.sockets.push_back({static_cast<SocketId>(out.sockets.size()), address, ""});
  out.srtp_backend = options.server_backend;
  constexpr std::size_t kPortions[] = {512, 1, 7, 64};
  out.flush_portion = kPortions[options.seed % std::size(kPortions)];
  auto engine = Engine::create(std::move(out));
  REQUIRE(engine.ok());
  return std::move(*engine);
}

}  // namespace

client::MediaSender* Participant::sender(MediaKind kind) const {
  for (const Track& track : tracks) {
    if (track.sender->kind() == kind) return track.sender;
  }
  return nullptr;
}

const std::string& Participant::producer_id(MediaKind kind) const {
  for (const Track& track : tracks) {
    if (track.sender->kind() == kind) return track.producer_id;
  }
  FAIL("participant " << id << " does not produce that");
  return id;
}

World::World(WorldOptions options)
    : options_(std::move(options)),
      random_(options_.seed * 2 + 1),
      wall_clock_{now_, 1'700'000'000'000'000},
      network_(options_.seed * 2 + 2),
      servers_{*SocketAddress::parse("192.0.2.1", 10'000), *SocketAddress::parse("2001:db8::1", 10'000)},
      engine_(make_engine(options_, wall_clock_, servers_)),
      backend_(srtp::make_backend(srtp::detect_backend())),
      dtls_(make_context(options_.client_profiles)),
      batch_(*backend_),
      shared_{random_, wall_clock_, dtls_, *backend_, batch_, pool_} {
  for (const SocketAddress& address : servers_) network_.add_server(address);
}

World::~World() {
  batch_.finish();
}

const SocketAddress& World::server(IpFamily family) const {
  return servers_[family == IpFamily::kIPv4 ? 0 : 1];
}

Reply World::execute(const Command& command) {
  auto reply = engine_->execute(command, now_);
  if (!reply) FAIL("refused: " << reply.error().field << ": " << reply.error().message);
  for (const SocketId id : engine_->take_released_sockets()) CHECK(plain_sockets_.erase(id) == 1);
  flush_engine();
  take_events();
  return *reply;
}

std::vector<Participant*> World::present() const {
  std::vector<Participant*> out;
  for (const auto& p : participants_) {
    if (p->present) out.push_back(p.get());
  }
  return out;
}

TransportStats World::transport_stats(const Participant& p) {
  return *request<StatsReply>(GetStats{ObjectKind::kTransport, p.transport_id}).transport;
}

std::vector<RtpStreamStats> World::producer_stats(const Participant& p, MediaKind kind) {
  return request<StatsReply>(GetStats{ObjectKind::kProducer, p.producer_id(kind)}).streams;
}

// --- Time

void World::touch(Participant& p) {
  const Instant next = p.present ? p.peer->next_deadline() : kNever;
  if (next != p.deadline.at()) deadlines_.set(p.deadline, next);
}

Instant World::next_event() const {
  return std::min({network_.next_delivery(), engine_->next_deadline(), deadlines_.next()});
}

void World::step(Instant limit) {
  Instant next = std::max(now_, std::min(next_event(), limit));
  if (options_.batch > Duration::zero()) {
    const auto rounds = (next.time_since_epoch() + options_.batch - Duration(1)) / options_.batch;
    next = std::max(now_, std::min(Instant(rounds * options_.batch), limit));
  }
  idle_rounds_ = next > now_ ? 0 : idle_rounds_ + 1;
  if (idle_rounds_ > 1000)
    FAIL("a deadline is not served: time stands still, engine " << (engine_->next_deadline() <= now_));
  now_ = next;
  deliver();
  if (engine_->next_deadline() <= now_) engine_->advance(now_);
  flush_engine();
  while (Deadline* due = deadlines_.pop_due(now_)) {
    Participant& p = *static_cast<Participant*>(due->owner());
    p.peer->advance(now_);
    touch(p);
    if (p.deadline.at() <= now_) break;  // served again next round, where a standstill is noticed
  }
  flush_clients();
  take_events();
  settle_signaling();
}

void World::deliver() {
  while (network_.receive(now_, scratch_)) {
    const auto server = std::find(servers_.begin(), servers_.end(), scratch_.to);
    if (server != servers_.end()) {
      if (intercept && intercept(scratch_)) continue;
      PacketRef packet = engine_->pool().allocate();
      REQUIRE(scratch_.bytes.size() <= Packet::kCapacity);
      std::memcpy(packet->data, scratch_.bytes.data(), scratch_.bytes.size());
      packet->size = static_cast<std::uint16_t>(scratch_.bytes.size());
      packet->arrival = now_;
      to_engine_.push_back(
          {std::move(packet), {scratch_.from, static_cast<SocketId>(server - servers_.begin())}});
      continue;
    }
    const auto host = by_address_.find(scratch_.to);
    if (host == by_address_.end() || !host->second->present) continue;
    Participant& p = *host->second;
    PacketRef packet = pool_.allocate();
    std::memcpy(packet->data, scratch_.bytes.data(), scratch_.bytes.size());
    packet->size = static_cast<std::uint16_t>(scratch_.bytes.size());
    packet->arrival = now_;
    p.peer->receive(*packet, {scratch_.from, p.socket}, now_);
    touch(p);
  }
  if (to_engine_.empty()) return;
  engine_->receive(to_engine_, now_);
  to_engine_.clear();
}

void World::flush_engine() {
  for (auto out = engine_->flush(now_); !out.empty(); out = engine_->flush(now_)) {
    for (const OutgoingDatagram& datagram : out)
      network_.send(servers_.at(datagram.path.socket), datagram.path.remote, datagram.bytes, now_);
  }
}

void World::flush_clients() {
  batch_.finish();
  for (const OutgoingDatagram& datagram : batch_.take()) {
    network_.send(participants_.at(datagram.path.socket - 1U)->address, datagram.path.remote, datagram.bytes,
                  now_);
  }
}

void World::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (now_ < end || next_event() <= now_) step(end);
}

bool World::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = now_ + limit;
  while (!done()) {
    if (now_ >= end) return false;
    step(end);
  }
  return true;
}

bool World::run_until_connected(Duration limit) {
  return run_until(
      [&] {
        return std::all_of(participants_.begin(), participants_.end(),
                           [](const auto& p) { return !p->present || p->peer->connection().ready(); });
      },
      limit);
}

std::size_t World::inject(const SocketAddress& from, Bytes bytes, SocketId socket) {
  flush_engine();
  ReceivedDatagram datagram{engine_->pool().allocate(), {from, socket}};
  if (!bytes.empty()) std::memcpy(datagram.packet->data, bytes.data(), bytes.size());
  datagram.packet->size = static_cast<std::uint16_t>(bytes.size());
  datagram.packet->arrival = now_;
  engine_->receive(std::span(&datagram, 1), now_);
  std::size_t answered = 0;
  for (auto all = engine_->flush(now_); !all.empty(); all = engine_->flush(now_)) {
    for (const OutgoingDatagram& out : all) {
      if (out.path.remote == from) answered += out.bytes.size();
      network_.send(servers_.at(out.path.socket), out.path.remote, out.bytes, now_);
    }
  }
  take_events();
  return answered;
}

// --- Looking back

void World::finish() {
  for (auto& p : participants_) {
    if (p->present) leave(*p);
  }
  for (const std::string& room : rooms_) execute(Close{ObjectKind::kRoom, room});
  flush_engine();
  take_events();
  flush_engine();  // what was handed out last is free now
  const auto dump = nlohmann::json::parse(dump_worker());
  INFO(dump.dump(2));
  for (const char* kind :
       {"rooms", "peers", "transports", "producers", "consumers", "dataProducers", "dataConsumers"})
    CHECK(dump["counts"][kind] == 0);
  CHECK(dump["network"]["paths"] == 0);
  CHECK(dump["network"]["usernameFragments"] == 0);
  CHECK(dump["network"]["sockets"] == 0);
  CHECK(plain_sockets_.empty());
  CHECK(dump["deadlines"] == 0);
  CHECK(engine_->next_deadline() == kNever);
  CHECK(engine_->pool().in_use() == 0);
  participants_.clear();
  batch_.finish();
  CHECK(pool_.in_use() == 0);
}

}  // namespace sluice::net
