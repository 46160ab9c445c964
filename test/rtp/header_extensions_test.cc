#include "rtp/header_extensions.h"

#include <array>

#include "catch.h"

namespace sluice::rtp {
namespace {

TEST_CASE("every extension is found by its URI") {
  for (std::size_t i = 0; i < kExtensionCount; ++i) {
    const auto extension = static_cast<Extension>(i);
    CHECK(extension_of(uri(extension)) == extension);
  }
  CHECK(extension_of("urn:ietf:params:rtp-hdrext:sdes:mid") == Extension::kMid);
  CHECK_FALSE(extension_of("urn:ietf:params:rtp-hdrext:unheard-of"));
  CHECK_FALSE(extension_of(""));
}

TEST_CASE("the extension map finds both ways and refuses reserved ids") {
  ExtensionMap map;
  CHECK(map.set(Extension::kMid, 4));
  CHECK(map.set(Extension::kTransportCc, 200));
  CHECK_FALSE(map.set(Extension::kRid, 0));
  CHECK_FALSE(map.set(Extension::kRid, 15));
  CHECK(map.id(Extension::kMid) == 4);
  CHECK(map.extension(4) == Extension::kMid);
  CHECK(map.extension(200) == Extension::kTransportCc);
  CHECK_FALSE(map.has(Extension::kRid));
  CHECK_FALSE(map.extension(0));
  CHECK_FALSE(map.extension(9));
}

TEST_CASE("abs-send-time is seconds in 6.18 fixed point and wraps every 64 s") {
  CHECK(to_abs_send_time(Instant(0us)) == 0);
  CHECK(to_abs_send_time(Instant(1s)) == 1u << 18);
  CHECK(to_abs_send_time(Instant(500ms)) == 1u << 17);
  CHECK(to_abs_send_time(Instant(63s)) == 63u << 18);
  CHECK(to_abs_send_time(Instant(64s)) == 0);
  CHECK(to_abs_send_time(Instant(std::chrono::hours(24 * 365 * 100) + 250ms)) % (1u << 18) == 1u << 16);
  const std::array<std::uint8_t, 3> bytes = {0x04, 0x00, 0x01};
  CHECK(read_abs_send_time(bytes) == 0x040001u);
  CHECK_FALSE(read_abs_send_time(Bytes(bytes).first(2)));
}

TEST_CASE("audio level has the voice bit above the level") {
  const std::array<std::uint8_t, 1> bytes = {0x80 | 42};
  CHECK(read_audio_level(bytes) == AudioLevel{true, 42});
  CHECK(write_audio_level({true, 42}) == (0x80 | 42));
  CHECK(write_audio_level({false, 127}) == 127);
  CHECK_FALSE(read_audio_level({}));
}

TEST_CASE("video orientation is camera, flip and quarter turns") {
  for (int bits = 0; bits < 16; ++bits) {
    const std::array<std::uint8_t, 1> bytes = {static_cast<std::uint8_t>(bits)};
    const auto orientation = read_video_orientation(bytes);
    REQUIRE(orientation);
    CHECK(orientation->back_camera == ((bits & 8) != 0));
    CHECK(orientation->flip == ((bits & 4) != 0));
    CHECK(orientation->rotation == (bits & 3) * 90);
    CHECK(write_video_orientation(*orientation) == bits);
  }
  CHECK_FALSE(read_video_orientation({}));
}

TEST_CASE("stream names are printable ASCII") {
  CHECK(read_stream_name(as_bytes("q")) == "q");
  CHECK(read_stream_name(as_bytes("0")) == "0");
  CHECK_FALSE(read_stream_name({}));
  CHECK_FALSE(read_stream_name(as_bytes("a b")));
  CHECK_FALSE(read_stream_name(as_bytes(std::string_view("a\0", 2))));
  CHECK_FALSE(read_stream_name(as_bytes("\xC3\xA4")));
}

TEST_CASE("the transmission offset has 24 bits with sign (RFC 5450 §2)") {
  std::array<std::uint8_t, 3> bytes{};
  for (const std::int32_t offset : {0, 1, -1, 3000, -3000, 0x7FFFFF, -0x800000}) {
    write_transmission_offset(bytes.data(), offset);
    CHECK(read_transmission_offset(bytes) == offset);
  }
  write_transmission_offset(bytes.data(), 0x1000000);
  CHECK(read_transmission_offset(bytes) == 0x7FFFFF);
  CHECK_FALSE(read_transmission_offset(Bytes(bytes).first(2)));
}

TEST_CASE("abs-capture-time has a short form and one with the clock's offset") {
  std::array<std::uint8_t, kAbsCaptureTimeSize> bytes{};
  AbsCaptureTime time{0xEEB1D0F2451EB800, std::nullopt};
  CHECK(write_abs_capture_time(bytes.data(), time) == 8);
  CHECK(bytes[0] == 0xEE);
  CHECK(read_abs_capture_time(Bytes(bytes).first(8)) == time);
  time.clock_offset = -5;
  CHECK(write_abs_capture_time(bytes.data(), time) == 16);
  CHECK(read_abs_capture_time(bytes) == time);
  CHECK_FALSE(read_abs_capture_time(Bytes(bytes).first(15)));
  CHECK_FALSE(read_abs_capture_time({}));
}

TEST_CASE("playout delay is two times in steps of 10 ms") {
  std::array<std::uint8_t, 3> bytes = {0x00, 0xA0, 0x14};
  CHECK(read_playout_delay(bytes) == PlayoutDelay{100ms, 200ms});
  write_playout_delay(bytes.data(), {0ms, 50s});
  CHECK(bytes == std::array<std::uint8_t, 3>{0x00, 0x0F, 0xFF});
  CHECK(read_playout_delay(bytes) == PlayoutDelay{0ms, 40'950ms});
  // The least is more than the most.
  CHECK_FALSE(read_playout_delay(std::array<std::uint8_t, 3>{0x01, 0x40, 0x0A}));
  CHECK_FALSE(read_playout_delay({}));
}

}  // namespace
}  // namespace sluice::rtp
