// The whole tool against a real worker, for a few seconds: everybody joins, every viewer gets what was sent,
// and what it got can be played. No figures are held to a target: machines differ.
#include "load/run.h"

#include <cstdlib>
#include <fstream>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "load/files.h"
#include "load/report.h"
#include "load/worker_signaling.h"

namespace sluice::load {
namespace {

Results run(const Options& options) {
  const bool interrupted = false;
  auto plan = MediaPlan::make(options);
  REQUIRE(plan.ok());
  auto signaling = WorkerSignaling::create(options);
  if (!signaling) FAIL(signaling.error().message);
  auto results = Run(options, **signaling, *plan, interrupted).run({});
  if (!results) FAIL(results.error().message);
  return std::move(*results);
}

Options meetings() {
  Options options;
  options.worker = SLUICE_WORKER_BINARY;
  options.rooms = 2;
  options.publishers = 2;
  options.viewers = 3;
  options.duration = 3s;
  options.bitrate = 300'000;
  return options;
}

void check_ok(const Results& results) {
  for (const auto& problem : results.problems) UNSCOPED_INFO(problem);
  for (const auto& [reason, count] : results.failures) UNSCOPED_INFO(reason);
  CHECK(results.ok());
}

/// Into the void, by a muxer that minds no timestamps: a publisher on a busy machine is not punctual, and
/// that is no fault of what it coded.
std::pair<int, std::string> decode(const std::filesystem::path& file) {
  // In the file's own unit: rounded to a rate that ffmpeg guesses, two frames close to each other are one
  // time.
  return run_program("ffmpeg -v error -xerror -y -i " + file.string() + " -vsync passthrough " +
                     (file.extension() == ".ivf" ? "-enc_time_base -1 -f rawvideo" : "-f s16le") +
                     " /dev/null");
}

TEST_CASE("two meetings of five: all join, and every viewer gets what was sent") {
  const Results results = run(meetings());
  check_ok(results);
  CHECK(results.joined == 10);
  // Of each room: three viewers of four tracks, two publishers of the other's two.
  CHECK(results.tracks_expected == 32);
  CHECK(results.tracks == 32);
  CHECK(results.tracks_live == 32);
  CHECK(results.violations() == 0);
  CHECK(results.frames > 32 * 30);
  CHECK(results.latency.count > 4000);  // fewer on a busy machine, where publishers are late
  CHECK(results.worker_known);
  CHECK(results.worker_peak_rss > 1e6);
  CHECK(results.samples.size() >= 3);
  for (const auto& step : results.joining) CHECK(step.count >= 8);
  CHECK(nlohmann::json::accept(json_of(results)));
}

TEST_CASE("over a bad network losses are repaired, and what goes on is in order") {
  Options options = meetings();
  options.impairment = {.loss = 0.03, .delay = 15ms, .jitter = 10ms, .seed = 7};
  const Results results = run(options);
  check_ok(results);
  CHECK(results.joined == 10);
  CHECK(results.violations() == 0);
  CHECK(results.impairment_dropped > 0);
  CHECK(results.repaired > 0);
  CHECK(results.latency.p50 >= 30);
}

/// For the processes that are started while it lives.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~ScopedVariable() { unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
};

/// How many messages a meeting's worker asks the kernel to cut into datagrams.
unsigned long segmented_messages(const Options& options, const TemporaryFolder& folder) {
  const ScopedVariable preload("LD_PRELOAD", SLUICE_GSO_SHIM);
  const ScopedVariable file("SLUICE_GSO_SHIM_FILE", folder.file("count"));
  const Results results = run(options);
  check_ok(results);
  CHECK(results.violations() == 0);
  unsigned long count = 0;
  std::ifstream(folder.file("count")) >> count;
  return count;
}

TEST_CASE(
    "viewers get the same when the kernel cuts messages into datagrams, when it refuses, and when it is not "
    "asked") {
  const TemporaryFolder folder;
  Options options = meetings();
  options.bitrate = 1'000'000;  // several packets a frame
  SECTION("asked") {
    CHECK(segmented_messages(options, folder) > 100);
  }
  SECTION("asked, over a bad network") {
    options.impairment = {.loss = 0.03, .delay = 15ms, .jitter = 10ms, .seed = 8};
    CHECK(segmented_messages(options, folder) > 100);
  }
  SECTION("refused: asked once, and for what was laid out beside it, and not again") {
    const ScopedVariable refuse("SLUICE_GSO_SHIM_REFUSE", "1");
    const unsigned long asked = segmented_messages(options, folder);
    CHECK(asked >= 1);
    CHECK(asked <= 64);
  }
  SECTION("not asked") {
    options.worker_arguments = {"--udp-gso", "off", "--udp-gro", "off"};
    CHECK(segmented_messages(options, folder) == 0);
  }
}

TEST_CASE("ffmpeg decodes what viewers received without a complaint") {
  const TemporaryFolder folder;
  Options options = meetings();
  options.record = folder.path();
  options.rooms = 1;
  SECTION("over a good network") {}
  SECTION("over a bad network") {
    options.impairment = {.loss = 0.03, .delay = 10ms};
  }
  SECTION("at a size whose key frames take more than a packet") {
    options.video->width = 1280;
    options.video->height = 720;
    options.bitrate = 1'000'000;
  }
  check_ok(run(options));
  const std::filesystem::directory_iterator files(folder.path());
  if (!have_ffmpeg()) {
    WARN("ffmpeg is not installed");
    return;
  }
  int decoded = 0;
  for (const auto& file : files) {
    INFO(file.path().string());
    const auto [code, said] = decode(file.path());
    CHECK(code == 0);
    CHECK(said == "");
    ++decoded;
  }
  CHECK(decoded == 3 * 4 + 2 * 2);
}

TEST_CASE("a film from files is published, received and played") {
  const TemporaryFolder folder;
  if (!have_ffmpeg()) {
    WARN("ffmpeg is not installed");
    return;
  }
  REQUIRE(run_program("ffmpeg -v error -f lavfi -i testsrc2=s=320x240:r=25:d=2 -c:v libvpx -b:v 400k -g 25 " +
                      folder.file("film.ivf"))
              .first == 0);
  REQUIRE(run_program("ffmpeg -v error -f lavfi -i sine=d=2 -c:a libopus " + folder.file("film.ogg")).first ==
          0);
  const TemporaryFolder received;
  Options options = meetings();
  options.rooms = 1;
  options.video.reset();
  options.video_capture = folder.file("film.ivf");
  options.audio_capture = folder.file("film.ogg");
  options.record = received.path();
  check_ok(run(options));
  for (const auto& file : std::filesystem::directory_iterator(received.path())) {
    const auto [code, said] = decode(file.path());
    CHECK(code == 0);
    CHECK(said == "");
  }
}

TEST_CASE("light viewers count every packet and check some") {
  Options options = meetings();
  options.light = 8;
  options.publishers_view = false;
  const Results results = run(options);
  check_ok(results);
  CHECK(results.tracks == 24);
  CHECK(results.packets > 2000);
  CHECK(results.latency.count > 100);
  CHECK(results.latency.count < results.packets / 4);
}

TEST_CASE("a worker that exits at once is told in one line") {
  const std::string load = SLUICE_LOAD_BINARY;
  const auto [code, said] =
      run_program(load + " --worker " + SLUICE_WORKER_BINARY + " --worker-args --nonsense --quiet");
  CHECK(code == 1);
  CHECK(said.find("the worker exited with code 2") != std::string::npos);
}

TEST_CASE("simulcast by a worker comes in all its sizes, and is judged") {
  const auto [code, said] =
      run_program(std::string(SLUICE_LOAD_BINARY) + " --worker " + SLUICE_WORKER_BINARY +
                  " --video 640x360:simulcast --duration 2 --quiet");
  CHECK(code == 0);
  CHECK(said.find("in three encodings") != std::string::npos);
  CHECK(said.find("encodings seen") != std::string::npos);
}

}  // namespace
}  // namespace sluice::load
