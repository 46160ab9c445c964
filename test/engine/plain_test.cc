// Plain transports by commands: what is refused, what is told, and whose a socket is at each moment.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "engine/conference.h"

namespace sluice {
namespace {

ListenSocket socket(SocketId id, std::uint16_t port) {
  return {id, *SocketAddress::parse("192.0.2.1", port), "media.example.org"};
}

CreatePlainTransport plain(const std::string& id, SocketId socket_id = 2) {
  CreatePlainTransport command;
  command.room_id = "room";
  command.transport_id = id;
  command.socket = socket(socket_id, 20'000);
  return command;
}

void refuse(Conference& rig, const CreatePlainTransport& command, ErrorCode code, const std::string& field) {
  const std::string before = rig.dump();
  const Error error = rig.refuse(command);
  INFO(error.field << ": " << error.message);
  CHECK(error.code == code);
  CHECK(error.field == field);
  CHECK(rig.dump() == before);
  // The sockets come back at once.
  std::vector<SocketId> handed;
  if (command.socket) handed.push_back(command.socket->id);
  if (command.rtcp_socket) handed.push_back(command.rtcp_socket->id);
  CHECK(rig.engine->take_released_sockets() == handed);
}

TEST_CASE("a refused plain transport names the field and gives its sockets back") {
  Conference rig;
  auto command = plain("p");
  command.room_id = "nowhere";
  refuse(rig, command, ErrorCode::kNotFound, "roomId");
  command = plain("p");
  command.peer_id = "nobody";
  refuse(rig, command, ErrorCode::kNotFound, "peerId");
  refuse(rig, plain("t1"), ErrorCode::kAlreadyExists, "transportId");
  refuse(rig, plain("a b"), ErrorCode::kInvalidArgument, "transportId");
  command = plain("p");
  command.enable_sctp = true;
  refuse(rig, command, ErrorCode::kUnsupported, "enableSctp");
  command = plain("p");
  command.enable_srtp = true;
  command.srtp_crypto_suite = "ROT13";
  command.rtcp_mux = false;
  command.rtcp_socket = socket(3, 20'001);
  refuse(rig, command, ErrorCode::kInvalidArgument, "srtpCryptoSuite");
}

TEST_CASE("a plain transport tells its tuple, and closing it gives its sockets back") {
  Conference rig;
  auto command = plain("p");
  command.peer_id = "ada";
  command.rtcp_mux = false;
  command.rtcp_socket = socket(3, 20'001);
  const auto reply = rig.ask<PlainTransportReply>(command);
  CHECK(reply.transport_id == "p");
  CHECK_FALSE(reply.rtcp_mux);
  CHECK(reply.tuple.local_address == "media.example.org");
  CHECK(reply.tuple.local_port == 20'000);
  CHECK(reply.tuple.remote_address.empty());
  CHECK(reply.rtcp_tuple->local_port == 20'001);
  CHECK_FALSE(reply.srtp_parameters.has_value());
  CHECK(rig.engine->take_released_sockets().empty());

  const auto dump = nlohmann::json::parse(rig.ask<DumpReply>(Dump{ObjectKind::kTransport, "p"}).json);
  CHECK(dump["type"] == "plain");
  CHECK(dump["peerId"] == "ada");
  CHECK(nlohmann::json::parse(rig.dump())["network"]["sockets"] == 2);

  const ObjectKind owner = GENERATE(ObjectKind::kTransport, ObjectKind::kPeer, ObjectKind::kRoom);
  (void)rig.ask<Done>(Close{owner, owner == ObjectKind::kTransport ? "p"
                                   : owner == ObjectKind::kPeer    ? "ada"
                                                                   : "room"});
  CHECK(rig.engine->take_released_sockets() == std::vector<SocketId>{2, 3});
  CHECK(rig.engine->take_released_sockets().empty());
}

TEST_CASE("connecting tells the remote end; each kind refuses the other's connect") {
  Conference rig;
  (void)rig.ask<PlainTransportReply>(plain("p"));
  ConnectPlainTransport connect{"p", "198.51.100.1", 5000, {}, {}};
  CHECK(rig.refuse(ConnectTransport{"p", rig.dtls()}).field == "transportId");
  CHECK(rig.refuse(RestartIce{"p", ""}).field == "transportId");
  CHECK(rig.refuse(ConnectPlainTransport{"t1", "198.51.100.1", 5000, {}, {}}).field == "transportId");
  CHECK(rig.refuse(ConnectPlainTransport{"q", "198.51.100.1", 5000, {}, {}}).code == ErrorCode::kNotFound);
  CHECK(rig.refuse(ConnectPlainTransport{"p", "198.51.100.1", {}, {}, {}}).field == "port");
  const auto reply = rig.ask<PlainConnectReply>(connect);
  CHECK(reply.tuple.remote_address == "198.51.100.1");
  CHECK(reply.tuple.remote_port == 5000);
  CHECK(rig.refuse(connect).code == ErrorCode::kInvalidState);
  const auto stats = *rig.ask<StatsReply>(GetStats{ObjectKind::kTransport, "p"}).transport;
  CHECK(stats.rtcp_mux);
  CHECK(stats.tuple->remote_port == 5000);
  CHECK(stats.ice_state.empty());
}

TEST_CASE("what comedia learns is told once, and consumers begin") {
  Conference rig;
  auto command = plain("p");
  command.comedia = true;
  (void)rig.ask<PlainTransportReply>(command);
  (void)rig.ask<PlainTransportReply>(plain("q", 3));
  (void)rig.ask<PlainConnectReply>(ConnectPlainTransport{"q", "198.51.100.2", 6000, {}, {}});
  rig.produce("p", "audio", 77);
  (void)rig.ask<ConsumerReply>(rig.consume("q", "audio"));
  const auto receive = [&](const char* ip, std::uint8_t number) {
    ReceivedDatagram datagram{rig.engine->pool().allocate(), {*SocketAddress::parse(ip, 5000), 2}};
    const std::uint8_t bytes[] = {0x80, 111, 0, number, 0, 0, 0, 9, 0, 0, 0, 77, 1, 2, 3};
    std::memcpy(datagram.packet->data, bytes, sizeof bytes);
    datagram.packet->size = sizeof bytes;
    rig.engine->receive(std::span(&datagram, 1), rig.now);
    return rig.engine->flush(rig.now).size();
  };
  CHECK(receive("198.51.100.1", 1) == 1);
  CHECK(receive("198.51.100.9", 2) == 0);
  CHECK(receive("198.51.100.1", 2) == 1);
  const auto told = rig.events<TupleChange>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].transport_id == "p");
  CHECK(told[0].tuple.remote_address == "198.51.100.1");
  CHECK(told[0].tuple.local_port == 20'000);
}

TEST_CASE("WebRTC candidates name the worker's own sockets only, and a plain socket takes no STUN") {
  Conference rig;
  (void)rig.ask<PlainTransportReply>(plain("p"));
  CHECK(rig.ask<WebRtcTransportReply>(CreateWebRtcTransport{"room", "", "w"}).ice_candidates.size() == 2);
  ReceivedDatagram stun{rig.engine->pool().allocate(), {*SocketAddress::parse("198.51.100.1", 5000), 2}};
  std::memset(stun.packet->data, 0, 20);
  stun.packet->data[1] = 1;
  stun.packet->size = 20;
  rig.engine->receive(std::span(&stun, 1), rig.now);
  const auto stats = *rig.ask<StatsReply>(GetStats{ObjectKind::kTransport, "p"}).transport;
  CHECK(stats.dropped.at("unknown-class") == 1);
  CHECK(rig.engine->flush(rig.now).empty());
}

TEST_CASE("a negotiated transport takes no tracks but by descriptions") {
  Conference rig;
  (void)rig.ask<PeerReply>(CreatePeer{"room", "eve", "", Subscription::kAll});
  const auto made = rig.events<PeerTransportCreated>();
  REQUIRE(made.size() == 1);
  const std::string& id = made[0].transport_id;
  const Error error = rig.refuse(Produce{id, "", MediaKind::kAudio, rig.audio(5), false, 0});
  CHECK(error.code == ErrorCode::kInvalidState);
  CHECK(error.field == "transportId");
  rig.produce("t1", "p", 1);
  CHECK(rig.refuse(rig.consume(id, "p")).code == ErrorCode::kInvalidState);
}

}  // namespace
}  // namespace sluice
