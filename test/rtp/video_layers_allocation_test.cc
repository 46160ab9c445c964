#include "rtp/video_layers_allocation.h"

#include <vector>

#include "catch.h"

namespace sluice::rtp {
namespace {

using Value = std::vector<std::uint8_t>;
using Layer = VideoLayersAllocation::Layer;

Value write(const VideoLayersAllocation& allocation) {
  Value out(VideoLayersAllocation::kMaxSize);
  const auto size = allocation.write(out);
  REQUIRE(size);
  out.resize(*size);
  return out;
}

TEST_CASE("an allocation of one stream in three temporal layers, as Chromium sends it") {
  const Value value = {0x01, 0x80, 0x51, 0x69, 0x96, 0x01, 0x02, 0x7F, 0x01, 0x67, 0x3C};
  const auto allocation = VideoLayersAllocation::parse(value);
  REQUIRE(allocation);
  CHECK(allocation->stream_count == 1);
  REQUIRE(allocation->layer_count == 1);
  CHECK(allocation->has_sizes);
  CHECK(allocation->layers[0] == Layer{0, 0, 3, {81, 105, 150}, 640, 360, 60});
  CHECK(write(*allocation) == value);
}

TEST_CASE("an allocation of two simulcast streams, as Chromium sends it in the second") {
  const Value value = {0x51, 0xA0, 0x18, 0x24, 0x3C, 0x3C, 0x5A, 0x96, 0x01, 0x00,
                       0x9F, 0x00, 0x59, 0x3C, 0x01, 0x3F, 0x00, 0xB3, 0x3C};
  const auto allocation = VideoLayersAllocation::parse(value);
  REQUIRE(allocation);
  CHECK(allocation->stream == 1);
  CHECK(allocation->stream_count == 2);
  REQUIRE(allocation->layer_count == 2);
  CHECK(allocation->layers[0] == Layer{0, 0, 3, {24, 36, 60}, 160, 90, 60});
  CHECK(allocation->layers[1] == Layer{1, 0, 3, {60, 90, 150}, 320, 180, 60});
  CHECK(write(*allocation) == value);
}

TEST_CASE("an allocation of three spatial layers, without sizes") {
  const Value value = {0x07, 0x54, 0x0A, 0x14, 0x14, 0x28, 0x28, 0x50};
  const auto allocation = VideoLayersAllocation::parse(value);
  REQUIRE(allocation);
  REQUIRE(allocation->layer_count == 3);
  CHECK_FALSE(allocation->has_sizes);
  CHECK(allocation->layers[2] == Layer{0, 2, 2, {40, 80}, 0, 0, 0});
  CHECK(write(*allocation) == value);
}

TEST_CASE("streams may differ in their active layers") {
  VideoLayersAllocation allocation;
  allocation.stream_count = 3;
  allocation.stream = 2;
  allocation.layers[0] = {0, 0, 1, {100}, 0, 0, 0};
  allocation.layers[1] = {2, 0, 1, {200}, 0, 0, 0};
  allocation.layers[2] = {2, 1, 1, {300}, 0, 0, 0};
  allocation.layer_count = 3;
  const Value value = write(allocation);
  CHECK(value[0] == ((2 << 6) | (2 << 4)));
  CHECK(value[1] == 0x10);
  CHECK(value[2] == 0x30);
  CHECK(VideoLayersAllocation::parse(value) == allocation);
}

TEST_CASE("a zero byte says that nothing is sent") {
  const auto allocation = VideoLayersAllocation::parse(Value{0});
  REQUIRE(allocation);
  CHECK(allocation->layer_count == 0);
  CHECK(write(*allocation) == Value{0});
}

TEST_CASE("values that are cut short, or sized for other layers, are refused") {
  const Value whole = {0x03, 0x00, 0x0A, 0x14, 0x00, 0x9F, 0x00, 0x59, 0x3C, 0x01, 0x3F, 0x00, 0xB3, 0x3C};
  REQUIRE(VideoLayersAllocation::parse(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const bool has_no_sizes = size == 4;
    CHECK(VideoLayersAllocation::parse(Bytes(whole).first(size)).has_value() == has_no_sizes);
  }
  CHECK_FALSE(VideoLayersAllocation::parse(Value{0x41, 0, 1}));  // stream 1 of one
  CHECK_FALSE(
      VideoLayersAllocation::parse(Value{0x01, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1}));  // a number too long
  Value out(3);
  CHECK_FALSE(VideoLayersAllocation::parse(whole)->write(out));
}

}  // namespace
}  // namespace sluice::rtp
