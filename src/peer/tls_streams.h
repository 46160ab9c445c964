// TLS on connections to TURN and STUN servers (RFC 8656 §2.1): between the bytes that the owner moves and
// those that ice::FullAgent understands. The owner opens plain TCP and needs to know nothing of it. Owned by
// Connection.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dtls/tls_client.h"
#include "ice/full_agent.h"

namespace sluice::peer {

class TlsStreams {
 public:
  /// The agent wants a connection with TLS.
  void expect(SocketId connection, std::string host) { hosts_[connection] = std::move(host); }
  /// Whether the connection is one of these: then what comes and goes is to be given to receive() and send().
  [[nodiscard]] bool has(SocketId connection) const { return hosts_.contains(connection); }
  /// TCP stands: the handshake begins. The agent is told when it is over.
  void begin(SocketId connection, const SocketAddress& local, std::int64_t unix_seconds);
  void receive(SocketId connection, Bytes bytes, ice::FullAgent& agent, Instant now);
  void send(SocketId connection, Bytes bytes);
  void end(SocketId connection);
  /// Appends what is to be written.
  void drain(std::vector<ice::Transmit>& out);

 private:
  struct Stream {
    std::unique_ptr<dtls::TlsClient> tls;
    SocketAddress local;
    bool told = false;  ///< The agent knows that it is connected.
  };
  std::map<SocketId, std::string> hosts_;
  std::map<SocketId, Stream> streams_;
};

}  // namespace sluice::peer
