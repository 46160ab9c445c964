#include "bench/figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <sys/socket.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

constexpr double kMaxLoss = 0.001;
constexpr Duration kWarmUp = 300ms;
constexpr std::uint32_t kBitrate = 2'500'000;
constexpr std::uint32_t kFrameRate = 30;
/// With header, extensions and tag near 1,200 bytes, libwebrtc's limit for a packet.
constexpr std::uint16_t kMaxPayload = 1150;
constexpr double kPacketsPerFrame = kBitrate / 8.0 / kFrameRate / kMaxPayload + 0.5;
/// Beyond this the peers' core would be busy with sending alone.
constexpr double kMaxSourceRate = 60'000;

/// Others use the machine too: what one of them did to one window does not count.
constexpr int kWindows = 3;
template <typename Measure>
double median_of_windows(Measure measure) {
  std::array<double, kWindows> results{};
  for (double& result : results) result = measure();
  std::sort(results.begin(), results.end());
  return results[kWindows / 2];
}

double seconds_between(Instant from, Instant to) {
  return static_cast<double>((to - from).count()) / 1e6;
}

}  // namespace

Traffic Load::scaled(double factor) const {
  Traffic out = nominal;
  const auto rate = std::max(1.0, std::round(factor * nominal.video.frame_rate));
  out.video.frame_rate = static_cast<std::uint32_t>(rate);
  out.video.bitrate = static_cast<std::uint32_t>(rate / nominal.video.frame_rate *
                                                 static_cast<double>(nominal.video.bitrate));
  out.audio_interval = std::max(
      Duration(static_cast<std::int64_t>(static_cast<double>(nominal.audio_interval.count()) / factor)),
      Duration(1));
  return out;
}

double Load::packets_per_second() const {
  return nominal.videos * kPacketsPerFrame * nominal.video.frame_rate +
         nominal.audios * 1e6 / static_cast<double>(nominal.audio_interval.count());
}

Load video_load(client::VideoSource::Split split) {
  Load load;
  load.nominal.video = {.bitrate = kBitrate,
                        .frame_rate = kFrameRate,
                        .max_payload = kMaxPayload,
                        .split = split,
                        .catch_up = 5ms};
  return load;
}

Load audio_load() {
  Load load = video_load(client::VideoSource::Split::kEqual);
  load.nominal.videos = 0;
  load.nominal.audios = 1;
  return load;
}

Load room_load(int peers) {
  Load load = video_load(client::VideoSource::Split::kEqual);
  load.nominal.videos = load.nominal.audios = peers;
  return load;
}

Cost measure_cost(Call& call, const Traffic& load, Duration time) {
  MeasuredProcess& process = call.worker().process();
  Cost cost;
  const double expected = call.expected();
  const double received = call.received();
  call.start_media(load);
  call.run(kWarmUp);
  const Call::Calls calls_before = call.calls();  // the dumps cost too: they lie outside of what is measured
  call.run(20ms);
  const Instant start = call.peers().now();
  const CpuTime cpu_before = process.cpu();
  const double own_before = own_cpu_us();
  const double received_before = call.received();
  const std::uint64_t allocations_before = process.allocations();
  const double per_packet = median_of_windows([&] {
    const double total = process.cpu().total_us;
    const double packets = call.received();
    call.run(time / kWindows);
    return (process.cpu().total_us - total) / std::max(1.0, call.received() - packets);
  });
  const std::uint64_t allocations = process.allocations() - allocations_before;
  const CpuTime cpu = process.cpu() - cpu_before;
  cost.seconds = seconds_between(start, call.peers().now());
  cost.packets = std::max(1.0, call.received() - received_before);
  cost.peers_busy = (own_cpu_us() - own_before) / 1e6 / cost.seconds;
  call.run(20ms);
  const Call::Calls calls_after = call.calls();
  const double counted = cost.packets * (1 + 0.04 / cost.seconds);  // the dumps were so much further apart
  cost.calls = {(calls_after.receive - calls_before.receive) / counted,
                (calls_after.send - calls_before.send) / counted,
                (calls_after.wake_ups - calls_before.wake_ups) / counted};
  call.stop_media();
  cost.lost = std::max(0.0, 1 - (call.received() - received) / (call.expected() - expected));
  cost.user_us = per_packet * cpu.user_us() / std::max(1.0, cpu.total_us);
  cost.system_us = per_packet - cost.user_us;
  cost.worker_busy = cpu.total_us / 1e6 / cost.seconds;
  cost.allocations = static_cast<double>(allocations) / cost.packets;
  return cost;
}

namespace {

struct Probe {
  double lost = 0;
  double rate = 0;
  double worker_busy = 0;
  double peers_busy = 0;
  double waited = 0;      ///< Share of the time for which others had the worker's core.
  bool behind = false;    ///< What was sent only waited somewhere.
  bool too_slow = false;  ///< The peers did not send what they should have.
  [[nodiscard]] bool failed() const { return lost >= kMaxLoss || behind; }
};

Probe probe(Call& call, const Load& load, double factor) {
  constexpr Duration kTime = 500ms;
  const double expected = call.expected();
  const double received = call.received();
  call.start_media(load.scaled(factor));
  const double sent_before = call.expected();
  const double received_before = call.received();
  const CpuTime cpu_before = call.worker().process().cpu();
  const double own_before = own_cpu_us();
  const double waited_before = call.worker().process().waited_us();
  const Instant start = call.peers().now();
  call.run(kTime);
  const double seconds = seconds_between(start, call.peers().now());
  const CpuTime cpu = call.worker().process().cpu() - cpu_before;
  const double sent = call.expected() - sent_before;
  Probe out;
  out.waited = (call.worker().process().waited_us() - waited_before) / 1e6 / seconds;
  out.peers_busy = (own_cpu_us() - own_before) / 1e6 / seconds;
  out.rate = (call.received() - received_before) / seconds;
  out.behind = out.rate * seconds < 0.95 * sent;
  out.worker_busy = cpu.total_us / 1e6 / seconds;
  call.stop_media();
  out.lost = 1 - (call.received() - received) / (call.expected() - expected);
  const double per_source =
      static_cast<double>(call.consumers()) / std::max(1, load.nominal.videos + load.nominal.audios);
  out.too_slow = sent / per_source / seconds < 0.85 * factor * load.packets_per_second();
  if (call.environment().verbose) {
    std::fprintf(stderr,
                 "    %.2f times the load: %.0f/s, %.3f %% lost%s%s; worker %.0f %% busy, waiting %.0f %%, "
                 "peers %.0f %%; %s\n",
                 factor, out.rate, out.lost * 100, out.behind ? ", behind" : "",
                 out.too_slow ? ", peers too slow" : "", out.worker_busy * 100, out.waited * 100,
                 out.peers_busy * 100, call.sockets().c_str());
  }
  return out;
}

}  // namespace

Capacity find_capacity(Call& call, const Load& load, double guess) {
  Capacity best;
  const double limit = kMaxSourceRate / load.packets_per_second();
  double failed = 0;  // the lowest factor that did
  const auto attempt = [&](double factor) {
    Probe result = probe(call, load, factor);
    if (result.failed() && (result.lost < 0.01 || result.waited > 0.05))
      result = probe(call, load, factor);  // once is an accident
    best.disturbed = best.disturbed || result.waited > 0.05;
    best.worker_busy = std::max(best.worker_busy, result.worker_busy);
    if (!result.failed()) {
      if (result.rate > best.packets_per_second) {
        best.factor = factor;
        best.packets_per_second = result.rate;
      }
      return !result.too_slow;
    }
    failed = factor;
    return false;
  };
  double factor = std::min(guess, limit);
  while (!attempt(factor) && failed > 0 && factor > 0.02) factor /= 1.5;
  while (failed == 0 && factor < limit) {
    factor = std::min(factor * 1.25, limit);
    if (!attempt(factor) && failed == 0) break;  // the peers cannot send faster
  }
  for (int i = 0; i < 2 && failed > 0 && failed > best.factor * 1.03; ++i)
    attempt(std::sqrt(best.factor * failed));
  best.peers_were_limit = best.worker_busy < 0.9 && !best.disturbed;
  return best;
}

Quantiles quantiles(std::vector<std::int64_t> nanos) {
  Quantiles out;
  out.samples = nanos.size();
  if (nanos.empty()) return out;
  std::sort(nanos.begin(), nanos.end());
  const auto at = [&](double q) {
    return static_cast<double>(nanos[static_cast<std::size_t>(q * static_cast<double>(nanos.size() - 1))]) /
           1e3;
  };
  out.p50 = at(0.5);
  out.p99 = at(0.99);
  out.p999 = at(0.999);
  out.max = at(1);
  return out;
}

std::vector<std::int64_t> sample_delay(Call& call, const Traffic& load, Duration time) {
  // Samples are decrypted: not more than the peers' core has time for.
  constexpr double kSamplesPerSecond = 15'000;
  Load estimate;
  estimate.nominal = load;
  const double per_viewer = estimate.packets_per_second();
  std::vector<std::int64_t> samples;
  const auto viewers =
      call.viewers(static_cast<std::size_t>(std::clamp(kSamplesPerSecond / per_viewer, 1.0, 16.0)));
  for (const auto* viewer : viewers)
    call.peers().sample(*viewer, [&samples](std::int64_t nanos) { samples.push_back(nanos); });
  call.start_media(load);
  call.run(kWarmUp);
  samples.clear();
  call.run(time);
  call.stop_media();
  for (const auto* viewer : viewers) call.peers().stop_sampling(*viewer);
  return samples;
}

Quantiles loopback_delay(const Environment& environment, const Traffic& load, Duration time) {
  RawFlow flow({1, Receivers::kPlain, environment.burst, true});
  flow.run(load, flow.receiver_ports().front(), time);
  return quantiles(flow.samples());
}

YardstickCost measure_yardstick(const Environment& environment, srtp::Suite suite, std::size_t receivers,
                                const Traffic& load, Duration time) {
  auto process = need(MeasuredProcess::start({environment.yardstick, {}, kMeasuredCore, ""}), "yardstick");
  const int channel = process.take_channel();
  RawFlow flow({receivers, environment.receivers, environment.burst, false});
  std::string line(to_string(suite));
  for (const std::uint16_t port : flow.receiver_ports()) line += " " + std::to_string(port);
  line += "\n";
  if (::write(channel, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    give_up("yardstick: write");
  char answer[16] = {};
  if (::read(channel, answer, sizeof answer - 1) <= 0) give_up("the yardstick does not start");
  const auto port = static_cast<std::uint16_t>(std::atoi(answer));
  flow.run(load, port, 100ms);  // caches and branch predictors
  const CpuTime before = process.cpu();
  const std::uint64_t sent = flow.sent();
  const std::uint64_t received = flow.received();
  YardstickCost out;
  out.total_us = median_of_windows([&] {
    const double total = process.cpu().total_us;
    const auto packets = static_cast<double>(flow.received());
    flow.run(load, port, time / kWindows);
    return (process.cpu().total_us - total) / std::max(1.0, static_cast<double>(flow.received()) - packets);
  });
  const CpuTime cpu = process.cpu() - before;
  ::close(channel);
  out.user_us = out.total_us * cpu.user_us() / std::max(1.0, cpu.total_us);
  out.lost = 1 - static_cast<double>(flow.received() - received) /
                     (static_cast<double>(flow.sent() - sent) * static_cast<double>(receivers));
  return out;
}

}  // namespace sluice::bench
