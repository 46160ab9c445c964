#include "transport/webrtc_transport.h"

#include <algorithm>

namespace sluice::transport {
namespace {

DropReason reason_of(ice::ReceiveResult result) {
  switch (result) {
    case ice::ReceiveResult::kMalformed:
    case ice::ReceiveResult::kNoFingerprint:
    case ice::ReceiveResult::kBadFingerprint:
      return DropReason::kStunMalformed;
    case ice::ReceiveResult::kMissingCredentials:
    case ice::ReceiveResult::kBadUsername:
    case ice::ReceiveResult::kBadIntegrity:
      return DropReason::kStunUnauthorized;
    default:
      return DropReason::kStunUnexpected;
  }
}

/// The random of a ClientHello in the clear (RFC 6347 §4.1, §4.2.2), which tells one attempt from another and
/// is the same in its retransmissions; empty when it is none.
Bytes client_random(Bytes bytes) {
  constexpr std::size_t kRecordHeader = 13;
  constexpr std::size_t kRandom = kRecordHeader + 12 + 2;  // after the handshake header and the version
  constexpr std::size_t kRandomSize = 32;
  constexpr std::uint8_t kHandshake = 22;
  constexpr std::uint8_t kClientHello = 1;
  // Of a ClientHello in fragments (it is, when it carries a post-quantum key) the first.
  const bool hello = bytes.size() >= kRandom + kRandomSize && bytes[0] == kHandshake && bytes[3] == 0 &&
                     bytes[4] == 0 && bytes[kRecordHeader] == kClientHello && bytes[19] == 0 &&
                     bytes[20] == 0 && bytes[21] == 0;
  return hello ? bytes.subspan(kRandom, kRandomSize) : Bytes();
}

}  // namespace

WebRtcTransport::WebRtcTransport(Shared shared, ice::Credentials local, Duration consent_timeout)
    : Endpoint(shared.batch), shared_(shared), ice_(std::move(local), consent_timeout) {}

WebRtcTransport::~WebRtcTransport() {
  shared_.batch.finish();  // queued packets still need the keys that go away here
}

Result<DtlsRole> WebRtcTransport::connect(const DtlsParameters& remote, Instant now) {
  if (dtls_) return Error{ErrorCode::kInvalidState, "transportId", "the transport was connected before"};
  // The remote's role decides ours; an undecided remote starts the handshake, as it does in WebRTC (RFC 5763
  // §5).
  const bool remote_is_server = remote.role == DtlsRole::kServer;
  auto session = make_session(remote_is_server ? dtls::Role::kClient : dtls::Role::kServer);
  if (auto set = session->set_remote_fingerprints(remote.fingerprints, now); !set) return set.error();
  dtls_ = std::move(session);
  remote_fingerprints_ = remote.fingerprints;
  start_dtls(now);
  return remote_is_server ? DtlsRole::kClient : DtlsRole::kServer;
}

/// A peer with data channels may have no use for SRTP.
std::unique_ptr<dtls::Session> WebRtcTransport::make_session(dtls::Role role) {
  dtls::Options options;
  options.require_srtp = data_ == nullptr;
  return std::make_unique<dtls::Session>(shared_.dtls, role, options);
}

Result<DtlsRole> WebRtcTransport::begin_association(const DtlsParameters& remote, Instant now) {
  shared_.batch.finish();  // queued packets still need the keys that go away here
  inbound_.reset();
  sender_.forget_keys();
  client_random_.clear();
  if (data_) data_->reset(now);
  dtls_.reset();
  return connect(remote, now);
}

void WebRtcTransport::close(Instant now) {
  if (data_) {
    data_->abort(now);
    flush_data(now);
  }
  if (dtls_) {
    dtls_->close(now);
    after_dtls(now);
  }
  ice_.close();
}

void WebRtcTransport::remove_path(const Path& path, Instant now) {
  ice_.remove_path(path);
  after_ice(now);
}

Media WebRtcTransport::receive(Packet& packet, const Path& path, Instant now,
                               const srtp::Inbound::Begun* begun) {
  count_received(packet.size, now);
  // RFC 7983 §7; the engine has sorted out what is of no class.
  const std::uint8_t first = packet.data[0];
  if (first <= 3) {
    receive_stun(packet.bytes(), path, now);
    return Media::kNone;
  }
  if (!ice_.is_known(path)) {
    drops_.add(DropReason::kUnknownSource);
    return Media::kNone;
  }
  if (first < 64) {
    receive_dtls(packet.bytes(), now);
    return Media::kNone;
  }
  return receive_srtp(packet, begun);
}

void WebRtcTransport::begin(Packet& packet, const Path& path, srtp::Inbound::Begun& begun) {
  if (inbound_ && ice_.is_known(path) && !is_rtcp(packet.bytes())) inbound_->begin_rtp(packet.bytes(), begun);
}

void WebRtcTransport::receive_stun(Bytes bytes, const Path& path, Instant now) {
  const auto result = ice_.receive(bytes, path, now);
  if (result != ice::ReceiveResult::kHandled) drops_.add(reason_of(result));
  after_ice(now);
}

void WebRtcTransport::receive_dtls(Bytes bytes, Instant now) {
  if (!dtls_) {
    drops_.add(DropReason::kDtlsUnexpected);
    return;
  }
  if (const Bytes random = client_random(bytes); !random.empty() && may_begin_again(random))
    begin_again(random, now);
  if (dtls_->receive(bytes, now) != dtls::ReceiveResult::kProcessed) drops_.add(DropReason::kDtlsMalformed);
  after_dtls(now);
  receive_data(now);
}

/// libwebrtc takes the transport of a whole bundle down when the bundle's first m-line is stopped, and makes
/// another for the rest, with the same ICE credentials: it says goodbye and comes again with a ClientHello,
/// perhaps before an attempt of that kind has ended. Whoever was connected once may do so, with the
/// certificate that it had. Our own close() is final: ICE knows no path then.
bool WebRtcTransport::may_begin_again(Bytes random) const {
  if (!sender_.suite() || dtls_->role() != dtls::Role::kServer) return false;
  switch (dtls_->state()) {
    case dtls::State::kClosed:
    case dtls::State::kFailed:
      return true;
    case dtls::State::kConnecting:
      return !std::ranges::equal(random, client_random_);
    default:
      return false;
  }
}

void WebRtcTransport::begin_again(Bytes random, Instant now) {
  auto session = make_session(dtls::Role::kServer);
  if (!session->set_remote_fingerprints(remote_fingerprints_, now)) return;
  shared_.batch.finish();  // queued packets still need the keys that go away here
  inbound_.reset();
  if (data_) data_->reset(now);
  client_random_.assign(random.begin(), random.end());
  dtls_ = std::move(session);
  start_dtls(now);
}

Media WebRtcTransport::receive_srtp(Packet& packet, const srtp::Inbound::Begun* begun) {
  if (!inbound_) {
    drops_.add(DropReason::kSrtpNotReady);
    return Media::kNone;
  }
  const bool rtcp = is_rtcp(packet.bytes());
  const auto result =
      rtcp ? inbound_->unprotect_rtcp(packet.bytes()) : inbound_->unprotect_rtp(packet.bytes(), begun);
  if (!result.ok()) {
    drops_.add(reason_of(result.status));
    return Media::kNone;
  }
  packet.size = static_cast<std::uint16_t>(result.size);
  return rtcp ? Media::kRtcp : Media::kRtp;
}

void WebRtcTransport::advance(Instant now) {
  ice_.advance(now);
  after_ice(now);
  if (dtls_) {
    dtls_->advance(now);
    after_dtls(now);
  }
  if (data_) {
    data_->advance(now);
    flush_data(now);
  }
}

Instant WebRtcTransport::next_deadline() const {
  Instant next = ice_.next_deadline();
  if (dtls_) next = std::min(next, dtls_->next_deadline());
  if (data_) next = std::min(next, data_->next_deadline());
  return next;
}

// --- Data channels
// ------------------------------------------------------------------------------------------------------------

void WebRtcTransport::enable_data(const sctp::Options& options, Random& random, Instant now) {
  if (data_) return;
  data_ = std::make_unique<sctp::DataChannels>(options, random);
  if (dtls_ && dtls_->state() == dtls::State::kConnected) {
    data_->start(dtls_->role() == dtls::Role::kClient, now);
    flush_data(now);
  }
}

/// RFC 8261: one SCTP packet a record.
void WebRtcTransport::receive_data(Instant now) {
  data_in_.clear();
  dtls_->take_received(data_in_);
  if (data_in_.empty()) return;
  if (!data_) {
    for (std::size_t i = 0; i < data_in_.size(); ++i) drops_.add(DropReason::kSctpUnexpected);
    return;
  }
  for (const auto& packet : data_in_) data_->receive(packet, now);
  flush_data(now);
}

void WebRtcTransport::flush_data(Instant now) {
  if (!data_) return;
  const bool can_send = dtls_ && dtls_->state() == dtls::State::kConnected && ice_.selected();
  while (const auto packet = data_->pop_packet()) {
    if (can_send) dtls_->send(*packet);  // else lost, as on the way
  }
  if (can_send) send_dtls(now);
}

void WebRtcTransport::after_ice(Instant now) {
  ice_.drain(stun_out_);
  for (const auto& reply : stun_out_) sender_.send_copy(reply.path, reply.bytes, now);
  stun_out_.clear();
  while (const auto event = ice_.poll_event()) {
    if (event->type == ice::AgentEvent::Type::kStateChanged) {
      changes_.push_back({TransportChange::Type::kIceState, event->state, event->path, dtls::State::kNew});
    } else {
      changes_.push_back(
          {TransportChange::Type::kSelectedPath, event->state, event->path, dtls::State::kNew});
    }
  }
  update_path();
  start_dtls(now);
}

void WebRtcTransport::start_dtls(Instant now) {
  if (!dtls_ || !ice_.selected()) return;
  if (dtls_->state() == dtls::State::kNew) dtls_->start(now);
  after_dtls(now);
}

void WebRtcTransport::send_dtls(Instant now) {
  const auto path = ice_.selected();
  if (!path || !dtls_->has_output()) return;
  dtls_->drain(dtls_out_);
  for (const auto& datagram : dtls_out_) sender_.send_copy(*path, datagram, now);
  dtls_out_.clear();
}

void WebRtcTransport::after_dtls(Instant now) {
  send_dtls(now);
  if (dtls_->state() == reported_dtls_) return;
  reported_dtls_ = dtls_->state();
  update_path();
  const bool connected = reported_dtls_ == dtls::State::kConnected;
  if (connected && !take_keys() && !data_) return;
  changes_.push_back({TransportChange::Type::kDtlsState, ice_.state(), ice_.selected(), reported_dtls_});
  if (!data_) return;
  if (connected) {
    data_->start(dtls_->role() == dtls::Role::kClient, now);
    flush_data(now);
  } else if (reported_dtls_ == dtls::State::kClosed || reported_dtls_ == dtls::State::kFailed) {
    data_->abort(now);
  }
}

/// Once the peer has said goodbye nothing more is sent to it.
void WebRtcTransport::update_path() {
  const bool ended = reported_dtls_ == dtls::State::kClosed || reported_dtls_ == dtls::State::kFailed;
  sender_.set_path(ended ? std::nullopt : ice_.selected());
}

bool WebRtcTransport::take_keys() {
  const auto material = dtls_->keys();
  const auto suite = material ? srtp::suite_from_profile(material->profile) : std::nullopt;
  if (!suite) return false;
  const auto client = srtp::MasterKey::from_bytes(*suite, material->client_write);
  const auto server = srtp::MasterKey::from_bytes(*suite, material->server_write);
  if (!client || !server) return false;
  const bool we_are_client = dtls_->role() == dtls::Role::kClient;
  inbound_.emplace(shared_.srtp, we_are_client ? *server : *client);
  sender_.set_keys(shared_.srtp, we_are_client ? *client : *server);
  return true;
}

}  // namespace sluice::transport
