// Joins at full speed (ICE and DTLS), and transports that do nothing.
#include <algorithm>
#include <cstdio>

#include "bench/sections.h"

namespace sluice::bench {
namespace {

constexpr srtp::Suite kSuite = srtp::Suite::kAeadAes128Gcm;
constexpr int kWatching = 10;

Json delay_json(std::vector<std::int64_t> nanos) {
  const Quantiles q = quantiles(std::move(nanos));
  return {{"p50", q.p50}, {"p99", q.p99}, {"max", q.max}, {"samples", q.samples}};
}

double seconds_between(Instant from, Instant to) {
  return static_cast<double>((to - from).count()) / 1e6;
}

struct Idle {
  double core_percent = 0;
  double resident = 0;
};

template <typename Pass>
Idle watch_idle(Call& call, Pass pass) {
  MeasuredProcess& process = call.worker().process();
  const Instant start = call.peers().now();
  const CpuTime before = process.cpu();
  pass();
  const CpuTime cpu = process.cpu() - before;
  return {cpu.total_us / 1e4 / seconds_between(start, call.peers().now()),
          static_cast<double>(process.resident())};
}

Json idle_json(const char* kind, const Idle& idle, double resident_before, int count) {
  return {{"kind", kind},
          {"transports", count},
          {"cpuPercentOfCore", idle.core_percent},
          {"residentBytesPerTransport", (idle.resident - resident_before) / count}};
}

}  // namespace

Json measure_joins(const Environment& environment, const Effort& effort) {
  std::fprintf(stderr, "  %d joins\n", effort.joins);
  const auto call = make_star(environment, kSuite, kWatching, MediaKind::kVideo);
  const Traffic load = video_load(client::VideoSource::Split::kEqual).nominal;
  // Signaling is another matter: the transports are there before the clock starts.
  for (int i = 0; i < effort.joins; ++i) call->add("room", "joiner" + std::to_string(i));
  std::vector<std::int64_t> samples;
  const auto viewers = call->viewers(kWatching);
  for (const auto* viewer : viewers)
    call->peers().sample(*viewer, [&samples](std::int64_t nanos) { samples.push_back(nanos); });
  call->start_media(load);
  call->run(2s);
  const auto quiet = std::exchange(samples, {});
  MeasuredProcess& process = call->worker().process();
  const Instant start = call->peers().now();
  const CpuTime before = process.cpu();
  call->connect_all();
  const CpuTime cpu = process.cpu() - before;
  const double seconds = seconds_between(start, call->peers().now());
  call->stop_media();
  return {{"joins", effort.joins},
          {"watching", kWatching},
          {"seconds", seconds},
          {"workerBusy", cpu.total_us / 1e6 / seconds},
          {"joinsPerSecond", effort.joins / seconds},
          {"joinsPerCpuSecond", effort.joins / (cpu.total_us / 1e6)},
          {"cpuMicrosPerJoin", cpu.total_us / effort.joins},
          {"delayBefore", delay_json(quiet)},
          {"delayMeanwhile", delay_json(std::move(samples))}};
}

Json measure_idle(const Environment& environment, const Effort& effort) {
  const auto sockets = raise_descriptor_limit(static_cast<std::size_t>(effort.idle_transports) + 200);
  const int count = std::min(effort.idle_transports, static_cast<int>(sockets) - 200);
  std::fprintf(stderr, "  %d idle transports\n", count);
  Json out = Json::array();
  // Consent timeout 0 for the silent: nobody tells them from the dead.
  for (const std::uint32_t consent_timeout : {0U, 30U}) {
    Call call(environment, kSuite);
    call.add_room("room");
    const auto before = static_cast<double>(call.worker().process().resident());
    for (int i = 0; i < count; ++i) call.add("room", "idle" + std::to_string(i), consent_timeout);
    if (consent_timeout == 0) {
      const Idle created = watch_idle(call, [&] { call.peers().freeze(effort.idle / 2); });
      out.push_back(idle_json("created", created, before, count));
    }
    call.connect_all();
    call.run(500ms);
    if (consent_timeout == 0) {
      const Idle silent = watch_idle(call, [&] { call.peers().freeze(effort.idle); });
      out.push_back(idle_json("connected, silent", silent, before, count));
    } else {
      call.run(1s);
      const Idle checked = watch_idle(call, [&] { call.run(effort.idle + 2s); });
      out.push_back(idle_json("connected, consent checks", checked, before, count));
    }
  }
  return out;
}

}  // namespace sluice::bench
