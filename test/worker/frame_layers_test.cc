// Layers, priorities, scores, traces, limits and observers over the wire, both ways.
#include "catch.h"
#include "worker/control/frame.h"
#include "worker/wire.h"

using namespace sluice;
using namespace sluice::test;

namespace {

template <typename T, typename Table>
T received(Table table) {
  const control::Frame frame = control::decode_frame(pack_request(7, std::move(table)));
  const auto* request = std::get_if<control::RequestFrame>(&frame);
  REQUIRE(request != nullptr);
  if (!request->request.ok())
    FAIL(request->request.error().field << ": " << request->request.error().message);
  const auto* command = std::get_if<Command>(&request->request.value());
  REQUIRE(command != nullptr);
  REQUIRE(std::holds_alternative<T>(*command));
  return std::get<T>(*command);
}

template <typename Table>
std::string refused_field(Table table) {
  const control::Frame frame = control::decode_frame(pack_request(7, std::move(table)));
  const auto* request = std::get_if<control::RequestFrame>(&frame);
  REQUIRE(request != nullptr);
  REQUIRE_FALSE(request->request.ok());
  return request->request.error().field;
}

wire::ReplyUnion reply_of(const Reply& reply) {
  Bytes bytes;
  control::encode_response(3, control::Answer(reply), bytes);
  auto frame = take_frame(bytes);
  REQUIRE(frame != nullptr);
  return std::move(frame->body.AsResponse()->reply);
}

wire::EventUnion event_of(const Event& event) {
  Bytes bytes;
  control::encode_notification(event, bytes);
  auto frame = take_frame(bytes);
  REQUIRE(frame != nullptr);
  return std::move(frame->body.AsNotification()->event);
}

std::unique_ptr<wire::ConsumerLayersT> wire_layers(std::uint8_t spatial) {
  auto table = std::make_unique<wire::ConsumerLayersT>();
  table->spatial_layer = spatial;
  return table;
}

TEST_CASE("layers keep an absent temporal one apart from the lowest") {
  wire::SetPreferredLayersT table;
  table.consumer_id = "c";
  table.preferred_layers = wire_layers(2);
  CHECK(received<SetPreferredLayers>(table).layers == ConsumerLayers{2, std::nullopt});
  table.preferred_layers->temporal_layer = 0;
  CHECK(received<SetPreferredLayers>(table).layers == ConsumerLayers{2, 0});
  table.preferred_layers.reset();
  CHECK(refused_field(table) == "preferredLayers");

  CHECK(reply_of(PreferredLayersReply{}).AsPreferredLayersReply()->preferred_layers == nullptr);
  const auto reply = reply_of(PreferredLayersReply{ConsumerLayers{1, 0}});
  CHECK(reply.AsPreferredLayersReply()->preferred_layers->spatial_layer == 1);
  CHECK(reply.AsPreferredLayersReply()->preferred_layers->temporal_layer.value() == 0);
}

TEST_CASE("what a consumer starts with, and what it is told, come through") {
  wire::ConsumeT table;
  table.transport_id = "t";
  table.producer_id = "p";
  table.rtp_capabilities = std::make_unique<wire::RtpCapabilitiesT>();
  CHECK_FALSE(received<Consume>(table).preferred_layers.has_value());
  CHECK_FALSE(received<Consume>(table).ignore_dtx);
  table.preferred_layers = wire_layers(1);
  table.ignore_dtx = true;
  CHECK(received<Consume>(table).preferred_layers == ConsumerLayers{1, std::nullopt});
  CHECK(received<Consume>(table).ignore_dtx);

  ConsumerReply reply;
  reply.type = "svc";
  reply.score = {7, 8, {8, 0}};
  reply.preferred_layers = ConsumerLayers{2, 1};
  const auto sent = reply_of(reply);
  CHECK(sent.AsConsumerReply()->type == "svc");
  CHECK(sent.AsConsumerReply()->score->score == 7);
  CHECK(sent.AsConsumerReply()->score->producer_scores == std::vector<std::uint8_t>{8, 0});
  CHECK(sent.AsConsumerReply()->preferred_layers->spatial_layer == 2);
  ConsumerCreated created;
  created.type = "simulcast";
  created.score = {9, 10, {10}};
  const auto event = event_of(created);
  CHECK(event.AsConsumerCreated()->type == "simulcast");
  CHECK(event.AsConsumerCreated()->score->producer_score == 10);
}

TEST_CASE("priorities, limits and explanations are asked for by id") {
  wire::SetPriorityT priority;
  CHECK(refused_field(priority) == "consumerId");
  priority.consumer_id = "c";
  CHECK(received<SetPriority>(priority).priority == 1);
  priority.priority = 200;
  CHECK(received<SetPriority>(priority).priority == 200);
  CHECK(reply_of(PriorityReply{200}).AsPriorityReply()->priority == 200);

  wire::SetBitrateLimitT limit;
  limit.transport_id = "t";
  limit.limit = wire::BitrateLimit::MIN_OUTGOING;
  limit.bitrate = 4'000'000'000;
  CHECK(received<SetBitrateLimit>(limit).limit == BitrateLimit::kMinOutgoing);
  CHECK(received<SetBitrateLimit>(limit).bitrate == 4'000'000'000);
  limit.limit = static_cast<wire::BitrateLimit>(3);
  CHECK(refused_field(limit) == "limit");

  wire::ExplainT explain;
  CHECK(refused_field(explain) == "consumerId");
  explain.consumer_id = "c";
  CHECK(received<Explain>(explain).consumer_id == "c");
}

TEST_CASE("traces are asked for by type, and told with what they show") {
  wire::EnableTraceEventT table;
  table.kind = wire::ObjectKind::CONSUMER;
  table.id = "c";
  CHECK(received<EnableTraceEvent>(table).types.empty());
  table.types = {wire::TraceType::RTP, wire::TraceType::FIR};
  CHECK(received<EnableTraceEvent>(table).types == std::vector{TraceType::kRtp, TraceType::kFir});
  table.types.push_back(static_cast<wire::TraceType>(8));
  CHECK(refused_field(table) == "types");

  const auto event = event_of(TraceEvent{ObjectKind::kProducer, "p", TraceType::kSr, 5, true, "{}"});
  CHECK(event.AsTraceEvent()->kind == wire::ObjectKind::PRODUCER);
  CHECK(event.AsTraceEvent()->type == wire::TraceType::SR);
  CHECK(event.AsTraceEvent()->timestamp == 5);
  CHECK(event.AsTraceEvent()->outgoing);
  CHECK(event.AsTraceEvent()->info == "{}");
}

TEST_CASE("scores, layers and orientation are told") {
  const auto producer = event_of(ProducerScoreChange{"p", {{1, 11, "h", 6}}});
  REQUIRE(producer.AsProducerScoreChange()->scores.size() == 1);
  CHECK(producer.AsProducerScoreChange()->scores[0]->encoding_idx == 1);
  CHECK(producer.AsProducerScoreChange()->scores[0]->ssrc == 11);
  CHECK(producer.AsProducerScoreChange()->scores[0]->rid == "h");
  CHECK(producer.AsProducerScoreChange()->scores[0]->score == 6);
  const auto consumer = event_of(ConsumerScoreChange{"c", {5, 6, {6}}});
  CHECK(consumer.AsConsumerScoreChange()->score->producer_score == 6);
  CHECK(event_of(LayersChange{"c", std::nullopt}).AsLayersChange()->layers == nullptr);
  CHECK(event_of(LayersChange{"c", ConsumerLayers{2, 1}}).AsLayersChange()->layers->spatial_layer == 2);
  const auto turned = event_of(VideoOrientationChange{"p", true, false, 270});
  CHECK(turned.AsVideoOrientationChange()->camera);
  CHECK(turned.AsVideoOrientationChange()->rotation == 270);
}

TEST_CASE("observers are made, given producers, and heard") {
  wire::CreateActiveSpeakerObserverT speaker;
  CHECK(refused_field(speaker) == "roomId");
  speaker.room_id = "r";
  CHECK(received<CreateActiveSpeakerObserver>(speaker).interval_ms == 300);
  wire::CreateAudioLevelObserverT level;
  level.room_id = "r";
  CHECK(received<CreateAudioLevelObserver>(level).threshold == -80);
  level.threshold = -127;
  level.max_entries = 5;
  level.interval = 500;
  const auto asked = received<CreateAudioLevelObserver>(level);
  CHECK(asked.threshold == -127);
  CHECK(asked.max_entries == 5);
  CHECK(asked.interval_ms == 500);
  CHECK(reply_of(ObserverReply{"o"}).AsObserverReply()->observer_id == "o");

  wire::ObserverAddProducerT add;
  add.observer_id = "o";
  CHECK(refused_field(add) == "producerId");
  add.producer_id = "p";
  CHECK(received<ObserverAddProducer>(add).producer_id == "p");
  wire::ObserverRemoveProducerT remove;
  remove.producer_id = "p";
  CHECK(refused_field(remove) == "observerId");
  wire::CloseT close;
  close.kind = wire::ObjectKind::OBSERVER;
  close.id = "o";
  CHECK(received<Close>(close).kind == ObjectKind::kObserver);

  CHECK(event_of(DominantSpeaker{"o", "p"}).AsDominantSpeaker()->producer_id == "p");
  const auto volumes = event_of(AudioLevels{"o", {{"p", -127}, {"q", 0}}});
  REQUIRE(volumes.AsAudioLevels()->volumes.size() == 2);
  CHECK(volumes.AsAudioLevels()->volumes[0]->volume == -127);
  CHECK(event_of(AudioLevels{"o", {}}).AsAudioLevels()->volumes.empty());
}

TEST_CASE("statistics of layers and limits come through, and what is not known stays absent") {
  StatsReply stats;
  stats.transport.emplace();
  stats.transport->rtx_send_bitrate = 5;
  stats.transport->max_incoming_bitrate = 0;
  stats.transport->rtp_packet_loss_sent = 0.25;
  stats.streams.emplace_back();
  stats.streams[0].score = 9;
  stats.streams[0].rtx_packets_discarded = 3;
  stats.streams[0].bitrate_by_layer = {{"0.0", 100}, {"1.2", 900}};
  const auto sent = reply_of(stats);
  const auto& transport = *sent.AsStatsReply()->transport;
  CHECK(transport.rtx_send_bitrate == 5);
  CHECK(transport.max_incoming_bitrate.value() == 0);
  CHECK_FALSE(transport.max_outgoing_bitrate.has_value());
  CHECK_FALSE(transport.available_outgoing_bitrate.has_value());
  CHECK(transport.rtp_packet_loss_sent.value() == 0.25);
  const auto& stream = *sent.AsStatsReply()->streams[0];
  CHECK(stream.score == 9);
  CHECK(stream.rtx_packets_discarded == 3);
  REQUIRE(stream.bitrate_by_layer.size() == 2);
  CHECK(stream.bitrate_by_layer[1]->layer == "1.2");
  CHECK(stream.bitrate_by_layer[1]->bitrate == 900);
}

}  // namespace
