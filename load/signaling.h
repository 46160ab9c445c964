// How participants get into their rooms: by a worker's control channel (worker_signaling.h) or by a
// conference server's WebSockets (server_signaling.h).
#pragma once

#include <vector>

#include <sys/types.h>

#include "load/media_plan.h"
#include "load/participant.h"
#include "load/swarm.h"

namespace sluice::load {

class Signaling {
 public:
  virtual ~Signaling() = default;

  /// How the peers may have their sockets.
  [[nodiscard]] virtual PortSharing sharing() const = 0;
  /// Once, before anybody joins. All outlive this.
  virtual void start(Swarm& swarm, const MediaPlan& plan, std::vector<Participant>& participants) = 0;
  /// Makes the participant's peer and goes on in poll(): sets `signaled`, or `failure`.
  virtual void join(Participant& participant) = 0;
  /// Its peer says goodbye by itself.
  virtual void leave(Participant& participant) = 0;

  /// Everybody has left: what the run made in the target goes away, waited for.
  virtual void finish() = 0;

  /// Does what can be done without waiting. An error ends the run.
  virtual Result<void> poll() = 0;
  /// Readable when poll() has something to do. It may have even if not, hence:
  [[nodiscard]] virtual int fd() const = 0;
  [[nodiscard]] virtual bool poll_soon() const = 0;
  /// Requests under way: a ramp without a limit is one that does not pile up thousands.
  [[nodiscard]] virtual std::size_t pending() const = 0;

  /// Whose CPU time and memory are to be watched.
  [[nodiscard]] virtual std::vector<pid_t> processes() const = 0;
  /// For the report: "the worker /path, started by sluice-load".
  [[nodiscard]] virtual std::string target() const = 0;
};

}  // namespace sluice::load
