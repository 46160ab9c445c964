#include "packetize/depacketizer.h"

#include <algorithm>
#include <array>

#include "codec/annex_b.h"
#include "codec/av1.h"
#include "codec/h264.h"
#include "codec/vp8.h"
#include "codec/vp9.h"
#include "packetize/vp9_superframe.h"

namespace sluice::packetize {
namespace {

void append(std::vector<std::uint8_t>& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void take_facts(const codec::FrameFacts& facts, FrameMetadata& out) {
  out.key_frame = facts.is_key_frame;
  out.temporal_index = facts.temporal_layer;
  out.spatial_index = facts.spatial_layer;
  out.discardable = facts.is_discardable;
  out.layer_sync = facts.is_layer_sync;
  out.width = facts.width;
  out.height = facts.height;
}

bool depacketize_audio(std::span<const Bytes> payloads, EncodedFrame& out) {
  if (payloads.size() != 1) return false;
  append(out.data, payloads[0]);
  return true;
}

bool depacketize_vp8(std::span<const Bytes> payloads, EncodedFrame& out) {
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const auto vp8 = codec::Vp8::parse(payloads[i]);
    // RFC 7741 §4.4: S with PID 0 is the frame's first packet and no other.
    if (!vp8 || vp8->is_frame_start() != (i == 0)) return false;
    if (i == 0) take_facts(vp8->facts(), out.metadata);
    append(out.data, payloads[i].subspan(vp8->descriptor_size));
  }
  return true;
}

/// A picture of several layers becomes a superframe, so that a decoder, and who sends it on, can tell them
/// apart.
bool depacketize_vp9(std::span<const Bytes> payloads, EncodedFrame& out) {
  std::array<std::uint32_t, Vp9Superframe::kMaxFrames> sizes{};
  std::size_t layers = 0;
  for (const Bytes payload : payloads) {
    const auto vp9 = codec::Vp9::parse(payload);
    if (!vp9) return false;
    if (vp9->is_frame_start) {
      if (layers == sizes.size()) return false;
      const codec::FrameFacts facts = vp9->facts();
      if (layers == 0) take_facts(facts, out.metadata);
      ++layers;
      out.metadata.spatial_index = facts.spatial_layer;
      // The structure comes with the lowest layer and tells the size of all.
      if (vp9->structure && vp9->structure->has_sizes) {
        const auto& largest = vp9->structure->sizes[vp9->structure->spatial_layers - 1U];
        out.metadata.width = largest.width;
        out.metadata.height = largest.height;
      }
    }
    if (layers == 0) return false;
    const Bytes part = payload.subspan(vp9->descriptor_size);
    sizes[layers - 1] += static_cast<std::uint32_t>(part.size());
    append(out.data, part);
  }
  // Annex B of the VP9 specification has no frame of size 0.
  const bool has_empty = std::find(sizes.begin(), sizes.begin() + static_cast<long>(layers), 0U) !=
                         sizes.begin() + static_cast<long>(layers);
  if (has_empty) return false;
  if (layers > 1) Vp9Superframe::append_index(out.data, sizes, layers);
  return true;
}

}  // namespace

Start Depacketizer::start_of(Bytes payload) const {
  switch (format_) {
    case Format::kVp8: {
      const auto vp8 = codec::Vp8::parse(payload);
      return vp8 ? Start{vp8->is_frame_start(), vp8->is_key_frame} : Start{};
    }
    case Format::kVp9: {
      const auto vp9 = codec::Vp9::parse(payload);
      // A layer that needs the one below it is not what a picture begins with.
      if (!vp9 || !vp9->is_frame_start || vp9->is_inter_layer_predicted) return {};
      return {true, vp9->is_key_frame()};
    }
    case Format::kH264: {
      const auto h264 = codec::H264::parse(payload);
      if (!h264 || !h264->begins_access_unit) return {};
      return {true, h264->has_sps || (h264->is_idr && sets_.known())};
    }
    case Format::kAv1: {
      const auto av1 = codec::Av1::parse(payload);
      return av1 ? Start{av1->starts_frame || av1->starts_sequence, av1->starts_sequence} : Start{};
    }
    case Format::kOpus:
    case Format::kPcmu:
    case Format::kPcma:
      break;
  }
  return {true, true};
}

bool Depacketizer::depacketize(std::span<const Bytes> payloads, EncodedFrame& out) {
  const FrameMetadata before = out.metadata;
  out.data.clear();
  out.metadata = {};
  out.metadata.rtp_timestamp = before.rtp_timestamp;
  out.metadata.after_loss = before.after_loss;
  switch (format_) {
    case Format::kVp8:
      return depacketize_vp8(payloads, out) && !out.data.empty();
    case Format::kVp9:
      return depacketize_vp9(payloads, out) && !out.data.empty();
    case Format::kH264:
      return depacketize_h264(payloads, out);
    case Format::kAv1:
      return depacketize_av1(payloads, out);
    case Format::kOpus:
    case Format::kPcmu:
    case Format::kPcma:
      break;
  }
  return depacketize_audio(payloads, out);
}

void Depacketizer::set_parameter_sets(Bytes nals) {
  sets_.begin_frame();
  codec::AnnexBReader reader(nals);
  for (Bytes nal; reader.next(nal);) sets_.note(nal);
}

}  // namespace sluice::packetize
