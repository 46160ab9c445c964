// Who has the floor, on synthetic conversations: a packet every 20 ms with a little jitter, speech as bursts
// and pauses, noise under it. Every conversation has a seed.
#include "sfu/active_speaker.h"

#include <functional>
#include <vector>

#include "base/random.h"
#include "catch.h"

namespace sluice::sfu {
namespace {

constexpr Instant kStart{1000s};
constexpr Duration kInterval = 300ms;

/// A person: speaks when told to, in bursts of 200 to 900 ms with pauses of 60 to 300 ms between.
class Person {
 public:
  Person(std::string id, std::uint64_t seed, int loudness = 30, int noise = 75)
      : id_(std::move(id)), random_(seed), loudness_(loudness), noise_(noise) {}

  [[nodiscard]] const std::string& id() const { return id_; }
  bool speaking = false;
  int cough = 0;  ///< Packets of noise that are loud whatever else.

  rtp::AudioLevel next() {
    if (left_-- <= 0) {
      burst_ = !burst_;
      left_ = static_cast<int>(burst_ ? 10 + random_.below(35) : 3 + random_.below(12));
    }
    const bool loud = (speaking && burst_) || cough-- > 0;
    const int level = loud ? loudness_ - 6 + static_cast<int>(random_.below(13))
                           : noise_ - 3 + static_cast<int>(random_.below(7));
    return {false, static_cast<std::uint8_t>(level)};
  }

 private:
  std::string id_;
  Random random_;
  int loudness_;
  int noise_;
  bool burst_ = false;
  int left_ = 0;
};

struct Change {
  Duration at{};
  std::string speaker;
};

class Conversation {
 public:
  explicit Conversation(std::uint64_t seed) : seed_(seed), random_(seed) {}

  Person& join(const std::string& id, int loudness = 30, int noise = 75) {
    people_.push_back(std::make_unique<Person>(id, seed_ * 31 + people_.size(), loudness, noise));
    (void)observer_.add(id, now_);
    return *people_.back();
  }

  void run_for(Duration duration) {
    for (const Instant end = now_ + duration; now_ < end; now_ += 20ms) {
      for (auto& person : people_) {
        if (random_.chance(0.01)) continue;  // lost
        if (LevelMeter* meter = observer_.find(person->id()))
          meter->on_level(person->next(), now_ + Duration(random_.below(8000)));
      }
      if (now_ < observer_.next_deadline()) continue;
      if (auto speaker = observer_.advance(now_)) changes_.push_back({now_ - kStart, *speaker});
    }
  }

  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  [[nodiscard]] std::string speaker() const { return changes_.empty() ? "" : changes_.back().speaker; }
  [[nodiscard]] Duration elapsed() const { return now_ - kStart; }
  [[nodiscard]] ActiveSpeaker& observer() { return observer_; }

 private:
  std::uint64_t seed_;
  Random random_;
  Instant now_ = kStart;
  ActiveSpeaker observer_{kInterval};
  std::vector<std::unique_ptr<Person>> people_;
  std::vector<Change> changes_;
};

std::uint64_t any_seed() {
  return GENERATE(range<std::uint64_t>(1, 31));
}

TEST_CASE("nobody has the floor before somebody speaks") {
  Conversation talk(any_seed());
  talk.join("a");
  talk.join("b", 30, 55);
  talk.run_for(10s);
  CHECK(talk.changes().empty());
}

TEST_CASE("who begins to speak has the floor within a second and a half") {
  const auto seed = any_seed();
  INFO("seed " << seed);
  Conversation talk(seed);
  Person& ada = talk.join("ada");
  talk.join("bob");
  talk.run_for(1s);
  ada.speaking = true;
  talk.run_for(1500ms);
  REQUIRE(talk.changes().size() == 1);
  CHECK(talk.speaker() == "ada");
}

TEST_CASE("who pauses keeps the floor as long as nobody else speaks") {
  const auto seed = any_seed();
  INFO("seed " << seed);
  Conversation talk(seed);
  Person& ada = talk.join("ada");
  talk.join("bob");
  for (int turn = 0; turn < 5; ++turn) {
    ada.speaking = true;
    talk.run_for(2s);
    ada.speaking = false;
    talk.run_for(3s);
  }
  CHECK(talk.changes().size() == 1);
}

TEST_CASE("a cough takes the floor from nobody, nor when nobody speaks") {
  const auto seed = any_seed();
  INFO("seed " << seed);
  Conversation talk(seed);
  Person& ada = talk.join("ada");
  Person& bob = talk.join("bob", 10);
  ada.speaking = true;
  talk.run_for(3s);
  for (int i = 0; i < 10; ++i) {
    bob.cough = 8 + i;  // up to 340 ms, and much louder than speech
    talk.run_for(2300ms);
    ada.speaking = i < 5;
  }
  CHECK(talk.speaker() == "ada");
  CHECK(talk.changes().size() == 1);
}

TEST_CASE("who takes over has the floor within about a second") {
  const auto seed = any_seed();
  INFO("seed " << seed);
  Conversation talk(seed);
  Person& ada = talk.join("ada");
  Person& bob = talk.join("bob", 36);
  ada.speaking = true;
  talk.run_for(4s);
  for (int turn = 0; turn < 6; ++turn) {
    const bool to_bob = turn % 2 == 0;
    ada.speaking = !to_bob;
    bob.speaking = to_bob;
    const Duration from = talk.elapsed();
    talk.run_for(4s);
    CHECK(talk.speaker() == (to_bob ? "bob" : "ada"));
    CHECK(talk.changes().back().at - from <= 1600ms);
  }
  CHECK(talk.changes().size() == 7);
}

TEST_CASE("taking over takes about a second on average") {
  Duration sum{};
  int turns = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Conversation talk(seed);
    Person& ada = talk.join("ada");
    Person& bob = talk.join("bob");
    ada.speaking = true;
    talk.run_for(4s);
    ada.speaking = false;
    bob.speaking = true;
    const Duration from = talk.elapsed();
    talk.run_for(3s);
    REQUIRE(talk.speaker() == "bob");
    sum += talk.changes().back().at - from;
    ++turns;
  }
  CHECK(sum / turns <= 1100ms);
}

TEST_CASE("two who talk at once do not make the floor flap") {
  const auto seed = any_seed();
  INFO("seed " << seed);
  Conversation talk(seed);
  Person& ada = talk.join("ada");
  Person& bob = talk.join("bob", 33);
  ada.speaking = true;
  talk.run_for(2s);
  bob.speaking = true;
  talk.run_for(60s);
  CHECK(talk.changes().size() <= 7);
  for (std::size_t i = 1; i < talk.changes().size(); ++i)
    CHECK(talk.changes()[i].at - talk.changes()[i - 1].at >= 1500ms);
}

TEST_CASE("a noisy room is not speech, and speech in it is heard") {
  const auto seed = any_seed();
  INFO("seed " << seed);
  Conversation talk(seed);
  Person& ada = talk.join("ada");
  Person& fan = talk.join("fan", 22, 48);
  ada.speaking = true;
  talk.run_for(5s);
  ada.speaking = false;
  talk.run_for(5s);
  CHECK(talk.speaker() == "ada");
  fan.speaking = true;
  talk.run_for(2s);
  CHECK(talk.speaker() == "fan");
}

TEST_CASE("who leaves has the floor no more, and the next to speak gets it") {
  Conversation talk(3);
  Person& ada = talk.join("ada");
  Person& bob = talk.join("bob");
  ada.speaking = true;
  talk.run_for(3s);
  talk.observer().remove("ada");
  CHECK(talk.observer().find("ada") == nullptr);
  talk.run_for(2s);
  CHECK(talk.speaker() == "ada");
  bob.speaking = true;
  talk.run_for(2s);
  CHECK(talk.speaker() == "bob");
}

TEST_CASE("who sends nothing while silent (DTX) is silent") {
  ActiveSpeaker observer(kInterval);
  LevelMeter& ada = observer.add("ada", kStart);
  LevelMeter& bob = observer.add("bob", kStart);
  Instant now = kStart;
  std::vector<std::string> told;
  const auto run = [&](LevelMeter& speaker, Duration duration) {
    for (const Instant end = now + duration; now < end; now += 20ms) {
      speaker.on_level({true, 30}, now);
      if (auto next = observer.advance(now)) told.push_back(*next);
    }
  };
  run(ada, 3s);
  run(bob, 3s);
  run(ada, 3s);
  CHECK(told == std::vector<std::string>{"ada", "bob", "ada"});
}

TEST_CASE("a sender that tells what is voice is silent where it tells none") {
  ActiveSpeaker observer(kInterval);
  LevelMeter& ada = observer.add("ada", kStart);
  Instant now = kStart;
  ada.on_level({true, 30}, now);
  for (int i = 0; i < 200; ++i, now += 20ms) {
    ada.on_level({false, 20}, now);
    CHECK_FALSE(observer.advance(now).has_value());
  }
}

TEST_CASE("without producers there is no deadline, with them one an interval") {
  ActiveSpeaker observer(kInterval);
  CHECK(observer.next_deadline() == kNever);
  (void)observer.add("a", kStart);
  CHECK(observer.next_deadline() == kStart + kInterval);
  CHECK_FALSE(observer.advance(kStart + kInterval).has_value());
  CHECK(observer.next_deadline() == kStart + 2 * kInterval);
  observer.remove("a");
  CHECK(observer.next_deadline() == kNever);
}

}  // namespace
}  // namespace sluice::sfu
