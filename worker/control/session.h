// The worker's side of the control protocol, sans-IO: bytes of a controller in, calls of the handler and
// bytes to write out.
//
//   awaiting hello ──Hello of our version──► open ──► closed
//         └───────────── anything else ─────────────────┘
//
// Invariants: the first frame out is Hello; each request gets exactly one response, in order; after closed()
// nothing is read or written any more; out() never grows past kMaxQueued. One Session a connection. Used by
// worker/shell.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sluice/result.h"
#include "worker/control/deframer.h"
#include "worker/control/protocol.h"

namespace sluice::control {

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual Result<Answer> handle(const Request& request) = 0;
};

class Session {
 public:
  /// What may wait for a controller that does not read; beyond it the channel is given up.
  static constexpr std::size_t kMaxQueued = 64U << 20;
  /// What may wait of messages and packets for the controller: less, so that they never end the channel.
  static constexpr std::size_t kMaxMessagesQueued = 8U << 20;

  /// Queues our Hello. `hello` also says which protocol version the other side must speak.
  Session(RequestHandler& handler, const Hello& hello);

  /// For a connection that gets no session: appends the one frame that says why.
  static void refuse(const std::string& reason, std::vector<std::uint8_t>& out);

  void receive(std::span<const std::uint8_t> bytes);
  /// The stream ended. Inside a frame that is worth a line in the log.
  void end_of_stream();
  /// Dropped before the session is open.
  void notify(const Event& event);

  /// Bytes to write. The owner takes them (swap or clear) as the stream accepts them, and adds what it has in
  /// flight.
  std::vector<std::uint8_t>& out() { return out_; }
  /// How many bytes the owner holds beside out(): counted against kMaxQueued.
  void set_in_flight(std::size_t bytes) { in_flight_ = bytes; }

  /// How many bytes of messages and packets it takes now (Engine::set_controller_room).
  [[nodiscard]] std::size_t message_room() const {
    const std::size_t queued = out_.size() + in_flight_;
    return open() && queued < kMaxMessagesQueued ? kMaxMessagesQueued - queued : 0;
  }

  [[nodiscard]] bool open() const { return state_ == State::kOpen; }
  [[nodiscard]] bool closed() const { return state_ == State::kClosed; }
  /// When closed for a reason other than the end of the stream: one sentence for the log.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// Of the controller; empty until its Hello.
  [[nodiscard]] const Hello& peer() const { return peer_; }

 private:
  enum class State : std::uint8_t { kAwaitingHello, kOpen, kClosed };

  void on_frame();
  void on_hello(const Hello& hello);
  void check_queue();
  /// Tells the controller why and stops.
  void fail(ErrorCode code, std::string field, const std::string& reason);

  RequestHandler& handler_;
  Hello own_;
  Hello peer_;
  Deframer deframer_;
  std::vector<std::uint8_t> out_;
  std::size_t in_flight_ = 0;
  State state_ = State::kAwaitingHello;
  std::string failure_;
};

}  // namespace sluice::control
