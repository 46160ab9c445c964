// The owner of full agents over real sockets, for tests: UDP sockets and connections of this process's
// loopback, TLS, the clock, and one poll() for all. No resolver: numeric addresses and "localhost" only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "dtls/tls_client.h"
#include "ice/full_agent.h"

namespace sluice::test {

class PosixOwner {
 public:
  struct Peer {
    std::unique_ptr<ice::FullAgent> agent;
    Peer* other = nullptr;
    std::vector<ice::LocalCandidate> candidates;
    std::vector<ice::CandidateError> errors;
    std::vector<std::string> received;
    std::string reason;
    [[nodiscard]] const ice::LocalCandidate* find(IceCandidateType type) const;
  };

  PosixOwner();
  PosixOwner(const PosixOwner&) = delete;
  PosixOwner& operator=(const PosixOwner&) = delete;
  ~PosixOwner();

  std::string ca_pem;  ///< Trusted for TLS, beside the system's.

  /// With one UDP socket on 127.0.0.1, which it takes for one at `claimed`, as if behind a NAT.
  Peer& add_peer(ice::FullAgent::Options options, const char* claimed = "127.0.0.1");
  void signal(Peer& a, Peer& b);
  /// Closes the agent, and gives what it has to say a moment to leave.
  void close(Peer& peer);
  /// False when `limit` of real time passed first.
  bool run_until(const std::function<bool()>& done, Duration limit);
  [[nodiscard]] static Instant now();

 private:
  struct Connection {
    Peer* peer = nullptr;
    SocketId id = 0;
    int fd = -1;
    bool connecting = true;
    bool told = false;  ///< The agent knows that it is open.
    std::unique_ptr<dtls::TlsClient> tls;
    std::vector<std::uint8_t> out;
  };
  struct Udp {
    Peer* peer;
    SocketId id;
    int fd;
  };

  void pump(Peer& peer);
  void on_request(Peer& peer, const ice::FullRequest& request);
  void connect(Peer& peer, const ice::FullRequest& request);
  void send(Peer& peer, const ice::Transmit& transmit);
  void read(const Udp& udp);
  void serve(Connection& connection, short events);
  void flush(Connection& connection);
  void drop(Connection& connection, const std::string& why);

  Random random_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Udp> sockets_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace sluice::test
