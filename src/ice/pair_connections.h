// TCP connections of candidate pairs (RFC 6544, active candidates): asked for when a pair is checked, framed
// by RFC 4571. Used by FullAgent.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ice/full_types.h"
#include "ice/output_queue.h"
#include "ice/stream_framing.h"

namespace sluice::ice {

class PairConnections {
 public:
  static constexpr std::size_t kMaxConnections = 32;
  static constexpr std::size_t kMaxWaiting = 4;  ///< Datagrams that wait for one to open.

  /// A connection to be opened when something is first sent; its id, or 0 when there are too many.
  SocketId add(const SocketAddress& local, const SocketAddress& remote);
  /// Sends in the stream; opens it first if need be.
  void send(SocketId connection, Bytes datagram);
  void connected(SocketId connection);
  /// It is gone; send() opens it anew.
  void disconnected(SocketId connection);
  void append(SocketId connection, Bytes bytes);
  /// The next datagram of the stream, if whole.
  std::optional<MutableBytes> next(SocketId connection);
  [[nodiscard]] const SocketAddress* local(SocketId connection) const;
  [[nodiscard]] const SocketAddress* remote(SocketId connection) const;
  /// Closes all but `kept` (0: all).
  void close_others(SocketId kept);

  void drain(std::vector<Transmit>& out);
  std::optional<FullRequest> poll_request() { return requests_.poll(); }

 private:
  enum class State : std::uint8_t { kIdle, kOpening, kOpen };
  struct Connection {
    SocketId id = 0;
    SocketAddress local;
    SocketAddress remote;
    State state = State::kIdle;
    StreamDeframer deframer{StreamFraming::kLength};
    std::vector<std::vector<std::uint8_t>> waiting;
  };
  [[nodiscard]] Connection* find(SocketId id);
  [[nodiscard]] const Connection* find(SocketId id) const;

  std::vector<Connection> connections_;
  SocketId next_id_ = kFirstPairConnection;
  std::vector<Transmit> out_;
  OutputQueue<FullRequest> requests_;
};

}  // namespace sluice::ice
