#include "client/peer.h"

#include <algorithm>

namespace sluice::client {

Peer::Peer(const Shared& shared, Connection::Options options)
    : shared_(shared),
      connection_(shared, options),
      own_ssrc_({shared.random.u32() | 1}),
      cname_(shared.random.ice_chars(12)) {}

Peer::~Peer() {
  shared_.batch.finish();  // queued packets still need the keys that go away here
}

MediaSender& Peer::add_sender(MediaSender::Options options, Instant now) {
  senders_.push_back(std::make_unique<MediaSender>(std::move(options), shared_));
  if (started_) senders_.back()->start(now);
  return *senders_.back();
}

void Peer::remove_sender(MediaSender& sender) {
  std::erase_if(senders_, [&](const auto& one) { return one.get() == &sender; });
}

MediaReceiver& Peer::add_receiver(MediaReceiver::Options options) {
  for (const auto& extension : options.parameters.header_extensions) {
    if (const auto known = rtp::extension_of(extension.uri)) extensions_.set(*known, extension.id);
  }
  options.light = light_ > 0;
  receivers_.push_back(std::make_unique<MediaReceiver>(std::move(options)));
  MediaReceiver& receiver = *receivers_.back();
  by_ssrc_[receiver.ssrc()] = &receiver;
  if (receiver.rtx_ssrc()) by_ssrc_[*receiver.rtx_ssrc()] = &receiver;
  return receiver;
}

void Peer::remove_receiver(MediaReceiver& receiver) {
  std::erase_if(by_ssrc_, [&](const auto& entry) { return entry.second == &receiver; });
  std::erase_if(receivers_, [&](const auto& one) { return one.get() == &receiver; });
}

MediaReceiver* Peer::find_receiver(std::string_view id) const {
  for (const auto& receiver : receivers_) {
    if (receiver->id() == id) return receiver.get();
  }
  return nullptr;
}

MediaSender* Peer::find_sender(Ssrc ssrc) const {
  for (const auto& sender : senders_) {
    if (sender->ssrc() == ssrc) return sender.get();
  }
  return nullptr;
}

/// RTP headers are not encrypted (RFC 3711 §3.1).
bool Peer::take_header(const Packet& packet) {
  if (!connection_.ready() || packet.size < rtp::kFixedHeaderSize) return false;
  if (packet.data[0] < 128 || packet.data[0] > 191 || (packet.data[1] >= 192 && packet.data[1] <= 223))
    return false;
  const auto view = rtp::PacketView::parse(packet.bytes());
  if (!view || view->sequence_number().value % light_ == 0) return false;
  const auto it = by_ssrc_.find(view->ssrc());
  if (it == by_ssrc_.end() || it->second->ssrc() != view->ssrc()) return false;
  ++counts_.rtp;
  if (const auto value = extensions_.find(*view, rtp::Extension::kTransportCc)) {
    if (const auto number = rtp::read_transport_cc(*value))
      transport_cc_.note(*number, view->size(), packet.arrival);
  }
  it->second->on_unread(*view, view->size(), packet.arrival);
  return true;
}

void Peer::receive(Packet& packet, const Path& path, Instant now) {
  if (light_ > 0 && take_header(packet)) return;
  switch (connection_.receive(packet, path, now)) {
    case Connection::Media::kRtp:
      on_rtp(packet, now);
      break;
    case Connection::Media::kRtcp:
      ++counts_.rtcp;
      on_rtcp(packet.bytes(), now);
      break;
    case Connection::Media::kNone:
      start_senders(now);
      break;
  }
}

void Peer::start_senders(Instant now) {
  if (started_ || !connection_.ready()) return;
  started_ = true;
  for (auto& sender : senders_) sender->start(now);
  schedule_report(now);
}

void Peer::on_rtp(Packet& packet, Instant now) {
  ++counts_.rtp;
  const auto view = rtp::PacketView::parse(packet.bytes());
  if (!view) {
    ++counts_.malformed;
    return;
  }
  if (const auto value = extensions_.find(*view, rtp::Extension::kTransportCc)) {
    if (const auto number = rtp::read_transport_cc(*value))
      transport_cc_.note(*number, view->size(), packet.arrival);
  }
  const auto it = by_ssrc_.find(view->ssrc());
  if (it == by_ssrc_.end()) {
    ++counts_.unknown_ssrc;
    return;
  }
  MediaReceiver& receiver = *it->second;
  const auto received = receiver.on_rtp(*view, packet.arrival, now);
  if (received && observer_ != nullptr) observer_->on_media(receiver, *received, packet.arrival);
  next_nack_ = std::min(next_nack_, receiver.next_deadline());
  if (receiver.take_key_frame_needed(now)) request_key_frame(receiver, false, now);
}

void Peer::receive_unread(Bytes start, std::size_t size, Instant arrival) {
  const auto view = rtp::PacketView::parse(start);
  if (!view) {
    ++counts_.malformed;
    return;
  }
  ++counts_.rtp;
  if (const auto value = extensions_.find(*view, rtp::Extension::kTransportCc)) {
    if (const auto number = rtp::read_transport_cc(*value)) transport_cc_.note(*number, size, arrival);
  }
  const auto it = by_ssrc_.find(view->ssrc());
  if (it == by_ssrc_.end()) {
    ++counts_.unknown_ssrc;
  } else if (it->second->ssrc() == view->ssrc()) {
    it->second->on_unread(*view, size, arrival);
  }
}

void Peer::advance(Instant now) {
  connection_.advance(now);
  start_senders(now);
  if (!connection_.ready()) return;
  for (auto& sender : senders_) {
    if (sender->next_deadline() <= now) sender->advance(now, connection_.sender());
  }
  if (next_nack_ <= now) send_nacks(now);
  send_transport_feedback(now);
  if (next_report_ <= now) send_reports(now);
}

Instant Peer::next_deadline() const {
  Instant next = connection_.next_deadline();
  if (!connection_.ready()) return next;
  for (const auto& sender : senders_) next = std::min(next, sender->next_deadline());
  return std::min({next, next_nack_, transport_cc_.next_deadline(), next_report_});
}

void Peer::close(Instant now) {
  for (auto& sender : senders_) sender->stop();
  connection_.close(now);
  next_report_ = next_nack_ = kNever;
}

void Peer::schedule_report(Instant now) {
  // RFC 3550 §6.2: randomised over half to one and a half of the interval.
  constexpr Duration kInterval = 1s;
  next_report_ =
      now + kInterval / 2 + Duration(shared_.random.below(static_cast<std::uint32_t>(kInterval.count())));
}

}  // namespace sluice::client
