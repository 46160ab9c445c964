#include "container/ivf.h"

#include <algorithm>

namespace sluice::container {
namespace {

constexpr std::size_t kHeader = IvfWriter::kHeaderSize;
constexpr std::size_t kFrameHeader = IvfWriter::kFrameHeaderSize;

std::uint64_t little(Bytes bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) out = out << 8 | bytes[i];
  return out;
}

void put_little(std::uint8_t* at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

//  bytes
//  0-3    "DKIF"              4-5   version 0      6-7   header size 32
//  8-11   "VP80" or another  12-13  width         14-15  height
// 16-19   time base: denominator   20-23  numerator     24-27  frames   28-31  unused
// then each frame: 0-3 size, 4-11 time, the frame. All little-endian.
Result<IvfReader> IvfReader::open(Bytes file) {
  if (file.size() < kHeader || as_text(file.first(4)) != "DKIF")
    return invalid_argument("", "is not an IVF file");
  const auto size = static_cast<std::size_t>(little(file.subspan(6, 2)));
  IvfReader out;
  out.header_.fourcc = as_text(file.subspan(8, 4));
  out.header_.width = static_cast<std::uint16_t>(little(file.subspan(12, 2)));
  out.header_.height = static_cast<std::uint16_t>(little(file.subspan(14, 2)));
  out.header_.denominator = static_cast<std::uint32_t>(little(file.subspan(16, 4)));
  out.header_.numerator = static_cast<std::uint32_t>(little(file.subspan(20, 4)));
  if (size < kHeader || size > file.size() || out.header_.denominator == 0 || out.header_.numerator == 0)
    return invalid_argument("", "has a damaged header");
  out.rest_ = file.subspan(size);
  return out;
}

bool IvfReader::next(Frame& frame) {
  if (rest_.empty() || is_damaged_) return false;
  is_damaged_ = rest_.size() < kFrameHeader;
  if (is_damaged_) return false;
  const std::uint64_t size = little(rest_.first(4));
  is_damaged_ = size > kMaxFrame || size > rest_.size() - kFrameHeader;
  if (is_damaged_) return false;
  frame.timestamp = little(rest_.subspan(4, 8));
  frame.data = rest_.subspan(kFrameHeader, size);
  rest_ = rest_.subspan(kFrameHeader + size);
  return true;
}

std::array<std::uint8_t, IvfWriter::kHeaderSize> IvfWriter::make_header(const IvfHeader& header,
                                                                        std::uint32_t frames) {
  std::array<std::uint8_t, kHeaderSize> out = {'D', 'K', 'I', 'F', 0, 0, kHeaderSize, 0, ' ', ' ', ' ', ' '};
  for (std::size_t i = 0; i < 4 && i < header.fourcc.size(); ++i)
    out[8 + i] = static_cast<std::uint8_t>(header.fourcc[i]);
  put_little(&out[12], header.width, 2);
  put_little(&out[14], header.height, 2);
  put_little(&out[16], header.denominator, 4);
  put_little(&out[20], header.numerator, 4);
  put_little(&out[24], frames, 4);
  return out;
}

std::array<std::uint8_t, IvfWriter::kFrameHeaderSize> IvfWriter::make_frame_header(std::size_t size,
                                                                                   std::uint64_t timestamp) {
  std::array<std::uint8_t, kFrameHeaderSize> out{};
  put_little(out.data(), size, 4);
  put_little(&out[4], timestamp, 8);
  return out;
}

IvfWriter::IvfWriter(const IvfHeader& header) : header_(header) {
  const auto head = make_header(header_, 0);
  file_.assign(head.begin(), head.end());
}

void IvfWriter::add(Bytes frame, std::uint64_t timestamp) {
  const auto before = make_frame_header(frame.size(), timestamp);
  file_.insert(file_.end(), before.begin(), before.end());
  file_.insert(file_.end(), frame.begin(), frame.end());
  const auto head = make_header(header_, ++frames_);
  std::copy(head.begin(), head.end(), file_.begin());
}

}  // namespace sluice::container
