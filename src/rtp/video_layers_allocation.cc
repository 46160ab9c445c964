#include "rtp/video_layers_allocation.h"

#include <algorithm>
#include <span>

namespace sluice::rtp {
namespace {

using Allocation = VideoLayersAllocation;
using Masks = std::array<std::uint8_t, Allocation::kMaxStreams>;

constexpr std::size_t kSizeOfSizes = 5;

std::optional<std::uint32_t> read_leb128(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const std::uint8_t byte = reader.u8();
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80) == 0)
      return value > 0xFFFFFFFF ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
  }
  return std::nullopt;
}

void write_leb128(ByteWriter& writer, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) writer.u8(static_cast<std::uint8_t>(value | 0x80));
  writer.u8(static_cast<std::uint8_t>(value));
}

/// sl_bm where it is the same for all streams, else slX_bm, four bits each, as many bytes as streams need.
Masks read_masks(ByteReader& reader, std::uint8_t common, std::size_t streams) {
  Masks masks{};
  if (common != 0) {
    std::fill_n(masks.begin(), streams, common);
    return masks;
  }
  for (std::size_t i = 0; i < streams; i += 2) {
    const std::uint8_t two = reader.u8();
    masks[i] = static_cast<std::uint8_t>(two >> 4);
    if (i + 1 < streams) masks[i + 1] = two & 0x0F;
  }
  return masks;
}

/// #tl: two bits for each active layer, filled up to whole bytes.
void read_temporal_layers(ByteReader& reader, std::span<Allocation::Layer> layers) {
  std::uint8_t four = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (i % 4 == 0) four = reader.u8();
    layers[i].temporal_layers = static_cast<std::uint8_t>(((four >> (6 - 2 * (i % 4))) & 3) + 1);
  }
}

}  // namespace

//  +-+-+-+-+-+-+-+-+
//  |RID| NS| sl_bm |   this packet's stream; streams less one; active spatial layers of each stream
//  +-+-+-+-+-+-+-+-+
//  |sl0_bm |sl1_bm |   when sl_bm is 0: those of streams 0 and 1
//  |sl2_bm |sl3_bm |   with more than two streams
//  +-+-+-+-+-+-+-+-+
//  |#tl|#tl|#tl|#tl|   temporal layers less one, of each active layer
//  +-+-+-+-+-+-+-+-+
//  : target bitrate:   kbit/s in leb128, of each temporal layer of each active layer
//  +-+-+-+-+-+-+-+-+
//  : width - 1, 16 :   then height - 1 (16) and the frame rate (8), of each active layer; or of none
//  +-+-+-+-+-+-+-+-+
// One zero byte says that nothing is sent.
std::optional<VideoLayersAllocation> VideoLayersAllocation::parse(Bytes value) {
  ByteReader reader(value);
  VideoLayersAllocation allocation;
  const std::uint8_t first = reader.u8();
  if (!reader.ok()) return std::nullopt;
  if (value.size() == 1 && first == 0) return allocation;
  allocation.stream = static_cast<std::uint8_t>(first >> 6);
  allocation.stream_count = static_cast<std::uint8_t>(((first >> 4) & 3) + 1);
  if (allocation.stream >= allocation.stream_count) return std::nullopt;
  const Masks masks = read_masks(reader, first & 0x0F, allocation.stream_count);
  for (std::uint8_t stream = 0; stream < allocation.stream_count; ++stream) {
    for (std::uint8_t spatial = 0; spatial < kMaxSpatialLayers; ++spatial) {
      if ((masks[stream] & (1U << spatial)) == 0) continue;
      Layer& layer = allocation.layers[allocation.layer_count++];
      layer.stream = stream;
      layer.spatial_layer = spatial;
    }
  }
  if (!reader.ok()) return std::nullopt;
  if (allocation.layer_count == 0) {
    return reader.remaining() == 0 ? std::optional(VideoLayersAllocation()) : std::nullopt;
  }
  const std::span<Layer> active = std::span(allocation.layers).first(allocation.layer_count);
  read_temporal_layers(reader, active);
  for (Layer& layer : active) {
    for (std::size_t i = 0; i < layer.temporal_layers; ++i) {
      const auto kbps = read_leb128(reader);
      if (!kbps) return std::nullopt;
      layer.target_kbps[i] = *kbps;
    }
  }
  if (!reader.ok()) return std::nullopt;
  if (reader.remaining() == 0) return allocation;
  if (reader.remaining() != active.size() * kSizeOfSizes) return std::nullopt;
  allocation.has_sizes = true;
  for (Layer& layer : active) {
    const std::uint32_t width = reader.u16() + 1U;
    const std::uint32_t height = reader.u16() + 1U;
    if (width > 0xFFFF || height > 0xFFFF) return std::nullopt;
    layer.width = static_cast<std::uint16_t>(width);
    layer.height = static_cast<std::uint16_t>(height);
    layer.max_frame_rate = reader.u8();
  }
  return allocation;
}

std::optional<std::size_t> VideoLayersAllocation::write(MutableBytes out) const {
  ByteWriter writer(out);
  const std::span<const Layer> active = std::span(layers).first(layer_count);
  if (active.empty()) {
    writer.u8(0);
    return writer.ok() ? std::optional(writer.size()) : std::nullopt;
  }
  Masks masks{};
  for (const Layer& layer : active) {
    masks[layer.stream] = static_cast<std::uint8_t>(masks[layer.stream] | (1U << layer.spatial_layer));
  }
  const bool is_common =
      std::all_of(masks.begin(), masks.begin() + stream_count, [&](auto mask) { return mask == masks[0]; });
  writer.u8(
      static_cast<std::uint8_t>((stream << 6) | ((stream_count - 1) << 4) | (is_common ? masks[0] : 0)));
  if (!is_common) {
    for (std::size_t i = 0; i < stream_count; i += 2)
      writer.u8(static_cast<std::uint8_t>((masks[i] << 4) | masks[i + 1]));
  }
  for (std::size_t i = 0; i < active.size(); i += 4) {
    unsigned four = 0;
    for (std::size_t j = i; j < i + 4; ++j) {
      four = (four << 2) | (j < active.size() ? active[j].temporal_layers - 1U : 0U);
    }
    writer.u8(static_cast<std::uint8_t>(four));
  }
  for (const Layer& layer : active) {
    for (std::size_t i = 0; i < layer.temporal_layers; ++i) write_leb128(writer, layer.target_kbps[i]);
  }
  if (has_sizes) {
    for (const Layer& layer : active) {
      writer.u16(static_cast<std::uint16_t>(layer.width - 1));
      writer.u16(static_cast<std::uint16_t>(layer.height - 1));
      writer.u8(layer.max_frame_rate);
    }
  }
  return writer.ok() ? std::optional(writer.size()) : std::nullopt;
}

}  // namespace sluice::rtp
