// Any bytes as an RTP packet: what parses lies inside the packet, and its extensions survive being written
// again.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "rtp/header_writer.h"
#include "rtp/rtx.h"
#include "rtp/video_layers_allocation.h"

namespace {

using namespace sluice;
using namespace sluice::rtp;

void require(bool condition) {
  if (!condition) std::abort();
}

void rewrite(const PacketView& view) {
  std::vector<ExtensionToWrite> extensions;
  view.for_each_extension([&](std::uint8_t id, Bytes value) {
    if (id != 15) extensions.push_back({Extension::kMid, id, value});
  });
  std::vector<Ssrc> csrcs;
  for (std::size_t i = 0; i < view.csrc_count(); ++i) csrcs.push_back(view.csrc(i));
  std::vector<std::uint8_t> out(2 * view.size() + 64);
  const auto written = write_header(out,
                                    {view.marker(), false, view.payload_type(), view.sequence_number(),
                                     view.timestamp(), view.ssrc(), csrcs},
                                    extensions);
  require(written.has_value());
  const auto again = PacketView::parse(Bytes(out).first(written->size));
  require(again.has_value());
  require(again->sequence_number() == view.sequence_number() && again->ssrc() == view.ssrc());
  std::size_t count = 0;
  again->for_each_extension([&](std::uint8_t id, Bytes value) {
    require(id == extensions[count].id && value.size() == extensions[count].value.size());
    ++count;
  });
  require(count == extensions.size());
}

/// Read, written and read again: the same. Reserved bits and roundings aside, the same bytes.
void check_values(Bytes value) {
  std::array<std::uint8_t, kAbsCaptureTimeSize> out{};
  const auto same = [&](std::size_t size) {
    return std::equal(value.begin(), value.end(), out.begin(), out.begin() + size);
  };
  if (const auto offset = read_transmission_offset(value)) {
    write_transmission_offset(out.data(), *offset);
    require(same(kTransmissionOffsetSize));
  }
  if (const auto time = read_abs_capture_time(value))
    require(same(write_abs_capture_time(out.data(), *time)));
  if (const auto delay = read_playout_delay(value)) {
    write_playout_delay(out.data(), *delay);
    require(same(kPlayoutDelaySize));
  }
  if (const auto allocation = VideoLayersAllocation::parse(value)) {
    require(allocation->layer_count <= VideoLayersAllocation::kMaxLayers);
    std::array<std::uint8_t, VideoLayersAllocation::kMaxSize> bytes;
    const auto size = allocation->write(bytes);
    require(size.has_value());
    require(VideoLayersAllocation::parse(Bytes(bytes).first(*size)) == allocation);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_values(Bytes(data, size));
  const auto view = PacketView::parse(Bytes(data, size));
  if (!view) return 0;
  require(view->header_size() + view->payload().size() + view->padding_size() == size);
  ExtensionMap map;
  for (std::uint8_t i = 0; i < kExtensionCount; ++i)
    map.set(static_cast<Extension>(i), static_cast<std::uint8_t>(i + 1));
  for (std::uint8_t i = 0; i < kExtensionCount; ++i) {
    const auto value = map.find(*view, static_cast<Extension>(i));
    if (!value) continue;
    (void)read_stream_name(*value);
    (void)read_abs_send_time(*value);
    (void)read_transport_cc(*value);
    (void)read_audio_level(*value);
    if (const auto orientation = read_video_orientation(*value)) {
      require(write_video_orientation(*orientation) == ((*value)[0] & 0x0F));
    }
    check_values(*value);
  }
  rewrite(*view);
  if (const auto original = unwrap_rtx(*view, Ssrc{1}, PayloadType{96})) {
    require(original->payload().size() + kOsnSize == view->payload().size());
  }
  return 0;
}
