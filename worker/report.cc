#include "worker/report.h"

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace sluice::worker {
namespace {

std::uint64_t to_ms(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1000 + static_cast<std::uint64_t>(time.tv_usec) / 1000;
}

nlohmann::ordered_json describe(const BoundSocket& bound) {
  const UdpSocket& socket = *bound.socket;
  const SocketCounters& counters = socket.counters();
  nlohmann::ordered_json out;
  out["protocol"] = "udp";
  out["local"] = socket.local().to_string();
  if (!bound.announced.empty()) out["announced"] = bound.announced;
  out["receiveBuffer"] = socket.receive_buffer();
  out["sendBuffer"] = socket.send_buffer();
  out["receiveCalls"] = counters.receive_calls;
  out["datagramsReceived"] = counters.datagrams_received;
  out["bytesReceived"] = counters.bytes_received;
  out["sendCalls"] = counters.send_calls;
  out["datagramsSent"] = counters.datagrams_sent;
  out["bytesSent"] = counters.bytes_sent;
  out["deferred"] = counters.deferred;
  auto& drops = out["dropped"] = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < kSocketDrops; ++i) {
    if (counters.drops[i] != 0) drops[std::string(to_string(static_cast<SocketDrop>(i)))] = counters.drops[i];
  }
  return out;
}

}  // namespace

control::ResourceUsage resource_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto number = [](long value) { return static_cast<std::uint64_t>(value); };
  return {
      to_ms(usage.ru_utime),   to_ms(usage.ru_stime),     number(usage.ru_maxrss),  number(usage.ru_ixrss),
      number(usage.ru_idrss),  number(usage.ru_isrss),    number(usage.ru_minflt),  number(usage.ru_majflt),
      number(usage.ru_nswap),  number(usage.ru_inblock),  number(usage.ru_oublock), number(usage.ru_msgsnd),
      number(usage.ru_msgrcv), number(usage.ru_nsignals), number(usage.ru_nvcsw),   number(usage.ru_nivcsw)};
}

std::string extend_worker_dump(const std::string& engine_dump, const std::vector<BoundSocket>& sockets,
                               const LoopCounters& loop, std::size_t packets_reserved) {
  auto dump = nlohmann::ordered_json::parse(engine_dump, nullptr, false);
  if (!dump.is_object()) dump = nlohmann::ordered_json::object();
  dump["process"] = {{"pid", getpid()}, {"version", version()}};
  dump["loop"] = {
      {"wakeUps", loop.wake_ups},
      {"receiveBatches", loop.receive_batches},
      {"flushes", loop.flushes},
      {"packetsReserved", packets_reserved},  // held ready for receiving: in use without carrying anything
      {"logLinesDropped", loop.log_lines_dropped},
      {"eventsWithoutController", loop.events_without_controller}};
  auto& list = dump["sockets"] = nlohmann::ordered_json::array();
  for (const BoundSocket& socket : sockets) list.push_back(describe(socket));
  return dump.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace sluice::worker
