#include "load/summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sluice::load {
namespace {

template <typename... T>
std::string format(const char* pattern, T... values) {
  char out[512];
  std::snprintf(out, sizeof out, pattern, values...);
  return out;
}

/// Three digits, as far as they mean something.
std::string number(double value) {
  return value >= 100 || value == 0 ? format("%.0f", value)
         : value >= 10              ? format("%.1f", value)
                                    : format("%.2f", value);
}

std::string millis(const Percentiles& p) {
  if (p.count == 0) return "        -        -        -        -";
  return format("%9s%9s%9s%9s", number(p.p50).c_str(), number(p.p95).c_str(), number(p.p99).c_str(),
                number(p.max).c_str());
}

std::string row(const char* name, const std::string& value) {
  return format("  %-22s", name) + value + "\n";
}

std::string mebibytes(double bytes) {
  return number(bytes / (1 << 20)) + " MiB";
}

std::string percent(double cores) {
  return number(cores * 100) + " %";
}

std::string joining(const Results& r) {
  std::string out =
      "\nJoining                      p50      p95      p99      max   ms since the join began\n";
  constexpr const char* kNames[] = {"signaling answered", "ICE connected", "DTLS and SRTP ready",
                                    "first packet", "first frame"};
  for (std::size_t i = 0; i < kJoinSteps; ++i) {
    if (r.joining[i].count > 0) out += row(kNames[i], millis(r.joining[i]));
  }
  if (r.join_rate > 0) out += row("rate", number(r.join_rate) + " peers/s connected");
  for (const auto& [reason, count] : r.failures) out += row("failed", std::to_string(count) + " x " + reason);
  return out;
}

std::string watching(const Results& r) {
  const auto expected = static_cast<double>(r.packets + r.lost);
  const auto share = [expected](std::uint64_t count) {
    return expected > 0 ? " (" + number(static_cast<double>(count) * 100 / expected) + " %)" : std::string();
  };
  std::string out = "\nWatching                     p50      p95      p99      max   ms\n";
  out += row("one-way latency", millis(r.latency));
  out += row("jitter of a track", millis(r.jitter));
  out += row("tracks", std::to_string(r.tracks) + " of " + std::to_string(r.tracks_expected) + " came, " +
                           std::to_string(r.tracks_live) + " lived until the end");
  out += row("packets", std::to_string(r.packets) + ", " +
                            with_prefix(r.seconds > 0 ? static_cast<double>(r.bytes) * 8 / r.seconds : 0) +
                            "bps on average");
  out += row("lost on the way", std::to_string(r.network_lost) + share(r.network_lost) + ", repaired " +
                                    std::to_string(r.repaired));
  out += row("lost for good",
             std::to_string(r.lost) + share(r.lost) +
                 (r.lost_audio > 0 ? ", of them audio, which is not repaired: " + std::to_string(r.lost_audio)
                                   : ""));
  if (r.superseded > 0)
    out += row("made up for",
               std::to_string(r.superseded) + " never came, and a later key frame made them needless");
  if (r.frames > 0)
    out += row("frames", std::to_string(r.frames) + " (" + std::to_string(r.key_frames) + " key frames, " +
                             std::to_string(r.plis) + " asked for)");
  out += row("freezes",
             std::to_string(r.freezes) + ", longest gap between frames " + number(r.longest_freeze) + " ms");
  if (!r.encodings.empty()) {
    std::string seen;
    for (std::size_t i = 0; i < r.encodings.size(); ++i)
      seen += (i > 0 ? ", " : "") + std::to_string(r.frames_by_layer[i]) + " of " + r.encodings[i];
    out += row("encodings seen", seen + "; switches: " + std::to_string(r.layer_switches));
  }
  out += row("violations", std::to_string(r.violations()) +
                               (r.violations() == 0 ? ": every packet once, whole, in order" : ""));
  return out;
}

std::string costs(const Results& r) {
  std::string out = "\nCost while steady\n";
  if (r.worker_known) {
    out += row("server CPU", percent(r.worker_cpu) + " of a core (user " + percent(r.worker_user) +
                                 ", system " + percent(r.worker_system) + ")" +
                                 (r.worker_micros_per_packet > 0
                                      ? ", " + number(r.worker_micros_per_packet) + " us a packet delivered"
                                      : ""));
    out += row("server memory", mebibytes(r.worker_peak_rss));
  }
  out += row("sluice-load CPU", percent(r.tool_cpu) + " of a core, at most " + percent(r.tool_peak_cpu));
  out += row("sluice-load memory", mebibytes(r.tool_peak_rss) + ", " + std::to_string(r.sockets) +
                                       (r.sockets == 1 ? " socket" : " sockets"));
  return out;
}

}  // namespace

std::string with_prefix(double value) {
  if (value >= 1e9) return number(value / 1e9) + " G";
  if (value >= 1e6) return number(value / 1e6) + " M";
  if (value >= 1e3) return number(value / 1e3) + " k";
  return number(value) + " ";
}

std::string summary_of(const Results& r) {
  std::string out = "\n" + std::to_string(r.rooms) + (r.rooms == 1 ? " room" : " rooms") + " with " +
                    std::to_string(r.publishers) +
                    (r.publishers == 1 ? " publisher and " : " publishers and ") + std::to_string(r.viewers) +
                    (r.viewers == 1 ? " viewer" : " viewers") + (r.rooms == 1 ? "" : " each") + ", " +
                    number(r.seconds) + " s" + (r.interrupted ? " (ended early)" : "") + "\n";
  out += "Sent: " + r.media + ". To: " + r.target + "." +
         (r.network.empty() ? "" : " Network: " + r.network + ".") + "\n";
  out += joining(r) + watching(r) + costs(r) + "\n";
  for (const auto& warning : r.warnings) out += "Warning: " + warning + ".\n";
  if (r.ok()) {
    out +=
        "All is well: " + std::to_string(r.joined) + " peers joined, and every viewer got what was sent.\n";
  } else {
    out += "Not well:\n";
    for (const auto& problem : r.problems) out += "  - " + problem + "\n";
  }
  return out;
}

std::string progress_line(const Results& so_far, const Sample& s) {
  std::string out = format("%4.0f s | %u of %u joined, %u connected | %sbps to viewers", s.at, s.begun,
                           so_far.peers, s.connected, with_prefix(s.received_bps).c_str());
  if (s.latency.count > 0)
    out +=
        format(" | latency p50 %s p99 %s ms", number(s.latency.p50).c_str(), number(s.latency.p99).c_str());
  if (s.worker_rss > 0)
    out += format(" | server %s CPU, %s", percent(s.worker_cpu).c_str(), mebibytes(s.worker_rss).c_str());
  out += " | tool " + percent(s.tool_cpu) + " CPU";
  if (s.lost > 0) out += format(" | lost %llu", static_cast<unsigned long long>(s.lost));
  if (s.freezes > 0) out += format(" | frozen %llu", static_cast<unsigned long long>(s.freezes));
  if (s.kernel_drops > 0)
    out += format(" | TOOL DROPPED %llu", static_cast<unsigned long long>(s.kernel_drops));
  return out;
}

}  // namespace sluice::load
