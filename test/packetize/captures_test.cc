// What real senders packetized, depacketized here and held against a real decoder: every frame decodes
// without a complaint. And the other way: what a real encoder made, packetized here, decodes the same.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.h"
#include "codec/capture.h"
#include "container/access_units.h"
#include "container/ivf.h"
#include "packetize/frames.h"
#include "rtp/header_writer.h"

namespace sluice::packetize {
namespace {

using Data = std::vector<std::uint8_t>;

bool has_ffmpeg() {
  static const bool has = std::system("ffmpeg -version >/dev/null 2>&1") == 0;
  if (!has) WARN("ffmpeg is not there: scripts/setup installs it");
  return has;
}

/// Files of one test, gone with it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

void save(const std::string& path, const Data& data) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data.data()), static_cast<long>(data.size()));
}
Data load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Data(std::istreambuf_iterator<char>(file), {});
}

/// The lines that a command prints, errors too.
std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> out;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char line[512];
  while (std::fgets(line, sizeof line, pipe) != nullptr) out.emplace_back(line);
  CHECK(pclose(pipe) == 0);
  return out;
}

/// A checksum of each decoded picture; complaints of the decoder fail the test.
std::vector<std::string> decode(const std::string& path, const std::string& decoder = "") {
  std::vector<std::string> pictures;
  for (const std::string& line : lines_of("ffmpeg -nostdin -v warning -xerror " + decoder + " -i " + path +
                                          " -fps_mode passthrough -f framehash -")) {
    INFO(line);
    if (line[0] == '#') continue;
    const bool is_picture = line.substr(0, 2) == "0,";
    CHECK(is_picture);
    if (is_picture) pictures.push_back(line.substr(line.rfind(',')));
  }
  return pictures;
}

std::string extension_of(Format format) {
  return format == Format::kH264 ? ".h264" : ".ivf";
}

/// Frames as a file that ffmpeg reads.
Data file_of(Format format, const std::vector<EncodedFrame>& frames) {
  if (format == Format::kH264) {
    Data out;
    for (const EncodedFrame& frame : frames) out.insert(out.end(), frame.data.begin(), frame.data.end());
    return out;
  }
  const char* fourcc = format == Format::kVp8 ? "VP80" : format == Format::kVp9 ? "VP90" : "AV01";
  container::IvfWriter writer({fourcc, frames[0].metadata.width, frames[0].metadata.height, 90'000, 1});
  for (const EncodedFrame& frame : frames)
    writer.add(frame.data, frame.metadata.rtp_timestamp - frames[0].metadata.rtp_timestamp);
  return writer.file();
}

std::vector<EncodedFrame> frames_in(Format format, const Data& file) {
  std::vector<EncodedFrame> out;
  const auto add = [&](Bytes data) {
    EncodedFrame frame;
    frame.data.assign(data.begin(), data.end());
    frame.metadata.rtp_timestamp = static_cast<std::uint32_t>(out.size() * 3000);
    inspect(format, data, frame.metadata);
    out.push_back(std::move(frame));
  };
  if (format == Format::kH264) {
    container::AccessUnitReader reader(file);
    for (Bytes unit; reader.next(unit);) add(unit);
  } else {
    auto reader = container::IvfReader::open(file);
    REQUIRE(reader);
    for (container::IvfReader::Frame frame; reader->next(frame);) add(frame.data);
    CHECK_FALSE(reader->is_damaged());
  }
  return out;
}

std::vector<EncodedFrame> depacketize(const std::vector<codec::Capture::Packet>& packets, Format format) {
  SequenceNumber number{65'500};
  FrameReceiver::Options options;
  options.format = format;
  FrameReceiver receiver(options);
  std::vector<EncodedFrame> frames;
  EncodedFrame frame;
  for (const auto& packet : packets) {
    receiver.receive({number, packet.view.timestamp(), packet.view.marker(), packet.payload}, Instant(0s));
    number = number.plus(1);
    while (receiver.take(frame)) frames.push_back(frame);
  }
  CHECK(receiver.counters().malformed == 0);
  CHECK(receiver.counters().lost == 0);
  return frames;
}

/// Appends an RTP packet behind its length (RFC 4571).
void append_rtp(Data& out, const FrameSender::Packet& packet) {
  rtp::Header header;
  header.marker = packet.marker;
  header.payload_type = {96};
  header.sequence_number = packet.number;
  header.timestamp = packet.timestamp;
  header.ssrc = {1};
  std::array<std::uint8_t, 64> head{};
  const auto written = rtp::write_header(head, header, {});
  REQUIRE(written);
  const std::size_t size = written->size + packet.payload.size();
  out.push_back(static_cast<std::uint8_t>(size >> 8));
  out.push_back(static_cast<std::uint8_t>(size));
  out.insert(out.end(), head.begin(), head.begin() + static_cast<long>(written->size));
  out.insert(out.end(), packet.payload.begin(), packet.payload.end());
}

/// Decoded pictures, byte by byte.
Data pictures_of(const std::string& path, const std::string& raw) {
  lines_of("ffmpeg -nostdin -v error -i " + path + " -fps_mode passthrough -f rawvideo " + raw);
  return load(raw);
}

/// What GStreamer's depayloader, and for VP8 and VP9 its decoder, make of the packets in `rtp`.
Data pictures_by_gstreamer(Format format, const std::string& rtp, const Folder& folder) {
  const std::string out = folder.file(format == Format::kH264 ? "gst.h264" : "gst.raw");
  const std::string depay = format == Format::kVp8   ? "VP8 ! rtpstreamdepay ! rtpvp8depay ! vp8dec"
                            : format == Format::kVp9 ? "VP9 ! rtpstreamdepay ! rtpvp9depay ! vp9dec"
                                                     : "H264 ! rtpstreamdepay ! rtph264depay ! "
                                                       "video/x-h264,stream-format=byte-stream";
  lines_of("gst-launch-1.0 -q filesrc location=" + rtp +
           " ! application/x-rtp-stream,media=video,clock-rate=90000,payload=96,encoding-name=" + depay +
           " ! filesink location=" + out);
  return format == Format::kH264 ? pictures_of(out, folder.file("gst.raw")) : load(out);
}

struct Recorded {
  const char* name;
  const char* decoder;
  /// Of streams whose layers do not build on each other, so that no decoder takes them all: this one alone,
  /// as an SFU forwards it.
  std::optional<std::uint8_t> layer{};
};

}  // namespace

TEST_CASE("what browsers and programs sent decodes once it is depacketized", "[captures]") {
  // libvpx takes superframes of spatial layers for one picture, ffmpeg's own VP9 decoder shows each layer.
  const Recorded recorded = GENERATE(
      Recorded{"chromium-vp8-simulcast", ""}, Recorded{"chromium-vp8-l1t3", ""}, Recorded{"ffmpeg-vp8", ""},
      Recorded{"gstreamer-vp8", ""}, Recorded{"chromium-vp9-l1t3", ""},
      Recorded{"chromium-vp9-l3t3", "-c:v libvpx-vp9"}, Recorded{"chromium-vp9-l3t3-key", "-c:v libvpx-vp9"},
      Recorded{"chromium-vp9-s3t3", "", 2}, Recorded{"ffmpeg-vp9", ""}, Recorded{"gstreamer-vp9", ""},
      Recorded{"chromium-h264", ""}, Recorded{"chromium-h264-l1t3", ""}, Recorded{"ffmpeg-h264", ""},
      Recorded{"gstreamer-h264", ""}, Recorded{"chromium-av1-plain", "-c:v libdav1d"},
      Recorded{"chromium-av1-l1t3", "-c:v libdav1d"}, Recorded{"chromium-av1-l2t2", "-c:v libdav1d"});
  INFO(recorded.name);
  const codec::Capture capture(recorded.name);
  const Folder folder;
  for (std::size_t stream = 0; stream < capture.stream_count(); ++stream) {
    auto packets = capture.stream(stream);
    if (recorded.layer) {
      packets.erase(
          std::remove_if(packets.begin(), packets.end(),
                         [&](const auto& packet) { return packet.facts.spatial_layer != *recorded.layer; }),
          packets.end());
    }
    Format format{};
    switch (capture.kind()) {
      case codec::Kind::kVp8:
        format = Format::kVp8;
        break;
      case codec::Kind::kVp9:
        format = Format::kVp9;
        break;
      case codec::Kind::kH264:
        format = Format::kH264;
        break;
      default:
        format = Format::kAv1;
    }
    const std::vector<EncodedFrame> frames = depacketize(packets, format);
    // All that have their marker, the last packets of a capture being cut off.
    std::size_t markers = 0;
    for (const auto& packet : packets) markers += packet.view.marker() ? 1 : 0;
    CHECK(frames.size() == markers);
    REQUIRE(frames.size() > 5);
    CHECK(frames[0].metadata.key_frame);
    CHECK_FALSE(frames[0].metadata.after_loss);
    if (!has_ffmpeg()) continue;
    const std::string path = folder.file(std::to_string(stream) + extension_of(format));
    save(path, file_of(format, frames));
    CHECK(decode(path, recorded.decoder).size() == frames.size());
  }
}

TEST_CASE("what an encoder made decodes the same behind both ends", "[captures]") {
  if (!has_ffmpeg()) return;
  struct Clip {
    Format format;
    const char* options;
  };
  const Clip clip =
      GENERATE(Clip{Format::kVp8, "-c:v libvpx -deadline realtime -cpu-used 8 -g 10"},
               // Hidden frames in superframes, which are no layers.
               Clip{Format::kVp9,
                    "-c:v libvpx-vp9 -deadline good -cpu-used 8 -auto-alt-ref 1 -lag-in-frames 10 -g 10"},
               Clip{Format::kH264, "-c:v libx264 -preset ultrafast -bf 2 -g 10 -slices 3"},
               Clip{Format::kAv1, "-c:v libsvtav1 -preset 12 -g 10"});
  INFO(name_of(clip.format));
  const Folder folder;
  const std::string coded = folder.file("coded" + extension_of(clip.format));
  const auto told = lines_of(
      "SVT_LOG=1 ffmpeg -nostdin -v error -f lavfi -i testsrc=size=320x180:rate=15 -frames:v 25 -pix_fmt "
      "yuv420p " +
      std::string(clip.options) + " -b:v 300k " + coded);
  const std::vector<EncodedFrame> frames = frames_in(clip.format, load(coded));
  REQUIRE(frames.size() >= 25);
  CHECK(frames[0].metadata.key_frame);
  CHECK(frames[0].metadata.width == 320);
  CHECK(frames[0].metadata.height == 180);

  FrameSender::Options options;
  options.packetizer.format = clip.format;
  options.max_payload = 500;
  options.dependency_descriptor = true;
  auto sender = FrameSender::make(options);
  REQUIRE(sender);
  FrameReceiver::Options receiving;
  receiving.format = clip.format;
  FrameReceiver receiver(receiving);
  std::vector<EncodedFrame> received;
  EncodedFrame out;
  codec::FrameReader reader;
  Data rtp;
  for (const EncodedFrame& frame : frames) {
    bool is_first = true;
    for (const FrameSender::Packet& packet : sender->send(view_of(frame))) {
      const auto facts =
          reader.read(kind_of(clip.format), packet.payload, packet.dependency_descriptor, packet.marker);
      CHECK(facts.is_frame_start == is_first);
      CHECK(facts.is_key_frame == (is_first && frame.metadata.key_frame));
      is_first = false;
      append_rtp(rtp, packet);
      receiver.receive({packet.number, packet.timestamp, packet.marker, packet.payload}, Instant(0s));
    }
    while (receiver.take(out)) received.push_back(out);
  }
  REQUIRE(received.size() == frames.size());
  const std::string passed = folder.file("passed" + extension_of(clip.format));
  save(passed, file_of(clip.format, received));
  const auto pictures = decode(passed);
  CHECK(pictures.size() >= 25);
  CHECK(pictures == decode(coded));

  // GStreamer 1.22 has no depayloader of AV1.
  if (clip.format == Format::kAv1) return;
  if (std::system("gst-launch-1.0 --version >/dev/null 2>&1") != 0) {
    WARN("GStreamer is not there: scripts/setup installs it");
    return;
  }
  save(folder.file("packets"), rtp);
  const Data expected = pictures_of(coded, folder.file("coded.raw"));
  CHECK(expected.size() == 25U * 320 * 180 * 3 / 2);
  const bool is_same = pictures_by_gstreamer(clip.format, folder.file("packets"), folder) == expected;
  CHECK(is_same);
}

}  // namespace sluice::packetize
