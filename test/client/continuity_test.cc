// The judge of every scenario, judged: each fault that an SFU could make must show in its counts.
#include "client/continuity.h"

#include "catch.h"

namespace sluice::client {
namespace {

class Stream {
 public:
  explicit Stream(MediaKind kind = MediaKind::kVideo) : continuity(kind) {}
  /// Frames of three packets; every thirtieth packet starts a key frame.
  void receive(std::uint32_t counter, std::uint16_t number, bool repair = false) {
    Continuity::Arrival arrival;
    arrival.number = {number};
    arrival.timestamp = {counter / 3 * 3000};
    arrival.frame_end = counter % 3 == 2;
    arrival.key_frame = counter % 30 == 0;
    arrival.marker = Marker{1, counter, now};
    arrival.repair = repair;
    continuity.on_packet(arrival, now);
    now += 10ms;
  }
  void receive_all(std::uint32_t from, std::uint32_t to, int offset = 1000) {
    for (std::uint32_t i = from; i < to; ++i)
      receive(i, static_cast<std::uint16_t>(static_cast<int>(i) + offset));
  }
  [[nodiscard]] const Continuity::Counts& counts() const { return continuity.counts(); }

  Continuity continuity;
  Instant now{100s};
};

TEST_CASE("a whole stream has nothing to complain of, also over the wrap") {
  Stream stream;
  stream.receive_all(0, 3000, 65'000);
  CHECK(stream.counts().packets == 3000);
  CHECK(stream.counts().frames == 1000);
  CHECK(stream.counts().key_frames == 100);
  CHECK(stream.counts().errors() == 0);
  CHECK(stream.counts().lost == 0);
  CHECK(stream.continuity.holes() == 0);
  CHECK(stream.continuity.key_frame_first());
  CHECK(stream.continuity.freezes() == 0);
}

TEST_CASE("a number twice is an error, unless one of them was a repair") {
  Stream stream;
  stream.receive_all(0, 10);
  stream.receive(5, 1005);
  CHECK(stream.counts().duplicates == 1);
  stream.receive(6, 1006, true);
  CHECK(stream.counts().duplicates == 1);
  CHECK(stream.counts().repeated == 1);
}

TEST_CASE("two packets that have changed places are an error, packets that only came late are not") {
  Stream stream;
  stream.receive_all(0, 10);
  stream.receive(12, 1012);
  stream.receive(10, 1010);
  stream.receive(11, 1011);
  CHECK(stream.counts().errors() == 0);
  stream.receive(14, 1013);
  stream.receive(13, 1014);
  CHECK(stream.counts().order_errors > 0);
}

TEST_CASE("a number given to two packets' places is an error") {
  Stream stream;
  stream.receive_all(0, 10);
  stream.receive(10, 1012);  // two numbers further, but only one packet
  stream.receive(11, 1013);
  CHECK(stream.counts().order_errors == 0);  // nothing between has come that contradicts it
  stream.receive(11, 1011);
  CHECK(stream.counts().order_errors > 0);
}

TEST_CASE("packets left out on purpose are counted, and video must go on with a key frame") {
  Stream stream;
  stream.receive_all(0, 10);
  stream.receive_all(30, 40, 980);
  CHECK(stream.counts().left_out == 20);
  CHECK(stream.counts().bad_starts == 0);
  stream.receive_all(45, 50, 975);
  CHECK(stream.counts().left_out == 25);
  CHECK(stream.counts().bad_starts == 1);
}

TEST_CASE(
    "a hole is a hole until it is filled; behind the window it is lost, before a key frame superseded") {
  Stream stream;
  stream.receive_all(0, 10);
  stream.receive_all(11, 20);
  CHECK(stream.continuity.holes() == 1);
  stream.receive(10, 1010, true);
  CHECK(stream.continuity.holes() == 0);
  CHECK(stream.counts().repaired == 1);
  stream.receive_all(21, 29);
  CHECK(stream.continuity.holes() == 1);
  stream.receive_all(30, 1200);
  CHECK(stream.continuity.holes() == 0);
  CHECK(stream.counts().superseded + stream.continuity.stale_holes() == 2);
  CHECK(stream.counts().lost == 0);
}

TEST_CASE("what is lost for good without a key frame after it is told as lost") {
  Stream stream(MediaKind::kAudio);
  for (std::uint32_t i = 0; i < 500; ++i) {
    if (i % 100 == 50) continue;
    Continuity::Arrival arrival;
    arrival.number = {static_cast<std::uint16_t>(i)};
    arrival.timestamp = {i * 960};
    arrival.frame_end = true;
    arrival.marker = Marker{1, i, stream.now};
    stream.continuity.on_packet(arrival, stream.now);
    stream.now += 20ms;
  }
  CHECK(stream.counts().lost == 4);
  CHECK(stream.continuity.holes() == 1);
  CHECK(stream.continuity.freezes() == 0);  // concealed
}

TEST_CASE("payloads that are damaged or of another stream are bad") {
  Stream stream;
  stream.receive_all(0, 10);
  Continuity::Arrival arrival;
  arrival.number = {1010};
  stream.continuity.on_packet(arrival, stream.now);
  arrival.marker = Marker{2, 10, stream.now};
  stream.continuity.on_packet(arrival, stream.now);
  CHECK(stream.counts().bad_markers == 2);
}

TEST_CASE("a picture that stands still is a freeze, once it goes on") {
  Stream stream;
  stream.receive_all(0, 31);
  stream.receive_all(32, 100);  // 31 is missing: nothing is shown any more until a key frame at 60
  CHECK(stream.counts().frames > 20);
  CHECK(stream.continuity.longest_gap() >= 280ms);
  CHECK(stream.continuity.freezes() == 0);
  stream.now += 600ms;
  stream.receive_all(100, 106);
  CHECK(stream.continuity.freezes() == 1);
  stream.continuity.reset_freeze();
  CHECK(stream.continuity.freezes() == 0);
}

TEST_CASE("a stream that does not begin with a key frame is told, and shows nothing before one") {
  Stream stream;
  stream.receive_all(5, 29);
  CHECK_FALSE(stream.continuity.key_frame_first());
  CHECK_FALSE(stream.continuity.decoding());
  CHECK(stream.counts().frames == 0);
  stream.receive_all(29, 60);
  CHECK(stream.continuity.decoding());
  CHECK(stream.counts().frames == 10);
}

TEST_CASE("a first packet that is overtaken is still the first") {
  Stream stream;
  stream.receive(1, 1001);
  stream.receive(0, 1000);
  stream.receive_all(2, 10);
  CHECK(stream.continuity.key_frame_first());
  CHECK(stream.counts().frames == 3);
  CHECK(stream.counts().errors() == 0);
}

}  // namespace
}  // namespace sluice::client
