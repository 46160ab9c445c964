// Percentiles from buckets: as near as they promise.
#include "load/histogram.h"

#include "catch.h"

namespace sluice::load {
namespace {

TEST_CASE("percentiles of a histogram are within 1.6 % of the values") {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.add(Duration(i));
  CHECK(histogram.count() == 100'000);
  for (const double share : {0.01, 0.5, 0.95, 0.99}) {
    CHECK(static_cast<double>(histogram.percentile(share).count()) == Approx(share * 100'000).epsilon(0.016));
  }
  CHECK(histogram.percentile(1) == Duration(100'000));
  CHECK(histogram.max() == Duration(100'000));
  CHECK(histogram.mean() == Duration(50'000));
}

TEST_CASE("small values are exact, negative ones count as none, enormous ones as the last bucket") {
  Histogram histogram;
  histogram.add(Duration(-5));
  CHECK(histogram.percentile(0.5) == Duration(0));
  histogram.clear();
  histogram.add(Duration(37));
  CHECK(histogram.percentile(0.5) == Duration(37));
  histogram.add(std::chrono::hours(1000));
  CHECK(histogram.count() == 2);
  CHECK(histogram.percentile(0.99) > 1h);
}

TEST_CASE("two histograms together are as if one had seen all") {
  Histogram a;
  Histogram b;
  for (int i = 0; i < 100; ++i) (i % 2 == 0 ? a : b).add(Duration(i * 10));
  a.merge(b);
  CHECK(a.count() == 100);
  CHECK(a.max() == Duration(990));
}

TEST_CASE("a distribution rises to the whole, in a bounded number of points") {
  Histogram histogram;
  for (int i = 1; i <= 50'000; ++i) histogram.add(Duration(i));
  const auto points = histogram.distribution(100);
  REQUIRE(points.size() > 50);
  CHECK(points.size() < 200);
  for (std::size_t i = 1; i < points.size(); ++i) {
    CHECK(points[i].first > points[i - 1].first);
    CHECK(points[i].second > points[i - 1].second);
  }
  CHECK(points.back().second == Approx(1));
  CHECK(Histogram().distribution(10).empty());
}

}  // namespace
}  // namespace sluice::load
