// What sluice-load can be told, and what it refuses in one line that names the option.
#include "load/options.h"

#include <sstream>

#include "catch.h"

namespace sluice::load {
namespace {

std::variant<Options, ExitNow> parse(const std::string& line) {
  std::istringstream in("sluice-load " + line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  std::vector<const char*> argv;
  for (const auto& word : words) argv.push_back(word.c_str());
  return parse_options(static_cast<int>(argv.size()), argv.data());
}

Options good(const std::string& line) {
  auto parsed = parse(line);
  if (const auto* exit = std::get_if<ExitNow>(&parsed)) FAIL(exit->text);
  return std::get<Options>(parsed);
}

TEST_CASE("without options one publisher sends 360p video and audio to one viewer of a worker of its own") {
  const Options options = good("");
  CHECK(options.target == Options::Target::kSpawn);
  CHECK(options.peers() == 2);
  CHECK(options.audio);
  REQUIRE(options.video);
  CHECK(options.video->width == 640);
  CHECK_FALSE(options.video->simulcast);
  CHECK(options.bitrate > 400'000);
  CHECK(options.bitrate < 700'000);
}

TEST_CASE("the video's size sets its bitrate unless one is given") {
  CHECK(good("--video 1280x720").bitrate == 1'500'000);
  CHECK(good("--video 320x180").bitrate < 250'000);
  CHECK(good("--video 1280x720 --bitrate 2.5M").bitrate == 2'500'000);
  CHECK(good("--video 1280x720 --bitrate 800k").bitrate == 800'000);
  CHECK(good("--video 1280x720:simulcast").video->simulcast);
  CHECK_FALSE(good("--no-video").video);
}

TEST_CASE("who is loaded follows from what is given") {
  CHECK(good("--control unix:/run/a.sock").control == "/run/a.sock");
  const Options server = good("--server http://localhost:8000/");
  CHECK(server.target == Options::Target::kServer);
  CHECK(server.server.host == "localhost");
  CHECK(server.server.port == "8000");
  CHECK(good("--server http://example.org").server.port == "80");
  CHECK(good("--server http://[::1]:81").server.host == "::1");
}

TEST_CASE("the network's faults are read in people's units") {
  const Options options = good("--loss 2.5 --delay 40 --jitter 7.5 --impair receive --seed 9");
  CHECK(options.impairment.loss == Approx(0.025));
  CHECK(options.impairment.delay == 40ms);
  CHECK(options.impairment.jitter == 7500us);
  CHECK_FALSE(options.impairment.sending);
  CHECK(options.impairment.receiving);
  CHECK(options.impairment.seed == 9);
}

TEST_CASE("nonsense is refused in one line that names the option, with code 2") {
  const auto [line, named] = GENERATE(table<std::string, std::string>({
      {"--loss 150", "--loss"},
      {"--loss nan", "--loss"},
      {"--publishers 0 --viewers 0", "--publishers"},
      {"--publishers 0", "--publishers"},
      {"--rooms 0", "--rooms"},
      {"--rooms 10000 --viewers 10", "--rooms"},
      {"--viewers 1.5", "--viewers"},
      {"--duration 0", "--duration"},
      {"--duration -3", "--duration"},
      {"--ramp -1", "--ramp"},
      {"--video 10x", "--video"},
      {"--video 640", "--video"},
      {"--video 8x8", "--video"},
      {"--video 640x360:svc", "--video"},
      {"--video 640x360 --no-video", "--no-video"},
      {"--no-audio --no-video", "--no-audio"},
      {"--no-video --bitrate 1M", "--bitrate"},
      {"--bitrate 1T", "--bitrate"},
      {"--frame-rate 0", "--frame-rate"},
      {"--control /run/a", "--control"},
      {"--control unix:/a --server http://b", "--server"},
      {"--control unix:/a --listen 127.0.0.1", "--listen"},
      {"--server ftp://b", "--server"},
      {"--server https://b", "--server"},
      {"--server http://b:0", "--server"},
      {"--watch 1", "--watch"},
      {"--listen 0.0.0.0", "--listen"},
      {"--worker /etc", "--worker"},
      {"--capture film.mp4", "--capture"},
      {"--capture nowhere.ivf", "--capture"},
      {"--impair send", "--impair"},
      {"--loss 1 --impair sideways", "--impair"},
      {"--light 1", "--light"},
      {"--light 8 --record /tmp", "--record"},
      {"--pin 0", "--pin"},
      {"--pin 0,100000", "--pin"},
      {"--json /nowhere/a.json", "--json"},
      {"--report /", "--report"},
      {"--colour", "--colour"},
      {"rooms", "rooms"},
  }));
  INFO(line);
  const auto parsed = parse(line);
  const auto* exit = std::get_if<ExitNow>(&parsed);
  REQUIRE(exit != nullptr);
  CHECK(exit->code == 2);
  CHECK(exit->text.find(named) != std::string::npos);
  CHECK(exit->text.find('\n') == exit->text.size() - 1);
}

TEST_CASE("help has examples and goes to stdout") {
  const auto parsed = parse("--help");
  const auto& exit = std::get<ExitNow>(parsed);
  CHECK(exit.code == 0);
  CHECK(exit.text.find("Examples:") != std::string::npos);
  CHECK(exit.text.find("--viewers") != std::string::npos);
}

}  // namespace
}  // namespace sluice::load
