// Everything an engine owns, as plain structures: rooms, peers, transports, producers and consumers, by id
// and by network path.
//
// Invariants: an object is reachable from its table exactly while it lives; closing one removes all it owns,
// innermost first. The command handlers (one noun a file) and the demultiplexer work on this; nothing outside
// src/engine sees it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/deadline_heap.h"
#include "base/log.h"
#include "base/random.h"
#include "dtls/context.h"
#include "negotiate/jsep_session.h"
#include "negotiate/ortc.h"
#include "sfu/media_session.h"
#include "sluice/engine.h"
#include "srtp/backend.h"
#include "transport/send_batch.h"
#include "transport/webrtc_transport.h"

namespace sluice::engine {

struct Room;
struct Peer;

struct Transport {
  Transport(transport::Shared shared, sfu::MediaSession::Shared media_shared, ice::Credentials credentials,
            Duration consent_timeout)
      : webrtc(shared, std::move(credentials), consent_timeout),
        media(webrtc.sender(), webrtc.drops(), media_shared, this),
        deadline(this) {}

  std::string id;
  Room* room = nullptr;
  Peer* peer = nullptr;  ///< Null when it belongs to the room itself.
  transport::WebRtcTransport webrtc;
  sfu::MediaSession media;
  Deadline deadline;
  std::vector<Path> paths;          ///< Ours in State::by_path.
  std::vector<std::string> ufrags;  ///< Ours in State::by_ufrag.
  bool was_ready = false;
  std::uint32_t next_mid = 0;  ///< Of ORTC consumers.
};

struct ProducerEntry {
  sfu::Producer* producer = nullptr;
  Transport* transport = nullptr;
  negotiate::RtpMapping mapping;
};

struct ConsumerEntry {
  sfu::Consumer* consumer = nullptr;
  Transport* transport = nullptr;
  ProducerEntry* producer = nullptr;
};

/// A producer that a JSEP peer is offered: becomes a consumer once the peer has accepted it.
struct OfferedTrack {
  std::string producer_id;
  std::string source_peer_id;
};

struct Peer {
  std::string id;
  std::string name;
  Room* room = nullptr;
  Subscription subscription = Subscription::kManual;
  std::vector<Transport*> transports;
  // Driven by offer and answer:
  std::unique_ptr<negotiate::JsepSession> jsep;
  Transport* jsep_transport = nullptr;
  std::map<std::string, OfferedTrack, std::less<>> offered;  ///< By consumer id.
  std::map<std::string, std::string, std::less<>> producer_by_mid;
  bool negotiation_reported = false;
};

struct Room {
  std::string id;
  RtpCapabilities capabilities;
  std::vector<Peer*> peers;
  std::vector<Transport*> transports;  ///< All of the room, its peers' included.
  std::vector<ProducerEntry*> producers;
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
  Transport& add_transport(Room& room, Peer* peer, std::string id, Duration consent_timeout);
  void close_room(Room& room, Instant now);
  void close_peer(Peer& peer, Instant now);
  void close_transport(Transport& transport, Instant now);
  /// `reason`: told to the consumers' owners, and, if `tell`, of the producer itself.
  void close_producer(ProducerEntry& entry, Instant now, std::string_view tell = {});
  void close_consumer(ConsumerEntry& entry, std::string_view tell = {});
  [[nodiscard]] std::string make_id();

  // --- Network (demux.cc)
  void receive(ReceivedDatagram& datagram, Instant now);
  /// Acts on what a transport has become: events, consumers started or stopped, the next deadline.
  void after(Transport& transport, Instant now);
  /// Looks at every deadline that may have changed and does what is due.
  void settle(Instant now);
  void add_ufrag(Transport& transport, const std::string& ufrag);

  // --- What a transport tells its peer
  [[nodiscard]] IceParameters ice_parameters(const ice::Credentials& credentials) const;
  [[nodiscard]] std::vector<IceCandidate> candidates() const;
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
  DeadlineHeap deadlines;
  std::vector<sfu::MediaSession*> dirty;
  transport::DropCounters drops;  ///< Of datagrams that no transport took.
  std::vector<Event> events;
  bool negotiation_changed = false;  ///< Some JSEP peer may need negotiation.

  Table<Room> rooms;
  Table<Peer> peers;
  Table<Transport> transports;
  Table<ProducerEntry> producers;
  Table<ConsumerEntry> consumers;
  std::unordered_map<Path, Transport*> by_path;
  std::unordered_map<std::string, Transport*, TextHash, std::equal_to<>> by_ufrag;

 private:
  Transport* find_transport(Bytes bytes, const Path& path);
  void learn_path(Transport& transport, const Path& path);
  void forget(Transport& transport);
  void schedule(Transport& transport);
  void schedule_dirty();
  void report_changes(Transport& transport, Instant now);
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
TransportTuple tuple_of(const State& state, const Path& path);
std::string_view name_of(dtls::State state);

}  // namespace sluice::engine
