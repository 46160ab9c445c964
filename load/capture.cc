#include "load/capture.h"

#include <fstream>
#include <iterator>
#include <vector>

#include "base/bytes.h"
#include "client/opus_clip.h"
#include "container/ivf.h"
#include "container/ogg.h"

namespace sluice::load {
namespace {

constexpr std::size_t kMaxFile = 512U << 20;
constexpr std::size_t kMaxFrame = 4U << 20;

Error fault(const std::string& path, const std::string& what) {
  return invalid_argument("capture", "'" + path + "': " + what);
}

Result<std::vector<std::uint8_t>> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return fault(path, "cannot be read");
  const auto size = static_cast<std::size_t>(file.tellg());
  if (size > kMaxFile) return fault(path, "is longer than 512 MiB");
  std::vector<std::uint8_t> out(size);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(size));
  if (!file) return fault(path, "cannot be read");
  return out;
}

}  // namespace

Result<client::VideoClip> read_ivf(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto reader = container::IvfReader::open(*bytes);
  if (!reader) return fault(path, reader.error().message);
  const container::IvfHeader& header = reader->header();
  if (header.fourcc != "VP80") return fault(path, "holds something else than VP8");
  client::VideoClip clip;
  clip.width = header.width;
  clip.height = header.height;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  for (container::IvfReader::Frame frame; reader->next(frame);) {
    last = frame.timestamp;
    if (clip.frames.empty()) first = last;
    if (frame.data.size() > kMaxFrame) return fault(path, "has a frame of more than 4 MiB");
    if (frame.data.size() < 3) continue;        // a frame that the encoder dropped
    const bool key = (frame.data[0] & 1) == 0;  // RFC 6386 §9.1
    if (clip.frames.empty() && !key) return fault(path, "does not begin with a key frame");
    clip.frames.push_back({{frame.data.begin(), frame.data.end()}, key});
  }
  if (clip.frames.size() < 2) return fault(path, "has fewer than two frames");
  const double ticks = static_cast<double>(last - first) / static_cast<double>(clip.frames.size() - 1);
  const double seconds = ticks * header.numerator / header.denominator;
  if (!(seconds >= 0.001 && seconds <= 10)) return fault(path, "has no sensible frame rate");
  clip.frame_interval = Duration(static_cast<std::int64_t>(seconds * 1e6));
  return clip;
}

Result<client::AudioClip> read_ogg_opus(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto reader = container::OggOpusReader::open(*bytes);
  if (!reader) return fault(path, reader.error().message);
  client::AudioClip clip;
  for (Bytes packet; reader->next(packet);) {
    auto ready = client::with_marker_room(packet);
    if (!ready) return fault(path, "has a damaged Opus packet");
    clip.voice.push_back(std::move(*ready));
  }
  if (clip.voice.empty()) return fault(path, "has no audio");
  return clip;
}

}  // namespace sluice::load
