// The loop around the engine: sockets, one timer, signals and the control channel.
//
// One wake-up: the clock is read once; what became readable is fed to the engine; then, just before the loop
// sleeps again, settle() flushes datagrams, hands out events and arms the timer for the engine's next
// deadline. Nothing waits for a later wake-up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <uv.h>

#include "sluice/engine.h"
#include "worker/clock.h"
#include "worker/control/session.h"
#include "worker/control_listener.h"
#include "worker/control_stream.h"
#include "worker/log_output.h"
#include "worker/network.h"
#include "worker/options.h"
#include "worker/receive_batch.h"
#include "worker/report.h"
#include "worker/socket_ids.h"
#include "worker/socket_opener.h"
#include "worker/tcp_sockets.h"

namespace sluice::worker {

class Shell final : control::RequestHandler, ControlStream::Owner, ControlListener::Owner, TcpSockets::Owner {
 public:
  /// Opens sockets, engine and control channel. The error is one sentence for the person who started the
  /// worker.
  static Result<std::unique_ptr<Shell>> create(const Options& options);
  ~Shell() override;
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Runs until a signal or the end of the channel. Returns the exit code.
  int run();

 private:
  struct WatchedSocket {
    uv_poll_t poll{};
    Shell* shell = nullptr;
    SocketId id = 0;
    int watched = 0;
    bool touched = false;  ///< Datagrams were handed to it since the last flush.
  };

  explicit Shell(const Options& options);
  Result<void> start();
  Result<void> start_engine();
  Result<void> start_control();
  Result<void> start_loop();
  void watch(WatchedSocket& socket);

  // shell_sockets.cc: sockets that come and go with a transport
  /// The socket's id; fails when the loop takes no more.
  Result<SocketId> add_socket(BoundSocket socket);
  void close_socket(SocketId id);
  /// The command with the sockets that it asks for.
  Result<CreatePlainTransport> with_sockets(const CreatePlainTransport& command);
  void close_released_sockets();

  const Moment& moment() override;
  void on_socket(WatchedSocket& watched, int events);
  void receive_from(WatchedSocket& watched);
  void on_tcp_datagrams(std::span<ReceivedDatagram> datagrams) override {
    engine_->receive(datagrams, moment().now);
  }
  void flush();
  void report_notice(UdpSocket& socket);
  void settle();
  void arm_timer();
  void hand_out_events();
  void write_control();
  void open_session();
  void close_control();
  void tell_controller(const std::string& reason);
  void stop(int code);

  Result<control::Answer> handle(const control::Request& request) override;
  Result<control::Answer> handle_command(const Command& command);
  Result<control::Answer> create_plain_transport(const CreatePlainTransport& command);
  void on_control_bytes(std::span<const std::uint8_t> bytes) override;
  void on_control_end() override;
  void on_control_written() override;
  void on_controller(uv_stream_t* server) override;

  void log(LogLevel level, std::string object, std::string message);
  void write_log(const LogRecord& record);

  Options options_;
  LogOutput log_output_;
  LogLevel log_level_;
  bool log_info_ = false;  // debug lines of ours carry the tag "info"

  uv_loop_t loop_{};
  uv_prepare_t prepare_{};
  uv_timer_t timer_{};
  uv_signal_t terminate_{};
  uv_signal_t interrupt_{};

  std::unique_ptr<Engine> engine_;  // before what holds its packets
  // By id; empty where a socket was closed, and where a listener has the id. First those of the command line,
  // which stay.
  std::vector<BoundSocket> sockets_;
  std::vector<BoundListener> listeners_;
  std::optional<TcpSockets> tcp_;
  std::vector<std::unique_ptr<WatchedSocket>> watched_;
  std::vector<WatchedSocket*> touched_;
  SocketIds socket_ids_;
  SocketOpener socket_opener_;
  std::optional<ReceiveBatch> batch_;

  ControlListenerPtr listener_;
  ControlStreamPtr stream_;
  std::unique_ptr<control::Session> session_;

  Moment moment_;
  bool moment_is_fresh_ = false;
  Instant armed_ = kNever;
  LoopCounters counters_;
  SocketCounters closed_sockets_;  ///< What UDP sockets that are closed have counted.
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace sluice::worker
