#include "worker/report.h"

#include <cstdio>

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

CountsByReason counts_of(const nlohmann::ordered_json& named) {
  return named.get<CountsByReason>();
}

/// Of the field "resident" in /proc/self/statm, which is in pages (proc(5)).
std::uint64_t resident_memory() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long pages = 0;
  const bool read = std::fscanf(file, "%*u %llu", &pages) == 1;
  std::fclose(file);
  return read ? pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

rusage own_usage() {
  rusage out{};
  getrusage(RUSAGE_SELF, &out);
  return out;
}

ProcessStats process_stats() {
  const rusage usage = own_usage();
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime), seconds(usage.ru_stime), resident_memory()};
}

SocketTotals udp_totals(const std::vector<BoundSocket>& sockets, const SocketCounters& closed) {
  SocketTotals out;
  out.protocol = "udp";
  SocketCounters sum = closed;
  for (const BoundSocket& bound : sockets) {
    if (!bound.socket) continue;
    ++out.sockets;
    sum += bound.socket->counters();
  }
  out.receive_calls = sum.receive_calls;
  out.datagrams_received = sum.datagrams_received;
  out.bytes_received = sum.bytes_received;
  out.send_calls = sum.send_calls;
  out.datagrams_sent = sum.datagrams_sent;
  out.bytes_sent = sum.bytes_sent;
  out.deferred = sum.deferred;
  out.dropped = counts_of(by_reason<SocketDrop>(sum.drops));
  out.segmenting_refused = sum.segmenting_refused;
  out.receive_batch = sum.receive_batch.in_units_of(1);
  out.send_batch = sum.send_batch.in_units_of(1);
  out.message_segments = sum.message_segments.in_units_of(1);
  return out;
}

SocketTotals tcp_totals(const std::vector<BoundListener>& listeners) {
  SocketTotals out;
  out.protocol = "tcp";
  out.sockets = static_cast<std::uint32_t>(listeners.size());
  const auto add = [](CountsByReason& to, const nlohmann::ordered_json& named) {
    for (const auto& [reason, count] : counts_of(named)) to[reason] += count;
  };
  for (const BoundListener& bound : listeners) {
    const TcpCounters& counters = bound.socket->counters();
    out.receive_calls += counters.read_calls;
    out.datagrams_received += counters.frames_received;
    out.bytes_received += counters.bytes_received;
    out.send_calls += counters.write_calls;
    out.datagrams_sent += counters.frames_sent;
    out.bytes_sent += counters.bytes_sent;
    out.deferred += counters.deferred;
    add(out.dropped, by_reason<TcpDrop>(counters.drops));
    out.connections += static_cast<std::uint32_t>(counters.open);
    out.connections_accepted += counters.accepted;
    add(out.connections_refused, by_reason<TcpRefusal>(counters.refused));
  }
  return out;
}

}  // namespace

void extend_worker_stats(WorkerStats& stats, const std::vector<BoundSocket>& sockets,
                         const std::vector<BoundListener>& listeners, const SocketCounters& closed,
                         const LoopCounters& loop) {
  stats.process = process_stats();
  stats.loop.wake_ups = loop.wake_ups;
  stats.loop.deadline_delay = loop.deadline_delay.in_units_of(LoopCounters::kDelayUnit);
  stats.loop.receive_delay = loop.receive_delay.in_units_of(LoopCounters::kDelayUnit);
  stats.sockets.push_back(udp_totals(sockets, closed));
  stats.sockets.push_back(tcp_totals(listeners));
}

control::ResourceUsage resource_usage() {
  const rusage usage = own_usage();
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
