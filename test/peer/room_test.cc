// Native peer connections in a room of the server, in virtual time: engine and clients as they are, between
// them a wire of 10 ms, by UDP or by TCP (RFC 6544, framed by RFC 4571).
#include <deque>
#include <map>

#include "base/bytes.h"
#include "catch.h"
#include "peer/peers_rig.h"
#include "sluice/engine.h"

using namespace sluice;
using sluice::test::vp8_frame;

namespace {

constexpr Duration kDelay = 10ms;
constexpr SocketId kUdpSocket = 0;
constexpr SocketId kTcpSocket = 1;
const SocketAddress kServer = *SocketAddress::parse("192.0.2.1", 4000);

struct Client {
  std::string id;
  SocketAddress address;
  std::unique_ptr<PeerConnection> pc;
  std::vector<event::FrameReceived> frames;
  std::vector<std::string> key_frames_wanted;  ///< RIDs, since they were looked at.
  std::map<SocketId, SocketAddress> connections;
  std::vector<std::uint8_t> to_server;  ///< Of a connection: bytes that are no whole frame yet.
  std::vector<SectionInfo> sections;
};

/// One room, and its clients.
class Room {
 public:
  explicit Room(bool tcp = false) : tcp_(tcp) {
    EngineOptions options;
    options.seed = Random::expand(5);
    options.wall_clock = {now_, 1'700'000'000'000'000};
    options.sockets = {tcp ? ListenSocket{kTcpSocket, kServer, "", IceProtocol::kTcp}
                           : ListenSocket{kUdpSocket, kServer, "", IceProtocol::kUdp}};
    auto engine = Engine::create(options);
    REQUIRE(engine.ok());
    engine_ = std::move(*engine);
    RtpCodecCapability vp8;
    vp8.kind = MediaKind::kVideo;
    vp8.mime_type = "video/VP8";
    vp8.clock_rate = 90'000;
    execute(CreateRoom{"room", {vp8}});
  }

  Client& join(const std::string& id) {
    auto client = std::make_unique<Client>();
    client->id = id;
    client->address = *SocketAddress::parse("198.51.100." + std::to_string(clients_.size() + 1), 5000);
    PeerConnection::Environment environment;
    environment.seed = Random::expand(clients_.size() + 10);
    environment.wall_clock = {now_, 1'700'000'000'000'000};
    auto pc = PeerConnection::create({}, environment);
    REQUIRE(pc.ok());
    client->pc = std::move(*pc);
    client->pc->add_local_address({client->address, 0, tcp_ ? IceProtocol::kTcp : IceProtocol::kUdp});
    execute(CreatePeer{"room", id, id, Subscription::kAll});
    clients_.push_back(std::move(client));
    return *clients_.back();
  }
  /// The client's offer and the server's answer.
  void offer(Client& client) {
    check(client.pc->set_local_description(now_));
    execute(SetRemoteDescription{client.id, SdpType::kOffer, client.pc->local_description()->sdp});
    execute(CreateAnswer{client.id});
    const auto answer =
        std::get<DescriptionReply>(execute(SetLocalDescription{client.id, SdpType::kAnswer, ""}));
    check(client.pc->set_remote_description({SdpType::kAnswer, answer.sdp}, now_));
    client.sections = answer.sections;
  }
  Reply execute(const Command& command) {
    auto reply = engine_->execute(command, now_);
    if (!reply) FAIL("refused: " << reply.error().field << ": " << reply.error().message);
    return *reply;
  }
  [[nodiscard]] Instant now() const { return now_; }

  void run_for(Duration duration) {
    const Instant end = now_ + duration;
    while (now_ < end) step(end);
  }
  bool run_until(const std::function<bool()>& done, Duration limit = 10s) {
    const Instant end = now_ + limit;
    while (!done()) {
      if (now_ >= end) return false;
      step(end);
    }
    return true;
  }

 private:
  struct Flying {
    Instant at;
    Client* client;
    bool to_server;
    SocketId socket;
    SocketAddress from;  ///< Of what goes to the server.
    std::vector<std::uint8_t> bytes;
  };

  static void check(const Result<void>& result) {
    INFO((result.ok() ? std::string() : result.error().field + ": " + result.error().message));
    REQUIRE(result.ok());
  }
  void step(Instant limit) {
    settle();
    Instant next = std::min(limit, engine_->next_deadline());
    if (!flying_.empty()) next = std::min(next, flying_.front().at);
    for (const auto& client : clients_) next = std::min(next, client->pc->next_deadline());
    now_ = std::max(now_, next);
    while (!flying_.empty() && flying_.front().at <= now_) {
      const Flying flying = std::move(flying_.front());
      flying_.pop_front();
      if (flying.to_server) {
        deliver_to_server(flying);
      } else {
        deliver_to_client(flying);
      }
    }
    if (engine_->next_deadline() <= now_) engine_->advance(now_);
    for (const auto& client : clients_)
      if (client->pc->next_deadline() <= now_) client->pc->advance(now_);
    settle();
  }
  void deliver_to_server(const Flying& flying) {
    PacketRef packet = engine_->pool().allocate();
    REQUIRE(flying.bytes.size() <= Packet::kCapacity);
    std::copy(flying.bytes.begin(), flying.bytes.end(), packet->data);
    packet->size = static_cast<std::uint16_t>(flying.bytes.size());
    packet->arrival = now_;
    ReceivedDatagram datagram{std::move(packet), {flying.from, tcp_ ? kTcpSocket : kUdpSocket}};
    engine_->receive({&datagram, 1}, now_);
  }
  void deliver_to_client(const Flying& flying) {
    Client& client = *flying.client;
    if (tcp_) return client.pc->receive_stream(flying.socket, flying.bytes, now_);
    PacketRef packet = pool_.allocate();
    std::copy(flying.bytes.begin(), flying.bytes.end(), packet->data);
    packet->size = static_cast<std::uint16_t>(flying.bytes.size());
    packet->arrival = now_;
    client.pc->receive(*packet, {kServer, 0}, now_);
  }
  void settle() {
    for (int i = 0; i < 100; ++i) {
      bool any = flush_engine();
      for (const auto& client : clients_) any |= flush(*client);
      if (!any) return;
    }
    FAIL("an instant never comes to rest");
  }
  bool flush_engine() {
    bool any = false;
    for (auto out = engine_->flush(now_); !out.empty(); out = engine_->flush(now_)) {
      any = true;
      for (const OutgoingDatagram& datagram : out) {
        std::vector<std::uint8_t> bytes;
        const std::size_t size = datagram.bytes.size();
        if (tcp_) bytes = {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
        bytes.insert(bytes.end(), datagram.bytes.begin(), datagram.bytes.end());
        send_to_client(datagram.path.remote, std::move(bytes));
      }
    }
    for (const Event& event : engine_->take_events())
      if (const auto* needed = std::get_if<NegotiationNeeded>(&event)) offer_from_server(needed->peer_id);
    return any;
  }
  void send_to_client(const SocketAddress& remote, std::vector<std::uint8_t> bytes) {
    for (const auto& client : clients_) {
      if (!tcp_ && client->address == remote)
        return flying_.push_back({now_ + kDelay, client.get(), false, 0, {}, std::move(bytes)});
      for (const auto& [socket, address] : client->connections)
        if (address == remote)
          return flying_.push_back({now_ + kDelay, client.get(), false, socket, {}, std::move(bytes)});
    }
  }
  void offer_from_server(const std::string& peer_id) {
    const auto it =
        std::find_if(clients_.begin(), clients_.end(), [&](const auto& c) { return c->id == peer_id; });
    REQUIRE(it != clients_.end());
    Client& client = **it;
    execute(CreateOffer{client.id});
    const auto offer =
        std::get<DescriptionReply>(execute(SetLocalDescription{client.id, SdpType::kOffer, ""}));
    check(client.pc->set_remote_description({SdpType::kOffer, offer.sdp}, now_));
    check(client.pc->set_local_description(now_));
    client.sections =
        std::get<DescriptionReply>(
            execute(SetRemoteDescription{client.id, SdpType::kAnswer, client.pc->local_description()->sdp}))
            .sections;
  }
  bool flush(Client& client) {
    bool any = false;
    while (const auto request = client.pc->poll_request()) {
      if (request->type != NetworkRequest::Type::kConnect) continue;
      CHECK(request->remote == kServer);
      const SocketAddress local =
          client.address.with_port(static_cast<std::uint16_t>(6000 + client.connections.size()));
      client.connections[request->socket] = local;
      client.pc->connected(request->socket, local, now_);
      any = true;
    }
    while (const auto event = client.pc->poll_event()) {
      any = true;
      if (const auto* e = std::get_if<event::FrameReceived>(&*event)) client.frames.push_back(*e);
      if (const auto* e = std::get_if<event::KeyFrameRequested>(&*event))
        client.key_frames_wanted.push_back(e->rid);
    }
    for (const OutgoingDatagram& out : client.pc->drain()) {
      any = true;
      if (!tcp_) {
        flying_.push_back(
            {now_ + kDelay, &client, true, 0, client.address, {out.bytes.begin(), out.bytes.end()}});
        continue;
      }
      std::vector<std::uint8_t>& stream = client.to_server;
      stream.insert(stream.end(), out.bytes.begin(), out.bytes.end());
      while (stream.size() >= 2 && stream.size() >= std::size_t{2} + load16(stream.data())) {
        const auto end = stream.begin() + 2 + load16(stream.data());
        flying_.push_back({now_ + kDelay,
                           &client,
                           true,
                           0,
                           client.connections.at(out.path.socket),
                           {stream.begin() + 2, end}});
        stream.erase(stream.begin(), end);
      }
    }
    return any;
  }

  bool tcp_;
  Instant now_{1000s};
  std::unique_ptr<Engine> engine_;
  PacketPool pool_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::deque<Flying> flying_;
};

const std::vector<std::string> kRids = {"q", "h", "f"};

/// Three encodings, told apart by what fills their frames: 'q', 'h', 'f'.
void send_simulcast(Room& room, Client& publisher, RtpSender sender, Duration duration) {
  static std::uint32_t picture = 0;
  for (const Instant end = room.now() + duration; room.now() < end; ++picture) {
    const auto wanted = std::exchange(publisher.key_frames_wanted, {});
    for (std::size_t i = 0; i < kRids.size(); ++i) {
      const std::string& rid = kRids[i];
      FrameMetadata metadata;
      metadata.rtp_timestamp = picture * 3000;
      metadata.key_frame = picture % 300 == 0 || std::find(wanted.begin(), wanted.end(), rid) != wanted.end();
      const auto frame = vp8_frame(metadata.key_frame, 600U << i, static_cast<std::uint8_t>(rid[0]));
      CHECK(sender.send_frame({frame, metadata}, room.now(), rid));
    }
    room.run_for(33ms);
  }
}

/// The layer of the newest frames that the client got: all of the last ten are of it.
std::string layer_of(const Client& viewer) {
  REQUIRE(viewer.frames.size() > 10);
  std::string out;
  for (std::size_t i = viewer.frames.size() - 10; i < viewer.frames.size(); ++i) {
    const std::string layer(1, static_cast<char>(viewer.frames[i].frame.data.back()));
    if (!out.empty() && layer != out) return "several";
    out = layer;
  }
  return out;
}

bool connected(const Client& client) {
  return client.pc->connection_state() == PeerConnectionState::kConnected;
}

}  // namespace

TEST_CASE("a native peer sends three encodings into a room, and a native viewer switches between them") {
  Room room;
  Client& publisher = room.join("publisher");
  Client& viewer = room.join("viewer");
  TransceiverInit init;
  init.direction = TransceiverDirection::kSendOnly;
  init.codecs = {"video/VP8"};
  for (const std::string& rid : kRids) init.send_encodings.push_back({rid, {}});
  const auto transceiver = publisher.pc->add_transceiver(MediaKind::kVideo, init);
  REQUIRE(transceiver.ok());
  room.offer(publisher);
  REQUIRE(room.run_until([&] { return connected(publisher) && connected(viewer); }));
  const auto parameters = transceiver->sender().parameters();
  REQUIRE(parameters);
  CHECK(publisher.pc->remote_description()->sdp.find("a=simulcast:recv q;h;f") != std::string::npos);

  send_simulcast(room, publisher, transceiver->sender(), 3s);
  CHECK(layer_of(viewer) == "f");
  REQUIRE(viewer.sections.size() == 1);
  const std::string consumer = viewer.sections[0].consumer_id;
  for (const std::size_t layer : {0U, 2U, 1U, 0U, 1U}) {
    INFO("to layer " << layer);
    const std::size_t before = viewer.frames.size();
    room.execute(SetPreferredLayers{consumer, {static_cast<std::uint8_t>(layer), {}}});
    send_simulcast(room, publisher, transceiver->sender(), 2s);
    CHECK(layer_of(viewer) == kRids[layer]);
    // Nothing was missing on the way: 30 frames a second, and of a switch the first one is a key frame.
    CHECK(viewer.frames.size() - before >= 55);
    for (std::size_t i = before; i < viewer.frames.size(); ++i) {
      const auto& frame = viewer.frames[i].frame;
      const bool switched = i > 0 && frame.data.back() != viewer.frames[i - 1].frame.data.back();
      CHECK((!switched || frame.metadata.key_frame));
      CHECK_FALSE(frame.metadata.after_loss);
    }
  }
  const auto stats = publisher.pc->get_stats(room.now()).all<OutboundRtpStats>();
  CHECK(stats.size() == 3);
}

TEST_CASE("native peers without UDP send and receive through the server by ICE-TCP") {
  Room room(true);
  Client& publisher = room.join("publisher");
  Client& viewer = room.join("viewer");
  const auto track =
      publisher.pc->add_track(MediaKind::kVideo, {.id = "", .stream_ids = {}, .codecs = {"video/VP8"}});
  REQUIRE(track.ok());
  room.offer(publisher);
  REQUIRE(room.run_until([&] { return connected(publisher) && connected(viewer); }));
  for (std::uint32_t i = 0; i < 60; ++i) {
    FrameMetadata metadata;
    metadata.rtp_timestamp = i * 3000;
    metadata.key_frame = i == 0 || !std::exchange(publisher.key_frames_wanted, {}).empty();
    const auto frame = vp8_frame(metadata.key_frame, 5000, static_cast<std::uint8_t>(i));
    CHECK(RtpSender(*track).send_frame({frame, metadata}, room.now()));
    room.run_for(33ms);
  }
  room.run_for(100ms);
  REQUIRE(viewer.frames.size() > 50);
  CHECK(viewer.frames.back().frame.data.back() == 59);
  for (const auto& c : publisher.pc->get_stats(room.now()).all<CandidateStats>()) CHECK(c.protocol == "tcp");
}
