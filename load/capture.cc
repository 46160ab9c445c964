#include "load/capture.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include <ogg/ogg.h>

#include "base/bytes.h"
#include "client/opus_clip.h"

namespace sluice::load {
namespace {

constexpr std::size_t kMaxFile = 512U << 20;
constexpr std::size_t kMaxFrame = 4U << 20;
constexpr std::size_t kIvfHeader = 32;
constexpr std::size_t kIvfFrameHeader = 12;

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

std::uint64_t little(Bytes bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) out = out << 8 | bytes[i];
  return out;
}

/// The logical Opus stream of an Ogg file, packet by packet. libogg checks pages and lacing.
class OggReader {
 public:
  explicit OggReader(Bytes bytes) {
    ogg_sync_init(&sync_);
    // One copy, all at once: libogg looks for pages in a buffer of its own.
    if (char* buffer = ogg_sync_buffer(&sync_, static_cast<long>(bytes.size()))) {
      std::memcpy(buffer, bytes.data(), bytes.size());
      ogg_sync_wrote(&sync_, static_cast<long>(bytes.size()));
    }
  }
  OggReader(const OggReader&) = delete;
  OggReader& operator=(const OggReader&) = delete;
  ~OggReader() {
    if (found_) ogg_stream_clear(&stream_);
    ogg_sync_clear(&sync_);
  }

  /// False at the end.
  bool next(Bytes& packet) {
    ogg_packet out{};
    for (;;) {
      if (found_ && ogg_stream_packetout(&stream_, &out) == 1) break;
      ogg_page page{};
      int got = 0;
      while ((got = ogg_sync_pageout(&sync_, &page)) < 0) {
      }
      if (got == 0) return false;
      take(page);
    }
    packet = {out.packet, static_cast<std::size_t>(out.bytes)};
    return true;
  }

 private:
  void take(ogg_page& page) {
    if (!found_) {
      const Bytes body(page.body, static_cast<std::size_t>(page.body_len));
      if (ogg_page_bos(&page) == 0 || body.size() < 8 || as_text(body.first(8)) != "OpusHead") return;
      found_ = ogg_stream_init(&stream_, ogg_page_serialno(&page)) == 0;
    }
    if (found_ && ogg_page_serialno(&page) == stream_.serialno) ogg_stream_pagein(&stream_, &page);
  }

  ogg_sync_state sync_{};
  ogg_stream_state stream_{};
  bool found_ = false;
};

}  // namespace

//  bytes
//  0-3    "DKIF"              4-5   version 0      6-7   header size 32
//  8-11   "VP80"             12-13  width         14-15  height
// 16-19   time base: denominator   20-23  numerator     24-27  frames
// then each frame: 0-3 size, 4-11 time, the frame. All little-endian.
Result<client::VideoClip> read_ivf(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  Bytes rest(*bytes);
  if (rest.size() < kIvfHeader || as_text(rest.first(4)) != "DKIF") return fault(path, "is not an IVF file");
  if (as_text(rest.subspan(8, 4)) != "VP80") return fault(path, "holds something else than VP8");
  client::VideoClip clip;
  clip.width = static_cast<std::uint16_t>(little(rest.subspan(12, 2)));
  clip.height = static_cast<std::uint16_t>(little(rest.subspan(14, 2)));
  const auto denominator = static_cast<double>(little(rest.subspan(16, 4)));
  const auto numerator = static_cast<double>(little(rest.subspan(20, 4)));
  const std::size_t header = little(rest.subspan(6, 2));
  if (header < kIvfHeader || header > rest.size()) return fault(path, "has a damaged header");
  rest = rest.subspan(header);
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  while (rest.size() >= kIvfFrameHeader) {
    const std::uint64_t size = little(rest.first(4));
    last = little(rest.subspan(4, 8));
    if (clip.frames.empty()) first = last;
    rest = rest.subspan(kIvfFrameHeader);
    if (size > rest.size()) break;  // cut off, as a file that is still being written
    if (size > kMaxFrame) return fault(path, "has a frame of more than 4 MiB");
    const Bytes frame = rest.first(size);
    rest = rest.subspan(size);
    if (frame.size() < 3) continue;        // a frame that the encoder dropped
    const bool key = (frame[0] & 1) == 0;  // RFC 6386 §9.1
    if (clip.frames.empty() && !key) return fault(path, "does not begin with a key frame");
    clip.frames.push_back({{frame.begin(), frame.end()}, key});
  }
  if (clip.frames.size() < 2) return fault(path, "has fewer than two frames");
  const double ticks = static_cast<double>(last - first) / static_cast<double>(clip.frames.size() - 1);
  const double seconds = denominator > 0 ? ticks * numerator / denominator : 0;
  if (!(seconds >= 0.001 && seconds <= 10)) return fault(path, "has no sensible frame rate");
  clip.frame_interval = Duration(static_cast<std::int64_t>(seconds * 1e6));
  return clip;
}

Result<client::AudioClip> read_ogg_opus(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  OggReader reader(*bytes);
  Bytes packet;
  if (!reader.next(packet)) return fault(path, "is not an Ogg file with Opus");
  // RFC 7845 §5.1: byte 9 is the channel count, byte 18 the mapping family; RTP knows family 0 only.
  if (packet.size() < 19 || packet[9] < 1 || packet[9] > 2 || packet[18] != 0)
    return fault(path, "has more than two channels");
  reader.next(packet);  // OpusTags
  client::AudioClip clip;
  while (reader.next(packet)) {
    auto ready = client::with_marker_room(packet);
    if (!ready) return fault(path, "has a damaged Opus packet");
    clip.voice.push_back(std::move(*ready));
  }
  if (clip.voice.empty()) return fault(path, "has no audio");
  return clip;
}

}  // namespace sluice::load
