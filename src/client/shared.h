// What all synthetic peers of one program share and none owns. Made by whoever drives them: the load tool,
// the scenario tests.
//
// Invariant: everything here outlives every peer made with it. Not thread-safe.
#pragma once

#include "base/random.h"
#include "dtls/context.h"
#include "sluice/packet.h"
#include "sluice/time.h"
#include "srtp/backend.h"
#include "transport/send_batch.h"

namespace sluice::client {

struct Shared {
  Random& random;
  const WallClock& wall_clock;
  dtls::Context& dtls;  ///< One certificate for all: servers know a peer by its ICE credentials.
  srtp::Backend& srtp;
  /// What peers send; the owner drains it: finish(), take(). A path's socket tells which peer sends.
  transport::SendBatch& batch;
  PacketPool& pool;  ///< Of the payloads that peers send.
};

}  // namespace sluice::client
