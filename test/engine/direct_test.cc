// Direct transports by command: messages, RTP and RTCP of the controller, and what it is told.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "engine/conference.h"

namespace sluice {
namespace {

Payload bytes(std::size_t size) {
  return Payload(std::vector<std::uint8_t>(size, 1));
}

struct Direct : Conference {
  Direct() {
    (void)ask<DirectTransportReply>(CreateDirectTransport{"room", "", "d1"});
    (void)ask<DirectTransportReply>(CreateDirectTransport{"room", "bob", "d2", 1'000'000});
  }
  void produce_data(const std::string& id, const std::string& transport = "d1") {
    CHECK(ask<DataProducerReply>(ProduceData{transport, id, std::nullopt, "chat", "p", false}).type ==
          "direct");
  }
  DataConsumerReply consume_data(const std::string& id, const std::string& producer,
                                 std::vector<std::uint16_t> subchannels = {}) {
    ConsumeData command{"d2", id, producer};
    command.subchannels = std::move(subchannels);
    return ask<DataConsumerReply>(command);
  }
  void send(const std::string& producer, std::size_t size, Audience audience = {}) {
    ask<Done>(SendToDataProducer{producer, ppid::kBinary, bytes(size), std::move(audience)});
  }
  nlohmann::json counts() { return nlohmann::json::parse(dump())["counts"]; }
};

TEST_CASE("a message of the controller reaches it again by a data consumer") {
  Direct rig;
  rig.produce_data("p");
  const auto reply = rig.consume_data("c", "p", {3, 1});
  CHECK(reply.type == "direct");
  CHECK(reply.label == "chat");
  CHECK(reply.protocol == "p");
  CHECK(reply.subchannels == std::vector<std::uint16_t>{1, 3});
  CHECK_FALSE(reply.sctp_stream_parameters);
  rig.send("p", 10);
  rig.send("p", 11, {{2}});
  rig.send("p", 12, {{3}});
  const auto messages = rig.events<DataMessageReceived>();
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].data_consumer_id == "c");
  CHECK(messages[0].payload.size() == 10);
  CHECK(messages[1].payload.size() == 12);
  CHECK(rig.ask<SubchannelsReply>(AddSubchannel{"c", 2}).subchannels == std::vector<std::uint16_t>{1, 2, 3});
  CHECK(rig.ask<SubchannelsReply>(RemoveSubchannel{"c", 3}).subchannels == std::vector<std::uint16_t>{1, 2});
  CHECK(rig.ask<SubchannelsReply>(SetSubchannels{"c", {9, 9}}).subchannels == std::vector<std::uint16_t>{9});
}

TEST_CASE("a controller that does not read loses messages by its consumer's limit, and gets the rest later") {
  Direct rig;
  rig.produce_data("p");
  rig.consume_data("c", "p");
  rig.engine->set_controller_room(1'000'000);
  for (int i = 0; i < 40; ++i) rig.send("p", 100'000);
  std::vector<std::size_t> told;
  const auto take = [&] {
    std::size_t messages = 0;
    std::size_t full = 0;
    for (const Event& event : rig.engine->take_events()) {
      messages += std::holds_alternative<DataMessageReceived>(event) ? 1 : 0;
      full += std::holds_alternative<DataConsumerFull>(event) ? 1 : 0;
    }
    told.push_back(full);
    return messages;
  };
  CHECK(take() == 9);  // of 100 kB and their frames, in 1 MB
  CHECK(told.back() == 1);
  rig.engine->set_controller_room(100);
  CHECK(take() == 0);
  rig.engine->set_controller_room(100'000'000);
  CHECK(take() == 10);  // 2 MB had waited
  const auto stats = *rig.ask<StatsReply>(GetStats{ObjectKind::kDataConsumer, "c"}).data;
  CHECK(stats.messages_sent == 19);
  CHECK(stats.dropped.at("queue-full") == 21);
  CHECK(stats.buffered_amount == 0);
}

TEST_CASE("pausing a data producer is told to its consumers, and pausing a consumer silences it") {
  Direct rig;
  rig.produce_data("p");
  rig.consume_data("c", "p");
  rig.ask<Done>(Pause{ObjectKind::kDataProducer, "p"});
  rig.ask<Done>(Pause{ObjectKind::kDataProducer, "p"});
  rig.send("p", 1);
  CHECK(rig.events<DataProducerPaused>().size() == 1);
  rig.ask<Done>(Resume{ObjectKind::kDataProducer, "p"});
  rig.ask<Done>(Pause{ObjectKind::kDataConsumer, "c"});
  rig.send("p", 1);
  CHECK(rig.events<DataMessageReceived>().empty());
  rig.ask<Done>(Resume{ObjectKind::kDataConsumer, "c"});
  rig.send("p", 1);
  CHECK(rig.events<DataMessageReceived>().size() == 1);
}

TEST_CASE("what is closed takes its data along, and nothing is left") {
  Direct rig;
  rig.produce_data("p");
  rig.consume_data("c", "p");
  rig.consume_data("d", "p");
  CHECK(rig.counts()["dataConsumers"] == 2);
  rig.ask<Done>(Close{ObjectKind::kDataConsumer, "d"});
  rig.send("p", 1);
  rig.ask<Done>(Close{ObjectKind::kDataProducer, "p"});
  const auto closed = rig.events<ObjectClosed>();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].kind == ObjectKind::kDataConsumer);
  CHECK(closed[0].id == "c");
  CHECK(closed[0].reason == "dataproducerclose");
  rig.produce_data("q");
  rig.consume_data("e", "q");
  rig.ask<Done>(Close{ObjectKind::kTransport, "d1"});
  CHECK(rig.events<ObjectClosed>().size() == 1);
  rig.produce_data("r", "d2");
  rig.ask<Done>(Close{ObjectKind::kRoom, "room"});
  CHECK(rig.counts()["dataProducers"] == 0);
  CHECK(rig.counts()["dataConsumers"] == 0);
  CHECK(nlohmann::json::parse(rig.dump())["packets"]["inUse"] == 0);
}

TEST_CASE("RTP of the controller goes to viewers, and RTP of a room to the controller") {
  Direct rig;
  rig.produce("d1", "a", 77);
  (void)rig.ask<ConsumerReply>(rig.consume("d2", "a", "ca"));
  std::vector<std::uint8_t> packet = {0x80, 0, 0, 1, 0, 0, 3, 0xE8, 0, 0, 0, 77, 1, 2, 3};
  packet[1] = rig.audio(77).codecs[0].payload_type;
  // RFC 3550 §6.4.1: with a clock of the publisher's there are reports about what is made from its packets.
  const std::vector<std::uint8_t> report = {0x80, 200, 0, 6, 0, 0,    0, 77, 1, 2, 3, 4, 5, 6,
                                            7,    8,   0, 0, 3, 0xE8, 0, 0,  0, 1, 0, 0, 0, 3};
  rig.ask<Done>(SendRtcp{"d1", report});
  rig.ask<Done>(SendRtp{"a", packet});
  while (!rig.engine->flush(rig.now).empty()) FAIL("nothing leaves by a socket");
  const auto received = rig.events<RtpReceived>();
  REQUIRE(received.size() == 1);
  CHECK(received[0].consumer_id == "ca");
  REQUIRE(received[0].packet.size() >= 15);
  CHECK(std::vector<std::uint8_t>(received[0].packet.end() - 3, received[0].packet.end()) ==
        std::vector<std::uint8_t>{1, 2, 3});
  // Reports of both directions come as RTCP.
  for (int i = 0; i < 30; ++i) {
    rig.now += 200ms;
    rig.engine->advance(rig.now);
  }
  (void)rig.engine->flush(rig.now);
  bool of_producer = false;
  bool of_consumer = false;
  for (const auto& rtcp : rig.events<RtcpReceived>()) {
    of_producer = of_producer || rtcp.transport_id == "d1";
    of_consumer = of_consumer || rtcp.transport_id == "d2";
  }
  CHECK(of_producer);
  CHECK(of_consumer);
  rig.ask<Done>(SendRtcp{"d2", {0x80, 201, 0, 1, 0, 0, 0, 9}});
  const auto stats = *rig.ask<StatsReply>(GetStats{ObjectKind::kTransport, "d1"}).transport;
  CHECK(stats.packets_received == 2);
  CHECK(stats.rtp_bytes_received > 0);
}

TEST_CASE("packets for a controller that does not read are bounded and counted") {
  Direct rig;
  rig.produce("d1", "a", 77);
  (void)rig.ask<ConsumerReply>(rig.consume("d2", "a", "ca"));
  rig.engine->set_controller_room(0);
  std::vector<std::uint8_t> packet(1'200, 0);
  packet[0] = 0x80;
  packet[1] = rig.audio(77).codecs[0].payload_type;
  packet[11] = 77;
  for (std::uint16_t i = 1; i <= 3'000; ++i) {
    packet[2] = static_cast<std::uint8_t>(i >> 8);
    packet[3] = static_cast<std::uint8_t>(i);
    rig.ask<Done>(SendRtp{"a", packet});
    (void)rig.engine->flush(rig.now);
  }
  CHECK(rig.events<RtpReceived>().empty());
  const auto stats = *rig.ask<StatsReply>(GetStats{ObjectKind::kTransport, "d2"}).transport;
  CHECK(stats.dropped.at("controller-queue-full") > 1'000);
  rig.engine->set_controller_room(100'000'000);
  CHECK(rig.events<RtpReceived>().size() > 1'000);
}

TEST_CASE("what data cannot be is told by its field") {
  Direct rig;
  rig.produce_data("p");
  rig.consume_data("c", "p");
  (void)rig.ask<RoomReply>(CreateRoom{"other", client::room_codecs()});
  (void)rig.ask<DirectTransportReply>(CreateDirectTransport{"other", "", "elsewhere"});
  rig.produce("t1", "media", 5);
  struct Case {
    Command command;
    ErrorCode code;
    std::string field;
  };
  const std::vector<Case> cases = {
      {CreateDirectTransport{"room", "", "d3", 5'000'000}, ErrorCode::kInvalidArgument, "maxMessageSize"},
      {CreateDirectTransport{"none", "", "d3"}, ErrorCode::kNotFound, "roomId"},
      {CreateDirectTransport{"room", "", "d1"}, ErrorCode::kAlreadyExists, "transportId"},
      {ProduceData{"none"}, ErrorCode::kNotFound, "transportId"},
      {ProduceData{"t1", "x", SctpStreamParameters{}}, ErrorCode::kInvalidState, "transportId"},
      {ProduceData{"d1", "p"}, ErrorCode::kAlreadyExists, "dataProducerId"},
      {ProduceData{"d1", "bad id"}, ErrorCode::kInvalidArgument, "dataProducerId"},
      {ProduceData{"d1", "x", std::nullopt, std::string(65'536, 'l')}, ErrorCode::kInvalidArgument, "label"},
      {ConsumeData{"d1", "", "none"}, ErrorCode::kNotFound, "dataProducerId"},
      {ConsumeData{"elsewhere", "", "p"}, ErrorCode::kNotFound, "dataProducerId"},
      {ConsumeData{"d1", "c", "p"}, ErrorCode::kAlreadyExists, "dataConsumerId"},
      {SendToDataProducer{"p", 50, bytes(1)}, ErrorCode::kInvalidArgument, "ppid"},
      {SendToDataProducer{"p", ppid::kString, Payload()}, ErrorCode::kInvalidArgument, "message"},
      {SendToDataProducer{"p", ppid::kString, bytes(262'145)}, ErrorCode::kInvalidArgument, "message"},
      {SendToDataProducer{"none", ppid::kString, bytes(1)}, ErrorCode::kNotFound, "dataProducerId"},
      {SendToDataConsumer{"c", ppid::kString, bytes(1)}, ErrorCode::kInvalidState, "dataConsumerId"},
      {SendToDataConsumer{"none", ppid::kString, bytes(1)}, ErrorCode::kNotFound, "dataConsumerId"},
      {GetBufferedAmount{"none"}, ErrorCode::kNotFound, "dataConsumerId"},
      {SetBufferedAmountLowThreshold{"none", 1}, ErrorCode::kNotFound, "dataConsumerId"},
      {SetSubchannels{"c", std::vector<std::uint16_t>(257, 1)}, ErrorCode::kInvalidArgument, "subchannels"},
      {SendRtp{"media", {0x80, 0}}, ErrorCode::kInvalidState, "producerId"},
      {SendRtp{"none", {0x80, 0}}, ErrorCode::kNotFound, "producerId"},
      {SendRtcp{"t1", {0x80, 0}}, ErrorCode::kInvalidArgument, "transportId"},
      {SendRtcp{"d1", {}}, ErrorCode::kInvalidArgument, "packet"},
      {SendRtcp{"d1", std::vector<std::uint8_t>(2'000)}, ErrorCode::kInvalidArgument, "packet"},
      {Close{ObjectKind::kDataProducer, "none"}, ErrorCode::kNotFound, "id"},
      {Pause{ObjectKind::kDataConsumer, "none"}, ErrorCode::kNotFound, "id"},
      {Dump{ObjectKind::kDataConsumer, "none"}, ErrorCode::kNotFound, "id"},
      {GetStats{ObjectKind::kDataProducer, "none"}, ErrorCode::kNotFound, "id"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    const Error error = rig.refuse(cases[i].command);
    CHECK(error.code == cases[i].code);
    CHECK(error.field == cases[i].field);
  }
}

}  // namespace
}  // namespace sluice
