// Everything an engine owns, as plain structures: rooms, peers, transports, producers and consumers, by id,
// by network path and by socket.
//
// Invariants: an object is reachable from its table exactly while it lives; closing one removes all it owns,
// innermost first. The command handlers (one noun a file) and the demultiplexer work on this; nothing outside
// src/engine sees it.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/deadline_heap.h"
#include "base/log.h"
#include "base/random.h"
#include "dtls/context.h"
#include "engine/handshake_queue.h"
#include "engine/totals.h"
#include "negotiate/jsep_session.h"
#include "negotiate/ortc.h"
#include "sfu/active_speaker.h"
#include "sfu/audio_level.h"
#include "sfu/data_session.h"
#include "sfu/media_session.h"
#include "sfu/router.h"
#include "sluice/engine.h"
#include "srtp/backend.h"
#include "transport/direct_transport.h"
#include "transport/plain_transport.h"
#include "transport/send_batch.h"
#include "transport/webrtc_transport.h"

namespace sluice::engine {

struct Room;
struct Peer;

/// What SCTP holds at most that it has not sent once, but for the rest of a message: enough to fill a fast
/// path for a round trip, little beside the queues, which share payloads where SCTP copies them.
inline constexpr std::size_t kAheadOfSctp = 256 * 1024;
inline constexpr std::size_t kMaxDataProducers = 2'048;   ///< Of one transport.
inline constexpr std::size_t kMaxDataConsumers = 16'384;  ///< Of one transport.
/// Bytes: the control channel carries frames of 4 MiB at most.
inline constexpr std::uint32_t kMaxDirectMessageSize = 4'000'000;

/// bps by BitrateLimit; 0: none.
using BitrateLimits = std::array<std::uint32_t, 3>;

struct Transport {
  using Kind =
      std::variant<transport::WebRtcTransport, transport::PlainTransport, transport::DirectTransport>;
  /// What its parts report through.
  struct Shared {
    sfu::MediaSession::Shared media;
    std::vector<sfu::DataSession*>& dirty_data;
  };

  template <typename T, typename... Arguments>
  Transport(std::in_place_type_t<T> type, Shared shared, Arguments&&... arguments)
      : kind(type, std::forward<Arguments>(arguments)...),
        endpoint(visit([](auto& one) -> transport::Endpoint& { return one; })),
        media(endpoint.sender(), endpoint.drops(), shared.media, this),
        data(shared.dirty_data, shared.media.events, this),
        deadline(this) {}

  /// Null when it is of another kind.
  [[nodiscard]] transport::WebRtcTransport* webrtc() {
    return std::get_if<transport::WebRtcTransport>(&kind);
  }
  [[nodiscard]] const transport::WebRtcTransport* webrtc() const {
    return std::get_if<transport::WebRtcTransport>(&kind);
  }
  [[nodiscard]] transport::PlainTransport* plain() { return std::get_if<transport::PlainTransport>(&kind); }
  [[nodiscard]] const transport::PlainTransport* plain() const {
    return std::get_if<transport::PlainTransport>(&kind);
  }
  [[nodiscard]] transport::DirectTransport* direct() {
    return std::get_if<transport::DirectTransport>(&kind);
  }
  [[nodiscard]] const transport::DirectTransport* direct() const {
    return std::get_if<transport::DirectTransport>(&kind);
  }
  /// Null without SCTP.
  [[nodiscard]] sctp::DataChannels* channels() { return webrtc() == nullptr ? nullptr : webrtc()->data(); }
  [[nodiscard]] const sctp::DataChannels* channels() const {
    return webrtc() == nullptr ? nullptr : webrtc()->data();
  }
  template <typename Visit>
  decltype(auto) visit(Visit&& one) {
    return std::visit(std::forward<Visit>(one), kind);
  }

  std::string id;
  Room* room = nullptr;
  Peer* peer = nullptr;  ///< Null when it belongs to the room itself.
  Kind kind;
  transport::Endpoint& endpoint;  ///< What all kinds have: the base of `kind`.
  sfu::MediaSession media;
  sfu::DataSession data;
  Deadline deadline;
  std::vector<Path> paths;          ///< Ours in State::by_path, each known to ICE: WebRTC.
  std::vector<std::string> ufrags;  ///< Ours in State::by_ufrag: WebRTC.
  std::vector<SocketId> sockets;    ///< Ours in State::by_socket: plain.
  bool was_ready = false;
  bool was_rtcp_ready = false;
  std::uint32_t next_mid = 0;  ///< Of ORTC consumers.
  BitrateLimits bitrate_limits{};
  std::uint64_t negotiated_limit =
      0;                   ///< bps that the client takes at most (b= lines of its descriptions); 0: any.
  std::uint8_t trace = 0;  ///< Bits by TraceType.
  std::unordered_map<sctp::ChannelHandle, std::uint16_t> streams;  ///< Of data channels.
  std::uint32_t next_stream = 0;                                   ///< To be tried for the next one by ORTC.
};

struct ProducerEntry {
  sfu::Producer* producer = nullptr;
  Transport* transport = nullptr;
  negotiate::RtpMapping mapping;
  std::vector<std::string> stream_ids;  ///< Of a negotiated one; see negotiate::IncomingTrack.
};

struct ConsumerEntry {
  sfu::Consumer* consumer = nullptr;
  Transport* transport = nullptr;
  ProducerEntry* producer = nullptr;
};

struct DataProducerEntry {
  sfu::DataProducer* producer = nullptr;
  Transport* transport = nullptr;
};

struct DataConsumerEntry {
  sfu::DataConsumer* consumer = nullptr;
  Transport* transport = nullptr;
  DataProducerEntry* producer = nullptr;
};

/// Which of the worker's sockets a transport offers, and which it would rather be reached by.
struct CandidateChoice {
  bool udp = true;
  bool tcp = true;
  bool tcp_first = false;
  std::optional<IpFamily> family_first{};  ///< None: in the order of the sockets.
};

/// A producer that a JSEP peer is offered: becomes a consumer once the peer has accepted it.
struct OfferedTrack {
  std::string producer_id;
  std::string source_peer_id;
  std::optional<std::uint64_t> max_bitrate{};  ///< See negotiate::NegotiatedTrack.
};

struct Peer {
  std::string id;
  std::string name;
  Room* room = nullptr;
  Subscription subscription = Subscription::kManual;
  bool produce_data = true;  ///< See CreatePeer.
  std::vector<Transport*> transports;
  // Driven by offer and answer:
  CandidateChoice candidates;
  std::unique_ptr<negotiate::JsepSession> jsep;
  Transport* jsep_transport = nullptr;
  std::map<std::string, OfferedTrack, std::less<>> offered;  ///< By consumer id.
  std::map<std::string, std::string, std::less<>> producer_by_mid;
  bool negotiation_reported = false;
  std::uint64_t max_bitrate = 0;  ///< See negotiate::Effects.
};

/// Listens to producers of its room. Each of them feeds a meter of `kind` through Producer::observers, except
/// while the observer is paused.
struct Observer {
  using Kind = std::variant<sfu::ActiveSpeaker, sfu::AudioLevel>;

  explicit Observer(Kind one) : kind(std::move(one)), deadline(this) {}
  /// Of one of its producers; null when it is none.
  [[nodiscard]] sfu::LevelMeter* meter(std::string_view producer_id);

  std::string id;
  Room* room = nullptr;
  Kind kind;
  std::vector<ProducerEntry*> producers;
  bool paused = false;
  Deadline deadline;
};

struct Room {
  std::string id;
  RtpCapabilities capabilities;
  std::vector<Peer*> peers;
  std::vector<Transport*> transports;  ///< All of the room, its peers' included.
  std::vector<ProducerEntry*> producers;
  std::vector<DataProducerEntry*> data_producers;
  std::vector<Observer*> observers;
};

/// For look-ups by string_view without making a string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <typename T>
using Table = std::unordered_map<std::string, std::unique_ptr<T>, TextHash, std::equal_to<>>;

class State {
 public:
  State(EngineOptions options, dtls::Certificate certificate, std::unique_ptr<srtp::Backend> backend);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // --- Objects
  Transport& add_webrtc_transport(Room& room, Peer* peer, std::string id, Duration consent_timeout);
  /// Takes the sockets of `plain` over.
  Transport& add_plain_transport(Room& room, Peer* peer, std::string id,
                                 transport::PlainTransport::Options plain);
  Transport& add_direct_transport(Room& room, Peer* peer, std::string id, std::uint32_t max_message_size);
  void close_room(Room& room, Instant now);
  void close_peer(Peer& peer, Instant now);
  void close_transport(Transport& transport, Instant now);
  /// `reason`: told to the consumers' owners, and, if `tell`, of the producer itself.
  void close_producer(ProducerEntry& entry, Instant now, std::string_view tell = {});
  void close_consumer(ConsumerEntry& entry, std::string_view tell = {});
  void close_data_producer(DataProducerEntry& entry, Instant now, std::string_view tell = {});
  void close_data_consumer(DataConsumerEntry& entry, Instant now, std::string_view tell = {});
  void close_observer(Observer& observer);
  [[nodiscard]] std::string make_id();

  // --- Observers (observer_commands.cc)
  void pause_observer(Observer& observer, bool paused);
  /// The producer leaves the observer; nothing when it was not there.
  void forget_producer(Observer& observer, ProducerEntry& entry);
  /// After whatever may have changed its deadline.
  void schedule(Observer& observer);

  // --- Network (demux.cc, paths.cc)
  void receive(std::span<ReceivedDatagram> datagrams, Instant now);
  /// The owner's connection is gone.
  void path_closed(const Path& path, Instant now);
  /// Acts on what a transport has become: events, consumers started or stopped, the next deadline.
  void after(Transport& transport, Instant now);
  /// Looks at every deadline that may have changed and does what is due.
  void settle(Instant now);
  [[nodiscard]] Instant next_deadline() const {
    return std::min({deadlines.next(), observer_deadlines.next(), handshakes.next_deadline()});
  }
  void add_ufrag(Transport& transport, const std::string& ufrag);
  /// A socket that no transport has any more.
  void release_socket(SocketId id) { released_sockets.push_back(id); }

  // --- Data (data_flow.cc, data_channels.cc)
  /// What SCTP has to tell.
  void take_data(Transport& transport, Instant now);
  /// Gives what waits to the ways that take it.
  void send_data(Instant now);
  /// Events of messages and packets for the controller, as many as its room allows.
  void tell_controller();

  // --- What a transport tells its peer
  [[nodiscard]] IceParameters ice_parameters(const ice::Credentials& credentials) const;
  [[nodiscard]] std::vector<IceCandidate> candidates(CandidateChoice choice = {}) const;
  [[nodiscard]] ice::Credentials make_credentials();
  [[nodiscard]] std::vector<DtlsFingerprint> fingerprints() const;

  void emit(Event event) { events.push_back(std::move(event)); }

  EngineOptions options;
  PacketPool pool;
  Random random;
  Log log;
  std::unique_ptr<srtp::Backend> backend;
  dtls::Context dtls;
  transport::SendBatch batch;
  sfu::Router router;
  DeadlineHeap deadlines;           ///< Of transports.
  DeadlineHeap observer_deadlines;  ///< A heap of their own, as its owners are of another type.
  HandshakeQueue handshakes;
  std::vector<sfu::MediaSession*> dirty;
  std::vector<sfu::DataSession*> dirty_data;
  std::vector<Transport*> direct;  ///< Transports of that kind.
  std::size_t controller_room = static_cast<std::size_t>(-1);
  transport::DropCounters drops;  ///< Of datagrams that no transport took.
  sfu::Totals media_totals;
  TransportTotals closed_transports;
  DataCounts closed_data_producers;
  DataCounts closed_data_consumers;
  std::vector<Event> events;
  bool negotiation_changed = false;  ///< Some JSEP peer may need negotiation.

  Table<Room> rooms;
  Table<Peer> peers;
  Table<Transport> transports;
  Table<ProducerEntry> producers;
  Table<ConsumerEntry> consumers;
  Table<DataProducerEntry> data_producers;
  Table<DataConsumerEntry> data_consumers;
  Table<Observer> observers;
  std::unordered_map<Path, Transport*> by_path;
  std::vector<Path>
      closed_paths;  ///< Connections that left by_path by our doing, until the owner takes them.
  std::unordered_map<std::string, Transport*, TextHash, std::equal_to<>> by_ufrag;
  std::vector<Transport*> by_socket;  ///< Null where a socket is not one transport's own.
  std::vector<SocketId> released_sockets;

 private:
  [[nodiscard]] Transport::Shared shared() {
    return {{random, options.wall_clock, dirty, router, events, media_totals}, dirty_data};
  }
  Transport& adopt(std::unique_ptr<Transport> owned, Room& room, Peer* peer, std::string id);
  [[nodiscard]] Transport* owner_of(SocketId socket) const {
    return socket < by_socket.size() ? by_socket[socket] : nullptr;
  }
  void add_socket(Transport& transport, SocketId id);
  void on_media(Transport& transport, transport::Media media, ReceivedDatagram& datagram, Instant now);
  Transport* find_transport(Bytes bytes, const Path& path);
  using Begun = srtp::Inbound::Begun;
  bool begin_unprotect(std::span<ReceivedDatagram> datagrams);
  void receive(ReceivedDatagram& datagram, const Begun* begun, Instant now);
  void receive_webrtc(Transport& transport, ReceivedDatagram& datagram, const Begun* begun, Instant now);
  void receive_plain(Transport& transport, ReceivedDatagram& datagram, const Begun* begun, Instant now);
  void serve_handshakes(Instant now);
  void serve_observers(Instant now);
  void learn_path(Transport& transport, const Path& path, Instant now);
  void forget_stale_paths(Transport& transport);
  void release(const Path& path);
  [[nodiscard]] bool is_connection(const Path& path) const;
  void forget(Transport& transport);
  void schedule(Transport& transport);
  void schedule_dirty();
  void report_changes(Transport& transport, transport::WebRtcTransport& webrtc);
  void report_changes(Transport& transport, transport::PlainTransport& plain);
  static void report_changes(Transport& /*transport*/, transport::DirectTransport& /*direct*/) {}

  std::vector<Begun> begun_;  ///< Of the datagrams of one receive().
};

// --- Help for the handlers
// --------------------------------------------------------------------------------------------------

/// The object of that id, or null.
template <typename T>
T* find(Table<T>& table, std::string_view id) {
  const auto it = table.find(id);
  return it == table.end() ? nullptr : it->second.get();
}
Error not_found(std::string field, std::string_view kind, std::string_view id);
Error already_exists(std::string field, std::string_view kind, std::string_view id);
/// Ids are 1 to 128 bytes of printable ASCII.
Result<void> check_id(std::string_view field, std::string_view id);
/// The socket of that id, or null.
const ListenSocket* find_socket(const State& state, SocketId id);
TransportTuple tuple_of(const State& state, const Path& path);
TransportTuple tuple_of(const ListenSocket& socket, const std::optional<SocketAddress>& remote);
/// Of RTCP's own socket; nothing with rtcp-mux.
std::optional<TransportTuple> rtcp_tuple_of(const transport::PlainTransport& plain);
std::string_view name_of(dtls::State state);

}  // namespace sluice::engine
