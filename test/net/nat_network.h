// Hosts behind NATs and firewalls in virtual time, from a seed: what reaches whom, and from which address, as
// RFC 4787 describes NATs. Datagrams are lost, delayed, reordered and duplicated; streams are not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "sluice/address.h"
#include "sluice/time.h"

namespace sluice::net {

/// RFC 4787 §4.1 (mapping) and §5 (filtering): what of the remote address counts.
enum class NatBehavior : std::uint8_t { kEndpointIndependent, kAddressDependent, kAddressAndPortDependent };

struct NatSpec {
  NatBehavior mapping = NatBehavior::kEndpointIndependent;
  NatBehavior filtering = NatBehavior::kEndpointIndependent;
  bool hairpin = false;      ///< Two hosts behind it reach each other by outer addresses (RFC 4787 §6).
  bool udp_blocked = false;  ///< A firewall that lets only streams out.
  Duration timeout = 120s;   ///< Of a binding without outbound traffic (RFC 4787 §4.3).
};
// The names that RFC 3489 gave them, which people still use.
inline constexpr NatSpec kFullCone{};
inline constexpr NatSpec kRestricted{.filtering = NatBehavior::kAddressDependent};
inline constexpr NatSpec kPortRestricted{.filtering = NatBehavior::kAddressAndPortDependent};
inline constexpr NatSpec kSymmetric{.mapping = NatBehavior::kAddressAndPortDependent,
                                    .filtering = NatBehavior::kAddressAndPortDependent};
inline constexpr NatSpec kUdpBlocked{.udp_blocked = true};

struct NatLink {
  double loss = 0;
  double duplication = 0;
  double forgery = 0;  ///< A copy comes as well that somebody changed, perhaps from another address.
  Duration min_delay = 10ms;
  Duration max_delay = 10ms;
};

class NatNetwork {
 public:
  struct Datagram {
    SocketAddress from;  ///< As the receiver sees it.
    SocketAddress to;    ///< The receiver's own address.
    std::vector<std::uint8_t> bytes;
    bool stream = false;
  };

  explicit NatNetwork(std::uint64_t seed) : random_(seed ^ 0x4A7) {}

  NatLink link;
  bool down = false;

  /// A NAT with a public address; hosts are put behind it by their addresses.
  std::size_t add_nat(const SocketAddress& outer, const NatSpec& spec);
  void put_behind(const SocketAddress& host_ip, std::size_t nat);
  /// Nothing passes between these two IP addresses, as hosts know themselves.
  void cut(const SocketAddress& a, const SocketAddress& b) { cut_.insert({a.with_port(0), b.with_port(0)}); }
  void heal() { cut_.clear(); }
  /// The NAT forgets all bindings (it was restarted).
  void forget(std::size_t nat);

  /// `from`: the sender's own address.
  void send(const SocketAddress& from, const SocketAddress& to, Bytes bytes, bool stream, Instant now);
  /// What an outside server sees a stream come from.
  SocketAddress outer_of_stream(const SocketAddress& from, const SocketAddress& to, Instant now);
  [[nodiscard]] Instant next_delivery() const { return queue_.empty() ? kNever : queue_.begin()->first; }
  std::optional<Datagram> receive(Instant now);
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  struct Binding {
    SocketAddress inner;
    SocketAddress outer;
    SocketAddress key;  ///< Which part of the remote address counted for the mapping.
    Instant last_used{};
    std::set<SocketAddress> permitted;  ///< By the part that counts for filtering.
  };
  struct Nat {
    SocketAddress outer;
    NatSpec spec;
    std::uint16_t next_port = 20000;
    std::vector<Binding> bindings;
  };

  [[nodiscard]] std::optional<std::size_t> nat_of(const SocketAddress& host) const;
  Binding& bind(Nat& nat, const SocketAddress& from, const SocketAddress& to, Instant now);
  /// The host that a datagram to a NAT's outer address reaches, if any.
  std::optional<SocketAddress> enter(const SocketAddress& from, const SocketAddress& to, Instant now);
  Datagram forge(const SocketAddress& from, const SocketAddress& to, Bytes bytes);
  void fly(const SocketAddress& from, const SocketAddress& to, Bytes bytes, bool stream, Instant now);
  [[nodiscard]] bool is_cut(const SocketAddress& a, const SocketAddress& b) const {
    return cut_.contains({a.with_port(0), b.with_port(0)}) || cut_.contains({b.with_port(0), a.with_port(0)});
  }

  Random random_;
  std::vector<Nat> nats_;
  std::map<SocketAddress, std::size_t> behind_;  ///< By IP address, port 0.
  std::set<std::pair<SocketAddress, SocketAddress>> cut_;
  std::multimap<Instant, Datagram> queue_;
  std::uint64_t sent_ = 0;
};

}  // namespace sluice::net
