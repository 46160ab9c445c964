// Observers of a room: made, given producers, woken, closed.
#include <algorithm>

#include "engine/commands.h"

namespace sluice::engine {
namespace {

Result<Reply> add_observer(State& state, const std::string& room_id, std::string id, Observer::Kind kind) {
  Room* room = find(state.rooms, room_id);
  if (room == nullptr) return not_found("roomId", "room", room_id);
  if (id.empty()) id = state.make_id();
  if (auto checked = check_id("observerId", id); !checked) return checked.error();
  if (state.observers.contains(id)) return already_exists("observerId", "observer", id);
  auto owned = std::make_unique<Observer>(std::move(kind));
  owned->id = id;
  owned->room = room;
  room->observers.push_back(owned.get());
  state.observers.emplace(id, std::move(owned));
  return Reply(ObserverReply{std::move(id)});
}

Result<Duration> check_interval(std::uint32_t milliseconds) {
  if (milliseconds < 100 || milliseconds > 5000)
    return invalid_argument("interval", "expected 100 to 5000 ms, got " + std::to_string(milliseconds));
  return Duration(std::chrono::milliseconds(milliseconds));
}

}  // namespace

Result<Reply> handle(State& state, const CreateActiveSpeakerObserver& command, Instant /*now*/) {
  const auto interval = check_interval(command.interval_ms);
  if (!interval) return interval.error();
  return add_observer(state, command.room_id, command.observer_id, sfu::ActiveSpeaker(*interval));
}

Result<Reply> handle(State& state, const CreateAudioLevelObserver& command, Instant /*now*/) {
  const auto interval = check_interval(command.interval_ms);
  if (!interval) return interval.error();
  if (command.max_entries == 0) return invalid_argument("maxEntries", "expected 1 or more, got 0");
  if (command.threshold < -127 || command.threshold > 0) {
    return invalid_argument("threshold", "expected -127 to 0 dBov, got " + std::to_string(command.threshold));
  }
  return add_observer(state, command.room_id, command.observer_id,
                      sfu::AudioLevel({command.max_entries, command.threshold, *interval}));
}

Result<Reply> handle(State& state, const ObserverAddProducer& command, Instant now) {
  Observer* observer = find(state.observers, command.observer_id);
  if (observer == nullptr) return not_found("observerId", "observer", command.observer_id);
  ProducerEntry* entry = find(state.producers, command.producer_id);
  if (entry == nullptr || entry->transport->room != observer->room)
    return not_found("producerId", "producer of this room", command.producer_id);
  if (entry->producer->kind() != MediaKind::kAudio) {
    return invalid_argument("producerId", "the producer is of video; only audio can be listened to");
  }
  if (observer->meter(command.producer_id) != nullptr)
    return already_exists("producerId", "producer of this observer", command.producer_id);
  sfu::LevelMeter& meter = std::visit(
      [&](auto& kind) -> sfu::LevelMeter& { return kind.add(command.producer_id, now); }, observer->kind);
  if (!observer->paused) entry->producer->observers.push_back(&meter);
  observer->producers.push_back(entry);
  state.schedule(*observer);
  return Reply(Done{});
}

Result<Reply> handle(State& state, const ObserverRemoveProducer& command, Instant /*now*/) {
  Observer* observer = find(state.observers, command.observer_id);
  if (observer == nullptr) return not_found("observerId", "observer", command.observer_id);
  ProducerEntry* entry = find(state.producers, command.producer_id);
  if (entry == nullptr || observer->meter(command.producer_id) == nullptr)
    return not_found("producerId", "producer of this observer", command.producer_id);
  state.forget_producer(*observer, *entry);
  return Reply(Done{});
}

sfu::LevelMeter* Observer::meter(std::string_view producer_id) {
  return std::visit([&](auto& one) { return one.find(producer_id); }, kind);
}

/// While it is paused its meters are not fed, and it is not woken.
void State::pause_observer(Observer& observer, bool paused) {
  if (std::exchange(observer.paused, paused) == paused) return;
  for (ProducerEntry* entry : observer.producers) {
    auto& fed = entry->producer->observers;
    sfu::LevelMeter* meter = observer.meter(entry->producer->id());
    if (paused) {
      std::erase(fed, meter);
    } else {
      fed.push_back(meter);
    }
  }
  schedule(observer);
}

void State::forget_producer(Observer& observer, ProducerEntry& entry) {
  sfu::LevelMeter* meter = observer.meter(entry.producer->id());
  if (meter == nullptr) return;
  std::erase(entry.producer->observers, meter);
  std::erase(observer.producers, &entry);
  std::visit([&](auto& kind) { kind.remove(entry.producer->id()); }, observer.kind);
  schedule(observer);
}

void State::close_observer(Observer& observer) {
  while (!observer.producers.empty()) forget_producer(observer, *observer.producers.back());
  std::erase(observer.room->observers, &observer);
  observers.erase(observers.find(observer.id));
}

void State::schedule(Observer& observer) {
  const Instant next = std::visit([](const auto& kind) { return kind.next_deadline(); }, observer.kind);
  observer_deadlines.set(observer.deadline, observer.paused ? kNever : next);
}

void State::serve_observers(Instant now) {
  while (Deadline* due = observer_deadlines.pop_due(now)) {
    auto& observer = *static_cast<Observer*>(due->owner());
    if (auto* speaker = std::get_if<sfu::ActiveSpeaker>(&observer.kind)) {
      if (auto dominant = speaker->advance(now)) emit(DominantSpeaker{observer.id, std::move(*dominant)});
    } else if (auto* level = std::get_if<sfu::AudioLevel>(&observer.kind)) {
      if (auto volumes = level->advance(now)) emit(AudioLevels{observer.id, std::move(*volumes)});
    }
    schedule(observer);
  }
}

}  // namespace sluice::engine
