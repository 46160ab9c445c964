// VP9 payload descriptor (RFC 9628 §4.2), in flexible and non-flexible mode, with its scalability structure
// (§4.2.1), and what a key frame's own header says (VP9 bitstream specification §6.2).
//
// A frame here is one spatial layer of a picture. Offsets of picture id and TL0PICIDX are kept, as a consumer
// rewrites both in its own copy. Later packets refer to a structure sent before, so FrameReader keeps the
// last one and hands it to `facts`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "codec/codec.h"

namespace sluice::codec {

/// SS. The pictures of a group are skipped: each packet names its own temporal layer.
struct Vp9Structure {
  struct Size {
    std::uint16_t width = 0;
    std::uint16_t height = 0;
    friend bool operator==(Size, Size) = default;
  };
  std::uint8_t spatial_layers = 0;  ///< N_S + 1; 0: not known.
  std::uint8_t group_size = 0;      ///< N_G: pictures in a group; 0 without G.
  bool has_sizes = false;           ///< Y
  std::array<Size, 8> sizes{};
};

struct Vp9 {
  bool is_inter_predicted = false;          ///< P: refers to earlier pictures.
  bool is_flexible = false;                 ///< F
  bool is_frame_start = false;              ///< B
  bool is_frame_end = false;                ///< E
  bool is_not_for_upper_layers = false;     ///< Z: no frame of a higher spatial layer needs this layer's.
  bool is_switching_up_point = false;       ///< U
  bool is_inter_layer_predicted = false;    ///< D: needs the next lower spatial layer of this picture.
  bool has_layer_indices = false;           ///< L
  std::uint8_t temporal_layer = 0;          ///< TID
  std::uint8_t spatial_layer = 0;           ///< SID
  std::optional<std::uint16_t> picture_id;  ///< I
  bool long_picture_id = false;             ///< M: 15 bits rather than 7.
  std::optional<std::uint8_t> tl0_pic_idx;  ///< Non-flexible mode only.
  std::uint8_t reference_count = 0;         ///< P_DIFFs of flexible mode.
  std::array<std::uint8_t, 3> reference_diffs{};
  std::optional<Vp9Structure> structure;  ///< V

  std::uint16_t descriptor_size = 0;
  std::uint8_t picture_id_offset = 0;   ///< In the payload; 0 without one.
  std::uint8_t tl0_pic_idx_offset = 0;  ///< In the payload; 0 without one.

  /// What the frame's own header says, where it is asked: see `parse`.
  std::uint16_t width = 0;
  std::uint16_t height = 0;

  /// Nothing when the descriptor is cut short, or has more references than its three.
  static std::optional<Vp9> parse(Bytes payload);
  /// Starts a frame that decodes by itself.
  [[nodiscard]] bool is_key_frame() const {
    return is_frame_start && !is_inter_predicted && (spatial_layer == 0 || !is_inter_layer_predicted);
  }
  [[nodiscard]] PictureFields picture() const;
  /// `known`: what the stream's structures have said, this packet's included; without it the packet's own is
  /// used.
  [[nodiscard]] FrameFacts facts(const Vp9Structure* known = nullptr) const;
};

}  // namespace sluice::codec
