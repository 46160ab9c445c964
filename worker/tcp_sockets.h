// The TCP half of the shell: watches the listeners and their connections, feeds the engine what they read,
// sends by them, and ends those that have no business here.
//
// A connection is known by listener and remote address: the Path of its datagrams. It lives until its peer or
// the network ends it, the engine has no more use for it, or it fails to show a valid ICE check within
// kProof. Nothing is destroyed while packets are under way: what has ended is closed by close_ended(), which
// the shell calls before it sleeps.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <uv.h>

#include "sluice/engine.h"
#include "worker/clock.h"
#include "worker/network.h"
#include "worker/tcp_admission.h"
#include "worker/tcp_connection.h"

namespace sluice::worker {

class TcpSockets {
 public:
  /// The shell's side.
  class Owner {
   public:
    virtual const Moment& moment() = 0;
    virtual void on_tcp_datagrams(std::span<ReceivedDatagram> datagrams) = 0;

   protected:
    ~Owner() = default;
  };

  /// From the connection to its first valid check. Browsers check at once; a slow phone may take seconds.
  static constexpr Duration kProof = 10s;

  /// `first`: the SocketId of the first listener; the others follow. `listeners` and `engine` outlive this.
  TcpSockets(uv_loop_t* loop, std::span<const BoundListener> listeners, SocketId first, Engine& engine,
             Owner& owner);
  ~TcpSockets();
  TcpSockets(const TcpSockets&) = delete;
  TcpSockets& operator=(const TcpSockets&) = delete;

  [[nodiscard]] bool owns(SocketId socket) const {
    return socket >= first_ && socket - first_ < static_cast<int>(listeners_.size());
  }
  /// To the connection of the datagram's path. The bytes must stay valid until flush().
  void send(const OutgoingDatagram& datagram);
  /// One writev for each connection that was sent to.
  void flush();
  /// Closes what has ended and what the engine let go, and tells the engine. True when there was any: the
  /// engine may have more to send then.
  bool close_ended();
  /// Ends everything; the loop must run once more before this is destroyed.
  void stop();

 private:
  struct Listener;
  struct Connection;

  void on_listener(Listener& listener);
  void take(Listener& listener, int fd, const SocketAddress& remote);
  void on_connection(Connection& connection, int events);
  void receive_from(Connection& connection);
  void deliver(Connection& connection, std::span<const std::uint8_t> bytes);
  void watch(Connection& connection);
  void note_if_ended(Connection& connection);
  void check_proofs();
  void close_connection(Connection& connection);
  [[nodiscard]] Connection* find(const Path& path) const;

  uv_loop_t* loop_;
  SocketId first_;
  Engine& engine_;
  Owner& owner_;
  TcpAdmission admission_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  uv_timer_t proof_timer_{};
  bool stopping_ = false;

  std::vector<Connection*> unproved_;
  std::vector<Connection*> sent_to_;                  ///< Since the last flush.
  std::vector<Connection*> ended_;                    ///< Until close_ended().
  std::vector<std::unique_ptr<Connection>> closing_;  ///< Until libuv lets go of their handles.

  static constexpr std::size_t kChunk = 64 << 10;
  static constexpr std::size_t kBatch = 64;
  std::unique_ptr<std::uint8_t[]> chunk_;
  std::array<ReceivedDatagram, kBatch> batch_;
};

}  // namespace sluice::worker
