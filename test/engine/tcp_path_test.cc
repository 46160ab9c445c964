// Paths by TCP: what is offered, how a connection becomes a path, and what follows when either end lets go.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "engine/conference.h"
#include "ice/lite_agent.h"
#include "ice/requests.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr SocketId kUdp = 0;
constexpr SocketId kTcp = 2;

SocketAddress client(std::uint16_t port) {
  return *SocketAddress::parse("198.51.100.7", port);
}

class TcpConference : public Conference {
 public:
  TcpConference()
      : Conference({{kTcp, *SocketAddress::parse("192.0.2.1", 443), "sfu.example", IceProtocol::kTcp}}) {}

  /// A transport of its own for `peer`, with the options that matter here.
  WebRtcTransportReply transport(const std::string& id, std::uint32_t consent_timeout = 30) {
    CreateWebRtcTransport command{"room", "ada", id, consent_timeout};
    return ask<WebRtcTransportReply>(command);
  }
  /// A connectivity check under the transport's credentials.
  void check(const WebRtcTransportReply& to, const Path& path, std::uint32_t priority = 1000,
             bool use_candidate = true) {
    ice::RequestSpec spec;
    spec.local_ufrag = to.ice_parameters.username_fragment;
    spec.password = to.ice_parameters.password;
    spec.priority = priority;
    spec.use_candidate = use_candidate;
    receive(ice::make_request(spec), path);
  }
  void receive(const std::vector<std::uint8_t>& bytes, const Path& path) {
    ReceivedDatagram datagram{engine->pool().allocate(), path};
    std::copy(bytes.begin(), bytes.end(), datagram.packet->data);
    datagram.packet->size = static_cast<std::uint16_t>(bytes.size());
    engine->receive({&datagram, 1}, now);
    datagram.packet.reset();
    (void)engine->flush(now);
  }
  std::string ice_state(const std::string& id) {
    return ask<StatsReply>(GetStats{ObjectKind::kTransport, id}).transport->ice_state;
  }
  std::optional<TransportTuple> tuple(const std::string& id) {
    return ask<StatsReply>(GetStats{ObjectKind::kTransport, id}).transport->tuple;
  }
  std::size_t paths() { return Json::parse(dump())["network"]["paths"]; }
};

std::vector<std::string> protocols(const std::vector<IceCandidate>& candidates) {
  std::vector<std::string> out;
  for (const auto& candidate : candidates) out.emplace_back(to_string(candidate.protocol));
  return out;
}

TEST_CASE("TCP is offered passively and after UDP, under the address that is announced") {
  TcpConference room;
  const auto candidates = room.transport("t").ice_candidates;
  REQUIRE(protocols(candidates) == std::vector<std::string>{"udp", "udp", "tcp"});
  const IceCandidate& tcp = candidates[2];
  CHECK(tcp.tcp_type == IceTcpType::kPassive);
  CHECK(tcp.type == IceCandidateType::kHost);
  CHECK(tcp.address == "sfu.example");
  CHECK(tcp.port == 443);
  CHECK(tcp.foundation != candidates[0].foundation);
  CHECK(tcp.priority < candidates[0].priority);
  CHECK(tcp.priority < candidates[1].priority);
  // RFC 6544 §4.2: 2^13 times the direction preference of a passive host candidate, 4.
  CHECK((tcp.priority >> 8 & 0xE000) == 4 << 13);
}

TEST_CASE("a transport offers what it is told to, or says why it cannot") {
  TcpConference room;
  const auto offered = [&](std::optional<bool> udp, std::optional<bool> tcp) {
    CreateWebRtcTransport command{"room", "ada", "", 30, {udp, tcp}};
    return protocols(room.ask<WebRtcTransportReply>(command).ice_candidates);
  };
  CHECK(offered(false, {}) == std::vector<std::string>{"tcp"});
  CHECK(offered({}, false) == std::vector<std::string>{"udp", "udp"});
  CHECK(offered(true, true).size() == 3);
  const Error nothing = room.refuse(CreateWebRtcTransport{"room", "ada", "", 30, {false, false}});
  CHECK(nothing.code == ErrorCode::kInvalidArgument);
  CHECK(nothing.field == "enableUdp");

  Conference udp_only;
  const Error no_tcp = udp_only.refuse(CreateWebRtcTransport{"room", "ada", "", 30, {{}, true}});
  CHECK(no_tcp.code == ErrorCode::kUnsupported);
  CHECK(no_tcp.field == "enableTcp");
  CHECK(no_tcp.message ==
        "the worker does not listen on TCP; it does when its settings' listen has such an address");
  CHECK(udp_only.refuse(CreateWebRtcTransport{"room", "ada", "", 30, {false, {}}}).field == "enableUdp");
}

TEST_CASE("preferTcp turns the order round, also against what browsers give their own TCP candidates") {
  TcpConference room;
  const auto priorities = [&](bool prefer_udp, bool prefer_tcp) {
    CreateWebRtcTransport command{"room", "ada", "", 30, {{}, {}, prefer_udp, prefer_tcp}};
    const auto candidates = room.ask<WebRtcTransportReply>(command).ice_candidates;
    return std::pair(candidates[0].priority, candidates[2].priority);
  };
  const auto [udp, tcp] = priorities(false, true);
  CHECK(udp < tcp);
  constexpr std::uint32_t kBrowsersTcp = 80U << 24;
  CHECK(udp < kBrowsersTcp);
  const auto [usual_udp, usual_tcp] = priorities(true, true);
  CHECK(usual_udp > usual_tcp);
}

TEST_CASE("an offer to a JSEP peer names the TCP candidate") {
  TcpConference room;
  room.produce("t1", "p", 1);
  (void)room.ask<PeerReply>(CreatePeer{"room", "cleo", "Cleo", Subscription::kAll});
  const std::string sdp = room.ask<DescriptionReply>(CreateOffer{"cleo"}).sdp;
  INFO(sdp);
  CHECK(sdp.find(" tcp ") != std::string::npos);
  CHECK(sdp.find(" sfu.example 443 typ host tcptype passive\r\n") != std::string::npos);
}

TEST_CASE("a valid check makes a connection a path, and its tuple says tcp") {
  TcpConference room;
  const auto transport = room.transport("t");
  const Path path{client(5000), kTcp};
  CHECK_FALSE(room.engine->has_path(path));
  room.check(transport, path);
  CHECK(room.engine->has_path(path));
  const auto tuple = room.tuple("t");
  REQUIRE(tuple);
  CHECK(tuple->protocol == "tcp");
  CHECK(tuple->local_address == "sfu.example");
  CHECK(tuple->local_port == 443);
  CHECK(tuple->remote_port == 5000);
  const auto events = room.events<IceSelectedTupleChange>();
  REQUIRE(events.size() == 1);
  CHECK(events[0].tuple.protocol == "tcp");
  const Json dump = Json::parse(room.ask<DumpReply>(Dump{ObjectKind::kTransport, "t"}).json);
  CHECK(dump["iceSelectedTuple"]["protocol"] == "tcp");
}

TEST_CASE("a check that is not valid makes no path") {
  TcpConference room;
  auto transport = room.transport("t");
  transport.ice_parameters.password = "another-password-of-22";
  room.check(transport, {client(5000), kTcp});
  CHECK_FALSE(room.engine->has_path({client(5000), kTcp}));
}

TEST_CASE("when the only connection closes the transport is disconnected, and connects again by another") {
  TcpConference room;
  const auto transport = room.transport("t");
  room.check(transport, {client(5000), kTcp});
  (void)room.events<IceStateChange>();
  room.engine->path_closed({client(5000), kTcp}, room.now);
  CHECK(room.ice_state("t") == "disconnected");
  CHECK_FALSE(room.tuple("t"));
  CHECK(room.paths() == 0);
  CHECK(room.engine->take_closed_paths().empty());  // the owner knows
  const auto events = room.events<IceStateChange>();
  REQUIRE(events.size() == 1);
  CHECK(events[0].ice_state == "disconnected");
  room.engine->path_closed({client(5000), kTcp}, room.now);  // twice, or of a stranger: nothing
  room.engine->path_closed({client(5001), kTcp}, room.now);
  room.check(transport, {client(5002), kTcp});
  CHECK(room.ice_state("t") == "completed");
  CHECK(room.tuple("t")->remote_port == 5002);
}

TEST_CASE("when the selected connection closes another valid path takes over") {
  TcpConference room;
  const auto transport = room.transport("t");
  room.check(transport, {client(4000), kUdp}, 100, false);
  room.check(transport, {client(5000), kTcp}, 1000);
  REQUIRE(room.tuple("t")->protocol == "tcp");
  room.engine->path_closed({client(5000), kTcp}, room.now);
  CHECK(room.ice_state("t") == "connected");
  CHECK(room.tuple("t")->protocol == "udp");
  CHECK(room.tuple("t")->remote_port == 4000);
}

TEST_CASE("the client moves from UDP to TCP and back by its nominations") {
  TcpConference room;
  const auto transport = room.transport("t");
  const Path udp{client(4000), kUdp};
  const Path tcp{client(5000), kTcp};
  room.check(transport, udp);
  CHECK(room.tuple("t")->protocol == "udp");
  for (const auto& [path, protocol] : {std::pair(tcp, "tcp"), std::pair(udp, "udp")}) {
    room.now += 5s;
    room.check(transport, path, 10);
    CHECK(room.tuple("t")->protocol == protocol);
    CHECK(room.ice_state("t") == "completed");
  }
}

TEST_CASE("closing a transport releases its connections, once each, and no UDP paths") {
  TcpConference room;
  const auto transport = room.transport("t");
  room.check(transport, {client(4000), kUdp});
  room.check(transport, {client(5000), kTcp});
  room.check(transport, {client(5001), kTcp});
  (void)room.ask<Done>(Close{ObjectKind::kTransport, "t"});
  const auto released = room.engine->take_closed_paths();
  CHECK(released == std::vector<Path>{{client(5000), kTcp}, {client(5001), kTcp}});
  CHECK(room.engine->take_closed_paths().empty());
  CHECK(room.paths() == 0);
}

TEST_CASE("a connection whose consent expires is released, though nothing else happens on the transport") {
  TcpConference room;
  const auto transport = room.transport("t", 5);
  room.check(transport, {client(5000), kTcp});
  CHECK(room.engine->next_deadline() == room.now + 5s);
  room.now += 5s;
  room.engine->advance(room.now);
  CHECK(room.ice_state("t") == "disconnected");
  CHECK(room.engine->take_closed_paths() == std::vector<Path>{{client(5000), kTcp}});
  CHECK(room.paths() == 0);
}

TEST_CASE("one client with ever more connections keeps few, and the others are released") {
  TcpConference room;
  const auto transport = room.transport("t");
  std::size_t released = 0;
  for (std::uint16_t port = 1000; port < 2000; ++port) {
    room.check(transport, {client(port), kTcp});
    released += room.engine->take_closed_paths().size();
    CHECK(room.paths() <= ice::LiteAgent::kMaxPaths);
  }
  CHECK(released + room.paths() == 1000);
}

TEST_CASE("a connection is one transport's: the one before forgets it") {
  TcpConference room;
  const auto first = room.transport("t");
  const auto second = room.transport("u");
  const Path path{client(5000), kTcp};
  room.check(first, path);
  room.check(second, path);
  CHECK(room.ice_state("t") == "disconnected");
  CHECK(room.ice_state("u") == "completed");
  CHECK(room.engine->take_closed_paths().empty());
  (void)room.ask<Done>(Close{ObjectKind::kTransport, "t"});
  CHECK(room.engine->take_closed_paths().empty());
  CHECK(room.engine->has_path(path));
  room.engine->path_closed(path, room.now);
  CHECK(room.ice_state("u") == "disconnected");
}

}  // namespace
}  // namespace sluice
