// Which transport a datagram is for (RFC 7983 by its first byte, then ufrag or address), and what follows
// from it.
#include <algorithm>

#include "engine/state.h"
#include "ice/stun_message.h"

namespace sluice::engine {

void State::receive(ReceivedDatagram& datagram, Instant now) {
  using transport::DropReason;
  Packet& packet = *datagram.packet;
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
  switch (transport->webrtc.receive(packet, datagram.path, now)) {
    case transport::WebRtcTransport::Media::kRtp:
      transport->media.on_rtp(datagram.packet, now);
      return;
    case transport::WebRtcTransport::Media::kRtcp:
      transport->media.on_rtcp(packet.bytes(), now);
      transport->media.mark_dirty();
      return;
    case transport::WebRtcTransport::Media::kNone:
      if (stun) learn_path(*transport, datagram.path);
      after(*transport, now);
      return;
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

void State::learn_path(Transport& transport, const Path& path) {
  if (!transport.webrtc.ice().is_known(path)) return;
  Transport*& owner = by_path[path];
  if (owner == &transport) return;
  if (owner != nullptr) std::erase(owner->paths, path);
  owner = &transport;
  // The agent keeps few paths and forgets old ones; so do we.
  std::erase_if(transport.paths, [&](const Path& old) {
    if (transport.webrtc.ice().is_known(old)) return false;
    by_path.erase(old);
    return true;
  });
  transport.paths.push_back(path);
}

void State::forget(Transport& transport) {
  for (const Path& path : transport.paths) by_path.erase(path);
  for (const std::string& ufrag : transport.ufrags) by_ufrag.erase(ufrag);
  transport.paths.clear();
  transport.ufrags.clear();
}

void State::add_ufrag(Transport& transport, const std::string& ufrag) {
  // After a restart the previous credentials stay valid for a while; those before them do not.
  if (transport.ufrags.size() >= 2) {
    by_ufrag.erase(transport.ufrags.front());
    transport.ufrags.erase(transport.ufrags.begin());
  }
  transport.ufrags.push_back(ufrag);
  by_ufrag[ufrag] = &transport;
}

void State::after(Transport& transport, Instant now) {
  report_changes(transport, now);
  if (const bool ready = transport.webrtc.media_ready(); ready != transport.was_ready) {
    transport.was_ready = ready;
    transport.media.on_ready_changed(now);
  }
  transport.media.mark_dirty();
}

void State::report_changes(Transport& transport, Instant /*now*/) {
  for (const auto& change : transport.webrtc.take_changes()) {
    switch (change.type) {
      case transport::TransportChange::Type::kIceState:
        log.write(LogLevel::kDebug, LogTag::kIce, "transport " + transport.id,
                  "ICE is " + std::string(to_string(change.ice_state)));
        emit(IceStateChange{transport.id, std::string(to_string(change.ice_state))});
        break;
      case transport::TransportChange::Type::kSelectedPath:
        if (change.path) emit(IceSelectedTupleChange{transport.id, tuple_of(*this, *change.path)});
        break;
      case transport::TransportChange::Type::kDtlsState: {
        const dtls::Session& session = *transport.webrtc.dtls();
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
  const Instant next = std::min(transport.webrtc.next_deadline(), transport.media.next_deadline());
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
  schedule_dirty();
  // What is due may make others due (a key frame request reaches another session); what is still due after
  // that waits for the next wake-up.
  for (int pass = 0; pass < 4 && deadlines.next() <= now; ++pass) {
    while (Deadline* due = deadlines.pop_due(now)) {
      auto& transport = *static_cast<Transport*>(due->owner());
      transport.webrtc.advance(now);
      transport.media.advance(now);
      after(transport, now);
    }
    schedule_dirty();
  }
}

}  // namespace sluice::engine
