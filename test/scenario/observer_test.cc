// Observers in a whole conference: what microphones tell reaches the controller as speakers and volumes.
#include <map>

#include "catch.h"
#include "scenario/expect.h"

namespace sluice::net {
namespace {

template <typename T>
std::vector<T> told(const World& world, const std::string& observer_id) {
  std::vector<T> out;
  for (const Event& event : world.events()) {
    if (const auto* one = std::get_if<T>(&event); one != nullptr && one->observer_id == observer_id)
      out.push_back(*one);
  }
  return out;
}

TEST_CASE("of people who speak in turns each has the floor at some time, and nobody who is muted") {
  World world({.seed = 4, .up = {.loss = 0.02}});
  Participant& ada = world.join({.video = false});
  Participant& bob = world.join({.video = false});
  Participant& muted = world.join({.video = false});
  const std::string id =
      world.request<ObserverReply>(CreateActiveSpeakerObserver{"room", "", 300}).observer_id;
  for (Participant* one : {&ada, &bob, &muted})
    world.execute(ObserverAddProducer{id, one->producer_id(MediaKind::kAudio)});
  world.execute(Pause{ObjectKind::kProducer, muted.producer_id(MediaKind::kAudio)});
  REQUIRE(world.run_until_connected());
  world.run_for(60s);
  std::map<std::string, int> turns;
  for (const auto& change : told<DominantSpeaker>(world, id)) ++turns[change.producer_id];
  CHECK(turns[ada.producer_id(MediaKind::kAudio)] > 2);
  CHECK(turns[bob.producer_id(MediaKind::kAudio)] > 2);
  CHECK(turns.count(muted.producer_id(MediaKind::kAudio)) == 0);
  CHECK(told<DominantSpeaker>(world, id).size() < 40);
  world.finish();
}

TEST_CASE("volumes are told while somebody is loud, silence once they left") {
  World world({.seed = 5});
  Participant& ada = world.join({.video = false});
  Participant& bob = world.join({.video = false});
  const std::string id =
      world.request<ObserverReply>(CreateAudioLevelObserver{"room", "", 10, -80, 1000}).observer_id;
  for (Participant* one : {&ada, &bob})
    world.execute(ObserverAddProducer{id, one->producer_id(MediaKind::kAudio)});
  REQUIRE(world.run_until_connected());
  world.run_for(20s);
  const auto levels = told<AudioLevels>(world, id);
  CHECK(levels.size() > 10);
  for (const AudioLevels& one : levels) {
    CHECK(one.volumes.size() <= 2);
    for (std::size_t i = 1; i < one.volumes.size(); ++i)
      CHECK(one.volumes[i - 1].volume >= one.volumes[i].volume);
  }
  world.close_producer(ada, MediaKind::kAudio);
  world.close_producer(bob, MediaKind::kAudio);
  world.run_for(5s);
  CHECK(told<AudioLevels>(world, id).back().volumes.empty());
  world.finish();
}

TEST_CASE("a publisher's restarts and a room's end leave nothing behind in its observers") {
  World world({.seed = 6});
  Participant& ada = world.join({.video = false});
  const std::string id =
      world.request<ObserverReply>(CreateActiveSpeakerObserver{"room", "", 100}).observer_id;
  REQUIRE(world.run_until_connected());
  for (int round = 0; round < 5; ++round) {
    world.execute(ObserverAddProducer{id, ada.producer_id(MediaKind::kAudio)});
    world.run_for(700ms);
    world.close_producer(ada, MediaKind::kAudio);
    world.run_for(100ms);
    world.produce(ada, MediaKind::kAudio);
  }
  world.finish();
}

}  // namespace
}  // namespace sluice::net
