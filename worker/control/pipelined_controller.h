// The controller's side of the channel in C++ for programs with a loop of their own: requests go out without
// waiting for those before them, and each calls back with its reply. Used by the load tool, whose peers join
// by the hundred a second.
//
// Replies come in the order of the requests. Notifications are dropped. Once failed, every request is
// answered with the failure, from poll() on.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "sluice/reply.h"
#include "sluice/result.h"
#include "worker/control/deframer.h"
#include "worker/control/protocol.h"

namespace sluice::control {

class PipelinedController {
 public:
  template <typename Reply>
  using Then = std::function<void(Result<Reply>)>;

  /// `fd`: a connected stream socket, owned from here on. Exchanges versions, and blocks until that is done.
  static Result<PipelinedController> connect(int fd);
  PipelinedController(PipelinedController&& other) noexcept;
  PipelinedController& operator=(PipelinedController&&) = delete;
  ~PipelinedController();

  // Nothing is called back before poll().
  void create_room(const CreateRoom& command, Then<RoomReply> then);
  void create_webrtc_transport(const CreateWebRtcTransport& command, Then<WebRtcTransportReply> then);
  void connect_transport(const ConnectTransport& command, Then<Done> then);
  void produce(const Produce& command, Then<ProducerReply> then);
  void consume(const Consume& command, Then<ConsumerReply> then);
  void resume(const Resume& command, Then<Done> then);
  void close(const Close& command, Then<Done> then);
  void resource_usage(Then<ResourceUsage> then);

  /// Writes and reads what can be without blocking, and calls back for what has come. An error ends the
  /// channel.
  Result<void> poll();
  [[nodiscard]] int fd() const { return fd_; }
  /// There is more to write once fd() is writable.
  [[nodiscard]] bool wants_to_write() const { return written_ < out_.size(); }
  [[nodiscard]] std::size_t pending() const { return waiting_.size(); }
  /// Of the worker's process, as it says.
  [[nodiscard]] std::uint32_t worker_pid() const { return worker_pid_; }

 private:
  struct Waiting {
    std::uint32_t id;
    /// A verified frame, or null and why there is none.
    std::function<void(const std::vector<std::uint8_t>*, const Error&)> take;
  };

  explicit PipelinedController(int fd) : fd_(fd) {}
  template <typename Reply, typename Command>
  void ask(const Command& command, Then<Reply> then);
  Result<void> write_some();
  Result<void> read_some();
  Result<void> take_frames();
  Result<void> answer(const std::vector<std::uint8_t>& frame);
  Error fail(Error error);

  int fd_;
  std::uint32_t worker_pid_ = 0;
  std::uint32_t next_id_ = 1;
  std::deque<Waiting> waiting_;
  std::vector<std::uint8_t> out_;
  std::size_t written_ = 0;  ///< Of out_.
  std::vector<std::uint8_t> in_;
  Deframer deframer_;
};

}  // namespace sluice::control
