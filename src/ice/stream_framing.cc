#include "ice/stream_framing.h"

#include <algorithm>

#include "ice/stun_message.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kLengthSize = 2;
constexpr std::size_t kChannelHeader = 4;

constexpr std::size_t padded_to_four(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

bool is_channel_data(std::uint8_t first) {
  return first >= 0x40 && first <= 0x4F;  // RFC 8656 §12
}

}  // namespace

void StreamDeframer::append(Bytes bytes) {
  if (broken_) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
  at_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

//  RFC 4571 §2:                          RFC 8656 §12.4:
//  +--------+--------+---------- -       +--------+--------+--------+--------+---------- -
//  |      length     | datagram          | channel number  |      length     | data, padded
//  +--------+--------+---------- -       +--------+--------+--------+--------+---------- -
std::optional<StreamDeframer::Frame> StreamDeframer::frame() {
  const std::size_t left = buffer_.size() - at_;
  const std::uint8_t* p = buffer_.data() + at_;
  if (framing_ == StreamFraming::kLength) {
    if (left < kLengthSize) return std::nullopt;
    const std::size_t size = load16(p);
    return Frame{kLengthSize, size, kLengthSize + size};
  }
  if (left < kChannelHeader) return std::nullopt;
  const std::size_t length = load16(p + 2);
  if (is_channel_data(p[0])) {
    const std::size_t size = kChannelHeader + length;
    return Frame{0, size, padded_to_four(size)};
  }
  if ((p[0] & 0xC0) != 0 || length % 4 != 0) {
    broken_ = true;
    return std::nullopt;
  }
  return Frame{0, kStunHeaderSize + length, kStunHeaderSize + length};
}

std::optional<MutableBytes> StreamDeframer::next() {
  if (broken_) return std::nullopt;
  const auto found = frame();
  if (!found || buffer_.size() - at_ < found->padded) return std::nullopt;
  const MutableBytes datagram(buffer_.data() + at_ + found->skip, found->size);
  at_ += found->padded;
  return datagram;
}

std::vector<std::uint8_t> frame_for_stream(StreamFraming framing, Bytes datagram) {
  std::vector<std::uint8_t> out;
  if (framing == StreamFraming::kTurn) {
    out.assign(datagram.begin(), datagram.end());
    out.resize(padded_to_four(out.size()));
    return out;
  }
  if (datagram.size() > 0xFFFF) return out;
  out.resize(kLengthSize + datagram.size());
  store16(out.data(), static_cast<std::uint16_t>(datagram.size()));
  std::copy(datagram.begin(), datagram.end(), out.begin() + kLengthSize);
  return out;
}

}  // namespace sluice::ice
