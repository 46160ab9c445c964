// Asks STUN and TURN servers for candidates (RFC 8445 §5.1.1.2): one task for each server and each place that
// it can be asked from. Keeps what it got alive, and carries datagrams by relays. Used by FullAgent, which
// gives it bases and turns what it finds into candidates.
//
// Invariants: no more than one new request in a pacing interval; every task ends or succeeds in bounded time,
// and one that ends without success leaves an error that names its URL; at most kMaxTasks tasks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "ice/full_types.h"
#include "ice/output_queue.h"
#include "ice/retransmission.h"
#include "ice/stream_framing.h"
#include "ice/turn_client.h"

namespace sluice::ice {

class Gatherer {
 public:
  static constexpr std::size_t kMaxTasks = 32;
  static constexpr std::size_t kMaxAddresses = 4;  ///< Of one host name that are tried.
  static constexpr int kMaxRedirects = 3;
  static constexpr Duration kOpenTimeout = 10s;  ///< Resolving a name; opening a connection, TLS included.
  static constexpr Duration kKeepalive = 15s;    ///< RFC 8445 §11, Tr.

  /// `random` must outlive it.
  Gatherer(Random& random, Duration pacing) : random_(random), pacing_(pacing) {}

  void set_servers(std::vector<IceServer> servers) { servers_ = std::move(servers); }
  /// A place to ask from. `place`: the order of preference among our own.
  void add_base(const LocalAddress& base, std::uint16_t place, Instant now);
  void remove_base(SocketId socket, Instant now);
  /// Asks every server from every base that it was not asked from, or in vain; of what there is, whether it
  /// still holds.
  void start(Instant now);
  [[nodiscard]] bool started() const { return started_; }
  /// No task is under way.
  [[nodiscard]] bool complete() const;
  void close(Instant now);
  /// Whether server-reflexive addresses are kept alive: until a pair is nominated.
  void keep_alive(bool wanted) { keep_alive_ = wanted; }

  void resolved(std::string_view host, const std::vector<SocketAddress>& addresses, std::string_view why,
                Instant now);
  void connected(SocketId connection, const SocketAddress& local, Instant now);
  void disconnected(SocketId connection, std::string_view why, Instant now);
  [[nodiscard]] bool has_connection(SocketId connection) const { return by_socket(connection) != nullptr; }

  enum class Kind : std::uint8_t { kNotMine, kHandled, kData };
  struct Inbound {
    Kind kind = Kind::kNotMine;
    Path path;  ///< Of kData: the relay, and the peer behind it.
    MutableBytes payload;
  };
  /// A datagram from a UDP socket.
  Inbound receive(MutableBytes datagram, const Path& path, Instant now);
  void append_stream(SocketId connection, Bytes bytes);
  /// The next thing in a connection's stream; nothing when there is no whole one.
  std::optional<Inbound> next_from_stream(SocketId connection, Instant now);

  /// `path.socket` is a relay.
  bool relay_send(const Path& path, Bytes datagram, Instant now);
  void bind_channel(const Path& path, Instant now);

  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  void drain(std::vector<Transmit>& out);

  /// Something to be told.
  struct Event {
    enum class Type : std::uint8_t { kFound, kError, kRelayLost, kPeerRefused };
    Type type = Type::kFound;
    /// Of kFound: type, address, base, related address, URL; foundation and priority are the agent's to add.
    LocalCandidate candidate{};
    SocketAddress base{};    ///< Of kFound: what is sent from, for the foundation;
    SocketAddress server{};  ///< and who was asked.
    std::uint16_t place = 0;
    CandidateError error{};  ///< Of kError.
    SocketId relay = 0;      ///< Of kRelayLost, kPeerRefused.
    SocketAddress peer{};    ///< Of kPeerRefused: an IP address.
    std::string text{};      ///< Of kRelayLost, kPeerRefused.
  };
  std::optional<Event> poll_event() { return events_.poll(); }
  std::optional<FullRequest> poll_request() { return requests_.poll(); }
  [[nodiscard]] std::size_t task_count() const { return tasks_.size(); }

 private:
  enum class Stage : std::uint8_t { kResolving, kQueued, kConnecting, kRunning, kReady, kDone };
  struct Base {
    LocalAddress local;
    std::uint16_t place = 0;
  };
  struct Task {
    IceServer server;
    Base base;
    Stage stage = Stage::kResolving;
    Instant deadline = kNever;             ///< Of kResolving and kConnecting.
    std::vector<SocketAddress> addresses;  ///< Still to be tried, the next one last.
    SocketAddress remote;                  ///< The server.
    SocketAddress bound;                   ///< Where a connection is from.
    SocketId socket = 0;                   ///< Of the base, or a connection.
    SocketId relay = 0;
    int redirects = 0;
    TransactionId probe{};  ///< STUN.
    Retransmission timer;
    std::vector<std::uint8_t> probe_bytes;
    Instant keepalive = kNever;
    std::unique_ptr<TurnClient> turn;
    StreamDeframer deframer{StreamFraming::kTurn};
    std::string failure;  ///< Of the address tried last.
    std::uint16_t failure_code = kServerNotReached;
    [[nodiscard]] bool stream() const { return server.transport != ServerTransport::kUdp; }
  };

  void add_tasks(const Base& base, Instant now);
  [[nodiscard]] bool wanted(const IceServer& server, const Base& base) const;
  void resolve(Task& task, Instant now);
  void set_addresses(Task& task, const std::vector<SocketAddress>& addresses, std::string_view why,
                     Instant now);
  void try_next(Task& task, Instant now);
  void begin(Task& task, Instant now);
  void run(Task& task, Instant now);
  void after_turn(Task& task, Instant now);
  void on_allocated(Task& task);
  void redirect(Task& task, const SocketAddress& address, Instant now);
  void try_failed(Task& task, std::uint16_t code, std::string text, Instant now);
  void give_up(Task& task);
  void disconnect(Task& task);
  void answer_probe(Task& task, const StunMessage& response, Instant now);
  Inbound give_to_turn(Task& task, MutableBytes message, Instant now);
  void found_reflexive(const Task& task, const SocketAddress& mapped);
  void send(const Task& task, std::vector<std::uint8_t> bytes);
  void push_error(const IceServer& server, const SocketAddress& local, std::uint16_t code, std::string text);
  [[nodiscard]] Task* by_socket(SocketId connection) const;
  [[nodiscard]] Task* by_relay(SocketId relay) const;

  Random& random_;
  Duration pacing_;
  std::vector<IceServer> servers_;
  std::vector<Base> bases_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<std::pair<std::string, std::vector<SocketAddress>>> names_;  ///< Resolved before.
  bool started_ = false;
  bool closed_ = false;
  bool keep_alive_ = true;
  Instant next_begin_{};
  SocketId next_connection_ = kFirstConnection;
  SocketId next_relay_ = kFirstRelay;
  std::vector<Transmit> out_;
  std::vector<std::vector<std::uint8_t>> turn_out_;
  OutputQueue<Event> events_;
  OutputQueue<FullRequest> requests_;
};

}  // namespace sluice::ice
