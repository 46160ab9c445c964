// How data leaves the queues of its consumers: for clients by SCTP, a little ahead of what that can send; for
// the controller as events, as fast as that reads.
#include "base/bytes.h"
#include "engine/state.h"

namespace sluice::engine {
namespace {

/// What a notification costs beside its payload.
constexpr std::size_t kFrameOverhead = 128;

sctp::SendStatus send(sctp::DataChannels& channels, const sfu::DataConsumer& consumer,
                      const sfu::DataMessage& message, Instant now) {
  const bool text = message.ppid == ppid::kString || message.ppid == ppid::kStringEmpty;
  const Bytes bytes = message.payload.bytes().first(sfu::message_length(message));
  return channels.send(channels.channel_of(consumer.stream()->stream_id),
                       text ? sctp::MessageKind::kString : sctp::MessageKind::kBinary, bytes, now);
}

/// A message each, in turn, until SCTP has enough.
void pump(sfu::DataSession& data, sctp::DataChannels& channels, Instant now) {
  std::size_t not_open = 0;  // in a row
  while (channels.buffered_amount() < kAheadOfSctp) {
    sfu::DataConsumer* consumer = data.next();
    if (consumer == nullptr || not_open >= data.ready_count()) return;
    const sfu::DataMessage* message = consumer->front(now);
    if (message == nullptr) continue;  // all has expired
    switch (send(channels, *consumer, *message, now)) {
      case sctp::SendStatus::kSent:
        consumer->pop_sent();
        not_open = 0;
        break;
      case sctp::SendStatus::kTooLarge:
        consumer->pop_too_large();
        not_open = 0;
        break;
      case sctp::SendStatus::kNotOpen:  // not yet: its turn comes when it is
        ++not_open;
        break;
      case sctp::SendStatus::kBufferFull:
        return;
    }
    data.rotate();
  }
}

/// One message of one data consumer. False when there is none, or no room for it.
bool tell_message(State& state, sfu::DataSession& data) {
  sfu::DataConsumer* consumer = data.next();
  if (consumer == nullptr) return false;
  const sfu::DataMessage* message = consumer->front({});
  const std::size_t cost = message->payload.size() + kFrameOverhead;
  if (cost > state.controller_room) return false;
  state.controller_room -= cost;
  state.emit(DataMessageReceived{consumer->id(), message->ppid, message->payload});
  consumer->pop_sent();
  data.rotate();
  return true;
}

/// One packet. RTP and RTCP are told apart as with rtcp-mux.
bool tell_packet(State& state, Transport& transport) {
  transport::DirectQueue& waiting = transport.direct()->waiting();
  if (waiting.empty()) return false;
  const std::size_t cost = waiting.front().size() + kFrameOverhead;
  if (cost > state.controller_room) return false;
  state.controller_room -= cost;
  std::vector<std::uint8_t> packet = waiting.pop();
  if (transport::is_rtcp(packet)) {
    state.emit(RtcpReceived{transport.id, std::move(packet)});
  } else if (packet.size() >= 12) {
    // Closed meanwhile: nobody's any more.
    if (const sfu::Consumer* consumer = transport.media.find_consumer(Ssrc{load32(packet.data() + 8)}))
      state.emit(RtpReceived{consumer->id(), std::move(packet)});
  }
  return true;
}

}  // namespace

void State::send_data(Instant now) {
  while (!dirty_data.empty()) {
    sfu::DataSession* session = dirty_data.back();
    dirty_data.pop_back();
    session->clear_dirty();
    auto& transport = *static_cast<Transport*>(session->owner());
    sctp::DataChannels* channels = transport.channels();
    if (channels == nullptr) continue;  // a direct one: tell_controller()
    pump(*session, *channels, now);
    transport.webrtc()->flush_data(now);
    schedule(transport);
  }
}

/// In turns, so that one that has much to say does not keep the others from it.
void State::tell_controller() {
  for (bool any = true; any;) {
    any = false;
    for (Transport* transport : direct) {
      const bool packet = tell_packet(*this, *transport);
      const bool message = tell_message(*this, transport->data);
      any = any || packet || message;
    }
  }
}

}  // namespace sluice::engine
