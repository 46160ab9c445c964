// Any bytes as a frame to send, packets of any size: each payload keeps to the limit, and what the packetizer
// took the depacketizer gives back, so that packetizing it again makes the same payloads.
#include <algorithm>
#include <vector>

#include "packetize/frame_receiver.h"
#include "packetize/frame_sender.h"
#include "require.h"

namespace {

using namespace sluice;
using namespace sluice::packetize;

constexpr Format kFormats[] = {Format::kVp8, Format::kVp9, Format::kH264, Format::kAv1, Format::kOpus};

FrameSender make(const FrameSender::Options& options) {
  auto sender = FrameSender::make(options);
  require(sender.ok());
  return std::move(*sender);
}

std::vector<std::vector<std::uint8_t>> send(FrameSender& sender, const EncodedFrameView& frame,
                                            std::size_t limit, FrameReceiver* receiver) {
  std::vector<std::vector<std::uint8_t>> out;
  for (const FrameSender::Packet& packet : sender.send(frame)) {
    require(!packet.payload.empty() && packet.payload.size() <= limit);
    require(packet.dependency_descriptor.size() <= DependencyWriter::kMaxSize);
    out.emplace_back(packet.payload.begin(), packet.payload.end());
    if (receiver != nullptr)
      receiver->receive({packet.number, packet.timestamp, packet.marker, packet.payload}, Instant());
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  FrameSender::Options options;
  auto& packetizer = options.packetizer;
  packetizer.format = kFormats[data[0] % std::size(kFormats)];
  packetizer.scalability.temporal = static_cast<std::uint8_t>(1 + data[1] % 3);
  if (packetizer.format == Format::kVp9 || packetizer.format == Format::kAv1)
    packetizer.scalability.spatial = static_cast<std::uint8_t>(1 + (data[1] >> 2) % 3);
  packetizer.vp9_flexible = (data[1] & 0x40) != 0;
  packetizer.h264_format = (data[1] & 0x80) != 0 ? H264Format::kLengthPrefixed : H264Format::kAnnexB;
  const bool is_opus = packetizer.format == Format::kOpus;
  options.dependency_descriptor = (data[2] & 1) != 0 && !is_opus;
  options.max_payload = 320 + 4U * data[2];
  EncodedFrameView frame;
  frame.data = Bytes(data, size).subspan(3);
  inspect(packetizer.format, frame.data, frame.metadata);
  frame.metadata.temporal_index = data[1] >> 4 & 3;
  frame.metadata.temporal_index =
      std::min<std::uint8_t>(frame.metadata.temporal_index, packetizer.scalability.temporal - 1);

  FrameSender sender = make(options);
  FrameReceiver::Options receiving;
  receiving.format = packetizer.format;
  receiving.wait_for_key_frame = false;
  receiving.max_bytes = 16U << 20;
  receiving.max_packets = 16'384;
  FrameReceiver receiver(receiving);
  const auto first = send(sender, frame, options.max_payload, &receiver);
  if (first.empty()) return 0;
  EncodedFrame received;
  // What nobody could have sent as a frame's start is held back (a continued slice of H.264, a metadata OBU).
  if (!receiver.take(received)) {
    receiver.advance(Instant(1s));
    if (!receiver.take(received)) return 0;
  }
  const bool is_copied = packetizer.format == Format::kVp8 || packetizer.format == Format::kOpus ||
                         (packetizer.format == Format::kVp9 && packetizer.scalability.spatial == 1);
  if (is_copied)
    require(std::equal(received.data.begin(), received.data.end(), frame.data.begin(), frame.data.end()));
  options.packetizer.h264_format = H264Format::kAnnexB;
  FrameSender again = make(options);
  received.metadata.key_frame = frame.metadata.key_frame;
  received.metadata.temporal_index = frame.metadata.temporal_index;
  received.metadata.discardable = frame.metadata.discardable;
  received.metadata.layer_sync = frame.metadata.layer_sync;
  received.metadata.width = frame.metadata.width;
  received.metadata.height = frame.metadata.height;
  received.metadata.rtp_timestamp = 0;
  const bool is_same = send(again, {received.data, received.metadata}, options.max_payload, nullptr) == first;
  // A picture of VP9 whose superframe had empty frames in it is sent without them; H.264 with its parameter
  // sets, and without zeros behind NAL units of given length.
  if (packetizer.format != Format::kVp9 && packetizer.format != Format::kH264) require(is_same);
  return 0;
}
