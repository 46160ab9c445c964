#include "peer/transport.h"

#include <algorithm>

#include "transport/endpoint.h"

namespace sluice::peer {

Transport::Transport(dtls::Context& context, Random& random, ice::FullAgent::Options options,
                     IceParameters local)
    : context_(context),
      srtp_(srtp::make_fastest_backend()),
      batch_(*srtp_),
      agent_({local.username_fragment, local.password}, random, std::move(options)),
      sender_(batch_) {}

Transport::~Transport() {
  batch_.finish();
}

void Transport::set_local(const IceParameters& local, bool offering, Instant now) {
  if (!gathering_) {
    gathering_ = true;
    agent_.set_controlling(offering);  // RFC 8445 §6.1.1: who offers controls
    agent_.gather(now);
  } else if (agent_.local().ufrag != local.username_fragment) {
    agent_.restart({local.username_fragment, local.password}, now);
    remote_ufrag_.clear();
  }
  run(now);
}

void Transport::set_remote(const Agreement& agreement, bool require_srtp, Instant now) {
  // While a restart of ours is only offered, what the other side has said is of the generation before.
  if (!agreement.remote_ice || agent_.local().ufrag != agreement.local_ice.username_fragment) return;
  const RemoteIce& remote = *agreement.remote_ice;
  if (std::exchange(association_, agreement.association) != agreement.association) leave_association(now);
  if (remote_ufrag_ != remote.parameters.username_fragment) {
    remote_ufrag_ = remote.parameters.username_fragment;
    remote_given_ = 0;
    remote_ended_ = false;
    agent_.set_remote({remote.parameters.username_fragment, remote.parameters.password},
                      remote.parameters.ice_lite, now);
  }
  while (remote_given_ < remote.candidates.size())
    agent_.add_remote_candidate(remote.candidates[remote_given_++]);
  if (remote.ended && !remote_ended_) {
    remote_ended_ = true;
    agent_.end_of_candidates(now);
  }
  if (!dtls_ && agreement.role) make_dtls(agreement, require_srtp, now);
  run(now);
}

/// What is under way still leaves by its keys and its path; the other end is told.
void Transport::leave_association(Instant now) {
  if (!dtls_) return;
  batch_.finish();
  dtls_->close(now);
  flush_dtls(now);
  dtls_.reset();
  inbound_.reset();
  sender_.forget_keys();
  keys_taken_ = false;
}

void Transport::make_dtls(const Agreement& agreement, bool require_srtp, Instant now) {
  dtls::Options options;
  options.require_srtp = require_srtp;
  dtls_ = std::make_unique<dtls::Session>(
      context_, agreement.role == DtlsRole::kClient ? dtls::Role::kClient : dtls::Role::kServer, options);
  // Malformed ones were refused with the description; of unknown hashes only, the handshake will say so.
  (void)dtls_->set_remote_fingerprints(agreement.remote_fingerprints, now);
  if (agent_.selected()) dtls_->start(now);
  for (const auto& datagram : std::exchange(early_dtls_, {})) {
    if (dtls_->state() == dtls::State::kNew) dtls_->start(now);
    (void)dtls_->receive(datagram, now);
  }
}

Transport::Received Transport::receive(MutableBytes datagram, const Path& path, Instant now) {
  ++counts_.packets_received;
  counts_.bytes_received += datagram.size();
  const ice::Received received = agent_.receive(datagram, path, now);
  Received out;
  if (received.kind == ice::Received::Kind::kDropped) ++drops_.ice;
  if (received.kind == ice::Received::Kind::kData) out = take_payload(received.payload, now);
  run(now);
  return out;
}

Transport::Received Transport::take_payload(MutableBytes payload, Instant now) {
  if (payload.empty()) return {};
  const std::uint8_t first = payload[0];  // RFC 7983 §7
  if (first >= 20 && first <= 63) {
    if (!dtls_) {
      // The other side answers, and its handshake is faster than its answer.
      if (early_dtls_.size() < kMaxEarly) early_dtls_.emplace_back(payload.begin(), payload.end());
      return {};
    }
    if (dtls_->state() == dtls::State::kNew) dtls_->start(now);
    if (dtls_->receive(payload, now) != dtls::ReceiveResult::kProcessed) ++drops_.dtls;
    run(now);
    return {};
  }
  if (first < 128 || first > 191) {
    ++drops_.unknown_class;
    return {};
  }
  if (!inbound_) {
    ++drops_.srtp_not_ready;
    return {};
  }
  const bool rtcp = transport::is_rtcp(payload);
  const auto result = rtcp ? inbound_->unprotect_rtcp(payload) : inbound_->unprotect_rtp(payload);
  if (!result.ok()) {
    ++(result.status == srtp::UnprotectStatus::kReplayed ? drops_.srtp_replayed : drops_.srtp_failed);
    return {};
  }
  return {rtcp ? Media::kRtcp : Media::kRtp, payload.first(result.size)};
}

void Transport::advance(Instant now) {
  agent_.advance(now);
  if (dtls_) dtls_->advance(now);
  run(now);
}

Instant Transport::next_deadline() const {
  return dtls_ ? std::min(agent_.next_deadline(), dtls_->next_deadline()) : agent_.next_deadline();
}

void Transport::run(Instant now) {
  if (!agent_.selected()) return;
  if (dtls_ && dtls_->state() == dtls::State::kNew) dtls_->start(now);
  flush_dtls(now);
  if (dtls_connected() && !keys_taken_) take_keys();
}

void Transport::note_selected_pair() {
  ++counts_.selected_pair_changes;
  const auto pair = agent_.selected_pair();
  sender_.set_path(pair ? std::optional(pair->path) : std::nullopt);
  direct_ = pair && pair->direct;
}

void Transport::flush_dtls(Instant now) {
  if (!dtls_ || !dtls_->has_output()) return;
  dtls_->drain(dtls_out_);
  for (const auto& datagram : dtls_out_) (void)agent_.send(datagram, now);
  dtls_out_.clear();
}

void Transport::take_keys() {
  keys_taken_ = true;
  const auto material = dtls_->keys();
  const auto suite = material ? srtp::suite_from_profile(material->profile) : std::nullopt;
  if (!suite) return;  // data only
  const auto client = srtp::MasterKey::from_bytes(*suite, material->client_write);
  const auto server = srtp::MasterKey::from_bytes(*suite, material->server_write);
  if (!client || !server) return;
  const bool we_are_client = dtls_->role() == dtls::Role::kClient;
  inbound_.emplace(*srtp_, we_are_client ? *server : *client);
  sender_.set_keys(*srtp_, we_are_client ? *client : *server);
}

void Transport::close(Instant now) {
  if (dtls_) {
    dtls_->close(now);
    flush_dtls(now);
  }
  agent_.drain(farewell_);  // closing forgets what waits
  agent_.close(now);
  sender_.set_path(std::nullopt);
}

std::optional<ice::FullRequest> Transport::poll_request() {
  auto request = agent_.poll_request();
  using Type = ice::FullRequest::Type;
  if (request && request->type == Type::kConnect && request->tls) tls_.expect(request->socket, request->host);
  if (request && request->type == Type::kDisconnect) tls_.end(request->socket);
  return request;
}

void Transport::connected(SocketId connection, const SocketAddress& local, std::int64_t unix_seconds,
                          Instant now) {
  if (tls_.has(connection)) return tls_.begin(connection, local, unix_seconds);
  agent_.connected(connection, local, now);
}

void Transport::receive_stream(SocketId connection, Bytes bytes, Instant now) {
  if (tls_.has(connection)) return tls_.receive(connection, bytes, agent_, now);
  agent_.receive_stream(connection, bytes, now);
}

void Transport::disconnected(SocketId connection, std::string_view why, Instant now) {
  tls_.end(connection);
  agent_.disconnected(connection, why, now);
}

std::span<const OutgoingDatagram> Transport::drain(Instant now) {
  flush_dtls(now);
  const bool any = batch_.pending() > 0;
  batch_.finish();  // some ciphers complete a packet's tag only now
  const auto media = any ? batch_.take() : std::span<const OutgoingDatagram>();
  if (!direct_)
    for (const OutgoingDatagram& datagram : media) (void)agent_.send(datagram.bytes, now);
  sent_ = std::exchange(farewell_, {});
  from_agent_.clear();
  agent_.drain(from_agent_);
  for (ice::Transmit& transmit : from_agent_) {
    if (tls_.has(transmit.path.socket)) {
      tls_.send(transmit.path.socket, transmit.bytes);
    } else {
      sent_.push_back(std::move(transmit));
    }
  }
  tls_.drain(sent_);
  out_.clear();
  for (const ice::Transmit& transmit : sent_) out_.push_back({transmit.path, transmit.bytes});
  // Behind the last flight of DTLS, without which the other side could not decrypt it.
  if (direct_) {
    for (const OutgoingDatagram& datagram : media) {
      out_.push_back(datagram);
      agent_.count_sent(datagram.bytes.size(), now);
    }
  }
  counts_.packets_sent += out_.size();
  for (const OutgoingDatagram& datagram : out_) counts_.bytes_sent += datagram.bytes.size();
  return out_;
}

}  // namespace sluice::peer
