#include "packetize/frame_sender.h"

#include <algorithm>

namespace sluice::packetize {

void FrameSender::Options::draw(Random& random) {
  // RFC 3550 §5.1; a first number in the lower half spares receivers of SRTP a wrap at once (RFC 3711
  // §3.3.1).
  first_number = {static_cast<std::uint16_t>(random.below(0x8000))};
  timestamp_offset = {random.u32()};
  first_frame_number = static_cast<std::uint16_t>(random.u32());
  packetizer.first_picture_id = static_cast<std::uint16_t>(random.below(0x8000));
}

Result<FrameSender> FrameSender::make(const Options& options) {
  const std::size_t least =
      Limits::kMinPayload + (options.dependency_descriptor ? DependencyWriter::kMaxSize : 0);
  if (options.max_payload < least || options.max_payload > Limits::kMaxPayload) {
    return invalid_argument("maxPayload", std::to_string(options.max_payload) + " bytes; expected " +
                                              std::to_string(least) + " to " +
                                              std::to_string(Limits::kMaxPayload));
  }
  if (options.dependency_descriptor && is_audio(options.packetizer.format))
    return invalid_argument("dependencyDescriptor", "audio has none");
  auto packetizer = Packetizer::make(options.packetizer);
  if (!packetizer) return packetizer.error();
  return FrameSender(options, std::move(*packetizer));
}

FrameSender::FrameSender(const Options& options, Packetizer packetizer)
    : options_(options), packetizer_(std::move(packetizer)), next_number_(options.first_number) {
  if (options.dependency_descriptor)
    dependencies_.emplace(options.packetizer.scalability, options.first_frame_number);
}

std::span<const FrameSender::Packet> FrameSender::send(const EncodedFrameView& frame) {
  Limits limits;
  limits.max_payload = options_.max_payload;
  // The structure comes on top of what every packet has.
  if (dependencies_ && frame.metadata.key_frame) limits.first_shorter_by = dependencies_->structure_size();
  if (!packetizer_.packetize(frame, limits, payloads_)) {
    ++counters_.refused;
    return {};
  }
  ++counters_.frames;
  if (frame.metadata.key_frame) ++counters_.key_frames;
  return number({options_.timestamp_offset.value + frame.metadata.rtp_timestamp}, frame.metadata);
}

std::span<const FrameSender::Packet> FrameSender::flush() {
  packetizer_.flush(0, payloads_);
  return number(options_.timestamp_offset, {});
}

std::span<const FrameSender::Packet> FrameSender::number(RtpTimestamp timestamp, const FrameMetadata& told) {
  packets_.resize(payloads_.size());
  if (dependencies_) descriptors_.resize(payloads_.size() * DependencyWriter::kMaxSize);
  for (std::size_t i = 0; i < payloads_.size(); ++i) {
    const Payloads::Part& part = payloads_.part(i);
    Packet& packet = packets_[i];
    packet = {};
    packet.number = next_number_;
    next_number_ = next_number_.plus(1);
    packet.timestamp = {timestamp.value + part.timestamp_offset};
    packet.payload = payloads_[i];
    if (is_audio(options_.packetizer.format)) {
      // RFC 3551 §4.1: the first packet after silence.
      packet.marker = !has_begun_ || packet.timestamp != expected_;
      expected_ = {packet.timestamp.value + part.duration};
    } else {
      packet.marker = i + 1 == payloads_.size();
    }
    has_begun_ = true;
    counters_.bytes += part.size;
    if (dependencies_) describe(i, told);
  }
  counters_.packets += payloads_.size();
  return packets_;
}

void FrameSender::describe(std::size_t i, const FrameMetadata& told) {
  const Payloads::Part& part = payloads_.part(i);
  const Scalability& layers = options_.packetizer.scalability;
  if (part.begins_layer) {
    DependencyWriter::Frame frame;
    frame.key = told.key_frame;
    frame.spatial = std::min<std::uint8_t>(part.spatial_index, layers.spatial - 1);
    frame.temporal = std::min<std::uint8_t>(told.temporal_index, layers.temporal - 1);
    frame.width = told.width;
    frame.height = told.height;
    dependencies_->begin_frame(frame);
  }
  const MutableBytes out =
      MutableBytes(descriptors_).subspan(i * DependencyWriter::kMaxSize, DependencyWriter::kMaxSize);
  packets_[i].dependency_descriptor =
      out.first(dependencies_->write(out, part.begins_layer, part.ends_layer));
}

}  // namespace sluice::packetize
