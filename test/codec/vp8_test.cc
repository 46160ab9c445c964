#include "codec/vp8.h"

#include <vector>

#include "base/random.h"
#include "catch.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

// A key frame's header (RFC 6386 §9.1): tag with P=0, start code, 640 by 360 with scale bits set.
const Payload kKeyFrame = {0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x42, 0x68, 0x81};

Payload operator+(Payload a, const Payload& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST_CASE("the shortest descriptor is one byte") {
  const auto vp8 = Vp8::parse(Payload{0x10, 0x01});
  REQUIRE(vp8);
  CHECK(vp8->is_frame_start());
  CHECK_FALSE(vp8->is_key_frame);
  CHECK_FALSE(vp8->picture_id);
  CHECK_FALSE(vp8->tl0_pic_idx);
  CHECK_FALSE(vp8->temporal_layer);
  CHECK(vp8->descriptor_size == 1);
  CHECK(vp8->picture_id_offset == 0);
}

TEST_CASE("a key frame tells its size") {
  const auto vp8 = Vp8::parse(Payload{0x10} + kKeyFrame);
  REQUIRE(vp8);
  CHECK(vp8->is_key_frame);
  CHECK(vp8->width == 640);
  CHECK(vp8->height == 360);
  const FrameFacts facts = frame_facts(Kind::kVp8, Payload{0x10} + kKeyFrame);
  CHECK(facts.is_frame_start);
  CHECK(facts.is_key_frame);
  CHECK(facts.width == 640);
  CHECK(facts.height == 360);
}

TEST_CASE("only the first packet of the first partition can tell a key frame") {
  for (const std::uint8_t first : Payload{0x00, 0x11, 0x01, 0x17}) {
    const auto vp8 = Vp8::parse(Payload{first} + kKeyFrame);
    REQUIRE(vp8);
    CHECK_FALSE(vp8->is_frame_start());
    CHECK_FALSE(vp8->is_key_frame);
  }
}

TEST_CASE("every field of a full descriptor is read from its place (RFC 7741 §4.2)") {
  const Payload payload =
      Payload{
          0xB3,        // X, N, S, PID 3
          0xF0,        // I, L, T, K
          0xD2, 0x34,  // M, picture id 0x5234
          0xAB,        // TL0PICIDX
          0xA9,        // TID 2, Y, KEYIDX 9
      } +
      Payload{0x01};
  const auto vp8 = Vp8::parse(payload);
  REQUIRE(vp8);
  CHECK(vp8->non_reference);
  CHECK(vp8->start_of_partition);
  CHECK(vp8->partition_index == 3);
  CHECK(vp8->picture_id == 0x5234);
  CHECK(vp8->long_picture_id);
  CHECK(vp8->tl0_pic_idx == 0xAB);
  CHECK(vp8->temporal_layer == 2);
  CHECK(vp8->layer_sync);
  CHECK(vp8->key_index == 9);
  CHECK(vp8->descriptor_size == 6);
  CHECK(vp8->picture_id_offset == 2);
  CHECK(vp8->tl0_pic_idx_offset == 4);
  const FrameFacts facts = vp8->facts();
  CHECK(facts.temporal_layer == 2);
  CHECK(facts.is_layer_sync);
  CHECK(facts.is_discardable);
}

TEST_CASE("a short picture id has seven bits") {
  const auto vp8 = Vp8::parse(Payload{0x90, 0x80, 0x7F} + kKeyFrame);
  REQUIRE(vp8);
  CHECK(vp8->picture_id == 0x7F);
  CHECK_FALSE(vp8->long_picture_id);
  CHECK(vp8->descriptor_size == 3);
  CHECK(vp8->is_key_frame);
}

TEST_CASE("TID without K and K without T share a byte but not its meaning") {
  const auto with_t = Vp8::parse(Payload{0x90, 0x20, 0x7F, 0x01});
  CHECK(with_t->temporal_layer == 1);
  CHECK(with_t->layer_sync);
  CHECK_FALSE(with_t->key_index);
  const auto with_k = Vp8::parse(Payload{0x90, 0x10, 0x7F, 0x01});
  CHECK_FALSE(with_k->temporal_layer);
  CHECK_FALSE(with_k->layer_sync);
  CHECK(with_k->key_index == 31);
}

TEST_CASE("a rewritten picture id keeps its width and its neighbours") {
  Payload payload = {0x90, 0xE0, 0x80, 0x01, 0x02, 0x20, 0x01};
  const auto vp8 = Vp8::parse(payload);
  write_picture_id(payload.data(), vp8->picture(), 0xFFFF);
  write_tl0_pic_idx(payload.data(), vp8->picture(), 0x42);
  const auto after = Vp8::parse(payload);
  CHECK(after->picture_id == 0x7FFF);
  CHECK(after->long_picture_id);
  CHECK(after->tl0_pic_idx == 0x42);
  CHECK(after->temporal_layer == 0);

  payload = {0x90, 0x80, 0x01, 0x01};
  write_picture_id(payload.data(), Vp8::parse(payload)->picture(), 0xFF);
  CHECK(payload == Payload{0x90, 0x80, 0x7F, 0x01});
}

TEST_CASE("a descriptor cut short is refused") {
  const Payload payload = {0x90, 0xF0, 0x80, 0x01, 0x02, 0x20, 0x01};
  for (std::size_t n = 0; n < 6; ++n) CHECK_FALSE(Vp8::parse(Bytes(payload).first(n)));
  CHECK(Vp8::parse(Bytes(payload).first(6)));
  CHECK_FALSE(frame_facts(Kind::kVp8, {}).is_frame_start);
}

TEST_CASE("a key frame cut short, or without its start code, has no size") {
  const Payload payload = Payload{0x10} + kKeyFrame;
  for (std::size_t n = 2; n < payload.size(); ++n) {
    const auto vp8 = Vp8::parse(Bytes(payload).first(n));
    REQUIRE(vp8);
    CHECK(vp8->is_key_frame);
    CHECK(vp8->width == 0);
    CHECK(vp8->height == 0);
  }
  Payload broken = payload;
  broken[4] = 0;
  CHECK(Vp8::parse(broken)->width == 0);
}

TEST_CASE("random payloads are read without harm") {
  const std::uint64_t seed = GENERATE(range(0, 5));
  INFO("seed " << seed);
  Random random(seed);
  for (int i = 0; i < 5000; ++i) {
    Payload payload(random.below(16));
    random.fill(payload);
    const auto vp8 = Vp8::parse(payload);
    if (!vp8) continue;
    REQUIRE(vp8->descriptor_size <= payload.size());
    if (vp8->picture_id) write_picture_id(payload.data(), vp8->picture(), *vp8->picture_id);
    if (vp8->tl0_pic_idx) write_tl0_pic_idx(payload.data(), vp8->picture(), *vp8->tl0_pic_idx);
    REQUIRE(Vp8::parse(payload)->picture_id == vp8->picture_id);
  }
}

TEST_CASE("codecs are known by their media types, in any case") {
  CHECK(kind_of("video/VP8") == Kind::kVp8);
  CHECK(kind_of("VIDEO/vp8") == Kind::kVp8);
  CHECK(kind_of("audio/opus") == Kind::kOpus);
  CHECK(kind_of("video/H264") == Kind::kH264);
  CHECK(kind_of("video/VP80") == Kind::kOther);
  CHECK(kind_of("video/VP") == Kind::kOther);
  CHECK(kind_of("") == Kind::kOther);
  CHECK(frame_facts(Kind::kOpus, {}).is_frame_start);
}

}  // namespace
}  // namespace sluice::codec
