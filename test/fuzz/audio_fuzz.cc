// Any bytes as an Opus or a RED payload: blocks lie inside the payload, side by side up to its end.
#include <algorithm>
#include <array>
#include <vector>

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

  // With other payload types in its headers it is the same RED.
  std::vector<std::uint8_t> rewritten(payload.begin(), payload.end());
  std::array<std::uint8_t, Red::kMaxHeadersSize> headers{};
  const std::size_t written = Red::write_headers(headers.data(), payload, red->block_count, 100);
  require(written <= size && written == red->blocks[0].offset);
  std::copy_n(headers.begin(), written, rewritten.begin());
  require(Red::names_only(rewritten, red->block_count, 100));
  const auto again = Red::parse(rewritten);
  require(again && again->block_count == red->block_count &&
          again->primary().offset == red->primary().offset);
  return 0;
}
