// Which transport a datagram is for (its own socket, or RFC 7983 by the first byte, then ufrag or address),
// and what follows from it.
#include <algorithm>

#include "base/check.h"
#include "engine/state.h"
#include "ice/stun_message.h"

namespace sluice::engine {

void State::receive(std::span<ReceivedDatagram> datagrams, Instant now) {
  const bool begun = begin_unprotect(datagrams);
  for (std::size_t i = 0; i < datagrams.size(); ++i) receive(datagrams[i], begun ? &begun_[i] : nullptr, now);
}

/// HMAC-SHA1 of many packets costs a third of what it costs one by one, from a handful of them on.
bool State::begin_unprotect(std::span<ReceivedDatagram> datagrams) {
  constexpr std::size_t kWorthIt = 4;
  if (datagrams.size() < kWorthIt || !backend->batches_unprotect()) return false;
  begun_.assign(datagrams.size(), {});  // its size stays: tags are written into it
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    Packet& packet = *datagrams[i].packet;
    if (packet.size == 0 || (packet.data[0] >> 6) != 2) continue;  // RTP is of version 2
    Transport* owner = owner_of(datagrams[i].path.socket);
    if (owner == nullptr) owner = find_transport(packet.bytes(), datagrams[i].path);
    if (owner == nullptr) continue;
    owner->visit([&](auto& one) { one.begin(packet, datagrams[i].path, begun_[i]); });
  }
  backend->flush();
  return true;
}

void State::receive(ReceivedDatagram& datagram, const Begun* begun, Instant now) {
  using transport::DropReason;
  Packet& packet = *datagram.packet;
  if (Transport* owner = owner_of(datagram.path.socket)) return receive_plain(*owner, datagram, begun, now);
  if (packet.size == 0) {
    drops.add(DropReason::kEmpty);
    return;
  }
  // RFC 7983 §7: 0–3 STUN, 20–63 DTLS, 128–191 RTP and RTCP. 16–19 (ZRTP) and 64–79 (TURN channels) are not
  // for us.
  const std::uint8_t first = packet.data[0];
  const bool stun = first <= 3;
  if (!stun && !(first >= 20 && first <= 63) && !(first >= 128 && first <= 191)) {
    drops.add(DropReason::kUnknownClass);
    return;
  }
  Transport* transport = find_transport(packet.bytes(), datagram.path);
  if (transport == nullptr) {
    drops.add(stun ? DropReason::kUnknownUfrag : DropReason::kUnknownSource);
    return;
  }
  if (transport->webrtc()->is_handshake(packet.bytes())) {
    if (!handshakes.push(std::move(datagram), now)) drops.add(DropReason::kDtlsQueueFull);
    return;
  }
  receive_webrtc(*transport, datagram, begun, now);
}

/// Only WebRTC transports have names and paths.
void State::receive_webrtc(Transport& transport, ReceivedDatagram& datagram, const Begun* begun,
                           Instant now) {
  const bool stun = datagram.packet->data[0] <= 3;
  const transport::Media media = transport.webrtc()->receive(*datagram.packet, datagram.path, now, begun);
  if (media != transport::Media::kNone) return on_media(transport, media, datagram, now);
  if (stun) learn_path(transport, datagram.path, now);
  after(transport, now);
}

void State::receive_plain(Transport& transport, ReceivedDatagram& datagram, const Begun* begun, Instant now) {
  transport::PlainTransport& plain = *transport.plain();
  const transport::Media media = plain.receive(*datagram.packet, datagram.path, now, begun);
  if (plain.learned()) after(transport, now);  // first, so that consumers can send
  on_media(transport, media, datagram, now);
}

void State::on_media(Transport& transport, transport::Media media, ReceivedDatagram& datagram, Instant now) {
  if (media == transport::Media::kRtp) {
    transport.media.on_rtp(datagram.packet, now);
  } else if (media == transport::Media::kRtcp) {
    transport.media.on_rtcp(datagram.packet->bytes(), now);
    transport.media.mark_dirty();
  }
}

void State::serve_handshakes(Instant now) {
  for (int i = 0; i < HandshakeQueue::kAtOnce && !handshakes.empty(); ++i) {
    ReceivedDatagram datagram = handshakes.pop();
    // It may have been closed meanwhile.
    if (Transport* transport = find_transport(datagram.packet->bytes(), datagram.path))
      receive_webrtc(*transport, datagram, nullptr, now);
  }
}

Transport* State::find_transport(Bytes bytes, const Path& path) {
  // A STUN check says whose it is: after a reload the same address may belong to another transport.
  if (bytes[0] <= 3) {
    const auto by_name = by_ufrag.find(ice::peek_local_ufrag(bytes));
    return by_name == by_ufrag.end() ? nullptr : by_name->second;
  }
  const auto it = by_path.find(path);
  return it == by_path.end() ? nullptr : it->second;
}

void State::after(Transport& transport, Instant now) {
  transport.visit([&](auto& one) { report_changes(transport, one); });
  take_data(transport, now);
  const bool ready = transport.visit([](auto& one) { return one.media_ready(); });
  const bool rtcp_ready = transport.endpoint.sender().rtcp_ready();
  if (ready != transport.was_ready || rtcp_ready != transport.was_rtcp_ready) {
    transport.was_ready = ready;
    transport.was_rtcp_ready = rtcp_ready;
    transport.media.on_ready_changed(now);
  }
  transport.media.mark_dirty();
}

void State::report_changes(Transport& transport, transport::PlainTransport& plain) {
  const auto learned = plain.take_learned();
  if (!learned) return;
  log.write(LogLevel::kDebug, LogTag::kRtp, "transport " + transport.id, "its remote address is learned");
  if (learned.rtp) emit(TupleChange{transport.id, tuple_of(plain.socket(), plain.remote())});
  if (learned.rtcp) emit(RtcpTupleChange{transport.id, *rtcp_tuple_of(plain)});
}

void State::report_changes(Transport& transport, transport::WebRtcTransport& webrtc) {
  for (const auto& change : webrtc.take_changes()) {
    switch (change.type) {
      case transport::TransportChange::Type::kIceState:
        log.write(LogLevel::kDebug, LogTag::kIce, "transport " + transport.id,
                  "ICE is " + std::string(to_string(change.ice_state)));
        emit(IceStateChange{transport.id, std::string(to_string(change.ice_state))});
        break;
      case transport::TransportChange::Type::kSelectedPath:
        if (change.path) {
          TransportTuple tuple = tuple_of(*this, *change.path);
          log.write(LogLevel::kDebug, LogTag::kIce, "transport " + transport.id,
                    "ICE selected " + change.path->remote.redacted() + " by " + tuple.protocol);
          emit(IceSelectedTupleChange{transport.id, std::move(tuple)});
        }
        break;
      case transport::TransportChange::Type::kDtlsState: {
        const dtls::Session& session = *webrtc.dtls();
        const bool failed = change.dtls_state == dtls::State::kFailed;
        if (failed) {
          log.write(LogLevel::kWarn, LogTag::kDtls, "transport " + transport.id,
                    "DTLS failed: " + session.failure());
        } else {
          log.write(LogLevel::kDebug, LogTag::kDtls, "transport " + transport.id,
                    "DTLS is " + std::string(name_of(change.dtls_state)));
        }
        const bool connected = change.dtls_state == dtls::State::kConnected;
        emit(DtlsStateChange{transport.id, std::string(name_of(change.dtls_state)),
                             connected ? session.remote_certificate_pem() : "", session.failure()});
        break;
      }
    }
  }
}

void State::schedule(Transport& transport) {
  const Instant own = transport.visit([](auto& one) { return one.next_deadline(); });
  const Instant next = std::min(own, transport.media.next_deadline());
  if (next != transport.deadline.at()) deadlines.set(transport.deadline, next);
}

void State::schedule_dirty() {
  while (!dirty.empty()) {
    sfu::MediaSession* session = dirty.back();
    dirty.pop_back();
    session->clear_dirty();
    schedule(*static_cast<Transport*>(session->owner()));
  }
}

void State::settle(Instant now) {
  serve_handshakes(now);
  send_data(now);
  serve_observers(now);
  schedule_dirty();
  // What is due may make others due (a key frame request reaches another session); what is still due after
  // that waits for the next wake-up.
  for (int pass = 0; pass < 4 && deadlines.next() <= now; ++pass) {
    while (Deadline* due = deadlines.pop_due(now)) {
      auto& transport = *static_cast<Transport*>(due->owner());
      transport.visit([&](auto& one) { one.advance(now); });
      if (transport.webrtc() != nullptr) forget_stale_paths(transport);
      transport.media.advance(now);
      after(transport, now);
    }
    send_data(now);
    schedule_dirty();
  }
}

}  // namespace sluice::engine
