// What forwarding costs: a real sluice-worker on one core, synthetic peers over loopback UDP on the other,
// and in the same run a yardstick that does the least a forwarder can. Started by scripts/bench;
// docs/performance.md says how to read it.
//
// Writes JSON; test/bench/report.py makes tables of it and compares them with what is stored.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>
#include <openssl/crypto.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/sections.h"
#include "srtp/backend.h"

namespace sluice::bench {
namespace {

struct Settings {
  Environment environment;
  Effort effort;
  bool quick = false;
  bool sweep = false;
  std::vector<std::string> sections;
  std::vector<srtp::Suite> suites{srtp::Suite::kAeadAes128Gcm, srtp::Suite::kAesCm128HmacSha1_80};
  std::vector<int> viewers{10, 50, 100, 200, 400, 1000};
  std::vector<int> audio_viewers{100, 400};
  std::vector<int> rooms{4, 8, 16};
  double seconds = 0;
  std::string json;
};

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

Json machine() {
  utsname system{};
  uname(&system);
  return {{"cpu", cpu_model()},
          {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
          {"kernel", std::string(system.sysname) + " " + system.release + " " + system.machine},
          {"openssl", OpenSSL_version(OPENSSL_VERSION)},
          {"splitBy", CpuMeter(getpid()).method()}};
}

void make_quick(Settings& settings) {
  settings.suites = {srtp::Suite::kAeadAes128Gcm};
  settings.viewers = {10, 100};
  settings.audio_viewers = {100};
  settings.rooms = {8};
  settings.effort.cost = 1s;
  settings.effort.delay = 1s;
  settings.effort.yardstick = 500ms;
  settings.effort.joins = 300;
  if (settings.sections.empty()) settings.sections = {"video", "audio", "rooms", "memory", "joins"};
}

void write(const Settings& settings, const Json& run) {
  const std::string text = run.dump(2) + "\n";
  if (settings.json.empty()) {
    std::cout << text;
  } else {
    std::ofstream(settings.json) << text;
  }
}

/// What is measured is written after each section, so that an interrupted run keeps what it has.
void run(const Settings& settings) {
  const auto& [environment, effort] = std::tie(settings.environment, settings.effort);
  Json out = {{"machine", machine()},
              {"settings",
               {{"receivers", environment.receivers == Receivers::kGro ? "gro" : "plain"},
                {"publisher", environment.burst == Burst::kGso ? "gso" : "sendmmsg"},
                {"srtpBackend", environment.srtp_backend},
                {"quick", settings.quick}}},
              {"rows", Json::array()}};
  const auto section = [&](const char* name, auto measure) {
    const auto& wanted = settings.sections;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) return;
    measure();
    if (!settings.json.empty()) write(settings, out);
  };
  if (settings.sweep) {
    out["growth"] = measure_growth(environment, effort);
  } else {
    section("video",
            [&] { measure_video(environment, effort, settings.suites, settings.viewers, out["rows"]); });
    section("audio", [&] {
      measure_audio(environment, effort, settings.suites, settings.audio_viewers, out["rows"]);
    });
    section("rooms",
            [&] { measure_rooms(environment, effort, settings.suites, settings.rooms, out["rows"]); });
    section("memory", [&] { out["memory"] = measure_memory(environment); });
    section("allocations", [&] { out["allocations"] = attribute_allocations(environment); });
    section("joins", [&] { out["joins"] = measure_joins(environment, effort); });
    section("idle", [&] { out["idle"] = measure_idle(environment, effort); });
  }
  write(settings, out);
}

/// Takes these names only, and shows them in place of the numbers that they stand for.
template <typename Value>
void choose(CLI::Option* option, const std::map<std::string, Value>& values) {
  std::string names;
  for (const auto& [name, value] : values) names += (names.empty() ? "" : "|") + name;
  option->transform(CLI::CheckedTransformer(values).description(""))->type_name(names);
}

void add_options(CLI::App& app, Settings& settings) {
  auto& environment = settings.environment;
  app.add_option("--worker", environment.worker, "The sluice-worker to measure")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--yardstick", environment.yardstick, "The yardstick program")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--malloc-counter", environment.malloc_counter,
                 "The preload library that counts the heap's use")
      ->check(CLI::ExistingFile);
  app.add_option("--srtp-backend", environment.srtp_backend,
                 "Of the worker: auto, ipsec-mb, openssl or libsrtp");
  const std::map<std::string, Receivers> receivers{{"plain", Receivers::kPlain}, {"gro", Receivers::kGro}};
  choose(app.add_option("--receivers", environment.receivers,
                        "Viewers' sockets: plain (default), or with UDP_GRO"),
         receivers);
  const std::map<std::string, Burst> bursts{{"sendmmsg", Burst::kSendmmsg}, {"gso", Burst::kGso}};
  choose(app.add_option(
             "--publisher", environment.burst,
             "How a frame leaves the publisher: sendmmsg (default, as browsers), or gso (arrives at once)"),
         bursts);
  app.add_flag("--quick", settings.quick, "Fewer and shorter measurements: under a minute");
  app.add_flag("--sweep", settings.sweep, "Instead: how cost grows with viewers, rooms and senders");
  app.add_option("--only", settings.sections,
                 "Sections: video, audio, rooms, memory, allocations, joins, idle")
      ->delimiter(',')
      ->check(CLI::IsMember({"video", "audio", "rooms", "memory", "allocations", "joins", "idle"}));
  const std::map<std::string, srtp::Suite> suites{{"gcm", srtp::Suite::kAeadAes128Gcm},
                                                  {"cm", srtp::Suite::kAesCm128HmacSha1_80}};
  choose(app.add_option("--suites", settings.suites,
                        "gcm (AEAD_AES_128_GCM), cm (AES_CM_128_HMAC_SHA1_80); default both")
             ->delimiter(','),
         suites);
  app.add_option("--viewers", settings.viewers, "Sizes of the video section")
      ->delimiter(',')
      ->check(CLI::Range(1, 5000));
  app.add_option("--audio-viewers", settings.audio_viewers, "Sizes of the audio section")
      ->delimiter(',')
      ->check(CLI::Range(1, 5000));
  app.add_option("--rooms", settings.rooms, "Sizes of the rooms")->delimiter(',')->check(CLI::Range(2, 100));
  app.add_option("--seconds", settings.seconds, "How long the cost of a row is measured (1.5)")
      ->check(CLI::Range(0.2, 60.0));
  app.add_option("--joins", settings.effort.joins, "How many join at once")->check(CLI::Range(1, 20'000));
  app.add_option("--idle", settings.effort.idle_transports, "How many idle transports")
      ->check(CLI::Range(1, 50'000));
  app.add_flag("!--no-capacity", settings.effort.capacity, "Leave out the highest rate");
  app.add_flag("--verbose", environment.verbose, "Tell every step of the search for the highest rate");
  app.add_option("--json", settings.json, "Where the figures go (standard output)");
}

int main_checked(int argc, char** argv) {
  Settings settings;
  CLI::App app("What forwarding costs: a real worker on one core, peers on the other, beside a yardstick.",
               "scripts/bench forward");
  add_options(app, settings);
  const auto quick = std::find(argv, argv + argc, std::string_view("--quick"));
  if (quick != argv + argc) make_quick(settings);  // before the others, which may say otherwise
  CLI11_PARSE(app, argc, argv);
  if (settings.seconds > 0)
    settings.effort.cost = Duration(static_cast<std::int64_t>(settings.seconds * 1e6));
  raise_descriptor_limit(8192);
  pin_to_core(kPeersCore);
  run(settings);
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  return sluice::bench::main_checked(argc, argv);
}
