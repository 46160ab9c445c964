#include "load/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <sstream>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "load/option_values.h"
#include "load/process_usage.h"

namespace sluice::load {
namespace {

constexpr int kMaxPeers = 60'000;

constexpr const char* kExamples = R"(Examples:
  What one worker carries, on a core of its own: one room, 200 viewers of a 720p video:
    sluice-load --viewers 200 --video 1280x720 --no-audio --pin 0,1
  Meetings: 10 rooms of 5, everybody sends and sees everybody, over a bad network, with a report to look at:
    sluice-load --rooms 10 --publishers 5 --viewers 0 --loss 2 --delay 40 --jitter 20 --report meetings.html
  A running conference server, with its workers' CPU time:
    sluice-load --server http://localhost:8000 --publishers 4 --viewers 10 --watch $(pgrep -d, sluice-worker)
  A running worker that was started with --control unix:/run/sluice.sock:
    sluice-load --control unix:/run/sluice.sock --viewers 100
  A film of your own, as ffmpeg writes it:
    ffmpeg -i film.mp4 -c:v libvpx -b:v 1M -g 60 -an film.ivf -c:a libopus -vn film.ogg
    sluice-load --capture film.ivf --capture film.ogg --record received/

Exit codes: 0 all is well; 1 a peer did not join, or a viewer did not get what was sent; 2 nonsense on the command line.
docs/load.md says what the figures mean.
)";

class CommandLine {
 public:
  CommandLine()
      : app_(
            "Synthetic peers for a sluice-worker or a conference server: they join rooms, publish and watch "
            "real VP8 and\n"
            "Opus over UDP, check every packet, and report what it was like.",
            "sluice-load") {
    app_.set_version_flag("--version", std::string("sluice-load ") + SLUICE_VERSION,
                          "Print the version and exit");
    app_.set_help_flag("--help,-h", "Print this help and exit");
    app_.footer(kExamples);
    add_target();
    add_peers();
    add_media();
    add_network();
    add_output();
  }

  std::variant<Options, ExitNow> parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return ExitNow{0, app_.help()};
    } catch (const CLI::CallForVersion&) {
      return ExitNow{0, std::string("sluice-load ") + SLUICE_VERSION + "\n"};
    } catch (const CLI::ParseError& error) {
      return mistake(error.what());
    }
    if (const std::string fault = contradiction(); !fault.empty()) return mistake(fault);
    finish();
    return options_;
  }

 private:
  static ExitNow mistake(std::string what) {
    std::replace(what.begin(), what.end(), '\n', ' ');
    return {2, "sluice-load: " + what + "; try sluice-load --help\n"};
  }

  [[nodiscard]] bool given(const char* name) const { return app_.count(name) != 0; }

  [[nodiscard]] std::string contradiction() const {
    if (given("--control") && given("--server")) return "--control and --server: give one of them";
    const bool spawn = !given("--control") && !given("--server");
    for (const char* name : {"--worker", "--worker-args", "--listen"}) {
      if (!spawn && given(name))
        return std::string(name) +
               ": only for a worker that sluice-load starts, not with --control or --server";
    }
    if (spawn && given("--watch")) return "--watch: the worker that sluice-load starts is watched anyway";
    if (options_.publishers == 0 && options_.viewers == 0)
      return "--publishers 0 --viewers 0: nobody would join";
    if (options_.publishers == 0) return "--publishers 0: there would be nothing to watch";
    if (std::int64_t{options_.rooms} * (options_.publishers + options_.viewers) > kMaxPeers)
      return "--rooms, --publishers, --viewers: that is more than " + std::to_string(kMaxPeers) + " peers";
    const bool video_off = given("--no-video");
    if (video_off && given("--video")) return "--video and --no-video: give one of them";
    if (!options_.video_capture.empty()) {
      for (const char* name : {"--video", "--no-video", "--bitrate", "--frame-rate"}) {
        if (given(name)) return std::string(name) + ": the video comes from --capture, as it is";
      }
    }
    if (!options_.audio && !options_.audio_capture.empty()) return "--no-audio: --capture gives audio";
    if (video_off && !options_.audio) return "--no-audio and --no-video: there would be nothing to send";
    if (video_off && (given("--bitrate") || given("--frame-rate")))
      return "--bitrate and --frame-rate are of video: not with --no-video";
    if (given("--impair") && !given("--loss") && !given("--delay") && !given("--jitter"))
      return "--impair: give --loss, --delay or --jitter as well";
    if (options_.light > 0 && !options_.record.empty())
      return "--record: light viewers (--light) do not decrypt what they get";
    return "";
  }

  void finish() {
    options_.target = given("--server")    ? Options::Target::kServer
                      : given("--control") ? Options::Target::kControl
                                           : Options::Target::kSpawn;
    if (given("--no-video") || !options_.video_capture.empty()) options_.video.reset();
    if (options_.video && options_.bitrate == 0)
      options_.bitrate = usual_bitrate(*options_.video, options_.frame_rate);
    options_.impairment.seed = options_.seed;
  }

  void add_target() {
    const char* group = "What to load (default: a worker that sluice-load starts)";
    add("--worker", "PATH", "The sluice-worker to start; default: the one beside sluice-load, or on the PATH",
        [this](const std::string& text) {
          options_.worker = text;
          return access(text.c_str(), X_OK) == 0 && !std::filesystem::is_directory(text)
                     ? ""
                     : "'" + text + "' is not a program that can be run";
        })
        ->group(group);
    add("--worker-args", "'ARG...'", "More options for that worker, such as '--srtp-backend openssl'",
        [this](const std::string& text) {
          options_.worker_arguments = words_of(text);
          return std::string();
        })
        ->group(group);
    add("--listen", "IP", "Where that worker receives media (127.0.0.1)", [this](const std::string& text) {
      options_.listen = text;
      const auto address = SocketAddress::parse(text, 0);
      return address && address->family() == IpFamily::kIPv4 && !address->is_unspecified()
                 ? ""
                 : "'" + text + "' is not an IPv4 address of this machine";
    })->group(group);
    add("--control", "unix:PATH", "A running worker that listens there", [this](const std::string& text) {
      if (text.rfind("unix:", 0) != 0 || text.size() < 6) return "'" + text + "': expected unix:PATH";
      options_.control = text.substr(5);
      return std::string(options_.control.size() > 107 ? "the path of the socket is longer than 107 bytes"
                                                       : "");
    })->group(group);
    add("--server", "http://HOST:PORT", "A running conference server, by its signaling",
        [this](const std::string& text) { return parse_server(text, options_.server); })
        ->group(group);
    add("--watch", "PID,...",
        "Processes on this machine whose CPU time and memory are reported: the server's workers",
        [this](const std::string& text) {
          std::istringstream all(text);
          for (std::string one; std::getline(all, one, ',');) {
            int pid = 0;
            if (!parse_count(one, 1, 1 << 30, pid).empty())
              return "'" + text + "': expected process ids, with commas";
            if (!usage_of(pid)) return "there is no process " + one;
            options_.watch.push_back(pid);
          }
          return std::string();
        })
        ->group(group);
  }

  void add_peers() {
    const char* group = "Who joins";
    add_count("--rooms", "How many rooms (1)", 1, 10'000, options_.rooms)->group(group);
    add_count("--publishers", "How many in each room send (1)", 0, 10'000, options_.publishers)->group(group);
    add_count("--viewers", "How many in each room only watch (1)", 0, 50'000, options_.viewers)->group(group);
    app_.add_flag("--publishers-view,!--no-publishers-view", options_.publishers_view,
                  "Whether those who send watch the others as well (they do)")
        ->group(group);
    add("--ramp", "N", "Joins a second (50); 0: all at once", [this](const std::string& text) {
      return parse_in(text, 0, 100'000, " joins a second", options_.ramp);
    })->group(group);
    add_seconds("--duration", "How long after the last one began to join (10)", 0.5, 86'400,
                options_.duration)
        ->group(group);
    add("--light", "N",
        "Viewers decrypt and check one packet in N only, and count the others by their headers: more viewers "
        "a core",
        [this](const std::string& text) { return parse_count(text, 2, 1000, options_.light); })
        ->group(group);
  }

  void add_media() {
    const char* group = "What is sent";
    app_.add_flag("--audio,!--no-audio", options_.audio, "Opus, with turns of speech and silence (on)")
        ->group(group);
    add("--video", "WxH[:simulcast]",
        "VP8 of this size (640x360), or three encodings of it: full, half and quarter size",
        [this](const std::string& text) { return parse_video(text, *options_.video); })
        ->group(group);
    app_.add_flag("--no-video", no_video_, "No video")->group(group);
    add("--frame-rate", "N", "Frames a second (30)", [this](const std::string& text) {
      int rate = 0;
      std::string fault = parse_count(text, 1, 240, rate);
      options_.frame_rate = static_cast<std::uint32_t>(rate);
      return fault;
    })->group(group);
    add("--bitrate", "BPS", "Of the video, such as 800k or 2.5M; default by its size: 1.5M for 1280x720",
        [this](const std::string& text) { return parse_bitrate(text, options_.bitrate); })
        ->group(group);
    app_.add_option_function<std::vector<std::string>>(
            "--capture",
            [this](const std::vector<std::string>& all) {
              for (const std::string& file : all) take_capture(file);
            },
            "Publish this file, over and over: IVF with VP8, or Ogg with Opus. Once for each")
        ->type_name("FILE")
        ->allow_extra_args(false)
        ->group(group);
  }

  void take_capture(const std::string& file) {
    const std::string extension = std::filesystem::path(file).extension().string();
    const bool video = extension == ".ivf";
    if (!video && extension != ".ogg" && extension != ".opus")
      throw CLI::ValidationError(
          "--capture", "'" + file + "': expected a file that ends in .ivf (VP8), .ogg or .opus (Opus)");
    std::string& place = video ? options_.video_capture : options_.audio_capture;
    if (!place.empty())
      throw CLI::ValidationError("--capture", "two files with " + std::string(video ? "video" : "audio"));
    if (access(file.c_str(), R_OK) != 0)
      throw CLI::ValidationError("--capture", "cannot read '" + file + "'");
    place = file;
  }

  void add_network() {
    const char* group = "The network in between, made by sluice-load";
    auto& bad = options_.impairment;
    add("--loss", "PERCENT", "So many datagrams get lost, each way", [&bad](const std::string& text) {
      double percent = 0;
      std::string fault = parse_in(text, 0, 90, " %", percent);
      bad.loss = percent / 100;
      return fault;
    })->group(group);
    add_millis("--delay", "They come so much later (ms), each way", bad.delay)->group(group);
    add_millis("--jitter", "And up to so much more (ms)", bad.jitter)->group(group);
    add("--impair", "DIRECTION", "both (the default), send or receive: to which of the peers' datagrams",
        [&bad](const std::string& text) {
          bad.sending = text != "receive";
          bad.receiving = text != "send";
          return text == "both" || text == "send" || text == "receive"
                     ? ""
                     : "'" + text + "' is unknown (expected both, send or receive)";
        })
        ->group(group);
    add("--seed", "N", "Of all chance (1): what is lost, how long frames are",
        [this](const std::string& text) {
          int seed = 0;
          std::string fault = parse_count(text, 0, 1 << 30, seed);
          options_.seed = static_cast<std::uint64_t>(seed);
          return fault;
        })
        ->group(group);
  }

  void add_output() {
    const char* group = "What comes out";
    add_file("--json", "Write all figures here (docs/load.md)", options_.json, group);
    add_file("--report", "Write a page with plots here, to be opened in any browser", options_.report, group);
    add("--record", "DIR", "Write what each viewer received here: IVF and Ogg",
        [this](const std::string& text) {
          options_.record = text;
          std::error_code error;
          std::filesystem::create_directories(text, error);
          return error ? "cannot make the folder '" + text + "': " + error.message() : "";
        })
        ->group(group);
    app_.add_flag("--quiet", options_.quiet, "No progress, only the summary")->group(group);
    add("--pin", "WORKER,TOOL", "Which core the worker is held to, and which sluice-load",
        [this](const std::string& text) { return parse_pin(text, options_.pin.emplace()); })
        ->group(group);
  }

  void add_file(const std::string& name, const std::string& help, std::string& place, const char* group) {
    add(name, "FILE", help, [&place](const std::string& text) {
      place = text;
      return unwritable(text);
    })->group(group);
  }

  /// `take` stores the value and returns what is wrong with it, or nothing.
  template <typename Take>
  CLI::Option* add(const std::string& name, const std::string& type, const std::string& help, Take take) {
    return app_
        .add_option_function<std::string>(
            name,
            [name, take](const std::string& text) {
              if (const std::string fault = take(text); !fault.empty())
                throw CLI::ValidationError(name, fault);
            },
            help)
        ->type_name(type);
  }

  CLI::Option* add_count(const std::string& name, const std::string& help, int min, int max, int& value) {
    return add(name, "N", help,
               [min, max, &value](const std::string& text) { return parse_count(text, min, max, value); });
  }

  CLI::Option* add_seconds(const std::string& name, const std::string& help, double min, double max,
                           Duration& value) {
    return add(name, "SECONDS", help, [min, max, &value](const std::string& text) {
      double seconds = 0;
      std::string fault = parse_in(text, min, max, " s", seconds);
      value = Duration(static_cast<std::int64_t>(seconds * 1e6));
      return fault;
    });
  }

  CLI::Option* add_millis(const std::string& name, const std::string& help, Duration& value) {
    return add(name, "MS", help, [&value](const std::string& text) {
      double millis = 0;
      std::string fault = parse_in(text, 0, 5000, " ms", millis);
      value = Duration(static_cast<std::int64_t>(millis * 1e3));
      return fault;
    });
  }

  CLI::App app_;
  Options options_;
  bool no_video_ = false;
};

}  // namespace

std::variant<Options, ExitNow> parse_options(int argc, const char* const* argv) {
  return CommandLine().parse(argc, argv);
}

std::uint32_t usual_bitrate(const VideoFormat& format, std::uint32_t frame_rate) {
  const double pixels = static_cast<double>(format.width) * format.height / (1280.0 * 720.0);
  const double rate = 1.5e6 * std::pow(pixels, 0.75) * std::sqrt(frame_rate / 30.0);
  return std::max(30'000U, static_cast<std::uint32_t>(rate / 1000) * 1000);
}

}  // namespace sluice::load
