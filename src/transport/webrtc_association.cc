// The DTLS associations of a WebRtcTransport, one after the other (RFC 8842 §5, RFC 6347 §4.2.8), and the
// keys that each of them gives.
#include <algorithm>

#include "transport/webrtc_transport.h"

namespace sluice::transport {
namespace {

constexpr std::size_t kRecordHeader = 13;
constexpr std::uint8_t kHandshake = 22;  // RFC 5246 §6.2.1

bool is_plain(Bytes bytes) {
  return bytes[3] == 0 && bytes[4] == 0;  // epoch 0
}

/// The random of a ClientHello in the clear (RFC 6347 §4.1, §4.2.2), which tells one attempt from another and
/// is the same in its retransmissions; empty when it is none.
Bytes client_random(Bytes bytes) {
  constexpr std::size_t kRandom = kRecordHeader + 12 + 2;  // after the handshake header and the version
  constexpr std::size_t kRandomSize = 32;
  constexpr std::uint8_t kClientHello = 1;
  // Of a ClientHello in fragments (it is, when it carries a post-quantum key) the first.
  const bool hello = bytes.size() >= kRandom + kRandomSize && bytes[0] == kHandshake && is_plain(bytes) &&
                     bytes[kRecordHeader] == kClientHello && bytes[19] == 0 && bytes[20] == 0 &&
                     bytes[21] == 0;
  return hello ? bytes.subspan(kRandom, kRandomSize) : Bytes();
}

/// What the next association gets while there are two: the present one has its handshake behind it.
bool is_of_handshake(Bytes bytes) {
  return bytes.size() >= kRecordHeader && (bytes[0] == kHandshake || is_plain(bytes));
}

}  // namespace

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
  forget_association(now);
  sender_.forget_keys();
  client_random_.clear();
  next_dtls_.reset();
  dtls_.reset();
  return connect(remote, now);
}

void WebRtcTransport::forget_association(Instant now) {
  shared_.batch.finish();  // queued packets still need the keys that go away here
  inbound_.reset();
  if (data_) data_->reset(now);
}

bool WebRtcTransport::is_handshake(Bytes bytes) const {
  if (dtls_ == nullptr || bytes[0] < 20 || bytes[0] >= 64) return false;
  return next_dtls_ ? is_of_handshake(bytes) : dtls_->state() == dtls::State::kConnecting;
}

void WebRtcTransport::receive_dtls(Bytes bytes, Instant now) {
  if (!dtls_) {
    drops_.add(DropReason::kDtlsUnexpected);
    return;
  }
  if (const Bytes random = client_random(bytes); !random.empty()) meet_hello(random, now);
  dtls::Session& session = next_dtls_ && is_of_handshake(bytes) ? *next_dtls_ : *dtls_;
  if (session.receive(bytes, now) != dtls::ReceiveResult::kProcessed) drops_.add(DropReason::kDtlsMalformed);
  after_dtls(now);
  receive_data(now);
}

/// Browsers take the transport of a whole bundle down when the bundle's first m-line is stopped, and make
/// another for the rest, with the same ICE credentials: they say goodbye and come again with a ClientHello,
/// perhaps before an attempt of that kind has ended, and perhaps the goodbye is lost. Whoever was connected
/// once may do so, with the certificate that it had. Our own close() is final: ICE knows no path then.
void WebRtcTransport::meet_hello(Bytes random, Instant now) {
  if (dtls_->role() != dtls::Role::kServer || std::ranges::equal(random, client_random_)) return;
  const bool was_connected = sender_.suite().has_value();
  if (was_connected || client_random_.empty()) client_random_.assign(random.begin(), random.end());
  if (!was_connected) return;
  auto session = make_session(dtls::Role::kServer);
  if (!session->set_remote_fingerprints(remote_fingerprints_, now)) return;
  if (dtls_->state() == dtls::State::kConnected) {
    // RFC 6347 §4.2.8: anybody may have sent it. What is there stays until the other has proved itself.
    next_dtls_ = std::move(session);
    next_dtls_->start(now);
    return;
  }
  forget_association(now);
  dtls_ = std::move(session);
  start_dtls(now);
}

/// Once it is connected, or what it follows has ended, the next is the one.
void WebRtcTransport::follow(Instant now) {
  const dtls::State next = next_dtls_->state();
  if (next == dtls::State::kFailed || next == dtls::State::kClosed) {
    next_dtls_.reset();
    return;
  }
  if (next != dtls::State::kConnected && dtls_->state() == dtls::State::kConnected) return;
  report_dtls(dtls_->state());  // the end of the one before, if it has come
  forget_association(now);
  dtls_ = std::move(next_dtls_);
  if (next == dtls::State::kConnected) report_dtls(dtls::State::kConnecting);
}

void WebRtcTransport::start_dtls(Instant now) {
  if (!dtls_ || !ice_.selected()) return;
  if (dtls_->state() == dtls::State::kNew) dtls_->start(now);
  after_dtls(now);
}

void WebRtcTransport::send_dtls(dtls::Session& session, Instant now) {
  const auto path = ice_.selected();
  if (!path || !session.has_output()) return;
  session.drain(dtls_out_);
  for (const auto& datagram : dtls_out_) sender_.send_copy(*path, datagram, now);
  dtls_out_.clear();
}

void WebRtcTransport::report_dtls(dtls::State state) {
  if (state == reported_dtls_) return;
  reported_dtls_ = state;
  changes_.push_back({TransportChange::Type::kDtlsState, ice_.state(), ice_.selected(), state});
}

void WebRtcTransport::after_dtls(Instant now) {
  send_dtls(*dtls_, now);
  if (next_dtls_) {
    send_dtls(*next_dtls_, now);
    follow(now);
  }
  if (dtls_->state() == reported_dtls_) return;
  const bool connected = dtls_->state() == dtls::State::kConnected;
  if (connected) take_keys();
  report_dtls(dtls_->state());
  update_path();
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

/// None of who carries data channels alone: then there is nothing to protect.
void WebRtcTransport::take_keys() {
  const auto material = dtls_->keys();
  const auto suite = material ? srtp::suite_from_profile(material->profile) : std::nullopt;
  if (!suite) return;
  const auto client = srtp::MasterKey::from_bytes(*suite, material->client_write);
  const auto server = srtp::MasterKey::from_bytes(*suite, material->server_write);
  if (!client || !server) return;
  const bool we_are_client = dtls_->role() == dtls::Role::kClient;
  inbound_.emplace(shared_.srtp, we_are_client ? *server : *client);
  sender_.set_keys(shared_.srtp, we_are_client ? *client : *server);
}

}  // namespace sluice::transport
