// What synthetic cameras and microphones make, and the marker in each packet.
#include <algorithm>

#include "catch.h"
#include "client/audio_source.h"
#include "client/video_source.h"
#include "codec/opus.h"
#include "codec/vp8.h"

namespace sluice::client {
namespace {

constexpr Instant kStart{1000s};

std::vector<std::uint8_t> payload_of(const MediaUnit& unit) {
  std::vector<std::uint8_t> out(unit.size);
  unit.write_payload(out);
  return out;
}

TEST_CASE("a marker comes back as it was written, and not from changed bytes") {
  const Marker marker{7, 300, kStart};
  const std::size_t size = GENERATE(20U, 21U, 1000U);
  std::vector<std::uint8_t> bytes(size);
  marker.write(bytes);
  CHECK(Marker::parse(bytes) == marker);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] ^= 0x10;
    CHECK_FALSE(Marker::parse(damaged).has_value());
  }
  CHECK_FALSE(Marker::parse(Bytes(bytes).first(size - 1)).has_value());
  bytes.push_back(0);
  CHECK_FALSE(Marker::parse(bytes).has_value());
}

TEST_CASE("video begins with a key frame, keeps its bitrate and rate, and is VP8") {
  Random random(1);
  VideoSource source({.bitrate = 1'000'000, .frame_rate = 25}, 5, random);
  CHECK(source.next_deadline() == kNever);
  source.start(kStart);
  std::uint64_t bytes = 0;
  std::uint32_t counter = 0;
  std::uint64_t frames = 0;
  std::optional<std::uint16_t> picture;
  RtpTimestamp timestamp;
  bool at_start = true;
  for (Instant now = kStart; now < kStart + 10s; now = source.next_deadline()) {
    while (const auto unit = source.next(now)) {
      const auto payload = payload_of(*unit);
      CHECK(payload.size() <= 1100);
      const auto vp8 = codec::Vp8::parse(payload);
      REQUIRE(vp8.has_value());
      REQUIRE(vp8->picture_id.has_value());
      CHECK(vp8->is_frame_start() == at_start);
      if (at_start) {
        CHECK(vp8->is_key_frame == (frames == 0));
        if (vp8->is_key_frame) CHECK(vp8->width == 640);
        if (picture) CHECK(*vp8->picture_id == ((*picture + 1) & 0x7FFF));
        if (picture) CHECK(unit->timestamp.minus(timestamp) == 3600);
        picture = vp8->picture_id;
        timestamp = unit->timestamp;
      }
      CHECK(unit->timestamp == timestamp);
      CHECK(Marker::parse(Bytes(payload).subspan(vp8->descriptor_size)) == Marker{5, counter++, now});
      at_start = unit->marker_bit;
      frames += at_start ? 1 : 0;
      bytes += payload.size();
    }
  }
  CHECK(frames == 250);
  CHECK(bytes * 8 / 10 > 900'000);
  CHECK(bytes * 8 / 10 < 1'150'000);
  CHECK(source.key_frames() == 1);
}

TEST_CASE("a frame is cut into packets as libwebrtc does, or into full ones and a rest") {
  const auto split = GENERATE(VideoSource::Split::kEqual, VideoSource::Split::kFull);
  Random random(3);
  VideoSource source({.bitrate = 2'500'000, .max_payload = 1000, .split = split}, 1, random);
  source.start(kStart);
  for (Instant now = kStart; now < kStart + 2s; now = source.next_deadline()) {
    std::vector<std::uint16_t> sizes;
    while (const auto unit = source.next(now)) sizes.push_back(unit->size);
    REQUIRE(!sizes.empty());
    CHECK(sizes.front() <= 1000);
    if (split == VideoSource::Split::kEqual) {
      CHECK(std::is_sorted(sizes.begin(), sizes.end()));  // the small ones first
      CHECK(sizes.back() - sizes.front() <= 1);
    } else {
      CHECK(std::all_of(sizes.begin(), sizes.end() - 1, [](auto size) { return size == 1000; }));
      CHECK(sizes.back() <= 1000);
    }
  }
}

TEST_CASE("a source that is a little late makes up for it only where it may") {
  const auto catch_up = GENERATE(0us, 5000us);
  Random random(4);
  VideoSource source({.frame_rate = 1000, .catch_up = catch_up}, 1, random);
  source.start(kStart);
  const auto frames_at = [&](Instant now) {
    const auto before = source.frames();
    while (source.next(now)) {
    }
    return source.frames() - before;
  };
  CHECK(frames_at(kStart) == 1);
  CHECK(frames_at(kStart + 4500us) == (catch_up == 0us ? 1 : 4));
  CHECK(frames_at(kStart + 1s) <= 2);
}

TEST_CASE("a key frame comes with the next frame when asked for, and not two in 100 ms") {
  Random random(2);
  VideoSource source({}, 1, random);
  source.start(kStart);
  std::vector<Instant> keys;
  for (Instant now = kStart; now < kStart + 1s; now = source.next_deadline()) {
    while (const auto unit = source.next(now)) {
      if (unit->key_frame && unit->kind == MediaUnit::Kind::kVideoStart) keys.push_back(now);
    }
    source.request_key_frame();
  }
  CHECK(keys.size() >= 8);
  for (std::size_t i = 1; i < keys.size(); ++i) CHECK(keys[i] - keys[i - 1] >= 100ms);
}

TEST_CASE("audio is fifty Opus packets a second, with turns of speech and silence") {
  Random random(3);
  AudioSource source({}, 9, random);
  source.start(kStart);
  std::uint32_t packets = 0;
  std::uint32_t voiced = 0;
  for (Instant now = kStart; now < kStart + 60s; now = source.next_deadline()) {
    while (const auto unit = source.next(now)) {
      const auto payload = payload_of(*unit);
      const auto opus = codec::Opus::parse(payload);
      REQUIRE(opus.has_value());
      CHECK(opus->duration() == 20ms);
      CHECK(Marker::parse(payload) == Marker{9, packets++, now});
      voiced += source.level().voice ? 1 : 0;
      CHECK(source.level().level <= 127);
    }
  }
  CHECK(packets == 3000);
  CHECK(voiced > 300);
  CHECK(voiced < 2700);
}

TEST_CASE("a source that is woken late does not catch up in a burst") {
  Random random(4);
  AudioSource source({}, 9, random);
  source.start(kStart);
  REQUIRE(source.next(kStart));
  CHECK(source.next(kStart + 5s));
  CHECK_FALSE(source.next(kStart + 5s));
}

}  // namespace
}  // namespace sluice::client
