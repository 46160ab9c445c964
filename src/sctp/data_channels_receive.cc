// DataChannels: what comes in.
#include <algorithm>

#include "sctp/data_channels.h"

namespace sluice::sctp {
namespace {

/// What may wait for poll_event(); more stays in the receive window.
constexpr std::size_t kMaxEvents = 8192;
constexpr std::size_t kMaxEventBytes = 1 << 20;

}  // namespace

void DataChannels::read(Instant now) {
  Notice notice;
  while (state_ != State::kFailed && state_ != State::kClosed && events_.size() < kMaxEvents &&
         event_bytes_ < kMaxEventBytes && association_->read(notice, now)) {
    take(notice, now);
  }
}

void DataChannels::take(const Notice& notice, Instant now) {
  switch (notice.type) {
    case Notice::Type::kConnected:
      return take_connected(now);
    case Notice::Type::kClosed:
      return end(State::kClosed, {});
    case Notice::Type::kLost:
      return end(State::kFailed, notice.reason);
    case Notice::Type::kPiece:
      return take_piece(notice, now);
    case Notice::Type::kPieceAborted:
      return inbox_.forget(notice.stream_id);
    case Notice::Type::kIncomingReset:
    case Notice::Type::kOutgoingReset:
    case Notice::Type::kResetRefused:
      take_reset(notice);
      return open_all(now);  // a request to grow may have had to wait for it
    case Notice::Type::kStreamsAdded:
      growing_ = false;
      return open_all(now);
    case Notice::Type::kStreamsRefused:
      return take_streams_refused();
    case Notice::Type::kAbandoned:
      return take_abandoned(notice);
  }
}

void DataChannels::take_connected(Instant now) {
  state_ = State::kConnected;
  Event event;
  event.state = state_;
  events_.push_back(std::move(event));
  open_all(now);
}

void DataChannels::take_piece(const Notice& notice, Instant now) {
  switch (inbox_.add(notice.stream_id, notice.unordered, notice.ppid, notice.data, notice.end_of_message)) {
    case Inbox::Outcome::kMore:
      return;
    case Inbox::Outcome::kMessage:
      if (notice.ppid == ppid::kDcep) return take_dcep(notice.stream_id, now);
      return take_message(notice.stream_id, notice.ppid);
    case Inbox::Outcome::kTooLarge:
      ++counters_.messages_too_large;
      if (Channel* channel = find(notice.stream_id)) {
        fail(*channel, "The peer has sent a message of more than " +
                           std::to_string(options_.max_receive_message_size) +
                           " bytes, which is what max-message-size told it.");
      }
      return;
    case Inbox::Outcome::kFull:
      association_->abort(now);
      return end(State::kFailed, "The peer has begun more messages than there is memory for.");
  }
}

void DataChannels::take_message(std::uint16_t stream_id, std::uint32_t ppid) {
  Channel* channel = find(stream_id);
  if (channel == nullptr || channel->state == ChannelState::kClosing) {
    ++counters_.unknown_channel;
    return;
  }
  const bool empty = ppid == ppid::kStringEmpty || ppid == ppid::kBinaryEmpty;
  if (!empty && ppid != ppid::kString && ppid != ppid::kBinary) {
    ++counters_.unknown_ppid;
    return;
  }
  channel->known_to_peer = true;
  Event event;
  event.type = Event::Type::kMessage;
  event.channel = channel->handle;
  event.kind =
      ppid == ppid::kString || ppid == ppid::kStringEmpty ? MessageKind::kString : MessageKind::kBinary;
  // RFC 8831 §6.6: SCTP has no empty messages; the byte in their place means nothing.
  if (!empty) event.data = std::move(inbox_.message());
  ++counters_.messages_received;
  counters_.bytes_received += event.data.size();
  event_bytes_ += event.data.size();
  events_.push_back(std::move(event));
}

void DataChannels::take_dcep(std::uint16_t stream_id, Instant now) {
  const auto message = dcep::parse(inbox_.message());
  if (!message) {
    ++counters_.dcep_malformed;
  } else if (const auto* open = std::get_if<dcep::Open>(&*message)) {
    take_open(stream_id, *open, now);
  } else if (Channel* channel = find(stream_id)) {
    channel->known_to_peer = true;
  }
}

void DataChannels::take_open(std::uint16_t stream_id, const dcep::Open& message, Instant now) {
  if (find(stream_id) != nullptr) {  // a working channel is not given up for it
    ++counters_.dcep_refused;
    return;
  }
  ChannelOptions options{message.label, message.protocol, message.reliability, message.priority,
                         false,         stream_id};
  if (!check(options)) {
    ++counters_.dcep_refused;
    association_->reset_stream(stream_id, now);  // RFC 8832 §6
    return;
  }
  spent_ids_.erase(stream_id);
  Channel& channel = add(std::move(options));
  channel.from_peer = true;
  by_id_[stream_id] = &channel;
  opening_.push_back(&channel);
  announce(Event::Type::kChannel, channel);
  open_all(now);
}

/// RFC 8831 §6.7: who is told that the other direction is reset resets its own, and then the channel is gone.
void DataChannels::take_reset(const Notice& notice) {
  std::vector<std::uint16_t> ids = notice.streams;
  if (ids.empty()) {
    for (const auto& [handle, channel] : channels_) {
      if (channel->id && channel->state != ChannelState::kConnecting) ids.push_back(*channel->id);
    }
  }
  for (const std::uint16_t id : ids) {
    if (notice.type == Notice::Type::kIncomingReset) inbox_.forget(id);
    Channel* channel = find(id);
    if (channel == nullptr) continue;
    if (notice.type == Notice::Type::kResetRefused) {
      spent_ids_.insert(id);
      channel->outgoing_reset = channel->incoming_reset = true;
    } else if (notice.type == Notice::Type::kOutgoingReset) {
      channel->outgoing_reset = true;
    } else {
      channel->incoming_reset = true;
      if (channel->state == ChannelState::kOpen) {
        announce(Event::Type::kClosing, *channel);
        drop_queue(*channel);
        close(*channel);
      }
    }
    finish_if_reset(*channel);
  }
}

void DataChannels::take_streams_refused() {
  growing_ = false;
  const auto waiting = opening_;
  for (Channel* channel : waiting) {
    fail(*channel,
         "The peer takes no more than " + std::to_string(association_->outgoing_streams()) + " streams.");
  }
}

}  // namespace sluice::sctp
