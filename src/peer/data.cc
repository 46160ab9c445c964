#include "peer/data.h"

#include <algorithm>

namespace sluice::peer {

sctp::DataChannels& Data::association() {
  if (!sctp_) {
    sctp::Options options;
    options.remote_port = remote_.remote_port;
    options.max_send_message_size = remote_.max_message_size;
    options.max_receive_message_size = options_.max_message_size;
    options.max_channels = options_.max_channels;
    options.incoming_streams = static_cast<std::uint16_t>(std::min(65'535, 2 * options_.max_channels));
    options.outgoing_streams = std::min<std::uint16_t>(options.outgoing_streams, options.incoming_streams);
    options.send_buffer_size = 4 * DataChannel::kMaxBuffered;
    options.per_channel_send_limit = DataChannel::kMaxBuffered;
    sctp_ = std::make_unique<sctp::DataChannels>(options, random_);
  }
  return *sctp_;
}

Result<std::uint64_t> Data::create(std::string_view label, const DataChannelInit& init, Instant now) {
  // W3C §6.1: what the dictionary's members say together is checked here, what SCTP can do there.
  if (init.max_packet_life_time && init.max_retransmits)
    return invalid_argument("max_retransmits",
                            "max_packet_life_time and max_retransmits are both given; expected one at most");
  if (init.negotiated && !init.id)
    return invalid_argument("id", "a negotiated channel has no id; expected the one that both sides use");
  if (init.id && *init.id == 65'535)
    return invalid_argument("id", "the id is 65535; expected 0 to 65534 (RFC 8832 §6)");
  sctp::ChannelOptions options;
  options.label = label;
  options.protocol = init.protocol;
  options.reliability = {init.ordered, init.max_packet_life_time, init.max_retransmits};
  options.negotiated = init.negotiated;
  if (init.negotiated) options.id = init.id;  // W3C: otherwise it is ignored
  const auto made = association().create(options, now);
  if (!made) return made.error();
  const auto number = static_cast<std::uint64_t>(*made);
  Channel& channel = channels_[number];
  channel.label = label;
  channel.protocol = init.protocol;
  channel.init = init;
  return number;
}

const Data::Channel* Data::find(std::uint64_t number) const {
  const auto it = channels_.find(number);
  return it == channels_.end() ? nullptr : &it->second;
}

std::optional<std::uint16_t> Data::stream_id(std::uint64_t number) const {
  return sctp_ && find(number) != nullptr ? sctp_->stream_id(handle(number)) : std::nullopt;
}

Result<void> Data::send(std::uint64_t number, bool binary, Bytes message, Instant now) {
  const auto it = channels_.find(number);
  const DataChannelState state = it == channels_.end() ? DataChannelState::kClosed : it->second.state;
  const auto not_open = [&] {
    return Error{ErrorCode::kInvalidState, "readyState",
                 "the data channel is " + std::string(to_string(state)) + "; expected one that is open"};
  };
  if (state != DataChannelState::kOpen || !sctp_) return not_open();
  const auto kind = binary ? sctp::MessageKind::kBinary : sctp::MessageKind::kString;
  switch (sctp_->send(handle(number), kind, message, now)) {
    case sctp::SendStatus::kSent:
      ++it->second.messages_sent;
      it->second.bytes_sent += message.size();
      return {};
    case sctp::SendStatus::kNotOpen:
      return not_open();
    case sctp::SendStatus::kTooLarge:
      return invalid_argument("data", "the message has " + std::to_string(message.size()) +
                                          " bytes; the other side takes " +
                                          std::to_string(remote_.max_message_size) + " at most");
    case sctp::SendStatus::kBufferFull:
      return Error{ErrorCode::kLimitExceeded, "bufferedAmount",
                   std::to_string(buffered_amount(number)) +
                       " bytes wait on this channel already; expected to be called again after "
                       "BufferedAmountLow"};
  }
  return {};
}

void Data::close(std::uint64_t number, Instant now) {
  const auto it = channels_.find(number);
  if (it == channels_.end() || !sctp_) return;
  if (it->second.state == DataChannelState::kClosing || it->second.state == DataChannelState::kClosed) return;
  it->second.state = DataChannelState::kClosing;
  it->second.told_closing = true;  // W3C: the event is for the other side's closing
  sctp_->close(handle(number), now);
}

std::size_t Data::buffered_amount(std::uint64_t number) const {
  return sctp_ && find(number) != nullptr ? sctp_->buffered_amount(handle(number)) : 0;
}
std::size_t Data::threshold(std::uint64_t number) const {
  return sctp_ && find(number) != nullptr ? sctp_->buffered_amount_low_threshold(handle(number)) : 0;
}
void Data::set_threshold(std::uint64_t number, std::size_t bytes) {
  if (sctp_ && find(number) != nullptr) sctp_->set_buffered_amount_low_threshold(handle(number), bytes);
}

void Data::set_remote(const DataTransport& remote, Instant /*now*/) {
  remote_ = remote;
  if (!sctp_) return;
  sctp_->set_max_send_message_size(remote.max_message_size);
  if (!started_) sctp_->set_remote_port(remote.remote_port);
}

void Data::begin_again(std::string_view reason, Instant now) {
  started_ = false;
  if (!sctp_) return;
  for (auto& [number, channel] : channels_)
    if (channel.error.empty()) channel.error = reason;
  failure_.clear();
  sctp_->reset(now);
}

void Data::start(bool is_dtls_client, Instant now) {
  if (started_) return;
  started_ = true;
  association().start(is_dtls_client, now);
}

void Data::receive(Bytes packet, Instant now) {
  if (sctp_ && started_) sctp_->receive(packet, now);
}

void Data::advance(Instant now) {
  if (sctp_ && started_) sctp_->advance(now);
}

Instant Data::next_deadline() const {
  return sctp_ && started_ ? sctp_->next_deadline() : kNever;
}

void Data::flush(Transport& transport) {
  if (!sctp_ || !started_ || !transport.dtls_connected()) return;
  while (const auto packet = sctp_->pop_packet()) (void)transport.send_data(*packet);
}

void Data::end(std::string_view reason) {
  end_reason_ = reason;
  sctp_.reset();
  to_close_.clear();
  for (const auto& [number, channel] : channels_) to_close_.push_back(number);
  std::sort(to_close_.begin(), to_close_.end(), std::greater<>());  // taken from the end: oldest first
}

std::optional<Data::Event> Data::next_event(Instant now) {
  if (over_) channels_.erase(*std::exchange(over_, std::nullopt));
  if (!to_close_.empty()) {
    const std::uint64_t number = to_close_.back();
    to_close_.pop_back();
    channels_[number].state = DataChannelState::kClosed;
    ++closed_;
    over_ = number;
    return Event{Event::Type::kClosed, number, false, {}, end_reason_};
  }
  if (!sctp_) return std::nullopt;
  while (auto event = sctp_->poll_event(now))
    if (auto taken = take(std::move(*event))) return taken;
  return std::nullopt;
}

std::optional<Data::Event> Data::take(sctp::Event event) {
  using Type = sctp::Event::Type;
  const auto number = static_cast<std::uint64_t>(event.channel);
  Event out;
  out.number = number;
  switch (event.type) {
    case Type::kStateChanged:
      if (sctp_->state() == sctp::State::kFailed) failure_ = event.text.empty() ? "SCTP failed" : event.text;
      return std::nullopt;
    case Type::kChannel: {
      const sctp::ChannelOptions* options = sctp_->channel_options(event.channel);
      if (options == nullptr) return std::nullopt;
      Channel& channel = channels_[number];
      channel.label = options->label;
      channel.protocol = options->protocol;
      channel.init.ordered = options->reliability.ordered;
      channel.init.max_packet_life_time = options->reliability.max_packet_life_time;
      channel.init.max_retransmits = options->reliability.max_retransmits;
      channel.init.protocol = options->protocol;
      channel.state = DataChannelState::kOpen;  // W3C §6.2: announced as open; its open event follows
      out.type = Event::Type::kOpenedByRemote;
      return out;
    }
    default:
      break;
  }
  const auto it = channels_.find(number);
  if (it == channels_.end()) return std::nullopt;
  Channel& channel = it->second;
  switch (event.type) {
    case Type::kOpen:
      if (channel.state == DataChannelState::kConnecting) channel.state = DataChannelState::kOpen;
      ++opened_;
      out.type = Event::Type::kOpen;
      return out;
    case Type::kMessage:
      ++channel.messages_received;
      channel.bytes_received += event.data.size();
      out.type = Event::Type::kMessage;
      out.binary = event.kind == sctp::MessageKind::kBinary;
      out.data = std::move(event.data);
      return out;
    case Type::kBufferedAmountLow:
      out.type = Event::Type::kBufferedAmountLow;
      return out;
    case Type::kError:
      channel.error = std::move(event.text);
      return std::nullopt;
    case Type::kClosing:
      if (std::exchange(channel.told_closing, true)) return std::nullopt;
      channel.state = DataChannelState::kClosing;
      out.type = Event::Type::kClosing;
      return out;
    case Type::kClosed:
      channel.state = DataChannelState::kClosed;
      ++closed_;
      over_ = number;
      out.type = Event::Type::kClosed;
      out.reason = channel.error;
      return out;
    default:
      return std::nullopt;
  }
}

}  // namespace sluice::peer
