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
  flush_engine();
  take_events();
  return *reply;
}

// --- Conference
// -----------------------------------------------------------------------------------------------------------

Participant& World::join(JoinOptions options) {
  if (rooms_.insert(options.room).second) {
    capabilities_[options.room] =
        request<RoomReply>(CreateRoom{options.room, client::room_codecs()}).rtp_capabilities;
  }
  const auto index = static_cast<std::uint16_t>(participants_.size() + 1);
  participants_.push_back(std::make_unique<Participant>());
  Participant& p = *participants_.back();
  p.id = "p" + std::to_string(index);
  p.options = options;
  p.joined_at = now_;
  p.socket = index;
  p.address = options.address ? *options.address
              : options.family == IpFamily::kIPv4
                  ? *SocketAddress::parse(
                        "10.0." + std::to_string(index / 200) + "." + std::to_string(index % 200 + 1), 5000)
                  : *SocketAddress::parse("2001:db8:1::" + std::to_string(index), 5000);
  network_.add_host(p.address, options.up.value_or(options_.up), options.down.value_or(options_.down));
  by_address_[p.address] = &p;

  execute(CreatePeer{options.room, p.id, p.id, Subscription::kManual});
  p.peer = std::make_unique<client::Peer>(
      shared_, client::Connection::Options{index, options.family, options.dtls_role});
  const auto transport = request<WebRtcTransportReply>(
      CreateWebRtcTransport{options.room, p.id, "t-" + p.id, options.consent_timeout_seconds});
  p.transport_id = transport.transport_id;
  REQUIRE(client::connect(*p.peer, transport, now_).ok());
  execute(ConnectTransport{p.transport_id, p.peer->connection().dtls_parameters()});
  if (options.audio) produce(p, MediaKind::kAudio);
  if (options.video) produce(p, MediaKind::kVideo);
  if (options.consume) {
    for (Participant* other : present()) {
      if (other == &p || other->options.room != options.room) continue;
      for (const auto& track : other->tracks) consume(p, track.producer_id);
    }
  }
  touch(p);
  return p;
}

void World::produce(Participant& p, MediaKind kind) {
  const std::string mid = std::to_string(p.tracks.size());
  RtpParameters parameters = client::send_parameters(kind, mid, p.id, random_);
  const auto reply = request<ProducerReply>(
      Produce{p.transport_id, "", kind, parameters, false, p.options.key_frame_request_delay_ms});
  client::MediaSender::Options sender;
  sender.stream = next_stream_++;
  sender.kind = kind;
  sender.parameters = std::move(parameters);
  sender.video = p.options.video_options;
  p.tracks.push_back({reply.producer_id, sender.stream, &p.peer->add_sender(sender, now_)});
  for (Participant* other : present()) {
    if (other != &p && other->options.room == p.options.room && other->options.consume)
      consume(*other, reply.producer_id);
  }
  touch(p);
}

void World::close_producer(Participant& p, MediaKind kind) {
  const std::string id = p.producer_id(kind);
  const auto track =
      std::find_if(p.tracks.begin(), p.tracks.end(), [&](const auto& t) { return t.producer_id == id; });
  p.peer->remove_sender(*track->sender);
  p.tracks.erase(track);
  execute(Close{ObjectKind::kProducer, id});
}

client::MediaReceiver* World::consume(Participant& viewer, const std::string& producer_id, bool paused) {
  for (const auto& [consumer, producer] : viewer.consumers) {
    if (producer == producer_id) return nullptr;
  }
  Consume command;
  command.transport_id = viewer.transport_id;
  command.producer_id = producer_id;
  command.rtp_capabilities = capabilities_.at(viewer.options.room);
  command.paused = paused;
  const auto reply = request<ConsumerReply>(command);
  viewer.consumers[reply.consumer_id] = producer_id;
  client::MediaReceiver::Options receiver{reply.consumer_id, reply.kind, reply.rtp_parameters,
                                          viewer.options.nack};
  client::MediaReceiver& out = viewer.peer->add_receiver(std::move(receiver));
  touch(viewer);
  return &out;
}

client::MediaReceiver* World::find_receiver(const Participant& viewer, const Participant& publisher,
                                            MediaKind kind) const {
  return viewer.peer->find_receiver(consumer_id(viewer, publisher, kind));
}

std::string World::consumer_id(const Participant& viewer, const Participant& publisher,
                               MediaKind kind) const {
  const std::string& wanted = publisher.producer_id(kind);
  for (const auto& [consumer, producer] : viewer.consumers) {
    if (producer == wanted) return consumer;
  }
  return {};
}

void World::leave(Participant& p) {
  while (!p.consumers.empty()) retire(p, p.consumers.begin()->first);
  p.peer->close(now_);
  p.present = false;
  flush_clients();
  p.tracks.clear();
  execute(Close{ObjectKind::kPeer, p.id});
  touch(p);
}

void World::vanish(Participant& p) {
  network_.cut(p.address, true);
  p.present = false;
  deadlines_.remove(p.deadline);
}

void World::restart_ice(Participant& p) {
  const auto reply = request<IceParametersReply>(RestartIce{p.transport_id, ""});
  p.peer->connection().restart_ice(reply.ice_parameters);
  p.peer->advance(now_);
  flush_clients();
  touch(p);
}

void World::rebind(Participant& p) {
  network_.rebind(p.address, p.address.with_port(next_outer_port_++));
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
// -----------------------------------------------------------------------------------------------------------------

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
}

void World::deliver() {
  while (network_.receive(now_, scratch_)) {
    const auto server = std::find(servers_.begin(), servers_.end(), scratch_.to);
    if (server != servers_.end()) {
      if (on_server_datagram) on_server_datagram(scratch_);
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
  for (const OutgoingDatagram& datagram : engine_->flush(now_)) {
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
  for (const OutgoingDatagram& out : engine_->flush(now_)) {
    if (out.path.remote == from) answered += out.bytes.size();
    network_.send(servers_.at(out.path.socket), out.path.remote, out.bytes, now_);
  }
  take_events();
  return answered;
}

// --- Looking back
// ---------------------------------------------------------------------------------------------------------

void World::take_events() {
  for (Event& event : engine_->take_events()) {
    if (const auto* closed = std::get_if<ObjectClosed>(&event)) on_closed(*closed);
    events_.push_back(std::move(event));
  }
}

void World::on_closed(const ObjectClosed& closed) {
  if (closed.kind != ObjectKind::kConsumer) return;
  for (auto& p : participants_) {
    if (p->consumers.contains(closed.id)) return retire(*p, closed.id);
  }
}

void World::retire(Participant& viewer, const std::string& consumer_id) {
  const std::string id = consumer_id;
  viewer.consumers.erase(id);
  client::MediaReceiver* receiver = viewer.peer->find_receiver(id);
  if (receiver == nullptr) return;
  finished_.push_back({viewer.id, receiver->kind(), receiver->continuity(), receiver->given_up()});
  viewer.peer->remove_receiver(*receiver);
}

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
  for (const char* kind : {"rooms", "peers", "transports", "producers", "consumers"})
    CHECK(dump["counts"][kind] == 0);
  CHECK(dump["network"]["paths"] == 0);
  CHECK(dump["network"]["usernameFragments"] == 0);
  CHECK(dump["deadlines"] == 0);
  CHECK(engine_->next_deadline() == kNever);
  CHECK(engine_->pool().in_use() == 0);
  participants_.clear();
  batch_.finish();
  CHECK(pool_.in_use() == 0);
}

}  // namespace sluice::net
