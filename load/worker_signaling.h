// Participants of a worker, by its control channel: rooms, transports, producers and consumers as a
// controller makes them (ORTC). Many requests are under way at a time.
#pragma once

#include <memory>
#include <optional>

#include "load/options.h"
#include "load/signaling.h"
#include "load/worker_process.h"
#include "worker/control/pipelined_controller.h"

namespace sluice::load {

class WorkerSignaling : public Signaling {
 public:
  /// Starts the worker, or connects to it, and makes the rooms.
  static Result<std::unique_ptr<WorkerSignaling>> create(const Options& options);
  ~WorkerSignaling() override;

  [[nodiscard]] PortSharing sharing() const override { return sharing_; }
  void start(Swarm& swarm, const MediaPlan& plan, std::vector<Participant>& participants) override;
  void join(Participant& participant) override;
  void leave(Participant& participant) override;
  void finish() override;
  Result<void> poll() override;
  [[nodiscard]] int fd() const override { return epoll_; }
  [[nodiscard]] bool poll_soon() const override { return controller_.wants_to_write(); }
  [[nodiscard]] std::size_t pending() const override { return controller_.pending(); }
  [[nodiscard]] std::vector<pid_t> processes() const override;
  [[nodiscard]] std::string target() const override { return target_; }

 private:
  struct Producer {
    std::string id;
    std::size_t owner;
  };
  struct Room {
    std::string id;
    RtpCapabilities capabilities;
    std::vector<Producer> producers;
    std::vector<std::size_t> viewers;
  };

  WorkerSignaling(const Options& options, WorkerProcess process, control::PipelinedController controller);
  Result<void> make_rooms();
  /// Blocks until all requests are answered.
  Result<void> wait();
  /// Candidates on loopback allow shared sockets.
  Result<void> probe();
  void connect(Participant& participant, const WebRtcTransportReply& transport);
  void publish(Participant& participant, MediaKind kind);
  void consume(Participant& viewer, const Producer& producer);
  void resume(Participant& viewer, const std::string& consumer);
  void refuse(Participant& participant, const char* request, const Error& error);

  const Options& options_;
  WorkerProcess process_;
  pid_t pid_ = 0;
  std::string target_;
  std::optional<Error> fatal_;  ///< Of all participants alike.
  control::PipelinedController controller_;
  int epoll_ = -1;
  PortSharing sharing_ = PortSharing::kNone;
  std::vector<Room> rooms_;
  Swarm* swarm_ = nullptr;
  const MediaPlan* plan_ = nullptr;
  std::vector<Participant>* participants_ = nullptr;
};

}  // namespace sluice::load
