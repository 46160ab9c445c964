// IVF files: VP8, VP9 and AV1 frames with times, as ffmpeg and the encoders' own tools write them. For who
// has frames in a file or wants them there: examples, the load tool, tests. Works on bytes; opening files is
// the caller's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "sluice/result.h"

namespace sluice::container {

struct IvfHeader {
  std::string fourcc = "VP80";  ///< "VP80", "VP90", "AV01"
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  /// A timestamp's unit is numerator / denominator seconds.
  std::uint32_t denominator = 90'000;
  std::uint32_t numerator = 1;
};

class IvfReader {
 public:
  static constexpr std::size_t kMaxFrame = 16U << 20;

  /// `file` outlives the reader. The error says what is wrong with it.
  static Result<IvfReader> open(Bytes file);
  [[nodiscard]] const IvfHeader& header() const { return header_; }

  struct Frame {
    Bytes data;
    std::uint64_t timestamp = 0;
  };
  /// False at the end, and where the file is cut off, as one is that is still being written.
  bool next(Frame& frame);
  /// The file does not end with a whole frame, or has one of more than kMaxFrame. Known at the end.
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }

 private:
  IvfHeader header_;
  Bytes rest_;
  bool is_damaged_ = false;
};

class IvfWriter {
 public:
  static constexpr std::size_t kHeaderSize = 32;
  static constexpr std::size_t kFrameHeaderSize = 12;
  /// For who writes a file frame by frame: what stands at its start, and before each frame.
  static std::array<std::uint8_t, kHeaderSize> make_header(const IvfHeader& header, std::uint32_t frames);
  static std::array<std::uint8_t, kFrameHeaderSize> make_frame_header(std::size_t size,
                                                                      std::uint64_t timestamp);

  explicit IvfWriter(const IvfHeader& header);
  void add(Bytes frame, std::uint64_t timestamp);
  /// The file so far, its count of frames up to date.
  [[nodiscard]] const std::vector<std::uint8_t>& file() const { return file_; }

 private:
  IvfHeader header_;
  std::vector<std::uint8_t> file_;
  std::uint32_t frames_ = 0;
};

}  // namespace sluice::container
