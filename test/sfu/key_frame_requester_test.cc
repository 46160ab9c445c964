#include "sfu/key_frame_requester.h"

#include "catch.h"

namespace sluice::sfu {
namespace {

constexpr Instant kStart{1000s};

TEST_CASE("the first request is passed on at once") {
  KeyFrameRequester requester(0ms);
  CHECK(requester.next_deadline() == kNever);
  CHECK_FALSE(requester.advance(kStart));
  requester.request(kStart);
  CHECK(requester.next_deadline() == kStart);
  CHECK(requester.advance(kStart));
  CHECK_FALSE(requester.advance(kStart));
}

TEST_CASE("requests while one is out are merged with it") {
  KeyFrameRequester requester(0ms);
  requester.request(kStart);
  REQUIRE(requester.advance(kStart));
  for (int ms = 1; ms < 400; ms += 10) {
    requester.request(kStart + std::chrono::milliseconds(ms));
    CHECK_FALSE(requester.advance(kStart + std::chrono::milliseconds(ms)));
  }
}

TEST_CASE("an unanswered request is repeated after half a second") {
  KeyFrameRequester requester(0ms);
  requester.request(kStart);
  REQUIRE(requester.advance(kStart));
  CHECK(requester.next_deadline() == kStart + 500ms);
  CHECK_FALSE(requester.advance(kStart + 499ms));
  CHECK(requester.advance(kStart + 500ms));
}

TEST_CASE("a key frame ends the repeats, and the next request waits for its distance") {
  const auto delay = GENERATE(0, 50, 100, 1000, 3000);
  KeyFrameRequester requester{std::chrono::milliseconds(delay)};
  const Duration distance = std::chrono::milliseconds(std::max(delay, 100));
  requester.request(kStart);
  REQUIRE(requester.advance(kStart));
  requester.on_key_frame(kStart + 40ms);
  CHECK(requester.next_deadline() == kNever);
  requester.request(kStart + 50ms);
  CHECK(requester.next_deadline() == kStart + distance);
  CHECK_FALSE(requester.advance(kStart + distance - Duration(1)));
  CHECK(requester.advance(kStart + distance));
}

TEST_CASE("long after the last key frame a request is passed on at once") {
  KeyFrameRequester requester(1s);
  requester.request(kStart);
  REQUIRE(requester.advance(kStart));
  requester.on_key_frame(kStart + 40ms);
  requester.request(kStart + 10s);
  CHECK(requester.advance(kStart + 10s));
}

TEST_CASE("a publisher that never answers is left alone in the end, until somebody asks again") {
  KeyFrameRequester requester(0ms);
  requester.request(kStart);
  int sent = 0;
  Instant now = kStart;
  while (requester.next_deadline() != kNever) {
    now = requester.next_deadline();
    sent += requester.advance(now) ? 1 : 0;
  }
  CHECK(sent == 10);
  requester.request(now + 1s);
  CHECK(requester.advance(now + 1s));
}

}  // namespace
}  // namespace sluice::sfu
