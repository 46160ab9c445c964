// DataChannels: what goes out. Messages wait in their channel's queue, not in the stack, so that channels
// take turns by their priorities (RFC 8831 §6.4: weighted fair queueing) and a queue has a limit of its own.
// The stack gets little more than what it may send now.
#include <algorithm>
#include <limits>
#include <utility>

#include "sctp/data_channels.h"

namespace sluice::sctp {
namespace {

/// What the stack has and may not send yet: enough for the next acknowledgement to set off.
constexpr std::size_t kStackBacklog = 64 * 1024;
constexpr std::size_t kPiece = 16 * 1024;
/// Of a turn, times the priority: 2 KB for "very low", 16 KB for "high".
constexpr std::int64_t kCreditPerPriority = 16;

/// More of the message stands in the queue.
bool is_begun(const Channel& channel, std::uint32_t number) {
  return !channel.queue.empty() && channel.queue.front().number == number;
}

std::uint32_t ppid_of(MessageKind kind, bool empty) {
  if (kind == MessageKind::kString) return empty ? ppid::kStringEmpty : ppid::kString;
  return empty ? ppid::kBinaryEmpty : ppid::kBinary;
}

}  // namespace

SendStatus DataChannels::send(ChannelHandle handle, MessageKind kind, Bytes data, Instant now) {
  Channel* channel = find(handle);
  if (channel == nullptr || channel->state != ChannelState::kOpen) return SendStatus::kNotOpen;
  const std::size_t largest = options_.max_send_message_size;
  if (largest != 0 && data.size() > largest) {
    ++counters_.messages_refused;
    return SendStatus::kTooLarge;
  }
  const auto fits = [&] {
    return channel->buffered() + data.size() <= options_.per_channel_send_limit &&
           buffered_ + data.size() <= options_.send_buffer_size;
  };
  if (!fits()) drop_expired(*channel, now);
  if (!fits()) {
    ++counters_.messages_refused;
    return SendStatus::kBufferFull;
  }
  OutgoingMessage message;
  message.number = ++last_number_;
  message.ppid = ppid_of(kind, data.empty());
  message.ordered = channel->options.reliability.ordered || !channel->known_to_peer;
  if (const auto lifetime = channel->options.reliability.max_packet_life_time)
    message.expires = now + std::chrono::milliseconds(*lifetime);
  static constexpr std::uint8_t kNothing[] = {0};
  ++counters_.messages_sent;
  counters_.bytes_sent += data.size();
  if (data.empty()) data = kNothing;
  buffered_ += data.size();
  channel->queued += data.size();
  if (ring_.empty()) {  // nobody's turn: without a copy of ours
    channel->credit = std::numeric_limits<std::int64_t>::max();
    hand_over(*channel, message, data, now);
    channel->credit = 0;
  }
  if (message.handed < data.size()) {
    message.data.assign(data.begin() + static_cast<std::ptrdiff_t>(message.handed), data.end());
    message.handed = 0;
    channel->queue.push_back(std::move(message));
    schedule(*channel);
  }
  after(now);
  if (find(handle) != nullptr) channel->above_threshold |= channel->buffered() > channel->low_threshold;
  return SendStatus::kSent;
}

void DataChannels::queue_control(Channel& channel, std::vector<std::uint8_t> data) {
  OutgoingMessage message;
  message.number = ++last_number_;
  message.ppid = ppid::kDcep;
  message.control = true;
  message.data = std::move(data);
  channel.queue.push_back(std::move(message));
  schedule(channel);
}

void DataChannels::schedule(Channel& channel) {
  if (std::exchange(channel.scheduled, true)) return;
  ring_.push_back(&channel);
}

void DataChannels::send_queued(Instant now) {
  while (!ring_.empty() && state_ == State::kConnected) {
    Channel& channel = *ring_.front();
    if (!take_turn(channel, now)) break;
    ring_.pop_front();
    channel.scheduled = !channel.queue.empty();
    if (channel.scheduled) {
      ring_.push_back(&channel);
    } else {
      channel.credit = 0;
    }
  }
  if (!closing_.empty() && state_ == State::kConnected) reset_closing(now);
}

/// False when the stack would have no more: the turn goes on when it does.
bool DataChannels::take_turn(Channel& channel, Instant now) {
  if (channel.credit <= 0)
    channel.credit += static_cast<std::int64_t>(channel.options.priority) * kCreditPerPriority;
  drop_expired(channel, now);
  while (!channel.queue.empty()) {
    OutgoingMessage& message = channel.queue.front();
    // Without RFC 8260 a message that has been begun stands in the way of all others until it ends.
    if (channel.credit <= 0 && (!message.begun || association_->interleaving())) return true;
    hand_over(channel, message, message.data, now);
    if (message.handed < message.data.size() && !(channel.credit <= 0 && association_->interleaving()))
      return false;
    if (message.handed == message.data.size()) {
      channel.queue.pop_front();
      drop_expired(channel, now);
    }
  }
  return true;
}

/// Piece by piece, as long as the stack takes them and the turn lasts.
void DataChannels::hand_over(Channel& channel, OutgoingMessage& message, Bytes data, Instant now) {
  Piece piece;
  piece.stream_id = *channel.id;
  piece.number = message.number;
  piece.ppid = message.ppid;
  piece.unordered = !message.ordered;
  if (!message.control) {
    piece.max_retransmits = channel.options.reliability.max_retransmits;
    if (message.expires != kNever) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(message.expires - now);
      piece.lifetime_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(left.count(), 1));
    }
  }
  while (message.handed < data.size() && association_->unsent() < kStackBacklog) {
    piece.data = data.subspan(message.handed);
    if (piece.data.size() > kPiece) piece.data = piece.data.first(kPiece);
    piece.end_of_message = message.handed + piece.data.size() == data.size();
    const auto taken = association_->write(piece, now);
    if (!taken || *taken == 0) return;
    message.handed += *taken;
    channel.credit -= static_cast<std::int64_t>(*taken);
    if (!std::exchange(message.begun, true)) channel.handed.push_back({message.number, message.control, 0});
    if (message.abandoned) {
      association_->forget_unsent(*taken);
      continue;
    }
    channel.handed.back().unsent += *taken;
    if (!message.control) {
      channel.queued -= *taken;
      channel.in_stack += *taken;
    }
    if (channel.credit <= 0 && association_->interleaving()) return;
  }
}

/// RFC 3758 §3.5: given up before the stack has seen them.
void DataChannels::drop_expired(Channel& channel, Instant now) {
  while (!channel.queue.empty()) {
    const OutgoingMessage& message = channel.queue.front();
    if (message.begun || message.expires > now) return;
    const std::size_t size = message.data.size();
    ++counters_.messages_abandoned;
    channel.queue.pop_front();
    lower_buffered(channel, channel.queued, size);
  }
}

void DataChannels::count_transmitted() {
  if (!association_) return;
  for (const auto& sent : association_->take_transmitted()) {
    if (Channel* channel = find(sent.stream_id)) take_from_stack(*channel, sent.bytes);
  }
}

/// The stack has given up on a message, sent or not.
void DataChannels::take_abandoned(const Notice& notice) {
  if (std::exchange(last_abandoned_, notice.number) == notice.number) return;  // another chunk of it
  ++counters_.messages_abandoned;
  count_transmitted();  // what has gone before
  Channel* channel = find(notice.stream_id);
  if (channel == nullptr) return;
  const auto handed = std::ranges::find(channel->handed, notice.number, &HandedMessage::number);
  if (handed != channel->handed.end()) {
    const std::size_t unsent = handed->unsent;
    channel->handed.erase(handed);
    association_->forget_unsent(unsent);
    lower_buffered(*channel, channel->in_stack, unsent);
  }
  if (channel->queue.empty() || channel->queue.front().number != notice.number) return;
  // The stack still waits for its end. One byte will do, and will not be sent.
  OutgoingMessage& rest = channel->queue.front();
  const std::size_t left = rest.data.size() - rest.handed;
  rest.abandoned = true;
  rest.data.resize(rest.handed + 1);
  lower_buffered(*channel, channel->queued, left);
}

void DataChannels::take_from_stack(Channel& channel, std::size_t bytes) {
  while (bytes > 0 && !channel.handed.empty()) {
    HandedMessage& first = channel.handed.front();
    const std::size_t part = std::min(bytes, first.unsent);
    const bool control = first.control;
    bytes -= part;
    first.unsent -= part;
    if (first.unsent == 0 && (bytes > 0 || !is_begun(channel, first.number))) channel.handed.pop_front();
    if (!control) lower_buffered(channel, channel.in_stack, part);
  }
}

void DataChannels::lower_buffered(Channel& channel, std::size_t& part, std::size_t bytes) {
  part -= bytes;
  buffered_ -= bytes;
  if (!channel.above_threshold || channel.buffered() > channel.low_threshold) return;
  channel.above_threshold = false;
  if (channel.state == ChannelState::kOpen) announce(Event::Type::kBufferedAmountLow, channel);
}

}  // namespace sluice::sctp
