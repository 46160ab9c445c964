// The real program over real TCP: synthetic peers call through its listener, and strangers knock.
#include <set>

#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/worker_process.h"
#include "catch.h"
#include "net/tcp_peers.h"
#include "worker/sockaddr.h"

#ifdef SLUICE_WORKER_BINARY

namespace sluice {
namespace {

using Json = nlohmann::json;

class TcpCall {
 public:
  TcpCall() {
    auto started = bench::WorkerProcess::start(
        {SLUICE_WORKER_BINARY,
         {"--listen", "127.0.0.1", "--listen", "tcp:127.0.0.1", "--port-range", "30000-39999"},
         -1,
         ""});
    REQUIRE(started.ok());
    worker.emplace(std::move(*started));
    auto created = worker->controller().create_room({"room", client::room_codecs()});
    REQUIRE(created.ok());
    room = std::move(*created);
  }

  Json worker_dump() {
    const auto json = worker->controller().dump(ObjectKind::kWorker, "");
    REQUIRE(json.ok());
    return Json::parse(*json);
  }
  Json tcp() { return worker_dump()["sockets"][1]; }
  SocketAddress address() {
    const std::string local = tcp()["local"];
    return *SocketAddress::parse("127.0.0.1",
                                 static_cast<std::uint16_t>(std::stoi(local.substr(local.find(':') + 1))));
  }
  std::string dump_transport(const std::string& id) {
    const auto json = worker->controller().dump(ObjectKind::kTransport, id);
    REQUIRE(json.ok());
    return *json;
  }

  client::Peer& join(const std::string& id, int receive_buffer = 0) {
    CreateWebRtcTransport command;
    command.room_id = "room";
    command.transport_id = id;
    const auto reply = worker->controller().create_webrtc_transport(command);
    REQUIRE(reply.ok());
    REQUIRE(reply->ice_candidates.size() == 2);
    CHECK(reply->ice_candidates[1].tcp_type == IceTcpType::kPassive);
    auto peer = peers.add(address(), receive_buffer);
    REQUIRE(peer.ok());
    REQUIRE(worker->controller().connect_transport({id, (*peer)->connection().dtls_parameters()}).ok());
    REQUIRE(client::connect(**peer, *reply, peers.now()).ok());
    return **peer;
  }
  client::MediaSender& publish(client::Peer& peer, const std::string& transport, const std::string& id,
                               std::uint32_t stream, std::uint32_t bitrate = 1'000'000) {
    client::MediaSender::Options options;
    options.stream = stream;
    options.kind = MediaKind::kVideo;
    options.parameters = client::send_parameters(MediaKind::kVideo, id, "cname", peers.shared().random);
    options.video.bitrate = bitrate;
    Produce produce;
    produce.transport_id = transport;
    produce.producer_id = id;
    produce.kind = MediaKind::kVideo;
    produce.rtp_parameters = options.parameters;
    REQUIRE(worker->controller().produce(produce).ok());
    return peer.add_sender(options, peers.now());
  }
  client::MediaReceiver& watch(client::Peer& peer, const std::string& transport,
                               const std::string& producer) {
    Consume consume;
    consume.transport_id = transport;
    consume.producer_id = producer;
    consume.rtp_capabilities = room.rtp_capabilities;
    const auto reply = worker->controller().consume(consume);
    REQUIRE(reply.ok());
    return client::receive(peer, *reply);
  }

  std::optional<bench::WorkerProcess> worker;
  RoomReply room;
  net::TcpPeers peers;
};

/// `refused`: it may be reset so fast that connect() already says so.
int connect_to(const SocketAddress& server, bool refused = false) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  worker::KernelAddress address{};
  const socklen_t size = worker::to_sockaddr(server, address);
  const int result = connect(fd, &address.any, size);
  REQUIRE((result == 0 || (refused && errno == ECONNRESET)));
  return fd;
}

/// The other end has closed or reset: nothing more can be read.
bool ended(int fd, int patience_ms) {
  pollfd ready{fd, POLLIN, 0};
  if (poll(&ready, 1, patience_ms) != 1) return false;
  char byte = 0;
  return recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

TEST_CASE("two peers that reach the worker by TCP alone see each other's video without a gap") {
  TcpCall call;
  client::Peer& ada = call.join("ada");
  client::Peer& bob = call.join("bob");
  REQUIRE(call.peers.run(10s, [&] { return ada.connection().ready() && bob.connection().ready(); }));
  call.publish(ada, "ada", "from-ada", 1);
  call.publish(bob, "bob", "from-bob", 2);
  const auto& to_bob = call.watch(bob, "bob", "from-ada");
  const auto& to_ada = call.watch(ada, "ada", "from-bob");
  REQUIRE(call.peers.run(20s, [&] {
    return to_bob.continuity().counts().frames > 60 && to_ada.continuity().counts().frames > 60;
  }));
  for (const auto* receiver : {&to_bob, &to_ada}) {
    CHECK(receiver->malformed() == 0);
    CHECK(receiver->continuity().counts().errors() == 0);
    CHECK(receiver->given_up() == 0);
  }
  const Json transport = Json::parse(call.dump_transport("ada"));
  CHECK(transport["iceSelectedTuple"]["protocol"] == "tcp");
  CHECK(transport["iceState"] == "completed");

  const Json tcp = call.tcp();
  CHECK(tcp["protocol"] == "tcp");
  CHECK(tcp["connectionsOpen"] == 2);
  CHECK(tcp["connectionsAccepted"] == 2);
  CHECK(tcp["dropped"].empty());
  CHECK(tcp["framesSent"].get<std::uint64_t>() > 100);
  CHECK(tcp["writeCalls"].get<std::uint64_t>() < tcp["framesSent"].get<std::uint64_t>());
  CHECK(tcp["sendBuffer"].get<int>() > 0);
  CHECK(call.worker_dump()["sockets"][0]["datagramsReceived"] == 0);
}

TEST_CASE(
    "a peer whose connection breaks is disconnected at once; a closed transport's connection is closed") {
  TcpCall call;
  client::Peer& ada = call.join("ada");
  client::Peer& bob = call.join("bob");
  REQUIRE(call.peers.run(10s, [&] { return ada.connection().ready() && bob.connection().ready(); }));
  call.peers.hang_up(ada);
  Json transport;
  for (int attempt = 0; attempt < 1000 && transport["iceState"] != "disconnected"; ++attempt)
    transport = Json::parse(call.dump_transport("ada"));
  CHECK(transport["iceState"] == "disconnected");
  CHECK_FALSE(transport.contains("iceSelectedTuple"));

  REQUIRE(call.worker->controller().close(ObjectKind::kTransport, "bob").ok());
  REQUIRE(call.peers.run(10s, [&] { return call.peers.ended(bob); }));
  CHECK(bob.connection().dtls().state() == dtls::State::kClosed);  // its goodbye came first
  const Json tcp = call.tcp();
  CHECK(tcp["connectionsOpen"] == 0);
  CHECK(tcp["connectionsEnded"] == Json{{"by-peer", 1}, {"released", 1}});
  CHECK(call.worker_dump()["network"]["paths"] == 0);
}

TEST_CASE(
    "a viewer that stops reading loses whole frames, keeps nobody else waiting, and sees again when it "
    "reads") {
  TcpCall call;
  client::Peer& ada = call.join("ada");
  client::Peer& slow = call.join("slow", 4096);
  client::Peer& bob = call.join("bob");
  REQUIRE(call.peers.run(10s, [&] {
    return ada.connection().ready() && slow.connection().ready() && bob.connection().ready();
  }));
  call.publish(ada, "ada", "video", 1, 8'000'000);
  const auto& to_slow = call.watch(slow, "slow", "video");
  const auto& to_bob = call.watch(bob, "bob", "video");
  REQUIRE(call.peers.run(20s, [&] { return to_slow.continuity().counts().frames > 10; }));
  call.peers.stop_reading(slow);
  REQUIRE(call.peers.run(30s, [&] { return call.tcp()["dropped"].contains("queue-full"); }));
  const auto shown_to_bob = to_bob.continuity().counts().frames;
  REQUIRE(call.peers.run(20s, [&] { return to_bob.continuity().counts().frames > shown_to_bob + 30; }));

  call.peers.stop_reading(slow, false);
  const auto shown = to_slow.continuity().counts().frames;
  REQUIRE(call.peers.run(30s, [&] { return to_slow.continuity().counts().frames > shown + 60; }));
  CHECK(to_slow.malformed() == 0);
  CHECK(slow.connection().drops().srtp_failed == 0);  // the stream's framing held
  CHECK(slow.connection().drops().unknown_class == 0);
}

TEST_CASE("strangers are turned out: other protocols at once, those without a valid check after a while") {
  TcpCall call;
  const SocketAddress server = call.address();
  const int browser = connect_to(server);
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(send(browser, request.data(), request.size(), MSG_NOSIGNAL) > 0);
  CHECK(ended(browser, 5000));
  const int silent = connect_to(server);
  const int half = connect_to(server);
  const std::uint8_t half_a_frame[] = {0x04, 0x00, 0x00, 0x01};
  REQUIRE(send(half, half_a_frame, sizeof half_a_frame, MSG_NOSIGNAL) == sizeof half_a_frame);
  const int garbage = connect_to(server);
  const std::uint8_t frames[] = {0, 0, 0, 1, 0x80, 0, 2, 0x00, 0x01, 0, 1, 0xFF};
  REQUIRE(send(garbage, frames, sizeof frames, MSG_NOSIGNAL) == sizeof frames);
  for (const int fd : {silent, half, garbage}) CHECK(ended(fd, 20'000));
  Json tcp = call.tcp();
  CHECK(tcp["connectionsOpen"] == 0);
  CHECK(tcp["connectionsEnded"] == Json{{"frame-too-long", 1}, {"no-check", 3}});
  CHECK(tcp["dropped"] == Json{{"empty", 1}});
  for (const int fd : {browser, silent, half, garbage}) close(fd);
}

TEST_CASE("thousands who connect and say nothing are bounded, and do not keep a caller out") {
  TcpCall call;
  const SocketAddress server = call.address();
  std::set<int> open;
  for (int i = 0; i < 3000; ++i) {
    const int fd = connect_to(server, true);
    open.insert(fd);
    if (open.size() > 200) {  // the test's own descriptors are few
      close(*open.begin());
      open.erase(open.begin());
    }
  }
  Json tcp = call.tcp();
  CHECK(tcp["connectionsOpen"] <= 64);
  CHECK(tcp["connectionsRefused"]["too-many-from-address"].get<int>() > 0);
  for (const int fd : open) close(fd);
  for (int attempt = 0; attempt < 1000 && tcp["connectionsOpen"] != 0; ++attempt) tcp = call.tcp();
  CHECK(tcp["connectionsOpen"] == 0);
  client::Peer& ada = call.join("ada");
  CHECK(call.peers.run(10s, [&] { return ada.connection().ready(); }));
}

}  // namespace
}  // namespace sluice

#endif
