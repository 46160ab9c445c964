// The public classes of include/sluice over Connection.
#include "sluice/peer_connection.h"

#include "peer/connection.h"

namespace sluice {

Result<std::unique_ptr<PeerConnection>> PeerConnection::create(const Configuration& configuration,
                                                               const Environment& environment) {
  auto connection = peer::Connection::create(configuration, environment);
  if (!connection) return connection.error();
  return std::unique_ptr<PeerConnection>(new PeerConnection(std::move(*connection)));
}

PeerConnection::PeerConnection(std::unique_ptr<peer::Connection> connection)
    : connection_(std::move(connection)) {}
PeerConnection::~PeerConnection() = default;

const Configuration& PeerConnection::get_configuration() const {
  return connection_->configuration();
}
Result<void> PeerConnection::set_configuration(const Configuration& configuration) {
  return connection_->set_configuration(configuration);
}
DtlsFingerprint PeerConnection::fingerprint() const {
  return connection_->fingerprint();
}

Result<RtpSender> PeerConnection::add_track(MediaKind kind, const TrackInit& init) {
  return connection_->add_track(kind, init);
}
Result<void> PeerConnection::remove_track(const RtpSender& sender) {
  return connection_->remove_track(sender);
}
Result<RtpTransceiver> PeerConnection::add_transceiver(MediaKind kind, const TransceiverInit& init) {
  return connection_->add_transceiver(kind, init);
}
std::vector<RtpTransceiver> PeerConnection::get_transceivers() const {
  return connection_->transceivers();
}
std::vector<RtpSender> PeerConnection::get_senders() const {
  std::vector<RtpSender> out;
  for (const RtpTransceiver& t : get_transceivers()) out.push_back(t.sender());
  return out;
}
std::vector<RtpReceiver> PeerConnection::get_receivers() const {
  std::vector<RtpReceiver> out;
  for (const RtpTransceiver& t : get_transceivers()) out.push_back(t.receiver());
  return out;
}

Result<DataChannel> PeerConnection::create_data_channel(std::string_view label, const DataChannelInit& init) {
  return connection_->create_data_channel(label, init);
}

Result<SessionDescription> PeerConnection::create_offer(const OfferOptions& options) {
  return connection_->create_offer(options.ice_restart);
}
Result<SessionDescription> PeerConnection::create_answer() {
  return connection_->create_answer();
}
Result<void> PeerConnection::set_local_description(Instant now) {
  return connection_->set_local(nullptr, now);
}
Result<void> PeerConnection::set_local_description(const SessionDescription& description, Instant now) {
  return connection_->set_local(&description, now);
}
Result<void> PeerConnection::set_remote_description(const SessionDescription& description, Instant now) {
  return connection_->set_remote(description, now);
}
Result<void> PeerConnection::add_ice_candidate(const IceCandidateInit& candidate, Instant now) {
  return connection_->add_ice_candidate(candidate, now);
}
void PeerConnection::restart_ice() {
  connection_->restart_ice();
}
void PeerConnection::close(Instant now) {
  connection_->close(now);
}

std::optional<SessionDescription> PeerConnection::local_description() const {
  auto pending = pending_local_description();
  return pending ? pending : current_local_description();
}
std::optional<SessionDescription> PeerConnection::remote_description() const {
  auto pending = pending_remote_description();
  return pending ? pending : current_remote_description();
}
std::optional<SessionDescription> PeerConnection::current_local_description() const {
  return connection_->negotiator().current_local();
}
std::optional<SessionDescription> PeerConnection::current_remote_description() const {
  return connection_->negotiator().current_remote();
}
std::optional<SessionDescription> PeerConnection::pending_local_description() const {
  return connection_->negotiator().pending_local();
}
std::optional<SessionDescription> PeerConnection::pending_remote_description() const {
  return connection_->negotiator().pending_remote();
}
SignalingState PeerConnection::signaling_state() const {
  return connection_->negotiator().state();
}
IceGatheringState PeerConnection::ice_gathering_state() const {
  return connection_->gathering_state();
}
IceState PeerConnection::ice_connection_state() const {
  return connection_->ice_state();
}
PeerConnectionState PeerConnection::connection_state() const {
  return connection_->state();
}
const std::string& PeerConnection::reason() const {
  return connection_->reason();
}
std::optional<PeerEvent> PeerConnection::poll_event() {
  return connection_->poll_event();
}
PeerStats PeerConnection::get_stats(Instant now) const {
  return connection_->stats(now);
}

void PeerConnection::add_local_address(const LocalAddress& address) {
  connection_->add_local_address(address);
}
void PeerConnection::remove_local_address(SocketId socket, Instant now) {
  connection_->remove_local_address(socket, now);
}
void PeerConnection::receive(Packet& packet, const Path& path, Instant now) {
  connection_->receive(packet.bytes(), path, now);
}
void PeerConnection::receive_stream(SocketId connection, std::span<const std::uint8_t> bytes, Instant now) {
  connection_->receive_stream(connection, bytes, now);
}
void PeerConnection::resolved(std::string_view host, const std::vector<SocketAddress>& addresses,
                              std::string_view why, Instant now) {
  connection_->resolved(host, addresses, why, now);
}
void PeerConnection::connected(SocketId connection, const SocketAddress& local, Instant now) {
  connection_->connected(connection, local, now);
}
void PeerConnection::disconnected(SocketId connection, std::string_view why, Instant now) {
  connection_->disconnected(connection, why, now);
}
void PeerConnection::advance(Instant now) {
  connection_->advance(now);
}
Instant PeerConnection::next_deadline() const {
  return connection_->next_deadline();
}
std::span<const OutgoingDatagram> PeerConnection::drain() {
  return connection_->drain();
}
std::optional<NetworkRequest> PeerConnection::poll_request() {
  return connection_->poll_request();
}

// --- DataChannel ---

std::string DataChannel::label() const {
  const auto* c = connection_ != nullptr ? connection_->data().find(number_) : nullptr;
  return c != nullptr ? c->label : std::string();
}
std::string DataChannel::protocol() const {
  const auto* c = connection_ != nullptr ? connection_->data().find(number_) : nullptr;
  return c != nullptr ? c->protocol : std::string();
}
bool DataChannel::ordered() const {
  const auto* c = connection_ != nullptr ? connection_->data().find(number_) : nullptr;
  return c == nullptr || c->init.ordered;
}
bool DataChannel::negotiated() const {
  const auto* c = connection_ != nullptr ? connection_->data().find(number_) : nullptr;
  return c != nullptr && c->init.negotiated;
}
std::optional<std::uint16_t> DataChannel::max_packet_life_time() const {
  const auto* c = connection_ != nullptr ? connection_->data().find(number_) : nullptr;
  return c != nullptr ? c->init.max_packet_life_time : std::nullopt;
}
std::optional<std::uint16_t> DataChannel::max_retransmits() const {
  const auto* c = connection_ != nullptr ? connection_->data().find(number_) : nullptr;
  return c != nullptr ? c->init.max_retransmits : std::nullopt;
}
std::optional<std::uint16_t> DataChannel::id() const {
  return connection_ != nullptr ? connection_->data().stream_id(number_) : std::nullopt;
}
DataChannelState DataChannel::ready_state() const {
  const auto* c = connection_ != nullptr ? connection_->data().find(number_) : nullptr;
  return c != nullptr ? c->state : DataChannelState::kClosed;
}
Result<void> DataChannel::send(std::string_view text, Instant now) {
  if (connection_ == nullptr) return Error{ErrorCode::kInvalidState, "readyState", "this is no data channel"};
  connection_->moved(now);
  return connection_->data().send(number_, false, as_bytes(text), now);
}
Result<void> DataChannel::send(std::span<const std::uint8_t> bytes, Instant now) {
  if (connection_ == nullptr) return Error{ErrorCode::kInvalidState, "readyState", "this is no data channel"};
  connection_->moved(now);
  return connection_->data().send(number_, true, bytes, now);
}
std::size_t DataChannel::buffered_amount() const {
  return connection_ != nullptr ? connection_->data().buffered_amount(number_) : 0;
}
std::size_t DataChannel::buffered_amount_low_threshold() const {
  return connection_ != nullptr ? connection_->data().threshold(number_) : 0;
}
void DataChannel::set_buffered_amount_low_threshold(std::size_t bytes) {
  if (connection_ != nullptr) connection_->data().set_threshold(number_, bytes);
}
void DataChannel::close(Instant now) {
  if (connection_ == nullptr) return;
  connection_->moved(now);
  connection_->data().close(number_, now);
}

// --- Transceivers ---

std::string RtpSender::track_id() const {
  const auto* t = connection_ != nullptr ? connection_->negotiator().find(id_) : nullptr;
  return t != nullptr ? t->track_id : std::string();
}
std::vector<std::string> RtpSender::stream_ids() const {
  const auto* t = connection_ != nullptr ? connection_->negotiator().find(id_) : nullptr;
  return t != nullptr ? t->stream_ids : std::vector<std::string>();
}
std::optional<RtpParameters> RtpSender::parameters() const {
  const auto* line = connection_ != nullptr ? connection_->negotiator().agreement().line_of(id_) : nullptr;
  return line != nullptr ? line->send : std::nullopt;
}
bool RtpSender::send_frame(const EncodedFrameView& frame, Instant now, std::string_view rid) {
  if (connection_ == nullptr) return false;
  connection_->moved(now);
  return connection_->media().send_frame(id_, frame, rid, connection_->transport(), now);
}
bool RtpSender::send_rtp(const RtpPayload& payload, Instant now, std::string_view rid) {
  if (connection_ == nullptr) return false;
  connection_->moved(now);
  return connection_->media().send_rtp(id_, payload, rid, connection_->transport(), now);
}

std::string RtpReceiver::track_id() const {
  const auto* line = connection_ != nullptr ? connection_->negotiator().line_of(id_) : nullptr;
  return line != nullptr ? line->remote_track_id : std::string();
}
std::vector<std::string> RtpReceiver::stream_ids() const {
  const auto* line = connection_ != nullptr ? connection_->negotiator().line_of(id_) : nullptr;
  return line != nullptr ? line->remote_stream_ids : std::vector<std::string>();
}
std::optional<RtpParameters> RtpReceiver::parameters() const {
  const auto* line = connection_ != nullptr ? connection_->negotiator().agreement().line_of(id_) : nullptr;
  return line != nullptr ? line->receive : std::nullopt;
}
void RtpReceiver::request_key_frame(Instant now) {
  if (connection_ == nullptr) return;
  connection_->moved(now);
  connection_->media().request_key_frame(id_, connection_->transport(), now);
}
void RtpReceiver::deliver_packets(bool wanted) {
  if (connection_ != nullptr) connection_->media().deliver_packets(id_, wanted);
}

MediaKind RtpTransceiver::kind() const {
  const auto* t = connection_ != nullptr ? connection_->negotiator().find(id_) : nullptr;
  return t != nullptr ? t->kind : MediaKind::kAudio;
}
std::optional<std::string> RtpTransceiver::mid() const {
  const auto* line = connection_ != nullptr ? connection_->negotiator().line_of(id_) : nullptr;
  return line != nullptr ? std::optional(line->mid) : std::nullopt;
}
TransceiverDirection RtpTransceiver::direction() const {
  const auto* t = connection_ != nullptr ? connection_->negotiator().find(id_) : nullptr;
  return t != nullptr ? t->direction : TransceiverDirection::kStopped;
}
std::optional<TransceiverDirection> RtpTransceiver::current_direction() const {
  const auto* t = connection_ != nullptr ? connection_->negotiator().find(id_) : nullptr;
  if (t == nullptr) return TransceiverDirection::kStopped;
  return t->current_direction;
}
Result<void> RtpTransceiver::set_direction(TransceiverDirection direction) {
  if (connection_ == nullptr) return Error{ErrorCode::kNotFound, "transceiver", "this is no transceiver"};
  auto set = connection_->negotiator().set_direction(id_, direction);
  connection_->changed();
  return set;
}
void RtpTransceiver::stop() {
  if (connection_ == nullptr) return;
  connection_->negotiator().stop(id_);
  connection_->changed();
}

}  // namespace sluice
