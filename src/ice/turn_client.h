// One allocation on a TURN server (RFC 8656), from the client's side: allocates with long-term credentials,
// keeps the allocation, its permissions and channels alive, wraps and unwraps what peers send. One server,
// one 5-tuple. Used by Gatherer, which owns the way to the server.
//
// Invariants: nothing is sent to a peer before its permission is installed; what comes from a peer without
// one is dropped; permissions, channels, waiting datagrams and transactions are limited. Answers count only
// with a transaction of ours and, where they carry MESSAGE-INTEGRITY, only when it matches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "ice/long_term.h"
#include "ice/output_queue.h"
#include "ice/retransmission.h"
#include "ice/stun_message.h"
#include "sluice/address.h"
#include "sluice/time.h"

namespace sluice::ice {

/// Codes that need a name here (RFC 8489 §14.8, RFC 8656 §19); 701 is W3C's for a server not reached.
inline constexpr std::uint16_t kServerNotReached = 701;

class TurnClient {
 public:
  static constexpr std::size_t kMaxPermissions = 64;
  static constexpr std::size_t kMaxChannels = 32;
  static constexpr std::size_t kMaxWaiting = 4;         ///< Datagrams that wait for one permission.
  static constexpr std::size_t kMaxOut = 256;           ///< Messages kept for an owner who does not drain.
  static constexpr Duration kPermissionRefresh = 4min;  ///< They last five (RFC 8656 §9).
  static constexpr Duration kPermissionIdle = 10min;    ///< One that nothing was sent by for so long may go.
  static constexpr Duration kChannelRefresh = 9min;     ///< They last ten (RFC 8656 §12).

  struct Options {
    std::string username;
    std::string password;
    bool reliable = false;              ///< A stream: nothing is sent twice, ChannelData is padded.
    IpFamily family = IpFamily::kIPv4;  ///< Of the relayed address.
  };
  enum class State : std::uint8_t { kNew, kAllocating, kReady, kFailed, kClosed };
  struct Event {
    enum class Type : std::uint8_t {
      kAllocated,    ///< relayed() and mapped() are there
      kFailed,       ///< `code`, `text`: no allocation, or no more
      kRedirected,   ///< `address`: ask that server instead (300)
      kPeerRefused,  ///< `address`, `code`, `text`: the server relays nothing to that IP address
    };
    Type type = Type::kAllocated;
    std::uint16_t code = 0;
    std::string text{};
    SocketAddress address{};
  };

  /// `random` must outlive it.
  TurnClient(Options options, Random& random);

  void start(Instant now);
  /// Asks the server now whether it still knows the allocation: the way to it may have changed.
  void probe(Instant now) {
    if (refresh_ != kNever) refresh_ = now;
  }
  /// Gives the allocation up; drain() once more.
  void close(Instant now);

  enum class Kind : std::uint8_t { kHandled, kDropped, kData };
  struct Inbound {
    Kind kind = Kind::kDropped;
    SocketAddress peer;
    MutableBytes payload;  ///< Of kData: a view into the message.
  };
  /// One message of the server's.
  Inbound receive(MutableBytes message, Instant now);
  /// False when there is no allocation, or no room. A permission is asked for as needed, the datagram waits.
  bool send(const SocketAddress& peer, Bytes datagram, Instant now);
  /// From now on datagrams to and from `peer` cost four bytes more instead of 36 and more.
  void bind_channel(const SocketAddress& peer, Instant now);

  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// Appends messages for the server.
  void drain(std::vector<std::vector<std::uint8_t>>& out);
  std::optional<Event> poll_event() { return events_.poll(); }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const SocketAddress& relayed() const { return relayed_; }
  /// Our address as the server sees it.
  [[nodiscard]] const std::optional<SocketAddress>& mapped() const { return mapped_; }
  [[nodiscard]] std::size_t permission_count() const { return permissions_.size(); }

 private:
  enum class Progress : std::uint8_t { kAsked, kGranted, kRefused };
  struct Permission {
    SocketAddress ip;  ///< Port 0: permissions are of addresses (RFC 8656 §2.3).
    Progress progress = Progress::kAsked;
    Instant refresh = kNever;
    Instant last_used{};
    std::vector<std::pair<SocketAddress, std::vector<std::uint8_t>>> waiting;
  };
  struct Channel {
    SocketAddress peer;
    std::uint16_t number = 0;
    Progress progress = Progress::kAsked;
    Instant refresh = kNever;
  };
  struct Transaction {
    TransactionId id{};
    StunMethod method = StunMethod::kAllocate;
    SocketAddress peer{};        ///< Of CreatePermission and ChannelBind.
    std::uint32_t lifetime = 0;  ///< Of Refresh.
    bool was_signed = false;
    int stale = 0;  ///< How often its nonce was refused.
    Retransmission timer{};
    std::vector<std::uint8_t> bytes{};
  };

  void request(Transaction transaction, Instant now);
  [[nodiscard]] std::vector<std::uint8_t> build(const Transaction& transaction) const;
  Inbound receive_channel_data(MutableBytes message);
  Inbound receive_data(const StunMessage& message, MutableBytes bytes);
  Kind receive_response(const StunMessage& response, Instant now);
  void on_success(const Transaction& transaction, const StunMessage& response, Instant now);
  void on_error(Transaction transaction, const StunMessage& response, Instant now);
  void on_allocate_error(Transaction transaction, const StunMessage& response, Instant now);
  void on_refusal(const Transaction& transaction, std::uint16_t code, const std::string& text, Instant now);
  void on_allocated(const StunMessage& response, Instant now);
  void refuse_peer(const SocketAddress& ip, std::uint16_t code, const std::string& text);
  void fail(std::uint16_t code, std::string text);
  void set_lifetime(std::uint32_t seconds, Instant now);
  void flush(Permission& permission);
  void send_now(const SocketAddress& peer, Bytes datagram);
  void push(std::vector<std::uint8_t> message);
  Permission* permission(const SocketAddress& peer);
  Permission* add_permission(const SocketAddress& peer, Instant now);
  Channel* channel(const SocketAddress& peer);
  [[nodiscard]] TransactionId new_id();

  Options options_;
  Random& random_;
  LongTermCredential credential_;
  State state_ = State::kNew;
  SocketAddress relayed_;
  std::optional<SocketAddress> mapped_;
  Instant refresh_ = kNever;
  bool family_asked_ = false;
  bool mismatch_cleared_ = false;  ///< A 437 was answered by deleting what the server had of this 5-tuple.
  std::uint16_t next_channel_ = 0x4000;
  std::vector<Permission> permissions_;
  std::vector<Channel> channels_;
  std::vector<Transaction> transactions_;
  std::vector<std::vector<std::uint8_t>> out_;
  OutputQueue<Event> events_;
};

}  // namespace sluice::ice
