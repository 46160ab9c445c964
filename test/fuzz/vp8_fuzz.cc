// Any bytes as a VP8 or Opus payload: facts are read without harm, and a rewrite touches its own fields only.
#include <cstdlib>
#include <vector>

#include "codec/opus.h"
#include "codec/vp8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using namespace sluice::codec;
  (void)Opus::parse(Bytes(data, size));
  const auto vp8 = Vp8::parse(Bytes(data, size));
  if (!vp8) return 0;
  (void)vp8->facts();
  std::vector<std::uint8_t> copy(data, data + size);
  if (vp8->picture_id)
    write_picture_id(copy.data(), vp8->picture(), static_cast<std::uint16_t>(*vp8->picture_id + 1));
  if (vp8->tl0_pic_idx)
    write_tl0_pic_idx(copy.data(), vp8->picture(), static_cast<std::uint8_t>(*vp8->tl0_pic_idx + 1));
  const auto again = Vp8::parse(copy);
  if (!again || again->descriptor_size != vp8->descriptor_size || again->is_key_frame != vp8->is_key_frame)
    std::abort();
  if (again->temporal_layer != vp8->temporal_layer || again->long_picture_id != vp8->long_picture_id)
    std::abort();
  return 0;
}
