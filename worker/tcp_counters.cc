#include "worker/tcp_counters.h"

namespace sluice::worker {

std::string_view to_string(TcpRefusal refusal) {
  constexpr std::string_view kNames[kTcpRefusals] = {"too-many", "too-many-from-address", "no-descriptor"};
  return kNames[static_cast<std::size_t>(refusal)];
}

std::string_view to_string(TcpEnd end) {
  constexpr std::string_view kNames[kTcpEnds] = {"by-peer",  "reset",    "timed-out", "frame-too-long",
                                                 "no-check", "released", "replaced",  "other"};
  return kNames[static_cast<std::size_t>(end)];
}

std::string_view to_string(TcpDrop drop) {
  constexpr std::string_view kNames[kTcpDrops] = {"empty", "no-buffer", "queue-full", "no-connection",
                                                  "too-long-to-send"};
  return kNames[static_cast<std::size_t>(drop)];
}

}  // namespace sluice::worker
