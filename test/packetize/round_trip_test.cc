// Frames of every format and size, through packets of every size, over a network that loses, repeats and
// reorders: what comes out is what went in, or is told to be missing.
#include <algorithm>
#include <map>

#include "catch.h"
#include "codec/frame_reader.h"
#include "packetize/frames.h"
#include "seeds.h"

namespace sluice::packetize {
namespace {

FrameSender make_sender(Format format, std::size_t max_payload, Scalability scalability = {},
                        bool descriptor = false, bool flexible = false) {
  FrameSender::Options options;
  options.packetizer.format = format;
  options.packetizer.scalability = scalability;
  options.packetizer.vp9_flexible = flexible;
  options.max_payload = max_payload;
  options.dependency_descriptor = descriptor;
  options.first_number = {0xFFF0};  // wraps soon
  options.timestamp_offset = {0xFFFF0000};
  options.packetizer.first_picture_id = 0x7FF0;
  auto sender = FrameSender::make(options);
  REQUIRE(sender);
  return std::move(*sender);
}

FrameReceiver make_receiver(Format format) {
  FrameReceiver::Options options;
  options.format = format;
  return FrameReceiver(options);
}

/// The payloads of each packet are within the limit, the last one has the marker, and the parsers of
/// src/codec see one frame that starts and is a key frame or not.
void check_packets(Format format, const EncodedFrame& frame, const std::vector<SentPacket>& packets,
                   std::size_t max_payload, codec::FrameReader& reader) {
  REQUIRE_FALSE(packets.empty());
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const SentPacket& packet = packets[i];
    REQUIRE(packet.payload.size() <= max_payload);
    REQUIRE(packet.packet.marker == (i + 1 == packets.size()));
    REQUIRE(packet.packet.timestamp.value == 0xFFFF0000 + frame.metadata.rtp_timestamp);
    const codec::FrameFacts facts =
        reader.read(kind_of(format), packet.payload, std::nullopt, packet.packet.marker);
    const bool starts = i == 0;
    REQUIRE(facts.is_frame_start == starts);
    REQUIRE(facts.is_key_frame == (starts && frame.metadata.key_frame));
    if (starts) REQUIRE(facts.temporal_layer == frame.metadata.temporal_index);
  }
}

/// H.264 comes back with start codes of four bytes, which is what the frames here have.
void check_frame(const EncodedFrame& sent, const EncodedFrame& received) {
  REQUIRE(received.data.size() == sent.data.size());
  REQUIRE(std::equal(sent.data.begin(), sent.data.end(), received.data.begin()));
  REQUIRE(received.metadata.rtp_timestamp == 0xFFFF0000 + sent.metadata.rtp_timestamp);
  REQUIRE(received.metadata.key_frame == sent.metadata.key_frame);
  REQUIRE(received.metadata.temporal_index == sent.metadata.temporal_index);
}

}  // namespace

TEST_CASE("a frame of any size comes back from packets of any size", "[packetize]") {
  const Format format = GENERATE(from_range(kVideoFormats));
  const std::size_t max_payload = GENERATE(std::size_t{100}, std::size_t{333}, std::size_t{1200});
  INFO(name_of(format) << " in payloads of " << max_payload);
  Random random(max_payload);
  FrameSender sender = make_sender(format, max_payload);
  FrameReceiver receiver = make_receiver(format);
  codec::FrameReader reader;
  std::vector<std::size_t> sizes = {0, 1, 2, 3, 50, 97, 98, 99, 100, 101, 500, 5000, 200'000};
  for (std::size_t around = max_payload - 30; around < max_payload + 10; ++around) sizes.push_back(around);
  for (unsigned i = 0; i < 20; ++i) sizes.push_back(random.below(4000));
  EncodedFrame out;
  std::uint32_t timestamp = 0;
  for (const std::size_t size : sizes) {
    INFO("size " << size);
    const EncodedFrame frame = make_frame(format, size, timestamp % 9000 == 0, timestamp, random);
    const auto packets = copy_of(sender.send(view_of(frame)));
    check_packets(format, frame, packets, max_payload, reader);
    for (const SentPacket& packet : packets) receiver.receive(packet.view(), Instant(1s));
    REQUIRE(receiver.take(out));
    check_frame(frame, out);
    REQUIRE_FALSE(out.metadata.after_loss);
    REQUIRE_FALSE(receiver.take(out));
    REQUIRE(receiver.waiting_bytes() == 0);
    timestamp += 3000;
  }
  CHECK(receiver.next_deadline() == kNever);
  CHECK(receiver.counters().frames == sizes.size());
}

TEST_CASE("what is no frame is refused and nothing is sent", "[packetize]") {
  const Format format =
      GENERATE(Format::kVp8, Format::kVp9, Format::kH264, Format::kAv1, Format::kOpus, Format::kPcmu);
  FrameSender sender = make_sender(format, 1000);
  CHECK(sender.send({}).empty());
  CHECK(sender.counters().refused == 1);
}

TEST_CASE("spatial layers are packets of their own, and a superframe or temporal unit again", "[packetize]") {
  const Format format = GENERATE(Format::kVp9, Format::kAv1);
  const bool flexible = GENERATE(false, true);
  const bool key_only = GENERATE(false, true);
  const Scalability mode{3, 3, key_only};
  Random random(7);
  FrameSender sender = make_sender(format, 400, mode, true, flexible);
  FrameReceiver receiver = make_receiver(format);
  codec::FrameReader by_payload;
  codec::FrameReader by_descriptor;
  EncodedFrame out;
  for (std::uint32_t i = 0; i < 24; ++i) {
    INFO(name_of(format) << " picture " << i);
    const bool key = i % 12 == 0;
    EncodedFrame frame = make_frame(format, random.below(5000) + 300, key, i * 3000, random, 3);
    frame.metadata.temporal_index = mode.temporal_at(i % 12 % 4);
    const auto packets = copy_of(sender.send(view_of(frame)));
    unsigned starts = 0;
    unsigned ends = 0;
    for (const SentPacket& packet : packets) {
      const auto told = by_descriptor.read(kind_of(format), packet.payload, Bytes(packet.descriptor), false);
      const auto parsed = by_payload.read(kind_of(format), packet.payload, std::nullopt, false);
      starts += told.is_frame_start ? 1 : 0;
      ends += told.is_frame_end ? 1 : 0;
      REQUIRE_FALSE(told.is_unread);
      REQUIRE(told.spatial_layer + 1U == starts);
      REQUIRE(told.temporal_layer == frame.metadata.temporal_index);
      REQUIRE(told.is_key_frame == (told.is_frame_start && key && starts == 1));
      if (format == Format::kVp9) {
        REQUIRE(parsed.spatial_layer == told.spatial_layer);
        REQUIRE(parsed.temporal_layer == told.temporal_layer);
        REQUIRE(parsed.is_frame_start == told.is_frame_start);
        REQUIRE(parsed.is_frame_end == told.is_frame_end);
        // Both say who needs the frame, and where one can switch.
        REQUIRE(parsed.layers == told.layers);
      }
      if (key && told.is_frame_start) REQUIRE(told.width == 320U >> (3 - starts));
      receiver.receive(packet.view(), Instant(1s));
    }
    REQUIRE(starts == 3);
    REQUIRE(ends == 3);
    REQUIRE(receiver.take(out));
    REQUIRE(out.data == frame.data);
    REQUIRE(out.metadata.key_frame == key);
    if (format == Format::kVp9) {
      REQUIRE(out.metadata.spatial_index == 2);
      REQUIRE(out.metadata.temporal_index == frame.metadata.temporal_index);
    }
  }
}

TEST_CASE("packets that are lost, repeated and reordered cost only the frames they were part of",
          "[packetize]") {
  const Format format = GENERATE(from_range(kVideoFormats));
  const std::uint64_t seed = GENERATE(from_range(seeds(0, 8)));
  INFO(name_of(format) << " seed " << seed);
  Random random(seed);
  const double loss = seed % 2 == 0 ? 0.0 : 0.01;
  FrameSender sender = make_sender(format, 100 + random.below(1300));
  FrameReceiver receiver = make_receiver(format);
  std::map<std::uint32_t, EncodedFrame> sent;
  std::multimap<std::int64_t, SentPacket> network;  // by arrival, µs
  std::int64_t now = 0;
  bool key = true;
  std::uint32_t lost = 0;
  std::vector<std::uint32_t> received;
  EncodedFrame out;
  std::vector<SequenceNumber> missing;
  const auto take = [&] {
    while (receiver.take(out)) {
      const std::uint32_t timestamp = out.metadata.rtp_timestamp - 0xFFFF0000;
      REQUIRE(sent.count(timestamp) == 1);
      check_frame(sent[timestamp], out);
      if (!received.empty()) {
        REQUIRE(timestamp > received.back());
        // After a loss there is nothing but a key frame.
        REQUIRE(out.metadata.after_loss == (timestamp != received.back() + 3000));
        if (out.metadata.after_loss) REQUIRE(out.metadata.key_frame);
      }
      received.push_back(timestamp);
    }
  };
  const auto deliver_until = [&](std::int64_t end) {
    while (!network.empty() && network.begin()->first <= end) {
      const Instant at{Duration(network.begin()->first)};
      receiver.advance(at);
      take();
      receiver.receive(network.begin()->second.view(), at);
      network.erase(network.begin());
      take();
      receiver.missing(missing);
      REQUIRE(missing.size() <= 64);
    }
  };
  for (std::uint32_t i = 0; i < 150; ++i, now += 33'000) {
    key = i == 0 || i % 40 == 0 || receiver.needs_key_frame();
    const EncodedFrame frame = make_frame(format, random.below(6000), key, i * 3000, random);
    for (SentPacket& packet : copy_of(sender.send(view_of(frame)))) {
      if (i > 0 && random.chance(loss)) {
        ++lost;
        continue;
      }
      const bool again = random.chance(0.05);
      if (again) network.emplace(now + random.below(80'000), packet);
      network.emplace(now + random.below(40'000), std::move(packet));
    }
    sent[i * 3000] = frame;
    deliver_until(now);
  }
  deliver_until(now + 1'000'000);
  receiver.advance(Instant(Duration(now)) + 2s);
  take();
  CHECK(receiver.counters().malformed == 0);
  if (lost == 0) {
    CHECK(receiver.waiting_bytes() == 0);
    CHECK(received.size() == 150);
    CHECK(receiver.counters().lost == 0);
  } else {
    CHECK(receiver.counters().lost > 0);
    CHECK(received.size() > 20);
  }
}

}  // namespace sluice::packetize
