// Files that peers publish: what ffmpeg wrote is read, what nobody wrote is refused.
#include "load/capture.h"

#include <algorithm>
#include <numeric>

#include "catch.h"
#include "client/opus_clip.h"
#include "codec/opus.h"
#include "load/files.h"

namespace sluice::load {
namespace {

/// "0x12 0x34" as ffmpeg's own encoders write them; skipped where ffmpeg is not installed.
bool make_files(const TemporaryFolder& folder) {
  if (!have_ffmpeg()) return false;
  return run_program("ffmpeg -v error -f lavfi -i testsrc2=s=160x120:r=25:d=2 -c:v libvpx -b:v 200k -g 10 " +
                     folder.file("film.ivf"))
                 .first == 0 &&
         run_program("ffmpeg -v error -f lavfi -i sine=d=2 -c:a libopus -frame_duration 60 " +
                     folder.file("film.ogg"))
                 .first == 0;
}

TEST_CASE("ffmpeg's IVF and Ogg files are read, with their rates") {
  const TemporaryFolder folder;
  if (!make_files(folder)) {
    WARN("ffmpeg is not installed");
    return;
  }
  const auto video = read_ivf(folder.file("film.ivf"));
  REQUIRE(video.ok());
  CHECK(video->width == 160);
  CHECK(video->height == 120);
  CHECK(video->frames.size() == 50);
  CHECK(video->frame_interval == 40ms);
  CHECK(std::count_if(video->frames.begin(), video->frames.end(),
                      [](const auto& frame) { return frame.key; }) >= 5);
  const auto audio = read_ogg_opus(folder.file("film.ogg"));
  REQUIRE(audio.ok());
  CHECK(audio->voice.size() >= 33);
  CHECK(audio->voice[0].duration == 60ms);
}

TEST_CASE("files that are cut off or damaged are refused or read up to there, never over their end") {
  const TemporaryFolder folder;
  if (!make_files(folder)) {
    WARN("ffmpeg is not installed");
    return;
  }
  for (const char* name : {"film.ivf", "film.ogg"}) {
    std::ifstream in(folder.file(name), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    for (std::size_t size = 0; size < bytes.size(); size += size < 200 ? 1 : 97) {
      std::string changed = bytes.substr(0, size);
      if (size > 40) changed[size / 2] = static_cast<char>(changed[size / 2] ^ 0x55);
      write(folder.file("cut"), changed);
      const auto video = read_ivf(folder.file("cut"));
      const auto audio = read_ogg_opus(folder.file("cut"));
      if (size < 40) CHECK_FALSE((video.ok() || audio.ok()));
      if (!video.ok()) CHECK(video.error().field == "capture");
    }
  }
}

TEST_CASE("other files are refused by what they are") {
  const TemporaryFolder folder;
  std::string ivf(32, '\0');
  ivf.replace(0, 4, "DKIF");
  ivf[6] = 32;
  ivf[16] = 30;  // a time base of 1/30 s
  ivf[20] = 1;
  ivf.replace(8, 4, "AV01");
  write(folder.file("av1.ivf"), ivf);
  CHECK(read_ivf(folder.file("av1.ivf")).error().message.find("VP8") != std::string::npos);
  ivf.replace(8, 4, "VP80");
  write(folder.file("empty.ivf"), ivf);
  CHECK(read_ivf(folder.file("empty.ivf")).error().message.find("fewer than two frames") !=
        std::string::npos);
  CHECK_FALSE(read_ivf(folder.file("none.ivf")).ok());
  CHECK_FALSE(read_ogg_opus(folder.file("av1.ivf")).ok());
}

}  // namespace
}  // namespace sluice::load
