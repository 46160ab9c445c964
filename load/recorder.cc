#include "load/recorder.h"

#include <array>
#include <utility>

namespace sluice::load {
namespace {

constexpr std::size_t kVideoPatience = 600;
constexpr std::size_t kAudioPatience = 20;

void put_little(std::uint8_t* at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

template <typename T>
void write_bytes(std::ofstream& file, const T& bytes) {
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

class IvfRecorder : public TrackRecorder {
 public:
  explicit IvfRecorder(const std::string& path)
      : TrackRecorder(kVideoPatience), file_(path, std::ios::binary) {
    write_header(0, 0);
  }

 private:
  void write(const Piece& piece) override {
    if (piece.frame_start) {
      frame_.clear();
      key_ = piece.key_frame;
      whole_ = key_ || decodable_;
    }
    frame_.insert(frame_.end(), piece.payload.begin(), piece.payload.end());
    if (!piece.frame_end || !whole_) return;
    decodable_ = true;
    std::array<std::uint8_t, 12> head{};
    put_little(head.data(), frame_.size(), 4);
    put_little(head.data() + 4, static_cast<std::uint64_t>(unwrap(piece.timestamp)), 8);
    write_bytes(file_, head);
    write_bytes(file_, frame_);
    if (key_ && frame_.size() >= 10) {
      width_ = static_cast<std::uint16_t>((frame_[6] | frame_[7] << 8) & 0x3FFF);
      height_ = static_cast<std::uint16_t>((frame_[8] | frame_[9] << 8) & 0x3FFF);
    }
    ++written_;
  }
  void skip() override { decodable_ = whole_ = false; }
  void end() override {
    file_.seekp(0);
    write_header(width_, height_);
    file_.flush();
  }
  /// As capture.cc draws it.
  void write_header(std::uint16_t width, std::uint16_t height) {
    std::array<std::uint8_t, 32> head{'D', 'K', 'I', 'F', 0, 0, 32, 0, 'V', 'P', '8', '0'};
    put_little(head.data() + 12, width, 2);
    put_little(head.data() + 14, height, 2);
    put_little(head.data() + 16, 90'000, 4);
    put_little(head.data() + 20, 1, 4);
    put_little(head.data() + 24, written_, 4);
    write_bytes(file_, head);
  }

  std::ofstream file_;
  std::vector<std::uint8_t> frame_;
  bool key_ = false;
  bool whole_ = false;      ///< Of the frame at hand nothing is missing, nor of those it builds on.
  bool decodable_ = false;  ///< Nothing is missing since a key frame.
  std::uint16_t width_ = 0;
  std::uint16_t height_ = 0;
};

class OggRecorder : public TrackRecorder {
 public:
  explicit OggRecorder(const std::string& path)
      : TrackRecorder(kAudioPatience), file_(path, std::ios::binary) {
    ogg_stream_init(&stream_, 1);
    // RFC 7845 §5.1: version 1, two channels, nothing to skip, 48 kHz, no gain, mapping family 0.
    std::vector<std::uint8_t> head{'O', 'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 2,
                                   0,   0,   0x80, 0xBB, 0,   0,   0,   0,   0};
    put(head, 0, false, true);
    // §5.2: a vendor, and no comments.
    std::vector<std::uint8_t> tags{'O', 'p', 'u', 's', 'T', 'a', 'g', 's', 6, 0, 0,
                                   0,   's', 'l', 'u', 'i', 'c', 'e', 0,   0, 0, 0};
    put(tags, 0, false, true);
  }
  OggRecorder(const OggRecorder&) = delete;
  OggRecorder& operator=(const OggRecorder&) = delete;
  ~OggRecorder() override { ogg_stream_clear(&stream_); }

 private:
  void write(const Piece& piece) override {
    // §4: a page's position is where its last packet ends, which is where the next begins.
    const std::int64_t begin = unwrap(piece.timestamp);
    if (!held_.empty()) put(held_, begin, false, false);
    length_ = begin - std::exchange(position_, begin);
    held_ = piece.payload;
    ++written_;
  }
  void skip() override {}
  void end() override {
    if (!held_.empty()) put(held_, position_ + length_, true, true);
    file_.flush();
  }
  void put(std::vector<std::uint8_t>& bytes, std::int64_t position, bool last, bool flush) {
    ogg_packet packet{};
    packet.packet = bytes.data();
    packet.bytes = static_cast<long>(bytes.size());
    packet.b_o_s = number_ == 0 ? 1 : 0;
    packet.e_o_s = last ? 1 : 0;
    packet.granulepos = position;
    packet.packetno = number_++;
    ogg_stream_packetin(&stream_, &packet);
    ogg_page page{};
    while ((flush ? ogg_stream_flush(&stream_, &page) : ogg_stream_pageout(&stream_, &page)) != 0) {
      file_.write(reinterpret_cast<const char*>(page.header), page.header_len);
      file_.write(reinterpret_cast<const char*>(page.body), page.body_len);
    }
  }

  std::ofstream file_;
  ogg_stream_state stream_{};
  std::int64_t number_ = 0;
  std::vector<std::uint8_t> held_;
  std::int64_t position_ = 0;  ///< In samples at 48 kHz: where the held packet begins.
  std::int64_t length_ = 0;    ///< Of the one before it.
};

}  // namespace

std::int64_t TrackRecorder::unwrap(RtpTimestamp timestamp) {
  if (timed_) time_ += timestamp.minus(newest_);
  timed_ = true;
  newest_ = timestamp;
  return time_;
}

void TrackRecorder::add(const client::MediaReceiver::Received& received) {
  const std::int64_t number = unwrapper_.unwrap(received.facts.number);
  if (started_ && number < next_) return;
  Piece piece;
  piece.payload.assign(received.coded.begin(), received.coded.end());
  piece.frame_start = received.frame_start;
  piece.timestamp = received.facts.timestamp;
  piece.key_frame = received.facts.key_frame;
  piece.frame_end = received.facts.frame_end;
  waiting_.emplace(number, std::move(piece));
  if (!started_ && waiting_.size() < 3) return;  // the first may have been overtaken
  if (!std::exchange(started_, true)) next_ = waiting_.begin()->first;
  write_in_order();
  if (waiting_.size() < patience_) return;
  skip();
  next_ = waiting_.begin()->first;
  write_in_order();
}

void TrackRecorder::write_in_order() {
  for (auto it = waiting_.begin(); it != waiting_.end() && it->first == next_;
       it = waiting_.erase(it), ++next_)
    write(it->second);
}

void TrackRecorder::finish() {
  while (!waiting_.empty()) {
    if (waiting_.begin()->first != next_) skip();
    next_ = waiting_.begin()->first;
    write_in_order();
  }
  end();
}

std::unique_ptr<TrackRecorder> make_recorder(MediaKind kind, const std::string& path) {
  if (kind == MediaKind::kVideo) return std::make_unique<IvfRecorder>(path + ".ivf");
  return std::make_unique<OggRecorder>(path + ".ogg");
}

}  // namespace sluice::load
