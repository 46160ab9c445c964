// Why a consumer gets what it gets, as JSON.
#include <nlohmann/json.hpp>

#include "engine/commands.h"
#include "sfu/explanation.h"

namespace sluice::engine {
namespace {

using Json = nlohmann::ordered_json;
using sfu::Explanation;

Json layers_json(const std::optional<ConsumerLayers>& layers) {
  if (!layers) return nullptr;
  Json out = {{"spatialLayer", layers->spatial}};
  if (layers->temporal) out["temporalLayer"] = *layers->temporal;
  return out;
}

Json choice_json(const std::optional<Explanation::Choice>& choice) {
  if (!choice) return nullptr;
  return {{"layers", layers_json(choice->layers)}, {"reason", choice->reason}};
}

template <typename T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json wait_json(const std::optional<Explanation::KeyFrameWait>& wait) {
  if (!wait) return nullptr;
  return {{"sinceMs", duration_cast<std::chrono::milliseconds>(wait->since).count()},
          {"requestsSent", wait->requests_sent},
          {"reason", wait->reason}};
}

Json stream_json(const Explanation::Stream& stream) {
  Json out = {{"spatialLayer", stream.spatial_layer}, {"ssrc", stream.ssrc}};
  if (!stream.rid.empty()) out["rid"] = stream.rid;
  out["active"] = stream.active;
  out["bitrateByTemporalLayer"] = stream.bitrates;
  out["score"] = stream.score;
  return out;
}

Json explanation_json(const ConsumerEntry& entry, const Explanation& explanation) {
  Json streams = Json::array();
  for (const auto& stream : explanation.streams) streams.push_back(stream_json(stream));
  Json dropped = Json::object();
  for (const auto& drop : explanation.dropped) dropped[std::string(drop.reason)] = drop.packets;
  return {{"consumerId", entry.consumer->id()},
          {"producerId", entry.producer->producer->id()},
          {"type", explanation.type},
          {"forwarding", explanation.forwarding},
          {"paused",
           {{"consumer", explanation.paused_by_consumer},
            {"producer", explanation.paused_by_producer},
            {"negotiation", explanation.held_by_negotiation},
            {"transportNotReady", !explanation.transport_ready}}},
          {"priority", explanation.priority},
          {"preferredLayers", choice_json(explanation.preferred)},
          {"targetLayers", choice_json(explanation.target)},
          {"currentLayers", choice_json(explanation.current)},
          {"targetBitrate", optional_json(explanation.target_bitrate)},
          {"availableBitrate", optional_json(explanation.available_bitrate)},
          {"waitingForKeyFrame", wait_json(explanation.waiting_for_key_frame)},
          {"streams", streams},
          {"dropped", dropped}};
}

}  // namespace

Result<Reply> handle(State& state, const Explain& command, Instant now) {
  const ConsumerEntry* entry = find(state.consumers, command.consumer_id);
  if (entry == nullptr) return not_found("consumerId", "consumer", command.consumer_id);
  return Reply(DumpReply{explanation_json(*entry, entry->consumer->explain(now)).dump()});
}

}  // namespace sluice::engine
