#include "codec/opus.h"

#include <vector>

#include "catch.h"

namespace sluice::codec {
namespace {

using Payload = std::vector<std::uint8_t>;

TEST_CASE("the TOC tells duration and channels (RFC 6716 §3.1)") {
  // Config 31 (CELT fullband 20 ms), stereo, one frame: what browsers send.
  auto opus = Opus::parse(Payload{0xFC, 1, 2, 3});
  REQUIRE(opus);
  CHECK(opus->is_stereo);
  CHECK(opus->duration() == 20ms);
  CHECK_FALSE(opus->is_dtx);
  CHECK(Opus::parse(Payload{0x00, 1, 2})->duration() == 10ms);     // SILK narrowband 10 ms
  CHECK(Opus::parse(Payload{0x18, 1, 2})->duration() == 60ms);     // SILK narrowband 60 ms
  CHECK(Opus::parse(Payload{0x68, 1, 2})->duration() == 20ms);     // hybrid 20 ms
  CHECK(Opus::parse(Payload{0x80, 1, 2})->duration() == 2500us);   // CELT 2.5 ms
  CHECK(Opus::parse(Payload{0xF9, 1, 2})->duration() == 40ms);     // two frames
  CHECK(Opus::parse(Payload{0xFB, 0x03, 2})->duration() == 60ms);  // code 3, three frames
}

TEST_CASE("packets of one or two bytes are discontinuous transmission") {
  CHECK(Opus::parse(Payload{0xF8})->is_dtx);
  CHECK(Opus::parse(Payload{0xF8, 0xFF})->is_dtx);
  CHECK_FALSE(Opus::parse(Payload{0xF8, 0xFF, 0xFE})->is_dtx);
}

TEST_CASE("packets too short to tell are refused") {
  CHECK_FALSE(Opus::parse({}));
  CHECK_FALSE(Opus::parse(Payload{0xFB}));
}

}  // namespace
}  // namespace sluice::codec
