// DataChannels: from a description to an open channel, and away again (RFC 8831 §6.5, §6.7).
#include <algorithm>

#include "sctp/data_channels.h"

namespace sluice::sctp {
namespace {

constexpr std::uint32_t kIds = 65'535;  // 0 to 65534

}  // namespace

/// RFC 8832 §6: even for the DTLS client, odd for the server, so that both may choose at once. The lowest
/// that is free, as streams cost memory up to the highest.
bool DataChannels::assign_id(Channel& channel) {
  for (std::uint32_t id = next_id_ | (*dtls_client_ ? 0U : 1U); id < kIds; id += 2) {
    const auto candidate = static_cast<std::uint16_t>(id);
    if (by_id_.contains(candidate) || spent_ids_.contains(candidate)) continue;
    channel.id = candidate;
    by_id_[candidate] = &channel;
    next_id_ = (id + 2) & ~1U;
    return true;
  }
  return false;
}

/// In the order in which they were created.
void DataChannels::open_all(Instant now) {
  const auto waiting = std::exchange(opening_, {});
  std::vector<Channel*> refused;
  for (Channel* channel : waiting) {
    if (*channel->id < association_->outgoing_streams()) {
      open(*channel);
    } else {
      opening_.push_back(channel);
      if (!grow(*channel->id, now)) refused.push_back(channel);
    }
  }
  for (Channel* channel : refused) {
    fail(*channel,
         "The peer takes no more than " + std::to_string(association_->outgoing_streams()) + " streams.");
  }
}

void DataChannels::open(Channel& channel) {
  channel.state = ChannelState::kOpen;
  if (channel.from_peer) {
    queue_control(channel, dcep::write(dcep::Ack{}));
  } else if (!channel.options.negotiated) {
    // RFC 8832 §6: data may follow at once, without waiting for the answer.
    channel.known_to_peer = false;
    const ChannelOptions& options = channel.options;
    queue_control(channel, dcep::write(dcep::Open{options.reliability, options.priority, options.label,
                                                  options.protocol}));
  }
  announce(Event::Type::kOpen, channel);
}

/// RFC 6525 §4.5. False when it is of no use to wait.
bool DataChannels::grow(std::uint16_t stream_id, Instant now) {
  if (growing_) return true;
  const auto missing = static_cast<std::uint16_t>(stream_id + 1 - association_->outgoing_streams());
  const auto growth = association_->add_outgoing_streams(missing, now);
  growing_ = growth == Association::Growth::kRequested;
  return growth != Association::Growth::kUnsupported;
}

void DataChannels::fail(Channel& channel, std::string why) {
  if (channel.state == ChannelState::kClosing) return;
  announce(Event::Type::kError, channel, std::move(why));
  drop_queue(channel);
  close(channel);
}

void DataChannels::close(ChannelHandle handle, Instant now) {
  Channel* channel = find(handle);
  if (channel == nullptr || channel->state == ChannelState::kClosing) return;
  close(*channel);
  if (association_) after(now);
}

void DataChannels::close(Channel& channel) {
  if (channel.state != ChannelState::kOpen) {  // the peer has never heard of it, or has no way to hear of us
    if (channel.from_peer) spent_ids_.insert(*channel.id);
    remove(channel);
    return;
  }
  channel.state = ChannelState::kClosing;
  closing_.push_back(channel.handle);
}

/// Whatever has not been begun. The rest of what has been must follow, or nothing else could (RFC 9260 §6.9).
void DataChannels::drop_queue(Channel& channel) {
  const bool begun = !channel.queue.empty() && channel.queue.front().begun;
  while (channel.queue.size() > (begun ? 1U : 0U)) {
    const OutgoingMessage& last = channel.queue.back();
    if (!last.control) {
      channel.queued -= last.data.size();
      buffered_ -= last.data.size();
    }
    channel.queue.pop_back();
  }
}

/// Those whose queue is empty.
void DataChannels::reset_closing(Instant now) {
  std::erase_if(closing_, [&](ChannelHandle handle) {
    Channel* channel = find(handle);
    if (channel == nullptr) return true;
    if (!channel->queue.empty()) return false;
    if (association_->reset_stream(*channel->id, now) == Association::Reset::kUnsupported) {
      spent_ids_.insert(*channel->id);
      channel->outgoing_reset = channel->incoming_reset = true;
      finish_if_reset(*channel);
    }
    return true;
  });
}

void DataChannels::finish_if_reset(Channel& channel) {
  if (channel.outgoing_reset && channel.incoming_reset) remove(channel);
}

void DataChannels::remove(Channel& channel) {
  announce(Event::Type::kClosed, channel);
  if (channel.id) {
    by_id_.erase(*channel.id);
    next_id_ = std::min<std::uint32_t>(next_id_, *channel.id & ~1U);
  }
  name_bytes_ -= channel.options.label.size() + channel.options.protocol.size();
  buffered_ -= channel.buffered();
  std::erase(opening_, &channel);
  if (channel.scheduled) std::erase(ring_, &channel);
  channels_.erase(channel.handle);
}

void DataChannels::end(State state, const std::string& why) {
  for (const auto& [handle, channel] : channels_) {
    if (!why.empty()) announce(Event::Type::kError, *channel, why);
    announce(Event::Type::kClosed, *channel);
  }
  ring_.clear();
  opening_.clear();
  closing_.clear();
  by_id_.clear();
  channels_.clear();
  inbox_.forget_all();
  name_bytes_ = buffered_ = 0;
  state_ = state;
  Event event;
  event.state = state;
  event.text = why;
  events_.push_back(std::move(event));
}

}  // namespace sluice::sctp
