// Observers by command: made, given producers, closed with what they listen to.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "engine/conference.h"

namespace sluice {
namespace {

TEST_CASE("an observer has the producers it was given, until they are removed or closed") {
  Conference rig;
  rig.produce("t1", "a", 1);
  rig.produce("t1", "b", 2);
  CHECK(rig.ask<ObserverReply>(CreateActiveSpeakerObserver{"room", "o", 300}).observer_id == "o");
  const auto producers = [&] {
    return nlohmann::json::parse(rig.ask<DumpReply>(Dump{ObjectKind::kObserver, "o"}).json)["producerIds"];
  };
  rig.ask<Done>(ObserverAddProducer{"o", "a"});
  rig.ask<Done>(ObserverAddProducer{"o", "b"});
  CHECK(producers() == nlohmann::json({"a", "b"}));
  CHECK(rig.engine->next_deadline() <= rig.now + 320ms);
  rig.ask<Done>(ObserverRemoveProducer{"o", "a"});
  CHECK(producers() == nlohmann::json({"b"}));
  rig.ask<Done>(Close{ObjectKind::kProducer, "b"});
  CHECK(producers().empty());
  CHECK(rig.refuse(ObserverRemoveProducer{"o", "b"}).field == "producerId");
}

TEST_CASE("a paused observer is not woken, and goes on when it is resumed") {
  Conference rig;
  rig.produce("t1", "a", 1);
  const Instant before = rig.engine->next_deadline();
  (void)rig.ask<ObserverReply>(CreateAudioLevelObserver{"room", "o", 1, -80, 1000});
  CHECK(rig.engine->next_deadline() == before);
  rig.ask<Done>(ObserverAddProducer{"o", "a"});
  rig.ask<Done>(Pause{ObjectKind::kObserver, "o"});
  rig.ask<Done>(Pause{ObjectKind::kObserver, "o"});
  CHECK(rig.engine->next_deadline() == before);
  rig.ask<Done>(Resume{ObjectKind::kObserver, "o"});
  CHECK(rig.engine->next_deadline() <= rig.now + 1020ms);
  rig.ask<Done>(Close{ObjectKind::kObserver, "o"});
  CHECK(rig.engine->next_deadline() == before);
  CHECK(rig.refuse(Close{ObjectKind::kObserver, "o"}).code == ErrorCode::kNotFound);
}

TEST_CASE("a room takes its observers with it") {
  Conference rig;
  rig.produce("t1", "a", 1);
  (void)rig.ask<ObserverReply>(CreateAudioLevelObserver{"room", "", 1, -80, 1000});
  const auto o = rig.ask<ObserverReply>(CreateActiveSpeakerObserver{"room", "", 100}).observer_id;
  rig.ask<Done>(ObserverAddProducer{o, "a"});
  rig.ask<Done>(Close{ObjectKind::kRoom, "room"});
  CHECK(nlohmann::json::parse(rig.dump())["counts"]["observers"] == 0);
  CHECK(rig.engine->next_deadline() == kNever);
}

TEST_CASE("what an observer cannot be or have is told by its field") {
  Conference rig;
  rig.produce("t1", "a", 1);
  (void)rig.ask<RoomReply>(CreateRoom{"other", client::room_codecs()});
  (void)rig.ask<ObserverReply>(CreateActiveSpeakerObserver{"room", "o", 300});
  (void)rig.ask<ObserverReply>(CreateActiveSpeakerObserver{"other", "elsewhere", 300});
  const auto video = client::send_parameters(MediaKind::kVideo, "v", "cname", rig.random);
  (void)rig.ask<ProducerReply>(Produce{"t1", "v", MediaKind::kVideo, video, false, 0});
  rig.ask<Done>(ObserverAddProducer{"o", "a"});
  struct Case {
    Command command;
    ErrorCode code;
    std::string field;
  };
  const auto level = [](std::uint32_t entries, std::int32_t threshold, std::uint32_t interval) {
    return CreateAudioLevelObserver{"room", "", entries, threshold, interval};
  };
  const std::vector<Case> cases = {
      {CreateActiveSpeakerObserver{"nowhere", "", 300}, ErrorCode::kNotFound, "roomId"},
      {CreateActiveSpeakerObserver{"room", "o", 300}, ErrorCode::kAlreadyExists, "observerId"},
      {CreateActiveSpeakerObserver{"room", "a b", 300}, ErrorCode::kInvalidArgument, "observerId"},
      {CreateActiveSpeakerObserver{"room", "", 99}, ErrorCode::kInvalidArgument, "interval"},
      {CreateActiveSpeakerObserver{"room", "", 5001}, ErrorCode::kInvalidArgument, "interval"},
      {level(0, -80, 1000), ErrorCode::kInvalidArgument, "maxEntries"},
      {level(1, 1, 1000), ErrorCode::kInvalidArgument, "threshold"},
      {level(1, -128, 1000), ErrorCode::kInvalidArgument, "threshold"},
      {level(1, -80, 0), ErrorCode::kInvalidArgument, "interval"},
      {ObserverAddProducer{"x", "a"}, ErrorCode::kNotFound, "observerId"},
      {ObserverAddProducer{"o", "x"}, ErrorCode::kNotFound, "producerId"},
      {ObserverAddProducer{"o", "a"}, ErrorCode::kAlreadyExists, "producerId"},
      {ObserverAddProducer{"o", "v"}, ErrorCode::kInvalidArgument, "producerId"},
      {ObserverAddProducer{"elsewhere", "a"}, ErrorCode::kNotFound, "producerId"},
      {ObserverRemoveProducer{"x", "a"}, ErrorCode::kNotFound, "observerId"},
      {ObserverRemoveProducer{"o", "v"}, ErrorCode::kNotFound, "producerId"},
      {Pause{ObjectKind::kObserver, "x"}, ErrorCode::kNotFound, "id"},
      {Dump{ObjectKind::kObserver, "x"}, ErrorCode::kNotFound, "id"},
      {GetStats{ObjectKind::kObserver, "o"}, ErrorCode::kInvalidArgument, "kind"},
  };
  for (const Case& one : cases) {
    const std::string before = rig.dump();
    const Error error = rig.refuse(one.command);
    INFO(error.field << ": " << error.message);
    CHECK(error.code == one.code);
    CHECK(error.field == one.field);
    CHECK(rig.dump() == before);
  }
}

}  // namespace
}  // namespace sluice
