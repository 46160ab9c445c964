// From a request's listenInfo to bound sockets: what plain transports listen on.
//
// A request without one gets 127.0.0.1: media without encryption is open to other machines only when somebody
// said so.
// Ports of a range are given in turn, so that one that was just closed is not the next to be opened. Without
// rtcp-mux RTP has an even port and RTCP the next (RFC 3550 §11), unless the request says otherwise. What
// fails leaves nothing open.
#pragma once

#include <optional>
#include <string>

#include "sluice/command.h"
#include "sluice/result.h"
#include "worker/network.h"
#include "worker/udp_socket.h"

namespace sluice::worker {

class SocketOpener {
 public:
  struct Opened {
    BoundSocket rtp;
    std::optional<BoundSocket> rtcp;
  };

  /// `ports`: the range for requests that name neither port nor range; `sockets`: what they leave open.
  explicit SocketOpener(PortRange ports, const SocketOptions& sockets = {})
      : ports_(ports), sockets_(sockets), next_port_(ports.min) {}

  Result<Opened> open(const CreatePlainTransport& command);

 private:
  struct Place {
    SocketAddress ip;
    std::string announced;
    PortRange ports;
    bool any_port = true;  ///< Of the range; else the one port that it names.
    SocketOptions options;
  };

  Result<Place> place_of(const std::string& field, const ListenInfo& info) const;
  Result<BoundSocket> open_one(const std::string& field, const Place& place);
  Result<Opened> open_pair(const std::string& field, const Place& place);
  /// Calls `open` with one port of the place after the other until it gives a socket, or an error that
  /// another port would not mend. `step` 2: even ports only.
  template <typename Open>
  auto first_free(const Place& place, unsigned step, Open open);

  PortRange ports_;
  SocketOptions sockets_;
  unsigned next_port_;
};

}  // namespace sluice::worker
