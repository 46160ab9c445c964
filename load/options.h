// The command line of sluice-load, parsed and validated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "load/impairment.h"
#include "sluice/time.h"

namespace sluice::load {

struct VideoFormat {
  std::uint16_t width = 640;
  std::uint16_t height = 360;
  bool simulcast = false;
};

/// http://HOST[:PORT]
struct ServerAddress {
  std::string host;
  std::string port;
};

/// Which core the worker gets and which the tool.
struct Pinning {
  int worker = -1;
  int tool = -1;
};

struct Options {
  enum class Target : std::uint8_t { kSpawn, kControl, kServer };

  Target target = Target::kSpawn;
  std::string worker;  ///< Of kSpawn; empty: to be found.
  std::vector<std::string> worker_arguments;
  std::string listen = "127.0.0.1";
  std::string control;  ///< Path of kControl.
  ServerAddress server;
  std::vector<pid_t> watch;

  int rooms = 1;
  int publishers = 1;
  int viewers = 1;
  bool publishers_view = true;
  double ramp = 50;  ///< Joins a second; 0: all at once.
  Duration duration = 10s;

  bool audio = true;
  std::optional<VideoFormat> video = VideoFormat{};
  std::uint32_t frame_rate = 30;
  std::uint32_t bitrate = 0;  ///< bps of the video; set from its size when not given.
  std::string video_capture;
  std::string audio_capture;

  Impairment::Options impairment;
  std::uint64_t seed = 1;
  std::optional<Pinning> pin;
  int light = 0;  ///< Viewers decrypt one packet in so many; 0: every one.

  std::string json;
  std::string report;
  std::string record;
  bool quiet = false;

  [[nodiscard]] int peers() const { return rooms * (publishers + viewers); }
};

/// The process is to end at once: --help, --version (code 0, text for stdout) or a mistake (code 2, one line
/// for stderr).
struct ExitNow {
  int code = 0;
  std::string text;
};

std::variant<Options, ExitNow> parse_options(int argc, const char* const* argv);

/// What a camera of this size is usually coded with: 1.5 Mbps at 1280x720 and 30 frames a second.
std::uint32_t usual_bitrate(const VideoFormat& format, std::uint32_t frame_rate);

}  // namespace sluice::load
