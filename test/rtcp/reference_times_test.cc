#include "rtcp/reference_times.h"

#include "catch.h"

namespace sluice::rtcp {
namespace {

constexpr Instant kStart{1000s};

ExtendedReport asking(std::uint32_t ssrc, std::uint64_t ntp) {
  ExtendedReport report;
  report.sender = {ssrc};
  report.receiver_reference_time = ntp;
  return report;
}

TEST_CASE("a reference time is echoed once, with how long it has waited") {
  ReferenceTimes times;
  CHECK(times.empty());
  times.note(asking(7, 0x11223344'55667788), kStart);
  times.note(asking(8, 0x0000AAAA'BBBB0000), kStart + 250ms);
  ExtendedReport report;
  times.echo(report, kStart + 500ms);
  REQUIRE(report.dlrr.size() == 2);
  CHECK(report.dlrr[0] == ExtendedReport::Dlrr{{7}, 0x33445566, 0x8000});
  CHECK(report.dlrr[1] == ExtendedReport::Dlrr{{8}, 0xAAAABBBB, 0x4000});
  CHECK(times.empty());
}

TEST_CASE("of one receiver the last reference time counts, of a crowd the first ones") {
  ReferenceTimes times;
  for (std::uint32_t ssrc = 0; ssrc < 100; ++ssrc) {
    times.note(asking(ssrc, 0), kStart);
    times.note(asking(ssrc, 0x1'00000000), kStart + 1s);
  }
  times.note(ExtendedReport{}, kStart);
  ExtendedReport report;
  times.echo(report, kStart + 1s);
  REQUIRE(report.dlrr.size() == ReferenceTimes::kMax);
  for (const auto& echo : report.dlrr) CHECK(echo == ExtendedReport::Dlrr{echo.ssrc, 0x10000, 0});
}

}  // namespace
}  // namespace sluice::rtcp
