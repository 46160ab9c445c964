// Closing: what goes with what, who is told, and what the dumps show before and after.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "engine/conference.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

class Call : public Conference {
 public:
  Call() {
    produce("t1", "p1", 1);
    produce("t1", "p2", 2);
    produce("t2", "q", 3);
    (void)ask<ConsumerReply>(consume("t2", "p1", "c1"));
    (void)ask<ConsumerReply>(consume("t2", "p2", "c2"));
    (void)ask<ConsumerReply>(consume("t1", "q", "d"));
    (void)events<ObjectClosed>();
  }
  Json counts() { return Json::parse(dump())["counts"]; }
  Json object(ObjectKind kind, const std::string& id) {
    return Json::parse(ask<DumpReply>(Dump{kind, id}).json);
  }
  std::vector<std::string> closed() {
    std::vector<std::string> out;
    for (const auto& event : events<ObjectClosed>()) out.push_back(event.id + " " + event.reason);
    std::sort(out.begin(), out.end());
    return out;
  }
};

TEST_CASE("closing a consumer is told to nobody else") {
  Call call;
  (void)call.ask<Done>(Close{ObjectKind::kConsumer, "c1"});
  CHECK(call.closed().empty());
  CHECK(call.counts()["consumers"] == 2);
  CHECK(call.object(ObjectKind::kProducer, "p1")["consumerIds"].empty());
}

TEST_CASE("closing a producer closes its consumers") {
  Call call;
  (void)call.ask<Done>(Close{ObjectKind::kProducer, "p1"});
  CHECK(call.closed() == std::vector<std::string>{"c1 producerclose"});
  CHECK(call.counts()["producers"] == 2);
  CHECK(call.counts()["consumers"] == 2);
  CHECK(call.object(ObjectKind::kTransport, "t1")["producerIds"] == Json{"p2"});
}

TEST_CASE("closing a transport closes its producers and consumers, and the consumers of those producers") {
  Call call;
  (void)call.ask<Done>(Close{ObjectKind::kTransport, "t1"});
  CHECK(call.closed() == std::vector<std::string>{"c1 producerclose", "c2 producerclose"});
  CHECK(call.counts() == Json{{"rooms", 1},
                              {"peers", 2},
                              {"transports", 1},
                              {"producers", 1},
                              {"consumers", 0},
                              {"observers", 0},
                              {"dataProducers", 0},
                              {"dataConsumers", 0}});
  CHECK(call.object(ObjectKind::kPeer, "ada")["transportIds"].empty());
}

TEST_CASE("closing a peer closes its transports") {
  Call call;
  (void)call.ask<Done>(Close{ObjectKind::kPeer, "ada"});
  CHECK(call.closed() == std::vector<std::string>{"c1 producerclose", "c2 producerclose"});
  CHECK(call.counts() == Json{{"rooms", 1},
                              {"peers", 1},
                              {"transports", 1},
                              {"producers", 1},
                              {"consumers", 0},
                              {"observers", 0},
                              {"dataProducers", 0},
                              {"dataConsumers", 0}});
  CHECK(call.object(ObjectKind::kRoom, "room")["peerIds"] == Json{"bob"});
  (void)call.ask<PeerReply>(
      CreatePeer{"room", "ada", "Ada", Subscription::kManual});  // id and name are free again
}

TEST_CASE("closing a room closes everything in it, and nothing of another room") {
  Call call;
  (void)call.ask<RoomReply>(CreateRoom{"other", client::room_codecs()});
  (void)call.ask<PeerReply>(CreatePeer{"other", "", "", Subscription::kAll});
  (void)call.ask<Done>(Close{ObjectKind::kRoom, "room"});
  CHECK(call.counts() == Json{{"rooms", 1},
                              {"peers", 1},
                              {"transports", 1},
                              {"producers", 0},
                              {"consumers", 0},
                              {"observers", 0},
                              {"dataProducers", 0},
                              {"dataConsumers", 0}});
  (void)call.ask<Done>(Close{ObjectKind::kRoom, "other"});
  CHECK(call.counts() == Json{{"rooms", 0},
                              {"peers", 0},
                              {"transports", 0},
                              {"producers", 0},
                              {"consumers", 0},
                              {"observers", 0},
                              {"dataProducers", 0},
                              {"dataConsumers", 0}});
  const Json dump = Json::parse(call.dump());
  CHECK(dump["network"]["usernameFragments"] == 0);
  CHECK(dump["deadlines"] == 0);
  CHECK(call.engine->next_deadline() == kNever);
}

TEST_CASE("dumps name what belongs to what") {
  Call call;
  const Json room = call.object(ObjectKind::kRoom, "room");
  CHECK(room["peerIds"] == Json{"ada", "bob"});
  CHECK(room["transportIds"] == Json{"t1", "t2"});
  CHECK(room["mapProducerIdConsumerIds"] == Json{{"p1", {"c1"}}, {"p2", {"c2"}}, {"q", {"d"}}});
  CHECK(call.object(ObjectKind::kPeer, "ada")["name"] == "Ada");
  CHECK(call.object(ObjectKind::kTransport, "t1")["peerId"] == "ada");
  CHECK(call.object(ObjectKind::kTransport, "t1")["iceState"] == "new");
  CHECK(call.object(ObjectKind::kProducer, "p1")["rtpParameters"]["encodings"][0]["ssrc"] == 1);
  CHECK(call.object(ObjectKind::kConsumer, "c1")["producerId"] == "p1");
}

TEST_CASE("pausing a producer is told to each of its consumers, once") {
  Call call;
  (void)call.ask<ConsumerReply>(call.consume("t1", "p1", "e"));
  (void)call.events<ProducerPaused>();
  (void)call.ask<Done>(Pause{ObjectKind::kProducer, "p1"});
  (void)call.ask<Done>(Pause{ObjectKind::kProducer, "p1"});
  CHECK(call.events<ProducerPaused>().size() == 2);
  const auto late = call.ask<ConsumerReply>(call.consume("t2", "p1"));
  CHECK(late.producer_paused);
  CHECK_FALSE(late.paused);
  (void)call.ask<Done>(Resume{ObjectKind::kProducer, "p1"});
  CHECK(call.events<ProducerPaused>().size() == 3);
}

TEST_CASE("a transport tells its candidates: each socket, by its announced address where it has one") {
  Call call;
  const auto reply = call.ask<WebRtcTransportReply>(CreateWebRtcTransport{"room", "", "t3"});
  REQUIRE(reply.ice_candidates.size() == 2);
  CHECK(reply.ice_candidates[0].address == "203.0.113.9");
  CHECK(reply.ice_candidates[0].port == 40000);
  CHECK(reply.ice_candidates[1].address == "2001:db8::1");
  CHECK(reply.ice_candidates[0].priority > reply.ice_candidates[1].priority);
  CHECK(reply.ice_parameters.ice_lite);
  CHECK(reply.ice_parameters.password.size() >= 22);
  REQUIRE(reply.dtls_parameters.fingerprints.size() == 1);
  CHECK(reply.dtls_parameters.fingerprints[0].algorithm == "sha-256");
  const auto again = call.ask<IceParametersReply>(RestartIce{"t3", ""});
  CHECK(again.ice_parameters.username_fragment != reply.ice_parameters.username_fragment);
}

TEST_CASE("ids that nobody chose are unique") {
  Call call;
  std::vector<std::string> ids;
  for (int i = 0; i < 100; ++i)
    ids.push_back(call.ask<PeerReply>(CreatePeer{"room", "", "", Subscription::kManual}).peer_id);
  std::sort(ids.begin(), ids.end());
  CHECK(std::unique(ids.begin(), ids.end()) == ids.end());
  CHECK(ids.front().size() == 36);
}

}  // namespace
}  // namespace sluice
