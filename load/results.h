// What a run found: plain values, from which the summary, the JSON and the page are made (summary.h,
// report.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::load {

/// Milliseconds.
struct Percentiles {
  std::uint64_t count = 0;
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
};

/// What happened in one interval, and what stood at its end.
struct Sample {
  double at = 0;  ///< Seconds since the first join, at the interval's end.
  std::uint32_t begun = 0;
  std::uint32_t connected = 0;
  std::uint32_t watching = 0;  ///< Have seen a frame of all they wait for.
  double sent_bps = 0;         ///< By all peers, as UDP payloads.
  double received_bps = 0;
  double received_pps = 0;
  Percentiles latency;
  double worker_cpu = 0;  ///< Of all workers, in cores.
  double worker_user = 0;
  double worker_system = 0;
  double worker_rss = 0;  ///< Bytes.
  double tool_cpu = 0;    ///< In cores.
  double tool_rss = 0;
  std::uint64_t lost = 0;          ///< By the viewers, for good.
  std::uint64_t kernel_drops = 0;  ///< Of the tool's sockets.
  std::uint64_t freezes = 0;
};

enum class JoinStep : std::uint8_t { kSignaled, kIceConnected, kReady, kFirstPacket, kFirstFrame };
inline constexpr std::size_t kJoinSteps = 5;
/// "signaled", "iceConnected", ...
std::string_view to_string(JoinStep step);

struct Results {
  std::string version;
  std::string target;
  std::string command;
  std::string date;  ///< ISO 8601, UTC.

  // What was asked for.
  int rooms = 0;
  int publishers = 0;
  int viewers = 0;
  std::string media;       ///< "VP8 1280x720, 30 frames/s, 1.5 Mbps; Opus".
  std::string network;     ///< "2 % loss, 40 ms delay", or empty.
  double seconds = 0;      ///< From the first join to the end.
  double steady_from = 0;  ///< When the last one had begun to join.
  int light = 0;
  bool interrupted = false;

  // Joining.
  std::uint32_t peers = 0;
  std::uint32_t joined = 0;
  std::uint32_t not_begun = 0;                                  ///< Ended before their turn.
  std::vector<std::pair<std::string, std::uint32_t>> failures;  ///< By reason, the most frequent first.
  std::array<Percentiles, kJoinSteps> joining;
  double join_rate = 0;  ///< Joins a second, from the first to the last that was ready.

  // Watching: all tracks of all viewers.
  std::uint32_t tracks_expected = 0;
  std::uint32_t tracks = 0;       ///< With at least a packet.
  std::uint32_t tracks_live = 0;  ///< Frames until the end.
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t repaired = 0;
  std::uint64_t lost = 0;          ///< For good. Of these:
  std::uint64_t lost_audio = 0;    ///< Nobody asks for a lost packet of audio again.
  std::uint64_t superseded = 0;    ///< Never came, and a later key frame made up for it.
  std::uint64_t network_lost = 0;  ///< Before repair (RFC 3550 §6.4.1).
  std::uint64_t frames = 0;
  std::uint64_t key_frames = 0;
  std::uint64_t freezes = 0;
  double longest_freeze = 0;  ///< ms.
  std::uint64_t layer_switches = 0;
  std::vector<std::string> encodings;              ///< Of a simulcast: "320x180", the smallest first...
  std::array<std::uint64_t, 4> frames_by_layer{};  ///< ...and how many frames of each were seen.
  std::uint64_t plis = 0;
  // Violations of what an SFU promises.
  std::uint64_t duplicates = 0;
  std::uint64_t damaged = 0;
  std::uint64_t order_errors = 0;
  std::uint64_t timestamp_errors = 0;
  std::uint64_t bad_starts = 0;
  std::uint64_t misrouted = 0;
  [[nodiscard]] std::uint64_t violations() const {
    return duplicates + damaged + order_errors + timestamp_errors + bad_starts + misrouted;
  }
  Percentiles latency;
  std::vector<std::pair<double, double>> latency_distribution;  ///< ms, share.
  Percentiles jitter;                                           ///< Of tracks (RFC 3550 §6.4.1).

  // What it cost.
  bool worker_known = false;
  double worker_cpu = 0;  ///< Cores, while steady.
  double worker_user = 0;
  double worker_system = 0;
  double worker_peak_rss = 0;
  double worker_micros_per_packet = 0;  ///< CPU time for each packet sent to a viewer, while steady.
  double tool_cpu = 0;
  double worker_waited = 0;  ///< Share of the time: ready to run, and its core was another's.
  double tool_waited = 0;
  double tool_peak_cpu = 0;  ///< Of one interval.
  double tool_peak_rss = 0;
  std::uint64_t kernel_drops = 0;
  std::uint64_t send_drops = 0;
  std::uint64_t impairment_dropped = 0;
  std::uint32_t sockets = 0;

  std::vector<Sample> samples;

  std::vector<std::string> problems;  ///< Why the run failed; empty: all is well.
  std::vector<std::string> warnings;  ///< Why figures may be the tool's own.
  [[nodiscard]] bool ok() const { return problems.empty(); }
};

}  // namespace sluice::load
