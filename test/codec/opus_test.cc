#include "codec/opus.h"

#include <vector>

#include "catch.h"
#include "codec/capture.h"

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

TEST_CASE("packets whose frames are all empty or of one byte are discontinuous transmission as well") {
  CHECK(Opus::parse(Payload{0xF9, 1, 2})->is_dtx);           // two frames of one byte
  CHECK(Opus::parse(Payload{0x7B, 0x83, 0, 1, 9})->is_dtx);  // lengths 0, 1 and 0
  CHECK(Opus::parse(Payload{0x7B, 0x43, 2, 0, 0})->is_dtx);  // three empty frames and padding
  CHECK_FALSE(Opus::parse(Payload{0x7B, 0x83, 0, 1, 9, 9, 9})->is_dtx);
  CHECK_FALSE(Opus::parse(Payload{0x7B, 0x83, 200, 1})->is_dtx);  // lengths that do not add up tell nothing
}

TEST_CASE("in-band FEC is told by the first SILK frame's LBRR flag (RFC 6716 §4.2.3)") {
  // Config 9, SILK wideband 20 ms, mono: VAD, then LBRR.
  CHECK_FALSE(Opus::parse(Payload{0x48, 0x80, 1, 2})->has_fec);
  CHECK(Opus::parse(Payload{0x48, 0xC0, 1, 2})->has_fec);
  CHECK(Opus::parse(Payload{0x48, 0x40, 1, 2})->has_fec);
  // 60 ms: three VAD flags come first.
  CHECK_FALSE(Opus::parse(Payload{0x58, 0xE0, 1, 2})->has_fec);
  CHECK(Opus::parse(Payload{0x58, 0x10, 1, 2})->has_fec);
  // Stereo: the side channel has flags of its own behind those of the mid channel.
  CHECK(Opus::parse(Payload{0x4C, 0x10, 1, 2})->has_fec);
  CHECK_FALSE(Opus::parse(Payload{0x48, 0x10, 1, 2})->has_fec);
  CHECK(Opus::parse(Payload{0x5C, 0x01, 1, 2})->has_fec);
  // Hybrid has a SILK part, CELT has none.
  CHECK(Opus::parse(Payload{0x78, 0x40, 1, 2})->has_fec);
  CHECK_FALSE(Opus::parse(Payload{0xF8, 0xC0, 1, 2})->has_fec);
  // In code 2 and 3 the first frame stands behind the lengths.
  CHECK(Opus::parse(Payload{0x4A, 1, 0x40, 9})->has_fec);
  CHECK(Opus::parse(Payload{0x4B, 0x82, 1, 0x40, 9, 9})->has_fec);
}

TEST_CASE("captured: Opus of GStreamer goes silent and comes back") {
  std::size_t silent = 0;
  const Capture capture("gstreamer-opus-dtx");
  for (const Capture::Packet& packet : capture.packets()) {
    const auto opus = Opus::parse(packet.payload);
    REQUIRE(opus);
    CHECK(opus->duration() == 20ms);
    CHECK_FALSE(opus->is_stereo);
    CHECK(opus->mode != Opus::Mode::kCelt);
    CHECK_FALSE(opus->has_fec);
    if (opus->is_dtx) ++silent;
  }
  CHECK(silent > 30);
  CHECK(silent < capture.packets().size() - 10);
}

TEST_CASE("captured: Opus of GStreamer with in-band FEC of a voice, once it has a frame to repeat") {
  std::size_t with_fec = 0;
  const Capture capture("gstreamer-opus-fec");
  CHECK_FALSE(Opus::parse(capture.packets().front().payload)->has_fec);
  for (const Capture::Packet& packet : capture.packets()) {
    const auto opus = Opus::parse(packet.payload);
    REQUIRE(opus);
    CHECK(opus->mode == Opus::Mode::kSilk);
    if (opus->has_fec) ++with_fec;
  }
  CHECK(with_fec > 40);
}

TEST_CASE("captured: Opus of ffmpeg in stereo, of Chromium with every option asked for") {
  const Capture ffmpeg("ffmpeg-opus");
  for (const Capture::Packet& packet : ffmpeg.packets()) {
    const auto opus = Opus::parse(packet.payload);
    REQUIRE(opus);
    CHECK(opus->is_stereo);
    CHECK(opus->duration() == 20ms);
    CHECK(packet.facts.is_frame_start);
    CHECK_FALSE(packet.facts.is_key_frame);
  }
  const Capture chromium("chromium-opus");
  for (const Capture::Packet& packet : chromium.packets()) {
    const auto opus = Opus::parse(packet.payload);
    REQUIRE(opus);
    CHECK(opus->duration() == 20ms);
  }
}

TEST_CASE("captured: what has no parser starts a frame with each packet") {
  const Capture capture("ffmpeg-pcmu");
  CHECK(capture.kind() == Kind::kOther);
  for (const Capture::Packet& packet : capture.packets()) {
    CHECK(packet.facts.is_frame_start);
    CHECK_FALSE(packet.facts.is_key_frame);
    CHECK(packet.facts.layers == kAllLayers);
  }
}

TEST_CASE("packets too short to tell are refused") {
  CHECK_FALSE(Opus::parse({}));
  CHECK_FALSE(Opus::parse(Payload{0xFB}));
  CHECK_FALSE(Opus::parse(Payload{0xFB, 0}));     // no frame
  CHECK_FALSE(Opus::parse(Payload{0x1B, 3, 1}));  // 180 ms
}

}  // namespace
}  // namespace sluice::codec
