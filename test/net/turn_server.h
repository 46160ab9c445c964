// An honest STUN and TURN server in memory (RFC 8489, RFC 8656), for tests of the client: it verifies
// integrity and the age of nonces, keeps allocations, permissions and channels for as long as the RFC says
// and no longer, and refuses what it is told to refuse.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ice/stun_message.h"
#include "ice/stun_writer.h"
#include "sluice/address.h"
#include "sluice/time.h"

namespace sluice::net {

class TurnServer {
 public:
  struct Options {
    SocketAddress address;
    SocketAddress relay_ip;  ///< Port 0.
    std::map<std::string, std::string> users = {{"user", "secret"}};
    std::string realm = "example.org";
    Duration nonce_lifetime = 60s;
    std::size_t quota = 100;                   ///< Allocations; more get 486.
    std::vector<SocketAddress> denied{};       ///< Peers (port 0) that get 403.
    std::optional<SocketAddress> alternate{};  ///< Every Allocate gets 300 with it.
    std::uint16_t refuse_allocate = 0;         ///< Every authenticated Allocate gets this.
    bool stun_only = false;
  };
  struct Output {
    bool to_client = false;  ///< Else from `from`, a relayed address, to a peer.
    SocketAddress from;
    SocketAddress to;
    bool stream = false;
    std::vector<std::uint8_t> bytes;
  };

  explicit TurnServer(Options options) : options_(std::move(options)) {}

  /// From a client's outer address.
  void receive(Bytes message, const SocketAddress& client, bool stream, Instant now);
  /// From a peer to a relayed address.
  void receive_relayed(Bytes datagram, const SocketAddress& peer, const SocketAddress& relayed, Instant now);
  void advance(Instant now);
  std::vector<Output> take() { return std::exchange(out_, {}); }
  [[nodiscard]] bool is_relayed(const SocketAddress& address) const {
    return address.with_port(0) == options_.relay_ip;
  }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Options& options() { return options_; }
  [[nodiscard]] std::size_t allocation_count() const { return allocations_.size(); }
  /// As if it had been started anew.
  void forget_everything() { allocations_.clear(); }
  std::uint64_t stale_nonces = 0;
  std::uint64_t refused_peers = 0;      ///< Datagrams of or to peers without a permission.
  std::uint64_t channel_datagrams = 0;  ///< From clients.
  std::uint64_t send_indications = 0;   ///< From clients.

 private:
  using Client = std::pair<SocketAddress, bool>;
  struct Channel {
    std::uint16_t number;
    SocketAddress peer;
    Instant expires;
  };
  struct Allocation {
    SocketAddress relayed;
    std::string user;
    ice::TransactionId id{};
    Instant expires;
    std::map<SocketAddress, Instant> permissions;
    std::vector<Channel> channels;
  };

  bool authenticate(const ice::StunMessage& request, const Client& client, Instant now, std::string& key);
  void allocate(const ice::StunMessage& request, const Client& client, const std::string& key, Instant now);
  void change(const ice::StunMessage& request, const Client& client, const std::string& key, Instant now);
  void bind(const ice::StunMessage& request, const Client& client, Allocation& a, const std::string& key,
            Instant now);
  void relay(Allocation& a, const SocketAddress& peer, Bytes data, Instant now);
  void receive_channel_data(Bytes message, const Client& client, Instant now);
  void challenge(const ice::StunMessage& request, const Client& client, std::uint16_t code, Instant now);
  void error(const ice::StunMessage& request, const Client& client, std::uint16_t code,
             const std::string& key);
  void reply_allocated(const ice::StunMessage& request, const Client& client, const Allocation& a,
                       const std::string& key);
  void reply(const Client& client, Bytes message);

  Options options_;
  std::map<Client, Allocation> allocations_;
  std::uint16_t next_port_ = 40000;
  std::vector<Output> out_;
};

}  // namespace sluice::net
