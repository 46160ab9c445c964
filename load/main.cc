// sluice-load: parses the command line, runs, tells. Exit codes: docs/load.md.
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include "load/options.h"
#include "load/process_usage.h"
#include "load/report.h"
#include "load/run.h"
#include "load/server_signaling.h"
#include "load/summary.h"
#include "load/worker_signaling.h"

namespace sluice::load {
namespace {

volatile bool interrupted = false;

void on_signal(int /*signal*/) {
  if (interrupted) _exit(130);  // asked twice
  interrupted = true;
}

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

/// Each peer to elsewhere has a socket, and so has each WebSocket.
Result<void> raise_descriptor_limit(const Options& options) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto wanted = static_cast<rlim_t>(options.peers()) * 2 + 64;
  rlimit more = limit;
  more.rlim_cur = more.rlim_max;
  setrlimit(RLIMIT_NOFILE, &more);
  getrlimit(RLIMIT_NOFILE, &limit);
  if (options.target != Options::Target::kServer || limit.rlim_cur >= wanted) return {};
  return Error{ErrorCode::kLimitExceeded, "",
               std::to_string(options.peers()) + " peers need " + std::to_string(wanted) +
                   " descriptors, and " + std::to_string(limit.rlim_cur) + " are allowed: raise `ulimit -n`"};
}

Result<std::unique_ptr<Signaling>> make_signaling(const Options& options) {
  if (options.target == Options::Target::kServer) {
    auto made = ServerSignaling::create(options);
    if (!made) return made.error();
    return std::unique_ptr<Signaling>(std::move(*made));
  }
  auto made = WorkerSignaling::create(options);
  if (!made) return made.error();
  return std::unique_ptr<Signaling>(std::move(*made));
}

std::string media_text(const Options& options) {
  std::string out;
  if (!options.video_capture.empty()) out = "VP8 from " + options.video_capture;
  if (options.video) {
    out = "VP8 " + std::to_string(options.video->width) + "x" + std::to_string(options.video->height) +
          (options.video->simulcast ? " in three encodings" : "") + ", " +
          std::to_string(options.frame_rate) + " frames/s, " + with_prefix(options.bitrate) + "bps";
  }
  if (options.audio) {
    if (!out.empty()) out += "; ";
    out += options.audio_capture.empty() ? "Opus" : "Opus from " + options.audio_capture;
  }
  return out;
}

std::string network_text(const Impairment::Options& bad) {
  std::string out;
  const auto add = [&out](double value, const char* unit) {
    if (value <= 0) return;
    char text[64];
    std::snprintf(text, sizeof text, "%s%g %s", out.empty() ? "" : ", ", value, unit);
    out += text;
  };
  add(bad.loss * 100, "% loss");
  add(static_cast<double>(bad.delay.count()) / 1e3, "ms delay");
  add(static_cast<double>(bad.jitter.count()) / 1e3, "ms jitter");
  if (out.empty()) return out;
  return out + (!bad.receiving ? ", of what peers send"
                : !bad.sending ? ", of what peers receive"
                               : ", each way");
}

std::string command_text(int argc, char** argv) {
  std::string out = "sluice-load";
  for (int i = 1; i < argc; ++i) out += std::string(" ") + argv[i];
  return out;
}

std::string utc_text(std::int64_t unix_seconds) {
  const std::time_t now = unix_seconds;
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// On a terminal one line over the last; else a line every few seconds.
class Progress {
 public:
  void operator()(const Results& so_far, const Sample& sample) {
    const std::string line = progress_line(so_far, sample);
    if (terminal_) {
      std::fprintf(stderr, "\r\033[K%s", line.c_str());
      std::fflush(stderr);
    } else if (sample.at >= next_) {
      std::fprintf(stderr, "%s\n", line.c_str());
      next_ = sample.at + 4.9;
    }
  }
  void end() const {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  double next_ = 0;
};

bool write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) std::fprintf(stderr, "sluice-load: cannot write %s\n", path.c_str());
  return bool(file);
}

int complain(const Error& error) {
  const std::string option = error.field.empty() ? "" : "--" + error.field + ": ";
  std::fprintf(stderr, "sluice-load: %s%s\n", option.c_str(), error.message.c_str());
  return 1;
}

int run(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv);
  if (const auto* exit = std::get_if<ExitNow>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  const auto& options = std::get<Options>(parsed);
  watch_signals();
  if (auto raised = raise_descriptor_limit(options); !raised) return complain(raised.error());
  auto plan = MediaPlan::make(options);
  if (!plan) return complain(plan.error());
  auto signaling = make_signaling(options);
  if (!signaling) return complain(signaling.error());
  if (options.pin) pin_to_core(options.pin->tool);  // after the worker was started: it has its own core
  const std::int64_t date = worker::read_clocks().unix_nanos / 1'000'000'000;
  Run run(options, **signaling, *plan, interrupted);
  Progress progress;
  auto results = run.run(options.quiet ? Run::Progress() : [&](const Results& so_far, const Sample& sample) {
    progress(so_far, sample);
  });
  if (!options.quiet) progress.end();
  if (!results) return complain(results.error());
  results->version = SLUICE_VERSION;
  results->date = utc_text(date);
  results->command = command_text(argc, argv);
  results->media = media_text(options);
  results->network = network_text(options.impairment);
  std::fputs(summary_of(*results).c_str(), stdout);
  const bool written = write_file(options.json, json_of(*results)) &&
                       write_file(options.report, options.report.empty() ? "" : page_of(*results));
  return results->ok() && written ? 0 : 1;
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  return sluice::load::run(argc, argv);
}
