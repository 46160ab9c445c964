// Any bytes as an Opus or a RED payload: blocks lie inside the payload, side by side up to its end.
#include "codec/opus.h"
#include "codec/red.h"
#include "require.h"

namespace {

using namespace sluice;
using namespace sluice::codec;

void check_opus(Bytes payload) {
  const auto opus = Opus::parse(payload);
  if (!opus) return;
  require(opus->frame_count >= 1 && opus->frame_count <= 48);
  require(opus->duration() >= 2500us && opus->duration() <= 120ms);
  require(!opus->has_fec || opus->mode != Opus::Mode::kCelt);
  require(opus->is_dtx || payload.size() > 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes payload(data, size);
  check_opus(payload);
  const auto red = Red::parse(payload);
  if (!red) return 0;
  require(red->block_count >= 1 && red->block_count <= Red::kMaxBlocks);
  std::size_t at = 4U * (red->block_count - 1U) + 1;
  for (std::size_t i = 0; i < red->block_count; ++i) {
    const Red::Block& block = red->blocks[i];
    require(block.offset == at);
    at += block.size;
    check_opus(Red::bytes_of(block, payload));
  }
  require(at == size && red->primary().timestamp_offset == 0);
  return 0;
}
