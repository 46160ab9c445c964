#include "peer/connection.h"

#include <algorithm>

namespace sluice::peer {
namespace {

Result<dtls::Certificate> make_certificate(const std::optional<CertificatePem>& pem,
                                           std::int64_t unix_seconds) {
  if (!pem) return dtls::Certificate::generate(unix_seconds);
  const bool paths = !pem->certificate_path.empty() || !pem->private_key_path.empty();
  const bool texts = !pem->certificate.empty() || !pem->private_key.empty();
  if (paths == texts)
    return invalid_argument("certificate",
                            paths ? "both paths and texts are given; expected one of the two"
                                  : "neither paths nor texts are given; expected one of the two");
  auto made = paths ? dtls::Certificate::from_pem_files(pem->certificate_path, pem->private_key_path)
                    : dtls::Certificate::from_pem(pem->certificate, pem->private_key);
  if (!made) return made.error();
  if (pem->fingerprint.empty()) return made;
  const std::size_t space = pem->fingerprint.find(' ');
  const std::string algorithm = pem->fingerprint.substr(0, space);
  const std::string wanted = space == std::string::npos ? std::string() : pem->fingerprint.substr(space + 1);
  if (algorithm != "sha-256" && algorithm != "sha-384" && algorithm != "sha-512")
    return invalid_argument("certificate.fingerprint",
                            "\"" + pem->fingerprint + "\" is no fingerprint; expected \"sha-256 AB:CD:…\"");
  if (made->fingerprint(algorithm).value != wanted)
    return invalid_argument("certificate.fingerprint", "the certificate's is " + algorithm + " " +
                                                           made->fingerprint(algorithm).value +
                                                           "; expected " + pem->fingerprint);
  return made;
}

Result<std::vector<ice::IceServer>> parse_servers(const std::vector<IceServer>& servers) {
  std::vector<ice::IceServerConfig> out;
  for (const IceServer& s : servers) out.push_back({s.urls, s.username, s.credential, s.credential_type});
  return ice::parse_ice_servers(out);
}

ice::TransportPolicy policy_of(IceTransportPolicy policy) {
  return policy == IceTransportPolicy::kRelay ? ice::TransportPolicy::kRelay : ice::TransportPolicy::kAll;
}

ice::FullAgent::Options ice_options(const Configuration& configuration, std::vector<ice::IceServer> servers) {
  ice::FullAgent::Options out;
  out.policy = policy_of(configuration.ice_transport_policy);
  out.servers = std::move(servers);
  return out;
}

Error is_closed() {
  return {ErrorCode::kInvalidState, "signalingState",
          "the peer connection is closed; expected one that is open"};
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::create(const Configuration& configuration,
                                                       const PeerConnection::Environment& environment) {
  auto servers = parse_servers(configuration.ice_servers);
  if (!servers) return servers.error();
  auto capabilities = make_capabilities(configuration.codecs);
  if (!capabilities) return capabilities.error();
  auto certificate =
      make_certificate(configuration.certificate, environment.wall_clock.unix_micros / 1'000'000);
  if (!certificate) return certificate.error();
  return std::unique_ptr<Connection>(new Connection(configuration, environment, std::move(*certificate),
                                                    std::move(*capabilities), std::move(*servers)));
}

Connection::Connection(const Configuration& configuration, const PeerConnection::Environment& environment,
                       dtls::Certificate certificate, RtpCapabilities capabilities,
                       std::vector<ice::IceServer> servers)
    : configuration_(configuration),
      wall_clock_(environment.wall_clock),
      random_(environment.seed),
      certificate_(std::move(certificate)),
      dtls_context_(certificate_),
      negotiator_({std::move(capabilities),
                   {certificate_.fingerprint()},
                   configuration.answer_role,
                   configuration.max_message_size},
                  random_),
      transport_(dtls_context_, random_, ice_options(configuration, std::move(servers)),
                 negotiator_.agreement().local_ice),
      media_(random_, wall_clock_, pool_),
      data_({configuration.max_message_size, configuration.max_data_channels}, random_) {}

Result<void> Connection::set_configuration(const Configuration& configuration) {
  if (closed_) return is_closed();
  const auto unchangeable = [](std::string field) {
    return Error{ErrorCode::kInvalidState, std::move(field),
                 "cannot change after construction; expected what get_configuration() gives"};
  };
  if (configuration.certificate != configuration_.certificate) return unchangeable("certificate");
  if (configuration.codecs != configuration_.codecs) return unchangeable("codecs");
  if (configuration.max_message_size != configuration_.max_message_size)
    return unchangeable("max_message_size");
  if (configuration.max_data_channels != configuration_.max_data_channels)
    return unchangeable("max_data_channels");
  if (configuration.answer_role != configuration_.answer_role) return unchangeable("answer_role");
  auto servers = parse_servers(configuration.ice_servers);
  if (!servers) return servers.error();
  configuration_ = configuration;
  transport_.ice().set_servers(std::move(*servers), policy_of(configuration.ice_transport_policy));
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
  transport_.set_remote(agreement, media, now);
  if (std::exchange(agreements_, negotiator_.agreements()) != agreements_) {
    media_.set(negotiator_, transport_);
    if (agreement.data) data_.set_remote(*agreement.data, now);
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

void Connection::take_negotiator_events() {
  for (const NegotiatorEvent& e : negotiator_.take_events()) {
    using Type = NegotiatorEvent::Type;
    switch (e.type) {
      case Type::kNegotiationNeeded:
        events_.emplace_back(event::NegotiationNeeded{});
        break;
      case Type::kSignalingState:
        events_.emplace_back(event::SignalingStateChange{e.state});
        break;
      case Type::kTrack:
        events_.emplace_back(event::Track{RtpTransceiver(this, e.transceiver)});
        break;
      case Type::kTrackRemoved:
        events_.emplace_back(event::TrackRemoved{RtpTransceiver(this, e.transceiver)});
        break;
    }
  }
}

void Connection::take_ice_events() {
  using Type = ice::FullEvent::Type;
  while (auto e = transport_.ice().poll_event()) {
    switch (e->type) {
      case Type::kCandidate: {
        const ice::LocalCandidate& c = *e->candidate;
        // One that no description is there for comes with the next.
        if (!negotiator_.add_local_candidate(transport_.ice().local().ufrag, c.ice, c.related_address,
                                             c.related_port))
          break;
        events_.emplace_back(
            event::IceCandidate{negotiator_.candidate_init(c.ice, c.related_address, c.related_port)});
        break;
      }
      case Type::kCandidateError: {
        const ice::CandidateError& error = *e->error;
        const bool sent = !error.local.is_unspecified();
        events_.emplace_back(event::IceCandidateError{sent ? error.local.ip() : std::string(),
                                                      sent ? error.local.port() : std::uint16_t{0}, error.url,
                                                      error.code, error.text});
        break;
      }
      case Type::kGatheringStateChanged: {
        const auto state = static_cast<IceGatheringState>(e->gathering);
        gathering_state_ = state;
        if (state == IceGatheringState::kComplete) negotiator_.local_candidates_ended();
        events_.emplace_back(event::IceGatheringStateChange{state});
        if (state == IceGatheringState::kComplete) events_.emplace_back(event::IceCandidate{});
        break;
      }
      case Type::kStateChanged:
        ice_state_ = e->state;
        if (e->state == IceState::kDisconnected || e->state == IceState::kFailed) reason_ = e->reason;
        events_.emplace_back(event::IceConnectionStateChange{e->state});
        break;
      case Type::kSelectedPairChanged:
        transport_.note_selected_pair();
        break;
      case Type::kRoleChanged:
        break;
    }
  }
}

void Connection::take_dtls() {
  const dtls::Session* dtls = transport_.dtls();
  if (dtls == nullptr) return;
  if (dtls->state() == dtls::State::kFailed)
    end("the DTLS handshake failed: " + dtls->failure(), PeerConnectionState::kFailed);
  else if (dtls->state() == dtls::State::kClosed)
    end("the other side closed the connection", PeerConnectionState::kClosed);
}

/// RTCPeerConnectionState (W3C WebRTC §4.3.3) of one ICE and one DTLS transport.
void Connection::update_state() {
  if (closed_) return;
  const bool dtls_new = transport_.dtls() == nullptr || transport_.dtls()->state() == dtls::State::kNew;
  PeerConnectionState next = PeerConnectionState::kConnecting;
  if (ice_state_ == IceState::kFailed) {
    next = PeerConnectionState::kFailed;
  } else if (ice_state_ == IceState::kDisconnected) {
    next = PeerConnectionState::kDisconnected;
  } else if (ice_state_ == IceState::kNew && dtls_new) {
    next = PeerConnectionState::kNew;
  } else if ((ice_state_ == IceState::kConnected || ice_state_ == IceState::kCompleted) &&
             transport_.dtls_connected()) {
    next = PeerConnectionState::kConnected;
  }
  if (next == state_) return;
  state_ = next;
  if (next == PeerConnectionState::kConnected) reason_.clear();
  events_.emplace_back(event::ConnectionStateChange{next, reason_});
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

std::optional<PeerEvent> Connection::poll_event() {
  if (!events_.empty()) {
    PeerEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  if (auto e = data_.next_event(now_)) {
    using Type = Data::Event::Type;
    const DataChannel of = channel(e->number);
    switch (e->type) {
      case Type::kOpenedByRemote:
        return event::DataChannelOpened{of};
      case Type::kOpen:
        return event::ChannelOpen{of};
      case Type::kMessage:
        return event::ChannelMessage{of, e->binary, std::move(e->data)};
      case Type::kBufferedAmountLow:
        return event::BufferedAmountLow{of};
      case Type::kClosing:
        return event::ChannelClosing{of};
      case Type::kClosed:
        return event::ChannelClosed{of, std::move(e->reason)};
    }
  }
  if (!data_.failure().empty() && !closed_) {
    end("SCTP failed: " + data_.failure(), PeerConnectionState::kFailed);
    return poll_event();
  }
  if (closed_) return std::nullopt;
  if (auto e = media_.next_event()) {
    const RtpTransceiver of(this, e->transceiver);
    switch (e->type) {
      case Media::Event::Type::kFrame:
        return event::FrameReceived{of, std::move(e->frame)};
      case Media::Event::Type::kPacket:
        return event::RtpReceived{of, std::move(e->packet)};
      case Media::Event::Type::kKeyFrameRequested:
        return event::KeyFrameRequested{of, std::move(e->rid)};
    }
  }
  return std::nullopt;
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
