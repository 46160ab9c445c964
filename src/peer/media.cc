#include "peer/media.h"

#include <algorithm>

namespace sluice::peer {

Media::Media(Random& random, const WallClock& clock, PacketPool& pool)
    : random_(random), clock_(clock), pool_(pool), own_ssrc_{random.u32() | 1} {}

Media::Track* Media::find(TransceiverId id) {
  for (const auto& track : tracks_)
    if (track->id == id) return track.get();
  return nullptr;
}

Media::Track* Media::track_of(const IncomingStream* stream) {
  for (const auto& track : tracks_)
    if (track->incoming.get() == stream) return track.get();
  return nullptr;
}

OutgoingStream* Media::encoding(TransceiverId id, std::string_view rid) {
  Track* track = find(id);
  if (track == nullptr) return nullptr;
  for (const auto& stream : track->outgoing)
    if (stream->active() && (rid.empty() || stream->rid() == rid)) return stream.get();
  return nullptr;
}

std::pair<Media::Track*, OutgoingStream*> Media::find_outgoing(Ssrc ssrc) {
  for (const auto& track : tracks_)
    for (const auto& stream : track->outgoing)
      if (stream->ssrc() == ssrc) return {track.get(), stream.get()};
  return {nullptr, nullptr};
}

/// What was agreed anew. Streams that go on keep their numbers and their history.
void Media::set(const Negotiator& negotiator, Transport& transport) {
  const Agreement& agreement = negotiator.agreement();
  std::erase_if(tracks_, [&](const auto& track) {
    const Line* line = agreement.line_of(track->id);
    const bool gone = line == nullptr || (line->rejected && !negotiator.provisional());
    if (gone && track->incoming) forget(*track->incoming, transport);
    return gone;
  });
  extensions_ = {};
  for (const Line& line : agreement.lines) {
    const Transceiver* t = line.transceiver ? negotiator.find(*line.transceiver) : nullptr;
    if (t == nullptr) continue;  // of a rejected m-line, held by a provisional answer, neither way is agreed
    Track* track = find(t->id);
    if (track == nullptr) {
      track = tracks_.emplace_back(std::make_unique<Track>()).get();
      track->id = t->id;
      track->kind = t->kind;
    }
    track->mid = line.mid;
    if (line.send) {
      cname_ = line.send->rtcp.cname;
      set_outgoing(*track, *line.send);
    } else {
      for (const auto& stream : track->outgoing) stream->set_active(false);
    }
    track->receiving = line.receive.has_value();
    if (line.receive) {
      for (const auto& e : line.receive->header_extensions)
        if (const auto known = rtp::extension_of(e.uri)) extensions_.set(*known, e.id);
      if (track->incoming) {
        track->incoming->set_parameters(*line.receive);
      } else {
        track->incoming = std::make_unique<IncomingStream>(t->kind, *line.receive);
      }
    }
  }
  map_ssrcs();
}

void Media::forget(const IncomingStream& stream, Transport& transport) {
  if (stream.ssrc()) transport.forget_remote_ssrc(*stream.ssrc());
  if (stream.rtx_ssrc()) transport.forget_remote_ssrc(*stream.rtx_ssrc());
}

void Media::set_outgoing(Track& track, const RtpParameters& parameters) {
  for (const auto& stream : track.outgoing) stream->set_active(false);
  for (std::size_t i = 0; i < parameters.encodings.size(); ++i) {
    const auto known = std::find_if(track.outgoing.begin(), track.outgoing.end(), [&](const auto& stream) {
      return stream->ssrc().value == parameters.encodings[i].ssrc;
    });
    if (known != track.outgoing.end()) {
      (*known)->set_parameters(parameters, i);
      (*known)->set_active(true);
    } else {
      track.outgoing.push_back(std::make_unique<OutgoingStream>(parameters, i, pool_, random_));
    }
  }
}

void Media::map_ssrcs() {
  by_ssrc_.clear();
  for (const auto& track : tracks_) {
    if (!track->incoming) continue;
    if (const auto ssrc = track->incoming->ssrc()) by_ssrc_[ssrc->value] = track->incoming.get();
    if (const auto rtx = track->incoming->rtx_ssrc()) by_ssrc_[rtx->value] = track->incoming.get();
  }
}

bool Media::send_frame(TransceiverId id, const EncodedFrameView& frame, std::string_view rid,
                       Transport& transport, Instant now) {
  OutgoingStream* stream = encoding(id, rid);
  return stream != nullptr && transport.media_ready() && stream->send_frame(frame, now, transport.sender());
}

bool Media::send_rtp(TransceiverId id, const RtpPayload& payload, std::string_view rid, Transport& transport,
                     Instant now) {
  OutgoingStream* stream = encoding(id, rid);
  return stream != nullptr && transport.media_ready() &&
         stream->send_payload(payload, now, transport.sender());
}

void Media::request_key_frame(TransceiverId id, Transport& transport, Instant now) {
  Track* track = find(id);
  if (track == nullptr || !track->incoming) return;
  track->incoming->want_key_frame();
  advance(transport, now);
}

void Media::deliver_packets(TransceiverId id, bool wanted) {
  if (Track* track = find(id)) track->deliver_packets = wanted;
}

/// RFC 8843 §9.2: by SSRC; a new one by its MID, else by a payload type that only one m-line has.
IncomingStream* Media::route(const rtp::PacketView& packet, Transport& transport) {
  if (const auto it = by_ssrc_.find(packet.ssrc().value); it != by_ssrc_.end()) return it->second;
  const std::uint8_t type = packet.payload_type().value;
  IncomingStream* found = nullptr;
  std::optional<std::string_view> mid;
  if (const auto value = extensions_.find(packet, rtp::Extension::kMid)) mid = rtp::read_stream_name(*value);
  for (const auto& track : tracks_) {
    if (!track->incoming || !track->incoming->knows(type)) continue;
    if (mid ? *mid != track->mid : found != nullptr) {
      if (!mid) return nullptr;  // of two that it could be
      continue;
    }
    found = track->incoming.get();
  }
  if (found == nullptr) return nullptr;
  if (found->is_rtx(type)) {
    if (found->rtx_ssrc()) transport.forget_remote_ssrc(*found->rtx_ssrc());
    found->set_rtx_ssrc(packet.ssrc());
  } else {  // one stream a track: the newest
    if (found->ssrc()) transport.forget_remote_ssrc(*found->ssrc());
    found->set_ssrc(packet.ssrc());
  }
  map_ssrcs();
  return found;
}

void Media::receive_rtp(Bytes packet, Transport& transport, Instant now) {
  const auto view = rtp::PacketView::parse(packet);
  if (!view) {
    ++counts_.malformed;
    return;
  }
  if (const auto value = extensions_.find(*view, rtp::Extension::kTransportCc))
    if (const auto number = rtp::read_transport_cc(*value)) transport_cc_.note(*number, view->size(), now);
  IncomingStream* stream = route(*view, transport);
  if (stream == nullptr) {
    ++counts_.unknown_ssrc;
    return;
  }
  Track* track = track_of(stream);
  if (!track->receiving) return;
  const auto received = stream->receive(*view, now);
  if (!received) return;
  if (track->deliver_packets && received->bytes().data() != nullptr) {
    Event event;
    event.type = Event::Type::kPacket;
    event.transceiver = track->id;
    event.packet.assign(view->bytes().begin(), view->bytes().end());
    push(std::move(event));
  }
  if (stream->take_key_frame_needed(now)) send_pli(*stream, transport, now);
}

void Media::push(Event event) {
  if (events_.size() >= kMaxEvents) {
    events_.pop_front();
    ++counts_.events_dropped;
  }
  events_.push_back(std::move(event));
}

std::optional<Media::Event> Media::next_event() {
  if (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  for (const auto& track : tracks_) {
    Event event;
    if (!track->incoming || !track->receiving || !track->incoming->take_frame(event.frame)) continue;
    event.transceiver = track->id;
    return event;
  }
  return std::nullopt;
}

void Media::advance(Transport& transport, Instant now) {
  if (!transport.media_ready()) return;
  if (next_report_ == kNever) schedule_report(now);
  for (const auto& track : tracks_) {
    if (!track->incoming || !track->receiving) continue;
    IncomingStream& stream = *track->incoming;
    if (stream.next_deadline() <= now) {
      stream.advance(now);
      if (const auto missing = stream.missing(now); !missing.empty())
        send_nack(stream, missing, transport, now);
    }
    if (stream.take_key_frame_needed(now)) send_pli(stream, transport, now);
  }
  send_transport_feedback(transport, now);
  if (next_report_ <= now) send_reports(transport, now);
}

Instant Media::next_deadline() const {
  Instant next = next_report_;
  for (const auto& track : tracks_)
    if (track->incoming && track->receiving) next = std::min(next, track->incoming->next_deadline());
  return std::min(next, transport_cc_.next_deadline());
}

}  // namespace sluice::peer
