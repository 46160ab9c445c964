#include "sfu/capture_clock.h"

#include "catch.h"

namespace sluice::sfu {
namespace {

constexpr std::uint64_t kSecond = std::uint64_t{1} << 32;

TEST_CASE("before the first report the publisher's time is not known") {
  CHECK_FALSE(CaptureClock().publisher_time(5).has_value());
}

TEST_CASE("one offset holds for all reports, whatever their delay") {
  CaptureClock clock;
  clock.on_sender_report(100 * kSecond, 5000 * kSecond);
  clock.on_sender_report(101 * kSecond, 5001 * kSecond + kSecond / 3);  // came late
  CHECK(clock.publisher_time(5010 * kSecond) == 110 * kSecond);
}

TEST_CASE("a clock that is set anew is followed") {
  CaptureClock clock;
  clock.on_sender_report(100 * kSecond, 5000 * kSecond);
  clock.on_sender_report(900 * kSecond, 5001 * kSecond);
  CHECK(clock.publisher_time(5002 * kSecond) == 901 * kSecond);
}

TEST_CASE("a report may claim any time at all") {
  CaptureClock clock;
  for (const std::uint64_t ntp :
       {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1}}) {
    clock.on_sender_report(ntp, 5000 * kSecond);
    CHECK(clock.publisher_time(5001 * kSecond) == ntp + kSecond);
    clock.on_sender_report(100 * kSecond, 5000 * kSecond);
  }
}

}  // namespace
}  // namespace sluice::sfu
