#include "client/connection.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::client {
namespace {

ice::Credentials make_credentials(Random& random) {
  return {random.ice_chars(8), random.ice_chars(24)};
}

}  // namespace

Connection::Connection(const Shared& shared, Options options)
    : shared_(shared),
      options_(options),
      ice_(make_credentials(shared.random), {options.socket}, shared.random),
      dtls_(std::make_unique<dtls::Session>(shared.dtls, options.dtls_role)),
      sender_(shared.batch) {}

IceParameters Connection::ice_parameters() const {
  return {ice_.local().ufrag, ice_.local().password, false};
}

DtlsParameters Connection::dtls_parameters() const {
  return {options_.dtls_role == dtls::Role::kClient ? DtlsRole::kClient : DtlsRole::kServer,
          {shared_.dtls.certificate().fingerprint("sha-256")}};
}

void Connection::set_remote_ice(const IceParameters& ice, std::span<const IceCandidate> candidates) {
  ice_.set_remote({ice.username_fragment, ice.password});
  for (const IceCandidate& candidate : candidates) {
    if (candidate.protocol != options_.protocol) continue;
    if (candidate.protocol == IceProtocol::kTcp && candidate.tcp_type != IceTcpType::kPassive) continue;
    const auto address = SocketAddress::parse(candidate.address, candidate.port);
    if (!address || address->family() != options_.family) continue;
    ice_.add_remote_candidate(*address, candidate.priority);
  }
}

Result<void> Connection::set_remote_dtls(const std::vector<DtlsFingerprint>& fingerprints, Instant now) {
  return dtls_->set_remote_fingerprints(fingerprints, now);
}

void Connection::set_dtls_role(dtls::Role role) {
  SLUICE_CHECK(dtls_->state() == dtls::State::kNew);
  if (role == options_.dtls_role) return;
  options_.dtls_role = role;
  dtls_ = std::make_unique<dtls::Session>(shared_.dtls, role);
}

void Connection::restart_ice(const IceParameters& remote) {
  restart_ice(make_credentials(shared_.random), remote);
}

void Connection::restart_ice(ice::Credentials local, const IceParameters& remote) {
  ice_.restart(std::move(local), {remote.username_fragment, remote.password});
}

void Connection::connect_plain(const Path& path, const std::optional<srtp::MasterKey>& own_key,
                               const std::optional<srtp::MasterKey>& remote_key, Instant now) {
  plain_path_ = path;
  if (own_key && remote_key) {
    inbound_.emplace(shared_.srtp, *remote_key);
    sender_.set_keys(shared_.srtp, *own_key);
  } else {
    sender_.set_unprotected();
  }
  sender_.set_path(path);
  ready_at_ = now;
}

Connection::Media Connection::receive(Packet& packet, const Path& path, Instant now) {
  ++received_;
  if (packet.size == 0) return Media::kNone;
  if (plain_path_) {
    if (path == *plain_path_) return receive_media(packet);
    ++drops_.unknown_source;
    return Media::kNone;
  }
  // RFC 7983 §7.
  const std::uint8_t first = packet.data[0];
  if (first <= 3) {
    if (ice_.receive(packet.bytes(), path, now) != ice::ReceiveResult::kHandled) ++drops_.stun;
    after_ice(now);
    return Media::kNone;
  }
  const bool media = first >= 128 && first <= 191;
  if (!media && (first < 20 || first > 63)) {
    ++drops_.unknown_class;
    return Media::kNone;
  }
  if (!ice_.is_known(path)) {
    ++drops_.unknown_source;
    return Media::kNone;
  }
  if (!media) {
    if (dtls_->receive(packet.bytes(), now) != dtls::ReceiveResult::kProcessed) ++drops_.dtls;
    after_dtls(now);
    receive_data(now);
    return Media::kNone;
  }
  return receive_media(packet);
}

Connection::Media Connection::receive_media(Packet& packet) {
  if (!inbound_ && !plain_path_) {
    ++drops_.srtp_not_ready;
    return Media::kNone;
  }
  const bool rtcp = packet.size >= 2 && packet.data[1] >= 192 && packet.data[1] <= 223;  // RFC 5761 §4
  if (!inbound_) return rtcp ? Media::kRtcp : Media::kRtp;
  const auto result =
      rtcp ? inbound_->unprotect_rtcp(packet.bytes()) : inbound_->unprotect_rtp(packet.bytes());
  if (!result.ok()) {
    ++(result.status == srtp::UnprotectStatus::kReplayed ? drops_.srtp_replayed : drops_.srtp_failed);
    return Media::kNone;
  }
  packet.size = static_cast<std::uint16_t>(result.size);
  return rtcp ? Media::kRtcp : Media::kRtp;
}

void Connection::advance(Instant now) {
  if (plain_path_) return;
  ice_.advance(now);
  after_ice(now);
  dtls_->advance(now);
  after_dtls(now);
  if (data_) {
    data_->advance(now);
    flush_data(now);
  }
}

Instant Connection::next_deadline() const {
  if (plain_path_) return kNever;
  const Instant next = std::min(ice_.next_deadline(), dtls_->next_deadline());
  return data_ ? std::min(next, data_->next_deadline()) : next;
}

void Connection::close(Instant now) {
  if (!plain_path_) {
    if (data_) {
      data_->abort(now);
      flush_data(now);
    }
    dtls_->close(now);
    after_dtls(now);
    ice_.close();
  }
  sender_.set_path(std::nullopt);
}

void Connection::after_ice(Instant now) {
  ice_.drain(stun_out_);
  for (const auto& transmit : stun_out_) shared_.batch.queue_copy(transmit.path, transmit.bytes);
  stun_out_.clear();
  while (ice_.poll_event()) {
  }
  const auto path = ice_.selected();
  sender_.set_path(path);
  if (!path) return;
  if (ice_connected_at_ == kNever) ice_connected_at_ = now;
  if (dtls_->state() == dtls::State::kNew) dtls_->start(now);
  after_dtls(now);
}

void Connection::send_dtls() {
  const auto path = ice_.selected();
  if (!path || !dtls_->has_output()) return;
  dtls_->drain(dtls_out_);
  for (const auto& datagram : dtls_out_) shared_.batch.queue_copy(*path, datagram);
  dtls_out_.clear();
}

void Connection::after_dtls(Instant now) {
  send_dtls();
  const bool ended = dtls_->state() == dtls::State::kClosed || dtls_->state() == dtls::State::kFailed;
  if (data_ && ended) data_->abort(now);
  if (dtls_->state() != dtls::State::kConnected) return;
  if (data_ && data_->state() == sctp::State::kNew) {
    data_->start(dtls_->role() == dtls::Role::kClient, now);
    flush_data(now);
  }
  if (inbound_ || keys_refused_) return;
  keys_refused_ = !take_keys();
  if (ready() && ready_at_ == kNever) ready_at_ = now;
}

void Connection::enable_data(const sctp::Options& options, Instant now) {
  if (data_) return;
  data_ = std::make_unique<sctp::DataChannels>(options, shared_.random);
  after_dtls(now);
}

void Connection::receive_data(Instant now) {
  std::vector<std::vector<std::uint8_t>> packets;
  dtls_->take_received(packets);
  if (!data_) return;
  for (const auto& packet : packets) data_->receive(packet, now);
  flush_data(now);
}

void Connection::flush_data(Instant /*now*/) {
  if (!data_) return;
  const bool can_send = dtls_->state() == dtls::State::kConnected && ice_.selected();
  while (const auto packet = data_->pop_packet()) {
    if (can_send) dtls_->send(*packet);
  }
  send_dtls();
}

bool Connection::take_keys() {
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

}  // namespace sluice::client
