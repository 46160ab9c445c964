#include "sfu/number_map.h"

#include <utility>

namespace sluice::sfu {
namespace {

/// The short way round.
int distance(std::uint16_t to, std::uint16_t from) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(to - from));
}

std::uint16_t sum(int a, int b) {
  return static_cast<std::uint16_t>(a + b);
}

}  // namespace

std::uint16_t NumberMap::next() const {
  return sum(newest_.first_out, distance(end_, newest_.first_in));
}

std::uint16_t NumberMap::length(std::size_t i) const {
  return sum(i == older_ ? next() : at(i + 1).first_out, -at(i).first_out);
}

void NumberMap::push(Stretch stretch) {
  const auto forget = [&] {
    oldest_ = static_cast<std::uint8_t>((oldest_ + 1) % kStretches);
    --older_;
  };
  if (std::exchange(started_, true)) {
    if (older_ == kStretches) forget();
    ring_[(oldest_ + older_) % kStretches] = newest_;
    ++older_;
  }
  newest_ = stretch;
  // What lies far back is older than any history, and would meet the wrap.
  while (older_ != 0 && distance(stretch.first_out, ring_[oldest_].first_out) > 2 * kLong) forget();
}

void NumberMap::start(std::uint8_t stream, std::uint16_t in, std::uint16_t skip) {
  push({in, sum(next(), skip), stream});
  end_ = in;
  running_ = true;
}

std::optional<std::uint16_t> NumberMap::place(std::uint8_t stream, std::uint16_t in) {
  if (running_ && newest_.stream == stream && distance(in, end_) >= 0) {
    // Of a gap that nothing will fill any more one number is kept, so that the receiver knows of it.
    if (distance(in, end_) >= kMaxGap) start(stream, in, 1);
    if (distance(in, newest_.first_in) > kLong) {
      const int cut = kLong / 2;
      push({sum(newest_.first_in, cut), sum(newest_.first_out, cut), stream});
    }
    end_ = sum(in, 1);
    return sum(newest_.first_out, distance(in, newest_.first_in));
  }
  if (!started_) return std::nullopt;
  // As most often, where it is asked again: the packets of one picture.
  if (newest_.stream == stream && distance(in, newest_.first_in) >= 0)
    return distance(in, end_) < 0 ? std::optional(sum(newest_.first_out, distance(in, newest_.first_in)))
                                  : std::nullopt;
  for (std::size_t i = older_ + 1U; i-- > 0;) {
    const Stretch& stretch = at(i);
    const int offset = distance(in, stretch.first_in);
    if (stretch.stream != stream || offset < 0) continue;
    if (offset >= length(i)) return std::nullopt;
    return sum(stretch.first_out, offset);
  }
  return std::nullopt;
}

void NumberMap::drop(std::uint16_t first, std::uint16_t last) {
  if (!running_ || distance(last, end_) < 0) return;
  if (distance(first, end_) < 0 || distance(first, end_) > kMaxGap) first = end_;
  const int kept = distance(first, newest_.first_in);
  end_ = sum(last, 1);
  if (kept == 0) {
    newest_.first_in = end_;
  } else {
    push({end_, sum(newest_.first_out, kept), newest_.stream});
  }
}

std::optional<NumberMap::Original> NumberMap::original(std::uint16_t out) const {
  if (!started_ || distance(out, next()) >= 0) return std::nullopt;
  for (std::size_t i = older_ + 1U; i-- > 0;) {
    const int offset = distance(out, at(i).first_out);
    if (offset < 0) continue;
    return Original{at(i).stream, sum(at(i).first_in, offset)};
  }
  return std::nullopt;
}

bool NumberMap::is_past(std::uint8_t stream, std::uint16_t in) const {
  if (!started_) return false;
  for (std::size_t i = older_ + 1U; i-- > 0;) {
    const Stretch& stretch = at(i);
    if (stretch.stream != stream) continue;
    return distance(in, i == older_ ? end_ : sum(stretch.first_in, length(i))) < 0;
  }
  return false;
}

}  // namespace sluice::sfu
