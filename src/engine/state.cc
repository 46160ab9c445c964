#include "engine/state.h"

#include <algorithm>

#include "engine/commands.h"
#include "ice/candidate.h"

namespace sluice::engine {
namespace {

template <typename T>
void erase_value(std::vector<T*>& list, const T* value) {
  std::erase(list, value);
}

}  // namespace

State::State(EngineOptions engine_options, dtls::Certificate certificate,
             std::unique_ptr<srtp::Backend> srtp_backend)
    : options(std::move(engine_options)),
      random(options.seed),
      backend(std::move(srtp_backend)),
      dtls(std::move(certificate)),
      batch(*backend),
      router(batch) {
  log.set_level(options.log_level);
  for (const LogTag tag : options.log_tags) log.set_tag(tag, true);
}

State::~State() {
  const Instant now{};
  while (!rooms.empty()) close_room(*rooms.begin()->second, now);
  batch.finish();
  batch.clear();
}

// --- Objects
// --------------------------------------------------------------------------------------------------------------

Transport& State::add_webrtc_transport(Room& room, Peer* peer, std::string id, Duration consent_timeout) {
  Transport& transport = adopt(std::make_unique<Transport>(std::in_place_type<transport::WebRtcTransport>,
                                                           shared(), transport::Shared{dtls, *backend, batch},
                                                           make_credentials(), consent_timeout),
                               room, peer, std::move(id));
  add_ufrag(transport, transport.webrtc()->ice().local().ufrag);
  return transport;
}

Transport& State::add_plain_transport(Room& room, Peer* peer, std::string id,
                                      transport::PlainTransport::Options plain) {
  Transport& transport =
      adopt(std::make_unique<Transport>(std::in_place_type<transport::PlainTransport>, shared(), batch,
                                        *backend, std::move(plain), random),
            room, peer, std::move(id));
  add_socket(transport, transport.plain()->socket().id);
  if (const auto& rtcp = transport.plain()->rtcp_socket()) add_socket(transport, rtcp->id);
  return transport;
}

Transport& State::add_direct_transport(Room& room, Peer* peer, std::string id,
                                       std::uint32_t max_message_size) {
  Transport& transport = adopt(std::make_unique<Transport>(std::in_place_type<transport::DirectTransport>,
                                                           shared(), batch, max_message_size),
                               room, peer, std::move(id));
  direct.push_back(&transport);
  // Whatever a client may send goes to the controller too.
  transport.data.set_limits({.max_message_size = kMaxDirectMessageSize});
  return transport;
}

Transport& State::adopt(std::unique_ptr<Transport> owned, Room& room, Peer* peer, std::string id) {
  Transport& transport = *owned;
  transport.id = std::move(id);
  transport.room = &room;
  transport.peer = peer;
  room.transports.push_back(&transport);
  if (peer != nullptr) peer->transports.push_back(&transport);
  transports.emplace(transport.id, std::move(owned));
  return transport;
}

void State::close_room(Room& room, Instant now) {
  while (!room.observers.empty()) close_observer(*room.observers.back());
  while (!room.peers.empty()) close_peer(*room.peers.back(), now);
  while (!room.transports.empty()) close_transport(*room.transports.back(), now);
  rooms.erase(rooms.find(room.id));
}

void State::close_peer(Peer& peer, Instant now) {
  peer.jsep.reset();  // nothing is offered to it any more
  while (!peer.transports.empty()) close_transport(*peer.transports.back(), now);
  erase_value(peer.room->peers, &peer);
  peers.erase(peers.find(peer.id));
}

void State::close_transport(Transport& transport, Instant now) {
  while (!transport.media.consumers().empty())
    close_consumer(*find(consumers, transport.media.consumers().back()->id()));
  while (!transport.media.producers().empty())
    close_producer(*find(producers, transport.media.producers().back()->id()), now);
  while (!transport.data.consumers().empty())
    close_data_consumer(*find(data_consumers, transport.data.consumers().back()->id()), now);
  while (!transport.data.producers().empty())
    close_data_producer(*find(data_producers, transport.data.producers().back()->id()), now);
  transport.visit([&](auto& one) { one.close(now); });
  closed_transports += transport.endpoint;
  forget(transport);
  erase_value(direct, &transport);
  erase_value(transport.room->transports, &transport);
  if (transport.peer != nullptr) {
    erase_value(transport.peer->transports, &transport);
    if (transport.peer->jsep_transport == &transport) {
      transport.peer->jsep_transport = nullptr;
      transport.peer->jsep.reset();
      transport.peer->offered.clear();
      transport.peer->producer_by_mid.clear();
    }
  }
  transports.erase(transports.find(transport.id));
}

void State::close_producer(ProducerEntry& entry, Instant /*now*/, std::string_view tell) {
  sfu::Producer& producer = *entry.producer;
  const std::string id = producer.id();
  while (!producer.consumers.empty())
    close_consumer(*find(consumers, producer.consumers.back()->id()), "producerclose");
  for (Peer* peer : entry.transport->room->peers) withdraw_track(*peer, id);
  for (Observer* observer : entry.transport->room->observers) forget_producer(*observer, entry);
  erase_value(entry.transport->room->producers, &entry);
  if (Peer* peer = entry.transport->peer)
    std::erase_if(peer->producer_by_mid, [&](const auto& mid) { return mid.second == id; });
  entry.transport->media.remove_producer(producer);
  if (!tell.empty()) emit(ObjectClosed{ObjectKind::kProducer, id, std::string(tell)});
  producers.erase(producers.find(id));
}

void State::close_consumer(ConsumerEntry& entry, std::string_view tell) {
  const std::string id = entry.consumer->id();
  if (Peer* peer = entry.transport->peer) {
    if (peer->offered.erase(id) != 0 && peer->jsep) peer->jsep->remove_track(id);
  }
  entry.transport->media.remove_consumer(*entry.consumer);
  if (!tell.empty()) emit(ObjectClosed{ObjectKind::kConsumer, id, std::string(tell)});
  consumers.erase(consumers.find(id));
}

void State::close_data_producer(DataProducerEntry& entry, Instant now, std::string_view tell) {
  sfu::DataProducer& producer = *entry.producer;
  const std::string id = producer.id();
  while (!producer.consumers.empty())
    close_data_consumer(*find(data_consumers, producer.consumers.back()->id()), now, "dataproducerclose");
  erase_value(entry.transport->room->data_producers, &entry);
  close_channel(*entry.transport, producer.stream(), now);
  closed_data_producers += producer;
  entry.transport->data.remove_producer(producer);
  if (!tell.empty()) emit(ObjectClosed{ObjectKind::kDataProducer, id, std::string(tell)});
  data_producers.erase(data_producers.find(id));
}

void State::close_data_consumer(DataConsumerEntry& entry, Instant now, std::string_view tell) {
  const std::string id = entry.consumer->id();
  close_channel(*entry.transport, entry.consumer->stream(), now);
  closed_data_consumers += *entry.consumer;
  entry.transport->data.remove_consumer(*entry.consumer);
  if (!tell.empty()) emit(ObjectClosed{ObjectKind::kDataConsumer, id, std::string(tell)});
  data_consumers.erase(data_consumers.find(id));
}

std::string State::make_id() {
  // RFC 9562 §5.4: version 4.
  std::uint8_t bytes[16];
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kHex[bytes[i] >> 4];
    out += kHex[bytes[i] & 15];
  }
  return out;
}

// --- What a transport tells its peer
// --------------------------------------------------------------------------------------

IceParameters State::ice_parameters(const ice::Credentials& credentials) const {
  return {credentials.ufrag, credentials.password, true};
}

std::vector<IceCandidate> State::candidates(CandidateChoice choice) const {
  std::vector<IceCandidate> out;
  std::uint16_t place = 0;  // among all sockets, the first preferred
  const auto add = [&](const ListenSocket& socket) {
    const bool tcp = socket.protocol == IceProtocol::kTcp;
    if (!(tcp ? choice.tcp : choice.udp)) return;
    IceCandidate candidate;
    candidate.foundation = std::string(to_string(socket.protocol)) + std::to_string(socket.id);
    candidate.priority =
        tcp ? ice::tcp_host_priority(place) : ice::udp_host_priority(place, choice.tcp_first);
    candidate.address = socket.announced_address.empty() ? socket.local.ip() : socket.announced_address;
    candidate.protocol = socket.protocol;
    candidate.port = socket.local.port();
    if (tcp) candidate.tcp_type = IceTcpType::kPassive;
    out.push_back(std::move(candidate));
    ++place;
  };
  const auto comes_first = [&](const ListenSocket& socket) {
    return !choice.family_first || socket.local.family() == *choice.family_first;
  };
  for (const ListenSocket& socket : options.sockets)
    if (comes_first(socket)) add(socket);
  for (const ListenSocket& socket : options.sockets)
    if (!comes_first(socket)) add(socket);
  return out;
}

ice::Credentials State::make_credentials() {
  // RFC 8839 §5.4 asks for 4 and 22 characters at least; ours are longer, as the ufrag must be unique among
  // all transports.
  ice::Credentials credentials{random.ice_chars(16), random.ice_chars(32)};
  while (by_ufrag.contains(credentials.ufrag)) credentials.ufrag = random.ice_chars(16);
  return credentials;
}

std::vector<DtlsFingerprint> State::fingerprints() const {
  return {dtls.certificate().fingerprint("sha-256")};
}

// --- Help for the handlers
// ------------------------------------------------------------------------------------------------

Error not_found(std::string field, std::string_view kind, std::string_view id) {
  return {ErrorCode::kNotFound, std::move(field),
          "no " + std::string(kind) + " has the id \"" + std::string(id) + "\""};
}

Error already_exists(std::string field, std::string_view kind, std::string_view id) {
  return {ErrorCode::kAlreadyExists, std::move(field),
          "there is a " + std::string(kind) + " with the id \"" + std::string(id) + "\" already"};
}

Result<void> check_id(std::string_view field, std::string_view id) {
  const bool printable = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (id.empty() || id.size() > 128 || !printable) {
    return invalid_argument(std::string(field),
                            "an id is 1 to 128 printable ASCII characters without spaces");
  }
  return {};
}

const ListenSocket* find_socket(const State& state, SocketId id) {
  const auto& sockets = state.options.sockets;
  const auto it =
      std::find_if(sockets.begin(), sockets.end(), [&](const ListenSocket& s) { return s.id == id; });
  return it == sockets.end() ? nullptr : &*it;
}

TransportTuple tuple_of(const State& state, const Path& path) {
  if (const ListenSocket* socket = find_socket(state, path.socket)) return tuple_of(*socket, path.remote);
  return {};
}

TransportTuple tuple_of(const ListenSocket& socket, const std::optional<SocketAddress>& remote) {
  TransportTuple tuple;
  tuple.local_address = socket.announced_address.empty() ? socket.local.ip() : socket.announced_address;
  tuple.local_port = socket.local.port();
  tuple.protocol = to_string(socket.protocol);
  if (!remote) return tuple;
  tuple.remote_address = remote->ip();
  tuple.remote_port = remote->port();
  return tuple;
}

std::optional<TransportTuple> rtcp_tuple_of(const transport::PlainTransport& plain) {
  if (plain.rtcp_mux()) return std::nullopt;
  return tuple_of(*plain.rtcp_socket(), plain.rtcp_remote());
}

std::string_view name_of(dtls::State state) {
  static constexpr std::string_view kNames[] = {"new", "connecting", "connected", "failed", "closed"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace sluice::engine
