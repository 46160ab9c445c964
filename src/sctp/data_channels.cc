#include "sctp/data_channels.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::sctp {
namespace {

constexpr std::uint16_t kMaxId = 65'534;  // RFC 8832 §4: 65535 is none
constexpr std::size_t kMaxName = 0xFFFF;  // W3C WebRTC §6.1, and what DCEP has room for

}  // namespace

std::string_view to_string(State state) {
  static constexpr std::string_view kNames[] = {"new", "connecting", "connected", "failed", "closed"};
  return kNames[static_cast<std::size_t>(state)];
}

DataChannels::DataChannels(const Options& options, Random& random)
    : options_(options),
      random_(random),
      inbox_(options.max_receive_message_size,
             options.max_receive_message_size + options.receive_buffer_size) {}

DataChannels::~DataChannels() = default;

// --- The association
// -----------------------------------------------------------------------------------------

void DataChannels::start(bool is_dtls_client, Instant now) {
  if (state_ != State::kNew) return;
  dtls_client_ = is_dtls_client;
  const auto opening = opening_;
  for (Channel* channel : opening) {
    if (!channel->id && !assign_id(*channel)) fail(*channel, "All stream ids are taken.");
  }
  association_ = std::make_unique<Association>(options_, random_);
  state_ = State::kConnecting;
  Event event;
  event.state = state_;
  events_.push_back(std::move(event));
  association_->connect(now);
}

void DataChannels::receive(Bytes packet, Instant now) {
  ++counters_.packets_received;
  if (!association_) return;
  association_->receive(packet, now);
  after(now);
}

void DataChannels::advance(Instant now) {
  if (!association_ || now < association_->next_deadline()) return;
  association_->advance(now);
  after(now);
}

Instant DataChannels::next_deadline() const {
  return association_ ? association_->next_deadline() : kNever;
}

std::optional<Bytes> DataChannels::pop_packet() {
  return association_ ? association_->pop_packet() : std::nullopt;
}

std::optional<Event> DataChannels::poll_event(Instant now) {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  event_bytes_ -= event.data.size();
  if (events_.empty() && association_) after(now);  // what had to wait in the stack
  return event;
}

void DataChannels::abort(Instant now) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  if (association_) association_->abort(now);
  end(State::kClosed, {});
}

void DataChannels::reset(Instant now) {
  abort(now);
  association_.reset();
  dtls_client_.reset();
  spent_ids_.clear();
  next_id_ = 0;
  growing_ = false;
  state_ = State::kNew;
}

/// Whatever the last call has moved: what came in, what may go out, what has gone.
void DataChannels::after(Instant now) {
  read(now);
  send_queued(now);
  count_transmitted();
}

Counters DataChannels::counters() const {
  Counters counters = counters_;
  if (association_) {
    counters.packets_sent = association_->packets_sent();
    counters.packets_malformed = association_->packets_malformed();
    counters.packets_dropped = association_->packets_refused();
    counters.chunks_retransmitted = association_->retransmitted();
  }
  return counters;
}

std::uint16_t DataChannels::outgoing_streams() const {
  return association_ ? association_->outgoing_streams() : std::uint16_t{0};
}

std::uint16_t DataChannels::incoming_streams() const {
  return association_ ? association_->incoming_streams() : std::uint16_t{0};
}

// --- Channels
// ------------------------------------------------------------------------------------------------

Result<ChannelHandle> DataChannels::create(const ChannelOptions& options, Instant now) {
  if (auto checked = check(options); !checked) return checked.error();
  Channel& channel = add(options);
  const ChannelHandle handle = channel.handle;
  if (channel.id) {
    by_id_[*channel.id] = &channel;
  } else if (dtls_client_ && !assign_id(channel)) {
    channels_.erase(handle);
    return Error{ErrorCode::kLimitExceeded, "id", "all stream ids are taken"};
  }
  opening_.push_back(&channel);
  if (state_ == State::kConnected) {
    open_all(now);
    after(now);
  }
  return handle;
}

Result<void> DataChannels::check(const ChannelOptions& options) const {
  if (state_ == State::kFailed || state_ == State::kClosed)
    return Error{ErrorCode::kInvalidState, "", "the SCTP association has ended"};
  const Reliability& reliability = options.reliability;
  if (reliability.max_packet_life_time && reliability.max_retransmits)
    return invalid_argument("maxRetransmits", "not together with maxPacketLifeTime");
  if (options.label.size() > kMaxName)
    return invalid_argument(
        "label", "expected at most 65535 bytes of UTF-8, got " + std::to_string(options.label.size()));
  if (options.protocol.size() > kMaxName) {
    return invalid_argument(
        "protocol", "expected at most 65535 bytes of UTF-8, got " + std::to_string(options.protocol.size()));
  }
  if (options.negotiated && !options.id)
    return invalid_argument("id", "missing: expected 0 to 65534 with negotiated");
  if (options.id && *options.id > kMaxId) return invalid_argument("id", "expected 0 to 65534, got 65535");
  if (options.id && by_id_.contains(*options.id)) {
    return Error{ErrorCode::kAlreadyExists, "id",
                 "stream " + std::to_string(*options.id) + " carries another channel"};
  }
  if (channels_.size() >= options_.max_channels) {
    return Error{
        ErrorCode::kLimitExceeded, "",
        "this connection has " + std::to_string(options_.max_channels) + " channels, which is its limit"};
  }
  if (name_bytes_ + options.label.size() + options.protocol.size() > options_.max_name_bytes) {
    return Error{ErrorCode::kLimitExceeded, "label",
                 "the labels and protocols of this connection would exceed " +
                     std::to_string(options_.max_name_bytes) + " bytes"};
  }
  return {};
}

Channel& DataChannels::add(ChannelOptions options) {
  const auto handle = static_cast<ChannelHandle>(++last_handle_);
  auto& channel = channels_[handle] = std::make_unique<Channel>();
  channel->handle = handle;
  channel->id = options.id;
  channel->options = std::move(options);
  name_bytes_ += channel->options.label.size() + channel->options.protocol.size();
  return *channel;
}

Channel* DataChannels::find(ChannelHandle handle) const {
  const auto found = channels_.find(handle);
  return found == channels_.end() ? nullptr : found->second.get();
}

Channel* DataChannels::find(std::uint16_t stream_id) const {
  const auto found = by_id_.find(stream_id);
  return found == by_id_.end() ? nullptr : found->second;
}

void DataChannels::announce(Event::Type type, const Channel& channel, std::string text) {
  Event event;
  event.type = type;
  event.channel = channel.handle;
  event.text = std::move(text);
  events_.push_back(std::move(event));
}

ChannelState DataChannels::channel_state(ChannelHandle handle) const {
  const Channel* channel = find(handle);
  return channel == nullptr ? ChannelState::kClosed : channel->state;
}

const ChannelOptions* DataChannels::channel_options(ChannelHandle handle) const {
  const Channel* channel = find(handle);
  return channel == nullptr ? nullptr : &channel->options;
}

std::optional<std::uint16_t> DataChannels::stream_id(ChannelHandle handle) const {
  const Channel* channel = find(handle);
  return channel == nullptr ? std::nullopt : channel->id;
}

ChannelHandle DataChannels::channel_of(std::uint16_t stream_id) const {
  const Channel* channel = find(stream_id);
  return channel == nullptr ? ChannelHandle::kNone : channel->handle;
}

std::size_t DataChannels::buffered_amount(ChannelHandle handle) const {
  const Channel* channel = find(handle);
  return channel == nullptr ? 0 : channel->buffered();
}

void DataChannels::set_buffered_amount_low_threshold(ChannelHandle handle, std::size_t bytes) {
  Channel* channel = find(handle);
  if (channel == nullptr) return;
  channel->low_threshold = bytes;
  channel->above_threshold = channel->buffered() > bytes;
}

std::size_t DataChannels::buffered_amount_low_threshold(ChannelHandle handle) const {
  const Channel* channel = find(handle);
  return channel == nullptr ? 0 : channel->low_threshold;
}

}  // namespace sluice::sctp
