// Participants of a conference server, by its signaling (docs/signaling.md): one WebSocket each, offers and
// answers as a browser with one RTCPeerConnection makes them.
#pragma once

#include <deque>
#include <memory>

#include "client/jsep.h"
#include "load/options.h"
#include "load/signaling.h"
#include "load/websocket.h"

namespace sluice::load {

class ServerSignaling : public Signaling {
 public:
  static Result<std::unique_ptr<ServerSignaling>> create(const Options& options);
  ~ServerSignaling() override;

  /// A description is made before the server's candidates are known.
  [[nodiscard]] PortSharing sharing() const override { return PortSharing::kNone; }
  void start(Swarm& swarm, const MediaPlan& plan, std::vector<Participant>& participants) override;
  void join(Participant& participant) override;
  void leave(Participant& participant) override;
  void finish() override;
  Result<void> poll() override;
  [[nodiscard]] int fd() const override { return sockets_->fd(); }
  [[nodiscard]] bool poll_soon() const override { return sockets_->busy(); }
  [[nodiscard]] std::size_t pending() const override;
  [[nodiscard]] std::vector<pid_t> processes() const override { return options_.watch; }
  [[nodiscard]] std::string target() const override;

 private:
  class Seat;

  ServerSignaling(const Options& options, std::unique_ptr<WebSockets> sockets);

  const Options& options_;
  std::unique_ptr<WebSockets> sockets_;
  std::string room_prefix_;
  Swarm* swarm_ = nullptr;
  const MediaPlan* plan_ = nullptr;
  std::deque<std::unique_ptr<Seat>> seats_;
};

}  // namespace sluice::load
