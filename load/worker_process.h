// A sluice-worker that the tool starts, and the way to one that runs already: both give a connected control
// channel.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "sluice/result.h"

namespace sluice::load {

/// Ends with its channel; waited for when this goes away.
class WorkerProcess {
 public:
  struct Options {
    std::string binary;
    std::vector<std::string> arguments;
    int core = -1;  ///< -1: not pinned.
  };
  struct Started;
  static Result<Started> start(const Options& options);

  WorkerProcess() = default;
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// To be asked when its channel broke: how it ended, if it does so within a second: "exited with code 3",
  /// "was ended by signal 11".
  [[nodiscard]] std::string ended();

 private:
  explicit WorkerProcess(pid_t pid) : pid_(pid) {}
  void wait();
  pid_t pid_ = -1;
};

struct WorkerProcess::Started {
  WorkerProcess process;
  int channel = -1;
};

struct ConnectedWorker {
  int channel = -1;
  pid_t pid = 0;  ///< 0: of another namespace.
};
/// A worker that listens on a Unix socket.
Result<ConnectedWorker> connect_to_worker(const std::string& path);

/// The worker beside this program, in a build folder, or on the PATH; empty when there is none.
std::string find_worker();

}  // namespace sluice::load
