// What is told of a run: the summary, the JSON, the page.
#include "load/report.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "load/evaluate.h"
#include "load/summary.h"

namespace sluice::load {
namespace {

Results some_results() {
  Results results;
  results.version = "1.2.3";
  results.target = "the worker </script><b>";
  results.rooms = 2;
  results.publishers = 1;
  results.viewers = 3;
  results.media = "VP8 640x360";
  results.peers = 8;
  results.joined = 8;
  results.tracks = results.tracks_live = results.tracks_expected = 6;
  results.packets = 1000;
  results.latency = {1000, 1.5, 2.5, 3.5, 9};
  results.latency_distribution = {{1.5, 0.5}, {9, 1}};
  Sample sample;
  sample.at = 1;
  sample.begun = sample.connected = 8;
  sample.received_bps = 12e6;
  results.samples.push_back(sample);
  return results;
}

TEST_CASE("a run without faults is well, and the JSON says so with all its figures") {
  Results results = some_results();
  judge({}, results);
  CHECK(results.ok());
  const auto json = nlohmann::json::parse(json_of(results));
  CHECK(json.at("ok") == true);
  CHECK(json.at("joining").at("joined") == 8);
  CHECK(json.at("watching").at("latency").at("p99") == 3.5);
  CHECK(json.at("watching").at("violations").at("duplicates") == 0);
  CHECK(json.at("samples").at(0).at("receivedBps") == 12e6);
  CHECK(json.at("cost").at("server").is_null());
  CHECK(summary_of(results).find("All is well") != std::string::npos);
}

TEST_CASE("each broken promise makes a run fail, with a sentence") {
  Results results = some_results();
  const auto breaks =
      GENERATE(&Results::duplicates, &Results::damaged, &Results::order_errors, &Results::timestamp_errors,
               &Results::bad_starts, &Results::misrouted, &Results::lost, &Results::superseded);
  results.*breaks = 3;
  judge({}, results);
  REQUIRE(results.problems.size() == 1);
  CHECK(results.problems[0].rfind("3 ", 0) == 0);
  CHECK(summary_of(results).find(results.problems[0]) != std::string::npos);
}

TEST_CASE("peers that did not join and tracks that stood still make a run fail") {
  Results results = some_results();
  results.joined = 6;
  results.tracks_live = 5;
  judge({}, results);
  CHECK(results.problems.size() == 2);
}

TEST_CASE("what a lossy network takes is no fault of the server's") {
  Results results = some_results();
  results.lost = 10;
  Options options;
  options.impairment.loss = 0.02;
  judge(options, results);
  CHECK(results.ok());
}

TEST_CASE("a tool without reserve, and one that lost datagrams itself, warns of its figures") {
  Results results = some_results();
  results.tool_peak_cpu = 0.79;
  judge({}, results);
  CHECK(results.warnings.empty());
  results.tool_peak_cpu = 0.81;
  results.kernel_drops = 1;
  judge({}, results);
  CHECK(results.warnings.size() == 2);
  CHECK(results.ok());
}

TEST_CASE("the page holds everything it needs, and data cannot break out of it") {
  const std::string page = page_of(some_results());
  CHECK(page.find("uPlot=function") != std::string::npos);
  CHECK(page.find("u-legend") != std::string::npos);
  CHECK(page.find("</script><b>") == std::string::npos);
  CHECK(page.find("/*DATA*/") == std::string::npos);
  // Nothing is fetched.
  CHECK(page.find("src=") == std::string::npos);
  CHECK(page.find("<link") == std::string::npos);
  const std::string open = R"(<script type="application/json" id="data">)";
  const std::size_t begin = page.find(open) + open.size();
  const auto json = nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  CHECK(json.at("target") == "the worker </script><b>");
}

TEST_CASE("text that is not UTF-8 does not end the report") {
  Results results = some_results();
  results.command = "sluice-load --json \xFF\xFE";
  CHECK(nlohmann::json::accept(json_of(results)));
}

}  // namespace
}  // namespace sluice::load
