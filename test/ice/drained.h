// What an agent has to send, in one form for all of them.
#pragma once

#include <vector>

#include "ice/lite_agent.h"

namespace sluice::ice {

template <typename Agent>
std::vector<Transmit> drained(Agent& agent) {
  std::vector<Transmit> out;
  agent.drain(out);
  return out;
}

inline std::vector<Transmit> drained(LiteAgent& agent) {
  std::vector<LiteAgent::ReplyBy> replies;
  agent.drain(replies);
  std::vector<Transmit> out;
  for (const auto& reply : replies) out.push_back({reply.path, {reply.bytes.begin(), reply.bytes.end()}});
  return out;
}

}  // namespace sluice::ice
