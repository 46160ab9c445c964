// What holds for the facts of any payload, whoever made it.
#pragma once

#include <vector>

#include "codec/codec.h"
#include "require.h"

namespace sluice::codec {

inline void check_facts(const FrameFacts& facts, Bytes payload) {
  require(facts.temporal_layer < kMaxTemporalLayers && facts.spatial_layer < kMaxSpatialLayers);
  require(!facts.is_key_frame || (facts.is_frame_start && facts.is_layer_sync && facts.switches != 0));
  require(facts.is_frame_start || facts.switches == 0);
  require(facts.number_bits == 0 || facts.number_bits == 7 || facts.number_bits == 15 ||
          facts.number_bits == 16);
  require(facts.number_bits != 7 || facts.number < 0x80);
  require(facts.number_bits != 15 || facts.number < 0x8000);
  const PictureFields& picture = facts.picture;
  require(picture.descriptor_size <= payload.size());
  if (picture.has_picture_id()) {
    require(picture.picture_id_offset + (picture.long_picture_id ? 2 : 1) <= picture.descriptor_size);
  }
  if (picture.has_tl0_pic_idx()) require(picture.tl0_pic_idx_offset < picture.descriptor_size);
}

/// A consumer's rewrite touches its own fields only: everything else is read as before.
inline void check_rewrite(Kind kind, const FrameFacts& facts, Bytes payload) {
  const PictureFields& picture = facts.picture;
  std::vector<std::uint8_t> copy(payload.begin(), payload.end());
  const auto id =
      static_cast<std::uint16_t>((picture.picture_id + 1) & (picture.long_picture_id ? 0x7FFF : 0x7F));
  const auto index = static_cast<std::uint8_t>(picture.tl0_pic_idx + 1);
  if (picture.has_picture_id()) write_picture_id(copy.data(), picture, id);
  if (picture.has_tl0_pic_idx()) write_tl0_pic_idx(copy.data(), picture, index);
  const FrameFacts again = frame_facts(kind, copy);
  require(again.picture.descriptor_size == picture.descriptor_size);
  if (picture.has_picture_id()) require(again.picture.picture_id == id && again.number == id);
  if (picture.has_tl0_pic_idx()) require(again.picture.tl0_pic_idx == index);
  require(again.is_key_frame == facts.is_key_frame && again.is_frame_start == facts.is_frame_start);
  require(again.layers == facts.layers && again.switches == facts.switches && again.width == facts.width);
}

}  // namespace sluice::codec
