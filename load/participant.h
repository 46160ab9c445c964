// One synthetic participant: who it is, its peer, and when it got how far.
#pragma once

#include <string>

#include "load/swarm.h"

namespace sluice::load {

struct Participant {
  std::size_t index = 0;
  std::size_t room = 0;
  bool publishes = false;
  bool views = false;
  std::string id;

  Swarm::Member* member = nullptr;
  Instant begun = kNever;     ///< Its signaling began.
  Instant signaled = kNever;  ///< It knew enough to connect.
  std::string failure;        ///< Why it is not in its room, in one sentence.
};

}  // namespace sluice::load
