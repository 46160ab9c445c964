#include "load/recorder.h"

#include <utility>

#include "container/ivf.h"
#include "container/ogg.h"

namespace sluice::load {
namespace {

constexpr std::size_t kVideoPatience = 600;
constexpr std::size_t kAudioPatience = 20;

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
    write_bytes(file_, container::IvfWriter::make_frame_header(
                           frame_.size(), static_cast<std::uint64_t>(unwrap(piece.timestamp))));
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
  void write_header(std::uint16_t width, std::uint16_t height) {
    const container::IvfHeader header{"VP80", width, height, 90'000, 1};
    write_bytes(file_, container::IvfWriter::make_header(header, static_cast<std::uint32_t>(written_)));
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
      : TrackRecorder(kAudioPatience), file_(path, std::ios::binary), ogg_(1, 2, 0) {}

 private:
  void write(const Piece& piece) override {
    // §4: a page's position is where its last packet ends, which is where the next begins.
    const std::int64_t begin = unwrap(piece.timestamp);
    if (!held_.empty()) put(held_, begin);
    length_ = begin - std::exchange(position_, begin);
    held_ = piece.payload;
    ++written_;
  }
  void skip() override {}
  void end() override {
    if (!held_.empty()) put(held_, position_ + length_);
    ogg_.finish();
    write_bytes(file_, ogg_.take());
    file_.flush();
  }
  void put(const std::vector<std::uint8_t>& bytes, std::int64_t position) {
    ogg_.add(bytes, static_cast<std::uint64_t>(position));
    write_bytes(file_, ogg_.take());
  }

  std::ofstream file_;
  container::OggOpusWriter ogg_;
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
