#include "worker/control/observer.h"

namespace sluice::control {

CreateActiveSpeakerObserver read_command(Reader& reader, const wire::CreateActiveSpeakerObserver& table) {
  return {reader.required_id("roomId", table.room_id()), reader.id("observerId", table.observer_id()),
          table.interval()};
}

CreateAudioLevelObserver read_command(Reader& reader, const wire::CreateAudioLevelObserver& table) {
  return {reader.required_id("roomId", table.room_id()), reader.id("observerId", table.observer_id()),
          table.max_entries(), table.threshold(), table.interval()};
}

ObserverAddProducer read_command(Reader& reader, const wire::ObserverAddProducer& table) {
  return {reader.required_id("observerId", table.observer_id()),
          reader.required_id("producerId", table.producer_id())};
}

ObserverRemoveProducer read_command(Reader& reader, const wire::ObserverRemoveProducer& table) {
  return {reader.required_id("observerId", table.observer_id()),
          reader.required_id("producerId", table.producer_id())};
}

wire::ObserverReplyT to_wire(const ObserverReply& reply) {
  wire::ObserverReplyT table;
  table.observer_id = reply.observer_id;
  return table;
}

wire::DominantSpeakerT to_wire(const DominantSpeaker& event) {
  wire::DominantSpeakerT table;
  table.observer_id = event.observer_id;
  table.producer_id = event.producer_id;
  return table;
}

wire::AudioLevelsT to_wire(const AudioLevels& event) {
  wire::AudioLevelsT table;
  table.observer_id = event.observer_id;
  for (const auto& volume : event.volumes) {
    auto& entry = table.volumes.emplace_back(std::make_unique<wire::AudioLevelT>());
    entry->producer_id = volume.producer_id;
    entry->volume = volume.volume;
  }
  return table;
}

}  // namespace sluice::control
