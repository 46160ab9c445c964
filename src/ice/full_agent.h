// A full ICE agent (RFC 8445) with trickle (RFC 8838), patience (RFC 8863) and consent (RFC 7675), for one
// component: gathers host, server-reflexive and relayed candidates, checks pairs in either role, nominates or
// follows the nomination, keeps consent, and carries datagrams by the selected pair. The peer may be full or
// lite. Called by src/client and by sluice::PeerConnection's implementation; docs/ice.md tells the whole.
//
// The owner has the sockets, the resolver and TLS: it gives what arrives to receive() and receive_stream(),
// calls advance() when next_deadline() is due, and after any call takes drain(), poll_request(), poll_event()
// and poll_data() until they are empty.
//
// Invariants: to an address from which no answer has come only checks and answers to authenticated checks are
// sent; an answer counts only with a transaction of ours, by the path that was asked, with the peer's
// MESSAGE-INTEGRITY; everything that can grow has a limit; failed is reached in bounded time, with a reason.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "ice/checklist.h"
#include "ice/full_types.h"
#include "ice/gatherer.h"
#include "ice/output_queue.h"
#include "ice/pair_connections.h"
#include "ice/retransmission.h"
#include "ice/stun_message.h"

namespace sluice::ice {

class FullAgent {
 public:
  static constexpr std::size_t kMaxRemoteCandidates = 64;
  static constexpr std::size_t kMaxPending = 256;     ///< Datagrams, events kept for an owner who takes none.
  static constexpr std::size_t kMaxEarlyChecks = 16;  ///< Checks that came before the peer's credentials.
  static constexpr std::size_t kMaxBases = 16;
  static constexpr Duration kFailurePatience = 39500ms;   ///< RFC 8863 §4: the length of one transaction.
  static constexpr Duration kCandidatePatience = 120s;    ///< For the peer's first candidate.
  static constexpr Duration kNominationPatience = 200ms;  ///< How long a better pair is waited for,
  static constexpr Duration kRelayPatience = 500ms;       ///< and how long any that needs no relay.
  static constexpr Duration kConsentInterval = 5s;        ///< RFC 7675 §5.1, times 0.8 to 1.2.
  static constexpr Duration kConsentTimeout = 30s;        ///< RFC 7675 §5.1.
  static constexpr Duration kDisconnectedAfter = 12s;     ///< Two consent checks unanswered.

  struct Options {
    bool controlling = true;
    bool renomination = false;  ///< The peer announced ice-options:renomination.
    TransportPolicy policy = TransportPolicy::kAll;
    Duration pacing = 50ms;  ///< Ta (RFC 8445 §14.2), at least 5 ms.
    std::vector<IceServer> servers{};
  };

  /// `random` must outlive the agent.
  FullAgent(Credentials local, Random& random, Options options);
  FullAgent(const FullAgent&) = delete;
  FullAgent& operator=(const FullAgent&) = delete;

  // --- our side ---
  /// Before gather(), or later when an interface comes up; in order of preference.
  void add_local(const LocalAddress& address, Instant now);
  /// An interface or a UDP socket is gone.
  void remove_local(SocketId socket, Instant now);
  /// Begins to give candidates. After it, servers of add_local() and set_servers() are asked as they come.
  void gather(Instant now);
  /// W3C setConfiguration(): of use for what is gathered from now on, the next restart at the latest.
  void set_servers(std::vector<IceServer> servers, TransportPolicy policy);
  /// The owner's answers to FullRequest. No address: `why` is told in the error.
  void resolved(std::string_view host, const std::vector<SocketAddress>& addresses, std::string_view why,
                Instant now);
  void connected(SocketId connection, const SocketAddress& local, Instant now);
  /// Could not be opened, or has ended.
  void disconnected(SocketId connection, std::string_view why, Instant now);

  // --- the peer's side ---
  /// Checks start once the peer's credentials and a candidate are known. A lite peer makes us controlling.
  /// Others than before without a restart() of ours are another peer's: the pairs with the one before end.
  void set_remote(Credentials remote, bool lite, Instant now);
  CandidateVerdict add_remote_candidate(const IceCandidate& candidate);
  /// The peer has no more candidates (RFC 8838 §8).
  void end_of_candidates(Instant now);
  /// Only before checks have begun; afterwards roles are the protocol's.
  void set_controlling(bool controlling);
  /// New credentials of ours (RFC 8445 §9); the peer's new ones come by set_remote(). Data goes on by the old
  /// pair until another is selected. Candidates are told anew.
  void restart(Credentials new_local, Instant now);
  /// Allocations are given up (drain() once more); nothing is accepted or sent any more.
  void close(Instant now);

  // --- bytes and time ---
  /// One datagram from a UDP socket of ours.
  Received receive(MutableBytes datagram, const Path& path, Instant now);
  /// Bytes of a connection, as they come (after TLS).
  void receive_stream(SocketId connection, Bytes bytes, Instant now);
  /// What receive_stream() found for the layer above, datagram by datagram.
  struct Data {
    Path path;
    std::vector<std::uint8_t> bytes;
  };
  std::optional<Data> poll_data() { return data_.poll(); }
  /// Sends a datagram by the selected pair; false, and counted, when there is none.
  bool send(Bytes datagram, Instant now);
  /// The owner has sent a datagram by a direct selected pair by itself.
  void count_sent(std::size_t size, Instant now);

  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// Appends datagrams for UDP sockets and bytes for connections, by path.socket.
  void drain(std::vector<Transmit>& out);
  std::optional<FullEvent> poll_event() { return events_.poll(); }
  std::optional<FullRequest> poll_request();

  // --- what there is to know ---
  [[nodiscard]] IceState state() const { return state_; }
  /// Why the agent is disconnected or failed.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] GatheringState gathering_state() const { return gathering_; }
  [[nodiscard]] bool controlling() const { return controlling_; }
  [[nodiscard]] const Credentials& local() const { return local_; }
  [[nodiscard]] const std::optional<Credentials>& remote() const { return remote_; }
  /// The nominated pair or, before nomination, the best valid one.
  [[nodiscard]] std::optional<SelectedPair> selected_pair() const;
  [[nodiscard]] std::optional<Path> selected() const { return selected_; }
  [[nodiscard]] bool nominated() const { return nominated_; }
  /// An authenticated check came by this path, or one of ours was answered.
  [[nodiscard]] bool is_known(const Path& path) const;
  /// Our address as the peer sees it on the selected pair.
  [[nodiscard]] std::optional<SocketAddress> mapped_address() const;
  [[nodiscard]] const std::vector<LocalCandidate>& local_candidates() const { return locals_; }
  [[nodiscard]] std::vector<IceCandidate> remote_candidates() const;
  [[nodiscard]] std::vector<CandidatePairStats> pair_stats() const;
  [[nodiscard]] const ReceiveCounts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t candidate_count(CandidateVerdict verdict) const {
    return verdicts_[static_cast<std::size_t>(verdict)];
  }
  /// Datagrams that are not STUN, from where nobody has proved who they are.
  [[nodiscard]] std::uint64_t unknown_source_count() const { return unknown_source_; }

 private:
  struct Base {
    LocalAddress local;
    std::uint16_t place = 0;
  };
  struct RemoteCandidate {
    IceCandidate ice;
    SocketAddress address;
    std::uint16_t foundation = 0;
  };
  /// What a check of the peer's says beyond who sent it.
  struct CheckFacts {
    std::uint32_t priority = 0;
    bool use_candidate = false;
    std::optional<std::uint32_t> nomination;
  };
  struct EarlyCheck {
    Path path;
    std::string remote_ufrag;
    CheckFacts facts;
  };
  enum class Purpose : std::uint8_t { kCheck, kNominate, kConsent };
  struct Transaction {
    TransactionId id{};
    Path path;
    Purpose purpose = Purpose::kCheck;
    bool controlling = true;  ///< The role that the request claimed.
    bool cancelled = false;   ///< An answer still counts, silence no more.
    bool previous = false;    ///< Under the credentials from before the restart.
    Instant sent{};
    Retransmission timer;
    std::vector<std::uint8_t> bytes;
  };
  /// What a restart leaves of what was (RFC 8445 §9).
  struct Previous {
    Credentials local;
    std::optional<Credentials> remote;
    Pair pair;
    IceCandidate remote_candidate;
    Instant until = kNever;  ///< Once another pair is selected: how long what comes late is taken.
  };
  struct FoundationKey {
    IceCandidateType type;
    IceProtocol protocol;
    SocketAddress base;
    SocketAddress server;
    ServerTransport transport;
    friend bool operator==(const FoundationKey&, const FoundationKey&) = default;
  };

  // full_candidates.cc
  void make_host_candidate(const Base& base);
  void add_local_candidate(LocalCandidate candidate, const FoundationKey& key,
                           std::uint16_t local_preference);
  void after_gatherer();
  void on_found(Gatherer::Event event);
  void on_socket_lost(SocketId socket, PairFailure why, const std::string& reason);
  void update_gathering();
  void form_pairs(const LocalCandidate& local);
  void form_pairs(const RemoteCandidate& remote);
  Pair* form_pair(const LocalCandidate& local, const RemoteCandidate& remote);
  RemoteCandidate* find_remote(const SocketAddress& address, IceProtocol protocol);
  [[nodiscard]] const RemoteCandidate* find_remote(const SocketAddress& address, IceProtocol protocol) const;
  CandidateVerdict take_candidate(const IceCandidate& candidate);
  Pair* add_reflexive(const Path& path, std::uint32_t priority);
  [[nodiscard]] std::uint16_t remote_foundation(const std::string& foundation);
  /// The host or relayed candidate that `socket` sends from; null when pairs may not use it.
  [[nodiscard]] const LocalCandidate* base_of(SocketId socket) const;

  // full_receive.cc
  Received receive_by(MutableBytes datagram, const Path& path, Instant now);
  ReceiveResult process(Bytes bytes, const Path& path, Instant now);
  ReceiveResult process_request(const StunMessage& request, const Path& path, Instant now);
  ReceiveResult process_response(const StunMessage& response, const Path& path, Instant now);
  bool resolve_roles(const StunMessage& request);
  void remember_early(const StunMessage& request, const Path& path);
  void on_check(const CheckFacts& facts, const Path& path, Instant now);
  [[nodiscard]] bool nomination_wins(const Pair& pair) const;
  void cancel_checks(const Path& path, Instant now);
  void on_success(const Transaction& transaction, const StunMessage& response, Instant now);
  void on_failure(const Transaction& transaction, PairFailure why);
  void on_role_conflict(const Transaction& transaction);

  // full_schedule.cc
  [[nodiscard]] bool active() const;
  void run_transactions(Instant now);
  void run_checks(Instant now);
  void run_nomination(Instant now);
  void run_consent(Instant now);
  void give_up_when_nothing_is_left(Instant now);
  [[nodiscard]] Instant give_up_at() const;
  [[nodiscard]] Instant nominate_at() const;
  [[nodiscard]] bool nominating() const;
  [[nodiscard]] Duration check_rto() const;
  [[nodiscard]] Duration consent_interval();
  void send_request(const Path& path, Purpose purpose, Instant now);
  [[nodiscard]] std::vector<std::uint8_t> build_request(const Transaction& transaction) const;
  void transmit(const Path& path, Bytes bytes, Instant now);

  // full_agent.cc
  void set_role(bool controlling);
  void forget_peer();
  void leave_peer();
  void select(const Pair& pair, bool nominated, Instant now);
  void unselect();
  void lose_connection(std::string reason);
  void fail(std::string reason);
  void set_state(IceState state, std::string reason = {});
  void update_completed();
  void push_event(FullEvent::Type type);
  [[nodiscard]] std::string why_failed() const;
  /// The pair of a path, be it of this generation or the one before.
  [[nodiscard]] Pair* pair_of(const Path& path);
  [[nodiscard]] const Pair* pair_of(const Path& path) const;
  [[nodiscard]] LocalCandidate local_of(const Pair& pair) const;
  [[nodiscard]] IceCandidate remote_of(const Pair& pair) const;
  [[nodiscard]] static IceProtocol protocol_of(SocketId socket) {
    return socket >= kFirstPairConnection && socket < kFirstRelay ? IceProtocol::kTcp : IceProtocol::kUdp;
  }
  [[nodiscard]] bool connected_state() const {
    return state_ == IceState::kConnected || state_ == IceState::kCompleted;
  }

  Credentials local_;
  std::optional<Credentials> remote_;
  bool remote_lite_ = false;
  bool remote_ended_ = false;
  Random& random_;
  Options options_;
  std::uint64_t tie_breaker_;
  bool controlling_;
  int conflicts_ = 0;  ///< 487s of this generation.

  IceState state_ = IceState::kNew;
  std::string reason_;
  GatheringState gathering_ = GatheringState::kNew;
  Gatherer gatherer_;
  PairConnections connections_;
  std::vector<Base> bases_;
  std::vector<FoundationKey> foundations_;
  std::vector<LocalCandidate> locals_;
  std::vector<RemoteCandidate> remotes_;
  std::vector<std::string> remote_foundations_;
  std::uint16_t reflexive_foundations_ = 0;
  std::string last_error_;  ///< Of a server, for the reason of a failure.

  Checklist checklist_;
  std::vector<Transaction> transactions_;
  std::vector<EarlyCheck> early_;
  std::optional<Previous> previous_;
  bool on_previous_ = false;  ///< The selected pair is previous_'s.
  std::optional<Path> selected_;
  bool nominated_ = false;
  std::uint32_t nomination_ = 0;
  std::optional<Instant> patience_from_;  ///< When the peer's credentials came.
  std::optional<Instant> first_valid_;    ///< The first success since there was no nomination.
  Instant next_check_at_{};
  Instant next_consent_ = kNever;
  Instant last_consent_ = kNever;  ///< kNever: there is no connection.

  std::vector<Transmit> out_;
  OutputQueue<FullEvent> events_;
  OutputQueue<Data> data_;
  ReceiveCounts counts_{};
  std::array<std::uint64_t, kCandidateVerdictCount> verdicts_{};
  std::uint64_t unknown_source_ = 0;
  PairNumbers unsent_;  ///< What was to be sent while there was no pair.
};

}  // namespace sluice::ice
