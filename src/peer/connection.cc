#include "peer/connection.h"

#include <algorithm>

namespace sluice::peer {
namespace {

Error is_closed() {
  return {ErrorCode::kInvalidState, "signalingState",
          "the peer connection is closed; expected one that is open"};
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::create(const Configuration& configuration,
                                                       const PeerConnection::Environment& environment) {
  auto settings = read_settings(configuration, environment.wall_clock.unix_micros / 1'000'000);
  if (!settings) return settings.error();
  return std::unique_ptr<Connection>(new Connection(configuration, environment, *std::move(settings)));
}

Connection::Connection(const Configuration& configuration, const PeerConnection::Environment& environment,
                       Settings settings)
    : configuration_(configuration),
      wall_clock_(environment.wall_clock),
      random_(environment.seed),
      certificate_(std::move(settings.certificate)),
      dtls_context_(certificate_, settings.srtp_profiles),
      negotiator_({std::move(settings.capabilities),
                   {certificate_.fingerprint()},
                   configuration.answer_role,
                   configuration.max_message_size},
                  random_),
      transport_(dtls_context_, random_, std::move(settings.ice), negotiator_.agreement().local_ice),
      media_(random_, wall_clock_, pool_),
      data_({configuration.max_message_size, configuration.max_data_channels}, random_) {}

Result<void> Connection::set_configuration(const Configuration& configuration) {
  if (closed_) return is_closed();
  auto ice = read_changed_settings(configuration_, configuration);
  if (!ice) return ice.error();
  configuration_ = configuration;
  transport_.ice().set_servers(std::move(ice->servers), ice->policy);
  return {};
}

// --- What is wanted ---

Result<RtpSender> Connection::add_track(MediaKind kind, const TrackInit& init) {
  const auto id = negotiator_.add_track(kind, init);
  if (!id) return id.error();
  changed();
  return RtpSender(this, *id);
}

Result<void> Connection::remove_track(const RtpSender& sender) {
  if (sender.connection_ != this)
    return invalid_argument("sender", "the sender is of another peer connection");
  auto removed = negotiator_.remove_track(sender.id_);
  changed();
  return removed;
}

Result<RtpTransceiver> Connection::add_transceiver(MediaKind kind, const TransceiverInit& init) {
  const auto id = negotiator_.add_transceiver(kind, init);
  if (!id) return id.error();
  changed();
  return RtpTransceiver(this, *id);
}

std::vector<RtpTransceiver> Connection::transceivers() {
  std::vector<RtpTransceiver> out;
  for (const auto& t : negotiator_.transceivers()) out.push_back(RtpTransceiver(this, t->id));
  return out;
}

Result<DataChannel> Connection::create_data_channel(std::string_view label, const DataChannelInit& init) {
  if (closed_) return is_closed();
  const auto number = data_.create(label, init, now_);
  if (!number) return number.error();
  negotiator_.want_data();
  changed();
  return channel(*number);
}

void Connection::restart_ice() {
  negotiator_.restart_ice();
  changed();
}

// --- Signaling ---

Result<SessionDescription> Connection::create_offer(bool ice_restart) {
  auto offer = negotiator_.create_offer(ice_restart);
  changed();
  return offer;
}

Result<SessionDescription> Connection::create_answer() {
  return negotiator_.create_answer();
}

Result<void> Connection::set_local(const SessionDescription* description, Instant now) {
  moved(now);
  auto set = description != nullptr ? negotiator_.set_local(*description) : negotiator_.set_local();
  if (set) sync(now);
  return set;
}

Result<void> Connection::set_remote(const SessionDescription& description, Instant now) {
  moved(now);
  auto set = negotiator_.set_remote(description);
  if (set) sync(now);
  return set;
}

Result<void> Connection::add_ice_candidate(const IceCandidateInit& candidate, Instant now) {
  moved(now);
  auto added = negotiator_.add_remote_candidate(candidate);
  if (added) sync(now);
  return added;
}

/// The transport learns what was agreed, and everyone what the transport did.
void Connection::sync(Instant now) {
  if (closed_) return;
  take_negotiator_events();
  if (const auto local = negotiator_.local_ice()) {
    const bool offering =
        negotiator_.state() == SignalingState::kHaveLocalOffer || negotiator_.agreement().offered_by_us;
    transport_.set_local(*local, offering, now);
  }
  const Agreement& agreement = negotiator_.agreement();
  const bool media = std::any_of(agreement.lines.begin(), agreement.lines.end(),
                                 [](const Line& line) { return !line.data && !line.rejected; });
  if (std::exchange(association_, agreement.association) != agreement.association && data_.started())
    data_.begin_again("another DTLS association has begun", now);
  transport_.set_remote(agreement, media, now);
  if (std::exchange(agreements_, negotiator_.agreements()) != agreements_) {
    media_.set(negotiator_, transport_);
    if (agreement.data) data_.set_remote(*agreement.data, now);
    if (!agreement.data && !negotiator_.provisional() && !negotiator_.wants_data())
      data_.begin_again("the other side has rejected data channels", now);
  }
  take_ice_events();
  take_dtls();
  if (closed_) return;
  if (transport_.dtls_connected() && agreement.data && !data_.started())
    data_.start(transport_.dtls()->role() == dtls::Role::kClient, now);
  if (data_.started()) {
    data_in_.clear();
    transport_.take_data(data_in_);
    for (const auto& packet : data_in_) data_.receive(packet, now);
  }
  update_state();
}

/// By the other side, or because it cannot go on: the owner is told why; then it is closed.
void Connection::end(std::string reason, PeerConnectionState state) {
  if (closed_) return;
  reason_ = std::move(reason);
  if (state == PeerConnectionState::kFailed)
    events_.emplace_back(event::ConnectionStateChange{PeerConnectionState::kFailed, reason_});
  shut(now_);
  data_.end(reason_);
  events_.emplace_back(event::SignalingStateChange{SignalingState::kClosed});
  events_.emplace_back(event::IceConnectionStateChange{IceState::kClosed});
  events_.emplace_back(event::ConnectionStateChange{PeerConnectionState::kClosed, reason_});
}

/// W3C §4.4.1.3: nothing is told, of channels neither.
void Connection::close(Instant now) {
  if (closed_) return;
  moved(now);
  shut(now);
  data_.drop();
  events_.clear();
}

void Connection::shut(Instant now) {
  data_.flush(transport_);
  closed_ = true;
  negotiator_.close();
  transport_.close(now);
  while (transport_.ice().poll_event()) {
  }
  ice_state_ = IceState::kClosed;
  state_ = PeerConnectionState::kClosed;
}

// --- Network ---

void Connection::add_local_address(const LocalAddress& address) {
  transport_.ice().add_local({address.address, address.socket, address.protocol}, now_);
}

void Connection::remove_local_address(SocketId socket, Instant now) {
  moved(now);
  transport_.ice().remove_local(socket, now);
  sync(now);
}

void Connection::receive(MutableBytes datagram, const Path& path, Instant now) {
  moved(now);
  if (closed_) return;
  take_received(transport_.receive(datagram, path, now), now);
}

void Connection::take_received(const Transport::Received& received, Instant now) {
  switch (received.media) {
    case Transport::Media::kRtp:  // the one path on which nothing but media can have changed
      return media_.receive_rtp(received.bytes, transport_, now);
    case Transport::Media::kRtcp:
      return media_.receive_rtcp(received.bytes, transport_, now);
    case Transport::Media::kNone:
      sync(now);
  }
}

void Connection::receive_stream(SocketId connection, Bytes bytes, Instant now) {
  moved(now);
  if (closed_) return;
  transport_.receive_stream(connection, bytes, now);
  take_stream_data(now);
  sync(now);
}

void Connection::take_stream_data(Instant now) {
  while (auto data = transport_.poll_data()) take_received(transport_.take_payload(data->bytes, now), now);
}

void Connection::resolved(std::string_view host, const std::vector<SocketAddress>& addresses,
                          std::string_view why, Instant now) {
  moved(now);
  transport_.ice().resolved(host, addresses, why, now);
  sync(now);
}

void Connection::connected(SocketId connection, const SocketAddress& local, Instant now) {
  moved(now);
  const std::int64_t unix_micros = wall_clock_.unix_micros + (now - wall_clock_.at).count();
  transport_.connected(connection, local, unix_micros / 1'000'000, now);
  sync(now);
}

void Connection::disconnected(SocketId connection, std::string_view why, Instant now) {
  moved(now);
  transport_.disconnected(connection, why, now);
  sync(now);
}

void Connection::advance(Instant now) {
  moved(now);
  if (closed_) return;
  transport_.advance(now);
  media_.advance(transport_, now);
  data_.advance(now);
  sync(now);
}

Instant Connection::next_deadline() const {
  if (closed_) return kNever;
  Instant next = std::min(transport_.next_deadline(), data_.next_deadline());
  if (transport_.media_ready()) next = std::min(next, media_.next_deadline());
  return next;
}

std::span<const OutgoingDatagram> Connection::drain() {
  if (!closed_) data_.flush(transport_);
  return transport_.drain(now_);
}

std::optional<NetworkRequest> Connection::poll_request() {
  const auto request = transport_.poll_request();
  if (!request) return std::nullopt;
  return NetworkRequest{static_cast<NetworkRequest::Type>(request->type), request->host, request->socket,
                        request->remote, request->local};
}

}  // namespace sluice::peer
