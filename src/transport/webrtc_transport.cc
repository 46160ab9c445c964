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

}  // namespace

WebRtcTransport::WebRtcTransport(Shared shared, ice::Credentials local, Duration consent_timeout)
    : Endpoint(shared.batch), shared_(shared), ice_(std::move(local), consent_timeout) {}

WebRtcTransport::~WebRtcTransport() {
  shared_.batch.finish();  // queued packets still need the keys that go away here
}

void WebRtcTransport::close(Instant now) {
  if (data_) {
    data_->abort(now);
    flush_data(now);
  }
  next_dtls_.reset();
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
    if (next_dtls_) next_dtls_->advance(now);
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
  if (next_dtls_) next = std::min(next, next_dtls_->next_deadline());
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
  if (can_send) send_dtls(*dtls_, now);
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

}  // namespace sluice::transport
