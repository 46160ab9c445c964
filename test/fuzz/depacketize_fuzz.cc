// Any bytes as RTP packets of one track, the first byte naming the format: whatever comes, in whatever order,
// the receiver holds to its limits, gives frames that its own packetizer takes, and stays ready for more.
// Then packets follow each other: a step of the sequence number, flags, a size, bytes.
#include <algorithm>
#include <vector>

#include "packetize/frame_receiver.h"
#include "packetize/frame_sender.h"
#include "packetize/vp9_superframe.h"
#include "require.h"

namespace {

using namespace sluice;
using namespace sluice::packetize;

constexpr Format kFormats[] = {Format::kOpus, Format::kPcmu, Format::kVp8,
                               Format::kVp9,  Format::kH264, Format::kAv1};

/// What was received can be sent on.
void check_frame(Format format, const EncodedFrame& frame, Packetizer& packetizer, Payloads& payloads) {
  require(!frame.data.empty() || format == Format::kOpus || format == Format::kPcmu);
  require(frame.metadata.temporal_index < 8 && frame.metadata.spatial_index < 8);
  const bool sent = packetizer.packetize({frame.data, frame.metadata}, {1200, 0}, payloads);
  // Of Opus and superframes of more layers than the packetizer was told, not all are sendable.
  if (format == Format::kVp8 || format == Format::kH264 || format == Format::kAv1) require(sent);
  for (std::size_t i = 0; i < payloads.size(); ++i)
    require(!payloads[i].empty() && payloads[i].size() <= 1200);
  (void)Vp9Superframe::parse(frame.data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  ByteReader reader({data, size});
  FrameReceiver::Options options;
  const std::uint8_t first = reader.u8();
  options.format = kFormats[first % std::size(kFormats)];
  options.wait_for_key_frame = (first & 0x80) == 0;
  options.max_packets = 64;
  options.max_bytes = 20'000;
  FrameReceiver receiver(options);
  Packetizer::Options packetizing;
  packetizing.format = options.format;
  auto packetizer = Packetizer::make(packetizing);
  Payloads payloads;
  EncodedFrame frame;
  std::vector<SequenceNumber> missing;
  SequenceNumber number{0xFFF8};
  std::uint32_t timestamp = 0;
  Instant now{};
  while (reader.remaining() > 3) {
    const std::uint8_t flags = reader.u8();
    // Mostly the next one; sometimes back, ahead, or anywhere.
    if ((flags & 3) == 3) {
      number = {reader.u16()};
    } else {
      number = number.plus((flags & 3) == 2   ? static_cast<std::int8_t>(reader.u8())
                           : (flags & 3) == 1 ? 2
                                              : 1);
    }
    if ((flags & 4) != 0) timestamp += 3000;
    if ((flags & 0x10) != 0) now += Duration(std::int64_t{reader.u8()} * 10'000);
    const std::size_t length = std::min<std::size_t>(reader.u16(), reader.remaining());
    receiver.receive({number, {timestamp}, (flags & 8) != 0, reader.bytes(length)}, now);
    if ((flags & 0x20) != 0) receiver.advance(now);
    require(receiver.waiting_bytes() <= options.max_bytes);
    receiver.missing(missing);
    require(missing.size() <= 64);
    if ((flags & 0x40) != 0) continue;
    while (receiver.take(frame)) {
      require(frame.metadata.key_frame || !options.wait_for_key_frame || !receiver.needs_key_frame());
      check_frame(options.format, frame, *packetizer, payloads);
    }
  }
  while (receiver.next_deadline() != kNever) {
    const Instant before = receiver.next_deadline();
    receiver.advance(before);
    while (receiver.take(frame)) check_frame(options.format, frame, *packetizer, payloads);
    require(receiver.next_deadline() == kNever || receiver.next_deadline() >= before);
  }
  return 0;
}
