// The checking side of ICE: forms pairs of our sockets and the peer's candidates, checks them, nominates,
// keeps consent. Starts as controlling and yields the role when the peer's tie-breaker is higher (RFC 8445
// §7.3.1.1). Local candidates are host candidates, one a socket; gathering by STUN and TURN adds paths from
// outside (add_socket).
//
// Invariants: everything sent to a path that is not selected is a check or a reply to one; a response counts
// only with a transaction that we opened, from the address that we asked, with the peer's MESSAGE-INTEGRITY;
// at most kMaxPairs pairs. Called by src/client.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "ice/agent.h"
#include "ice/stun_message.h"
#include "sluice/time.h"

namespace sluice::ice {

class ControllingAgent {
 public:
  static constexpr std::size_t kMaxPairs = 100;           ///< RFC 8445 §6.1.2.5.
  static constexpr std::size_t kMaxPending = 256;         ///< Datagrams kept for a caller who does not drain.
  static constexpr Duration kPacing = 50ms;               ///< Ta, RFC 8445 §14.2.
  static constexpr Duration kInitialRto = 500ms;          ///< RFC 8445 §14.3.
  static constexpr int kMaxRequests = 7;                  ///< Rc, RFC 8489 §6.2.1.
  static constexpr int kLastWait = 16;                    ///< Rm: RTOs to wait after the last request.
  static constexpr Duration kFailurePatience = 39500ms;   ///< RFC 8863 §4: the length of one transaction.
  static constexpr Duration kNominationPatience = 200ms;  ///< How long a better pair is waited for.
  static constexpr Duration kConsentInterval = 5s;        ///< RFC 7675 §5.1, times 0.8 to 1.2.
  static constexpr Duration kConsentTimeout = 30s;        ///< RFC 7675 §5.1.
  static constexpr Duration kDisconnectedAfter = 12s;     ///< Two consent checks unanswered.

  struct Options {
    bool renomination =
        false;  ///< Send the nomination attribute (the peer announced ice-options:renomination).
  };

  /// `random` must outlive the agent.
  ControllingAgent(Credentials local, std::vector<SocketId> sockets, Random& random, Options options);
  ControllingAgent(Credentials local, std::vector<SocketId> sockets, Random& random);

  /// Checks start once the peer's credentials and a candidate are known.
  void set_remote(Credentials remote);
  /// `priority` is the candidate's; 0 is taken for unknown. Duplicates are ignored.
  void add_remote_candidate(const SocketAddress& address, std::uint32_t priority);
  void add_socket(SocketId socket);
  /// ICE restart: all pairs are checked anew under the new credentials; the selected path stays until another
  /// is nominated.
  void restart(Credentials new_local, Credentials new_remote);
  void close();

  ReceiveResult receive(Bytes bytes, const Path& path, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  void drain(std::vector<Transmit>& out);
  std::optional<AgentEvent> poll_event();

  [[nodiscard]] IceState state() const { return state_; }
  /// The nominated path or, before nomination, the best valid one.
  [[nodiscard]] std::optional<Path> selected() const { return selected_; }
  /// A check of ours on this path was answered.
  [[nodiscard]] bool is_known(const Path& path) const;
  [[nodiscard]] bool nominated() const { return nominated_; }
  [[nodiscard]] bool controlling() const { return controlling_; }
  /// Our address as the peer sees it on the selected path.
  [[nodiscard]] std::optional<SocketAddress> mapped_address() const { return mapped_; }
  [[nodiscard]] const Credentials& local() const { return local_; }
  [[nodiscard]] const ReceiveCounts& counts() const { return counts_; }

 private:
  enum class PairState : std::uint8_t { kWaiting, kInProgress, kSucceeded, kFailed };
  struct Pair {
    Path path;
    std::uint32_t remote_priority = 0;
    std::uint64_t priority = 0;
    PairState state = PairState::kWaiting;
    bool triggered = false;       ///< Goes before the others (RFC 8445 §6.1.4.1).
    bool peer_nominated = false;  ///< USE-CANDIDATE came while we were controlled.
    std::optional<SocketAddress> mapped;
  };
  enum class Purpose : std::uint8_t { kCheck, kNominate, kConsent };
  struct Transaction {
    TransactionId id{};
    Path path;
    Purpose purpose = Purpose::kCheck;
    bool controlling = true;  ///< The role that the request claimed.
    bool cancelled = false;   ///< An answer still counts, silence no more.
    int requests = 1;         ///< Sent so far.
    Duration rto{};
    Instant next{};  ///< When to send again or to give up.
    std::vector<std::uint8_t> bytes;
  };

  ReceiveResult process(Bytes bytes, const Path& path, Instant now);
  ReceiveResult process_request(const StunMessage& request, const Path& path, Instant now);
  ReceiveResult process_response(const StunMessage& response, const Path& path, Instant now);
  bool resolve_roles(const StunMessage& request);
  void trigger_check(const StunMessage& request, const Path& path, Instant now);
  void cancel_checks(const Path& path, Instant now);
  void on_success(const Transaction& transaction, const StunMessage& response, Instant now);
  void on_failure(const Transaction& transaction);
  void on_role_conflict(const Transaction& transaction);

  Pair* add_pair(const Path& path, std::uint32_t remote_priority);
  Pair* find(const Path& path);
  [[nodiscard]] const Pair* find(const Path& path) const;
  [[nodiscard]] std::uint32_t local_priority(SocketId socket, IceCandidateType type) const;
  void set_role(bool controlling);

  void send_request(const Path& path, Purpose purpose, Instant now);
  [[nodiscard]] std::vector<std::uint8_t> build_request(const Transaction& transaction) const;
  void run_transactions(Instant now);
  void run_checks(Instant now);
  void run_nomination(Instant now);
  void run_consent(Instant now);
  void lose_connection();
  void forget_connection();
  void fail();
  void give_up_when_all_failed(Instant now);
  [[nodiscard]] const Pair* next_check() const;
  [[nodiscard]] bool all_failed() const;
  [[nodiscard]] bool nominating() const;
  [[nodiscard]] bool active() const;
  [[nodiscard]] const Pair* nominee() const;
  [[nodiscard]] bool better_may_come(const Pair& pair) const;
  [[nodiscard]] Duration initial_rto() const;
  [[nodiscard]] Duration consent_interval();

  void select(const Pair& pair, bool nominated, Instant now);
  void set_state(IceState state);
  void push_event(AgentEvent event);
  void push(const Path& path, Bytes bytes);

  Credentials local_;
  std::optional<Credentials> remote_;
  std::vector<SocketId> sockets_;
  struct RemoteCandidate {
    SocketAddress address;
    std::uint32_t priority;
  };
  std::vector<RemoteCandidate> candidates_;
  Random& random_;
  Options options_;
  std::uint64_t tie_breaker_;
  bool controlling_ = true;

  IceState state_ = IceState::kNew;
  std::vector<Pair> pairs_;
  std::vector<Transaction> transactions_;
  std::optional<Path> selected_;
  bool nominated_ = false;
  std::uint32_t nomination_ = 0;
  std::optional<SocketAddress> mapped_;
  std::optional<Instant> started_;      ///< The first check of this generation.
  std::optional<Instant> first_valid_;  ///< The first success since there was no nomination.
  Instant next_check_at_{};
  Instant next_consent_ = kNever;
  Instant last_consent_{};

  std::vector<Transmit> out_;
  std::deque<AgentEvent> events_;
  ReceiveCounts counts_{};
};

}  // namespace sluice::ice
