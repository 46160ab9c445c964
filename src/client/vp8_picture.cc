#include "client/vp8_picture.h"

#include <algorithm>
#include <initializer_list>

#include "base/check.h"
#include "client/vp8_tables.h"

namespace sluice::client {
namespace {

// RFC 6386 §17.2: how likely the probabilities of motion vectors are left as they are.
constexpr std::array<std::uint8_t, 38> kVectorsKept{
    237, 246, 253, 253, 254, 254, 254, 254, 254, 254, 254, 254, 254, 254, 250, 250, 252, 254, 254,
    231, 243, 245, 253, 254, 254, 254, 254, 254, 254, 254, 254, 254, 254, 251, 251, 254, 254, 254};

// RFC 6386 §18.3, vp8_mode_contexts[…][0]: how likely a macroblock has not moved, by how many neighbours have
// not.
constexpr std::array<std::uint8_t, 6> kStillBy{7, 14, 135, 60, 159, 234};

/// RFC 6386 §7.3.
class BoolWriter {
 public:
  explicit BoolWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  void bit(std::uint32_t probability, bool value) {
    const std::uint32_t split = 1 + (((range_ - 1) * probability) >> 8);
    if (value) {
      bottom_ += split;
      range_ -= split;
    } else {
      range_ = split;
    }
    while (range_ < 128) {
      range_ <<= 1;
      if ((bottom_ & 0x80000000U) != 0) carry();
      bottom_ <<= 1;
      if (--bits_ == 0) {
        out_.push_back(static_cast<std::uint8_t>(bottom_ >> 24));
        bottom_ &= 0xFFFFFF;
        bits_ = 8;
      }
    }
  }
  void literal(std::uint32_t value, int bits) {
    while (--bits >= 0) bit(128, ((value >> bits) & 1) != 0);
  }
  void flush() {
    for (int i = 0; i < 32; ++i) bit(128, false);
  }

 private:
  void carry() {
    auto at = out_.rbegin();
    while (at != out_.rend() && *at == 0xFF) *at++ = 0;
    SLUICE_CHECK(at != out_.rend());
    ++*at;
  }

  std::vector<std::uint8_t>& out_;
  std::uint32_t range_ = 255;
  std::uint32_t bottom_ = 0;
  int bits_ = 24;
};

// §9.3 to §9.6: no segments, no loop filter, one partition of coefficients, any quantizer.
void write_frame_start(BoolWriter& writer) {
  writer.literal(0, 1);          // segmentation_enabled
  writer.literal(0, 1 + 6 + 3);  // filter_type, loop_filter_level, sharpness_level
  writer.literal(0, 1);          // loop_filter_adj_enable
  writer.literal(0, 2);          // log2_nbr_of_dct_partitions
  writer.literal(20, 7);         // y_ac_qi
  writer.literal(0, 5);          // the five deltas are absent
}

// §9.9 to §9.11: nothing changes; a macroblock may say that it has no coefficients, and each does.
constexpr std::uint32_t kHasCoefficients = 1;  ///< Of 256.
void write_probabilities(BoolWriter& writer) {
  for (const std::uint8_t kept : kVp8CoefficientKept) writer.bit(kept, false);
  writer.literal(1, 1);  // mb_no_coeff_skip
  writer.literal(kHasCoefficients, 8);
}

/// §9.1: the frame tag, and the size of a key frame, before the first partition.
std::vector<std::uint8_t> assemble(const std::vector<std::uint8_t>& partition, bool key, std::uint16_t width,
                                   std::uint16_t height) {
  const auto tag = static_cast<std::uint32_t>((key ? 0 : 1) | (1U << 4) | (partition.size() << 5));
  std::vector<std::uint8_t> out;
  out.reserve(10 + partition.size());
  const auto append = [&out](std::initializer_list<std::uint32_t> bytes) {
    for (const std::uint32_t byte : bytes) out.push_back(static_cast<std::uint8_t>(byte));
  };
  append({tag, tag >> 8, tag >> 16});  // little-endian
  if (key) {
    append({0x9D, 0x01, 0x2A});
    for (const std::uint32_t side : {width, height}) append({side, side >> 8});
  }
  out.insert(out.end(), partition.begin(), partition.end());
  return out;
}

std::vector<std::uint8_t> key_partition(int columns, int rows) {
  std::vector<std::uint8_t> out;
  BoolWriter writer(out);
  writer.literal(0, 2);  // color_space, clamping_type
  write_frame_start(writer);
  writer.literal(1, 1);  // refresh_entropy_probs
  write_probabilities(writer);
  for (int i = 0; i < columns * rows; ++i) {
    writer.bit(kHasCoefficients, true);
    // §11.2, §11.3: luma predicted by DC_PRED, "1 0 0"; §11.4: chroma too, "0".
    writer.bit(145, true);
    writer.bit(156, false);
    writer.bit(163, false);
    writer.bit(142, false);
  }
  writer.flush();
  return out;
}

std::vector<std::uint8_t> repeat_partition(int columns, int rows) {
  constexpr std::uint32_t kIntra = 1;
  constexpr std::uint32_t kLast = 255;
  std::vector<std::uint8_t> out;
  BoolWriter writer(out);
  write_frame_start(writer);
  writer.literal(0, 2 + 2 + 2 + 2);  // golden and altref frames are neither refreshed, copied nor inverted
  writer.literal(1, 1);              // refresh_entropy_probs
  writer.literal(1, 1);              // refresh_last
  write_probabilities(writer);
  writer.literal(kIntra, 8);  // prob_intra
  writer.literal(kLast, 8);   // prob_last
  writer.literal(128, 8);     // prob_gf
  writer.literal(0, 2);       // the probabilities of intra modes stay
  for (const std::uint8_t kept : kVectorsKept) writer.bit(kept, false);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      writer.bit(kHasCoefficients, true);
      writer.bit(kIntra, true);  // predicted from another frame,
      writer.bit(kLast, false);  // the last one,
      // §18.3: at the same place. Above and left weigh two, above left one; there is nothing beyond the edge.
      const int still = (row > 0 ? 2 : 0) + (column > 0 ? 2 : 0) + (row > 0 && column > 0 ? 1 : 0);
      writer.bit(kStillBy[static_cast<std::size_t>(still)], false);
    }
  }
  writer.flush();
  return out;
}

}  // namespace

VideoClip make_still(std::uint16_t width, std::uint16_t height) {
  SLUICE_CHECK(width > 0 && height > 0 && width < 0x4000 && height < 0x4000);
  const int columns = (width + 15) / 16;
  const int rows = (height + 15) / 16;
  VideoClip clip;
  clip.width = width;
  clip.height = height;
  clip.frames.resize(2);
  clip.frames[0] = {assemble(key_partition(columns, rows), true, width, height), true};
  clip.frames[1] = {assemble(repeat_partition(columns, rows), false, width, height), false};
  return clip;
}

}  // namespace sluice::client
