// Two ends of data channels, driven by any sequence of calls, losses, time, and packets that nobody sent:
// changed ones, and chunks made of the fuzzer's bytes, with the checksum and the tag that let them in.
// Whatever comes, queues keep their limits, events their order, and nothing is left in the process-wide
// stack.
#include <deque>
#include <map>
#include <vector>

#include "require.h"
#include "sctp/data_channels.h"

namespace {

using namespace sluice;
using namespace sluice::sctp;

/// RFC 9260 §A, bit by bit.
std::uint32_t crc32c(Bytes bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82F63B78U & (0U - (crc & 1U)));
  }
  return ~crc;
}

void seal(std::vector<std::uint8_t>& packet) {
  while (packet.size() % 4 != 0) packet.push_back(0);
  if (packet.size() < 12) return;
  store32(&packet[8], 0);
  const std::uint32_t crc = crc32c(packet);
  for (int i = 0; i < 4; ++i)
    packet[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(crc >> (8 * i));
}

class Choices {
 public:
  explicit Choices(Bytes bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }
  Bytes take(std::size_t size) {
    const Bytes out = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }

 private:
  Bytes rest_;
};

Options options() {
  Options out;
  out.outgoing_streams = 8;
  out.incoming_streams = 16;
  out.max_channels = 12;
  out.max_name_bytes = 1000;
  out.send_buffer_size = 200'000;
  out.per_channel_send_limit = 150'000;
  out.receive_buffer_size = 100'000;
  out.max_receive_message_size = 50'000;
  out.max_send_message_size = 0;
  return out;
}

struct End {
  explicit End(std::uint64_t seed) : random(seed), channels(options(), random) {}
  Random random;
  DataChannels channels;
  std::map<ChannelHandle, bool> open;  ///< Announced or made, and not closed; true: open.
  std::vector<std::uint8_t> last;      ///< Packet of the other end.
  std::uint32_t tag = 0;               ///< That it takes.

  void note(const Event& event) {
    if (event.channel == ChannelHandle::kNone) return;
    if (event.type == Event::Type::kChannel) require(open.emplace(event.channel, false).second);
    const auto known = open.find(event.channel);
    require(known != open.end());
    if (event.type == Event::Type::kOpen) require(!std::exchange(known->second, true));
    if (event.type == Event::Type::kMessage) {
      require(known->second);
      require(event.data.size() <= options().max_receive_message_size);
    }
    if (event.type == Event::Type::kClosed) open.erase(known);
  }
};

class Rig {
 public:
  void run(Choices in) {
    a_.channels.start(true, now_);
    b_.channels.start(false, now_);
    for (int i = 0; i < 4; ++i) settle(false);
    while (!in.empty()) step(in);
    for (End* end : {&a_, &b_}) {
      end->channels.abort(now_);
      while (const auto event = end->channels.poll_event(now_)) end->note(*event);
      require(end->open.empty() && end->channels.next_deadline() == kNever);
      require(end->channels.buffered_amount() == 0 && end->channels.channel_count() == 0);
    }
  }

 private:
  void step(Choices& in) {
    const std::uint8_t choice = in.byte();
    End& end = (choice & 0x80) != 0 ? a_ : b_;
    switch (choice & 0x0F) {
      case 0:
        return create(end, in);
      case 1:
      case 2:
        return send(end, in);
      case 3:
        end.channels.close(some_channel(end, in.byte()), now_);
        break;
      case 4:
        now_ += std::chrono::milliseconds(1 + in.byte() * in.byte());
        end.channels.advance(now_);
        break;
      case 5:
        return settle(true);
      case 6: {  // as it came, or changed
        std::vector<std::uint8_t> packet = end.last;
        for (int i = in.byte() % 4; i > 0 && !packet.empty(); --i)
          packet[(in.byte() * 7U + in.byte()) % packet.size()] = in.byte();
        if ((choice & 0x10) != 0) seal(packet);
        end.channels.receive(packet, now_);
        break;
      }
      case 7:
      case 8: {  // chunks of the fuzzer's own
        std::vector<std::uint8_t> packet(12);
        store16(packet.data(), 5000);
        store16(&packet[2], 5000);
        store32(&packet[4], (choice & 0x10) != 0 ? end.tag : 0);
        const Bytes chunk = in.take(in.byte());
        packet.insert(packet.end(), chunk.begin(), chunk.end());
        seal(packet);
        end.channels.receive(packet, now_);
        break;
      }
      case 9:
        if ((choice & 0x70) == 0x70) {
          end.channels.reset(now_);
          end.channels.start(&end == &a_, now_);
        }
        break;
      default:
        settle(false);
    }
    check(end);
  }

  void create(End& end, Choices& in) {
    ChannelOptions made;
    const std::uint8_t bits = in.byte();
    made.reliability.ordered = (bits & 1) != 0;
    if ((bits & 2) != 0) made.reliability.max_retransmits = in.byte();
    if ((bits & 4) != 0) made.reliability.max_packet_life_time = in.byte();
    made.negotiated = (bits & 8) != 0;
    if ((bits & 16) != 0) made.id = in.byte();
    made.label.assign(in.byte(), 'x');
    const auto created = end.channels.create(made, now_);
    if (created) end.open.emplace(*created, false);
    check(end);
  }

  void send(End& end, Choices& in) {
    const ChannelHandle channel = some_channel(end, in.byte());
    const std::vector<std::uint8_t> data(in.byte() * in.byte(), 7);
    const bool open = end.channels.channel_state(channel) == ChannelState::kOpen;
    const SendStatus status = end.channels.send(channel, MessageKind::kBinary, data, now_);
    require((status == SendStatus::kNotOpen) == !open);
    check(end);
  }

  static ChannelHandle some_channel(const End& end, std::uint8_t choice) {
    if (end.open.empty()) return ChannelHandle{choice};
    return std::next(end.open.begin(), static_cast<std::ptrdiff_t>(choice % end.open.size()))->first;
  }

  /// What each has for the other arrives, or is lost.
  void settle(bool lose) {
    now_ += 10ms;
    for (End* end : {&a_, &b_}) {
      End& other = end == &a_ ? b_ : a_;
      end->channels.advance(now_);
      std::vector<std::vector<std::uint8_t>> packets;
      while (const auto packet = end->channels.pop_packet())
        packets.emplace_back(packet->begin(), packet->end());
      for (const auto& packet : packets) {
        if (packet.size() >= 12 && load32(&packet[4]) != 0) other.tag = load32(&packet[4]);
        other.last = packet;
        if (!lose) other.channels.receive(packet, now_);
      }
    }
    check(a_);
    check(b_);
  }

  void check(End& end) {
    while (const auto event = end.channels.poll_event(now_)) end.note(*event);
    require(end.channels.buffered_amount() <= options().send_buffer_size);
    require(end.channels.channel_count() <= options().max_channels);
    std::size_t sum = 0;
    for (const auto& [channel, is_open] : end.open) sum += end.channels.buffered_amount(channel);
    require(sum == end.channels.buffered_amount());
  }

  Instant now_ = Instant(1000s);
  End a_{1};
  End b_{2};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  if (size > 0 && data[0] == 0xFF) {
    const Bytes message(data + 1, size - 1);
    const auto parsed = dcep::parse(message);
    if (!parsed) return 0;
    if (const auto* open = std::get_if<dcep::Open>(&*parsed)) {
      const auto again = dcep::parse(dcep::write(*open));
      require(again.has_value() && std::get<dcep::Open>(*again).label == open->label);
    }
    return 0;
  }
  Rig().run(Choices({data, size}));
  const StackLeaks leaks = check_stack_for_leaks();
  require(leaks.users == 0 && !leaks.endpoints);
  return 0;
}
