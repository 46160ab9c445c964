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
  out["gso"] = socket.segments();
  out["gro"] = socket.coalesces();
  out["receiveCalls"] = counters.receive_calls;
  out["datagramsReceived"] = counters.datagrams_received;
  out["bytesReceived"] = counters.bytes_received;
  out["messagesCoalesced"] = counters.messages_coalesced;
  out["sendCalls"] = counters.send_calls;
  out["messagesSent"] = counters.messages_sent;
  out["datagramsSent"] = counters.datagrams_sent;
  out["bytesSent"] = counters.bytes_sent;
  out["datagramsSegmented"] = counters.segmented;
  out["segmentingRefused"] = counters.segmenting_refused;
  out["deferred"] = counters.deferred;
  auto& drops = out["dropped"] = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < kSocketDrops; ++i) {
    if (counters.drops[i] != 0) drops[std::string(to_string(static_cast<SocketDrop>(i)))] = counters.drops[i];
  }
  return out;
}

/// Counts by their reasons; what never happened is absent.
template <typename Reason, std::size_t kCount>
nlohmann::ordered_json by_reason(const std::array<std::uint64_t, kCount>& counts) {
  auto out = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < kCount; ++i) {
    if (counts[i] != 0) out[std::string(to_string(static_cast<Reason>(i)))] = counts[i];
  }
  return out;
}

/// Both buffers are each connection's.
nlohmann::ordered_json describe(const BoundListener& bound) {
  const TcpListener& socket = *bound.socket;
  const TcpCounters& counters = socket.counters();
  nlohmann::ordered_json out;
  out["protocol"] = "tcp";
  out["local"] = socket.local().to_string();
  if (!bound.announced.empty()) out["announced"] = bound.announced;
  out["receiveBuffer"] = socket.receive_buffer();
  out["sendBuffer"] = socket.send_buffer();
  out["connectionsOpen"] = counters.open;
  out["connectionsAccepted"] = counters.accepted;
  out["connectionsRefused"] = by_reason<TcpRefusal>(counters.refused);
  out["connectionsEnded"] = by_reason<TcpEnd>(counters.ended);
  out["readCalls"] = counters.read_calls;
  out["framesReceived"] = counters.frames_received;
  out["bytesReceived"] = counters.bytes_received;
  out["writeCalls"] = counters.write_calls;
  out["framesSent"] = counters.frames_sent;
  out["bytesSent"] = counters.bytes_sent;
  out["deferred"] = counters.deferred;
  out["dropped"] = by_reason<TcpDrop>(counters.drops);
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
                               const std::vector<BoundListener>& listeners, const LoopCounters& loop) {
  auto dump = nlohmann::ordered_json::parse(engine_dump, nullptr, false);
  if (!dump.is_object()) dump = nlohmann::ordered_json::object();
  dump["process"] = {{"pid", getpid()}, {"version", version()}};
  dump["loop"] = {{"wakeUps", loop.wake_ups},
                  {"receiveBatches", loop.receive_batches},
                  {"flushes", loop.flushes},
                  {"logLinesDropped", loop.log_lines_dropped},
                  {"eventsWithoutController", loop.events_without_controller}};
  auto& list = dump["sockets"] = nlohmann::ordered_json::array();
  for (const BoundSocket& socket : sockets) {
    if (socket.socket) list.push_back(describe(socket));
  }
  for (const BoundListener& listener : listeners) list.push_back(describe(listener));
  return dump.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace sluice::worker
