// Layers, priorities, limits and traces by command: what is answered, and what is refused.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "engine/conference.h"

namespace sluice {
namespace {

RtpParameters video(Conference& rig, int encodings, const std::string& mode) {
  RtpParameters out = client::send_parameters(MediaKind::kVideo, "v", "cname", rig.random);
  RtpEncodingParameters one;
  one.scalability_mode = mode;
  out.encodings.assign(static_cast<std::size_t>(encodings), one);
  for (int i = 0; i < encodings; ++i) {
    if (encodings > 1) out.encodings[static_cast<std::size_t>(i)].rid = "r" + std::to_string(i);
  }
  return out;
}

ConsumerReply consume_video(Conference& rig, int encodings, const std::string& mode,
                            std::optional<ConsumerLayers> preferred = {}) {
  const auto producer =
      rig.ask<ProducerReply>(Produce{"t1", "p", MediaKind::kVideo, video(rig, encodings, mode), false, 0});
  Consume consume = rig.consume("t2", "p", "c");
  consume.preferred_layers = preferred;
  auto reply = rig.ask<ConsumerReply>(consume);
  CHECK(producer.type == reply.type);
  return reply;
}

TEST_CASE("a consumer is told its type and the mode that it receives") {
  struct Case {
    int encodings;
    std::string mode;
    std::string type;
    std::string consumed;
  };
  for (const Case& one : std::vector<Case>{{1, "", "simple", ""},
                                           {1, "L1T1", "simple", "L1T1"},
                                           {1, "L1T3", "simulcast", "L1T3"},
                                           {2, "L1T2", "simulcast", "L2T2"},
                                           {3, "", "simulcast", "L3T1"}}) {
    INFO(one.encodings << " " << one.mode);
    Conference rig;
    const auto reply = consume_video(rig, one.encodings, one.mode);
    CHECK(reply.type == one.type);
    CHECK(reply.rtp_parameters.encodings[0].scalability_mode == one.consumed);
  }
}

TEST_CASE("preferred layers are answered as they hold") {
  Conference rig;
  const auto reply = consume_video(rig, 3, "L1T3", ConsumerLayers{1, 1});
  REQUIRE(reply.preferred_layers.has_value());
  CHECK(reply.preferred_layers->spatial == 1);
  const auto set = [&](ConsumerLayers layers) {
    return rig.ask<PreferredLayersReply>(SetPreferredLayers{"c", layers}).preferred_layers;
  };
  CHECK(set({0, 0}) == ConsumerLayers{0, 0});
  CHECK(set({200, std::nullopt})->spatial == 2);
}

TEST_CASE("what has no layers answers with none") {
  Conference rig;
  rig.produce("t1", "p", 7);
  (void)rig.ask<ConsumerReply>(rig.consume("t2", "p", "c"));
  CHECK_FALSE(rig.ask<PreferredLayersReply>(SetPreferredLayers{"c", {1, 1}}).preferred_layers.has_value());
}

TEST_CASE("a priority of 1 to 255 is taken") {
  Conference rig;
  (void)consume_video(rig, 1, "");
  CHECK(rig.ask<PriorityReply>(SetPriority{"c", 255}).priority == 255);
  CHECK(rig.refuse(SetPriority{"c", 0}).field == "priority");
  CHECK(rig.refuse(SetPriority{"x", 1}).field == "consumerId");
  CHECK(rig.refuse(SetPreferredLayers{"x", {}}).field == "consumerId");
}

TEST_CASE("an explanation is JSON that names the consumer, its producer and who paused it") {
  Conference rig;
  (void)consume_video(rig, 3, "L1T3");
  rig.ask<Done>(Pause{ObjectKind::kConsumer, "c"});
  const auto json = nlohmann::json::parse(rig.ask<DumpReply>(Explain{"c"}).json);
  CHECK(json["consumerId"] == "c");
  CHECK(json["producerId"] == "p");
  CHECK(json["type"] == "simulcast");
  CHECK(json["paused"]["consumer"] == true);
  CHECK(json["paused"]["producer"] == false);
  CHECK(json["dropped"].is_object());
  CHECK(rig.refuse(Explain{"x"}).field == "consumerId");
}

TEST_CASE("bitrate limits are kept, and the least is never above the greatest") {
  Conference rig;
  const auto limit = [](BitrateLimit which, std::uint32_t bitrate) {
    return SetBitrateLimit{"t1", which, bitrate};
  };
  rig.ask<Done>(limit(BitrateLimit::kMinOutgoing, 1'000));
  rig.ask<Done>(limit(BitrateLimit::kMaxOutgoing, 1'000));
  CHECK(rig.refuse(limit(BitrateLimit::kMaxOutgoing, 999)).field == "bitrate");
  CHECK(rig.refuse(limit(BitrateLimit::kMinOutgoing, 1'001)).field == "bitrate");
  rig.ask<Done>(limit(BitrateLimit::kMaxIncoming, 500));
  const auto stats = *rig.ask<StatsReply>(GetStats{ObjectKind::kTransport, "t1"}).transport;
  CHECK(stats.max_incoming_bitrate == 500u);
  CHECK(stats.max_outgoing_bitrate == 1'000u);
  CHECK(stats.min_outgoing_bitrate == 1'000u);
  rig.ask<Done>(limit(BitrateLimit::kMaxOutgoing, 0));
  rig.ask<Done>(limit(BitrateLimit::kMinOutgoing, 4'000'000'000));
  CHECK(rig.refuse(SetBitrateLimit{"x", BitrateLimit::kMaxIncoming, 1}).field == "transportId");
}

TEST_CASE("only what an object has is traced") {
  Conference rig;
  (void)consume_video(rig, 1, "");
  const auto trace = [](ObjectKind kind, const std::string& id, std::vector<TraceType> types) {
    return EnableTraceEvent{kind, id, std::move(types)};
  };
  rig.ask<Done>(trace(ObjectKind::kProducer, "p", {TraceType::kRtp, TraceType::kSr}));
  rig.ask<Done>(trace(ObjectKind::kProducer, "p", {}));
  rig.ask<Done>(trace(ObjectKind::kConsumer, "c", {TraceType::kNack, TraceType::kFir}));
  rig.ask<Done>(trace(ObjectKind::kTransport, "t1", {TraceType::kBwe}));
  CHECK(rig.refuse(trace(ObjectKind::kProducer, "p", {TraceType::kBwe})).field == "types[0]");
  CHECK(rig.refuse(trace(ObjectKind::kConsumer, "c", {TraceType::kRtp, TraceType::kSr})).field == "types[1]");
  CHECK(rig.refuse(trace(ObjectKind::kTransport, "t1", {TraceType::kPli})).field == "types[0]");
  CHECK(rig.refuse(trace(ObjectKind::kRoom, "room", {})).field == "kind");
  CHECK(rig.refuse(trace(ObjectKind::kProducer, "x", {})).field == "id");
}

}  // namespace
}  // namespace sluice
