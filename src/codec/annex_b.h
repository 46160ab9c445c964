// NAL units out of a byte stream with start codes (H.264 Annex B), one by one and without copies.
#pragma once

#include <cstddef>
#include <cstring>

#include "base/bytes.h"

namespace sluice::codec {

class AnnexBReader {
 public:
  explicit AnnexBReader(Bytes stream) : rest_(stream) { rest_ = rest_.subspan(find_start(rest_)); }

  /// False at the end. What stands before the first start code is skipped; zeros behind a NAL unit belong to
  /// none (§B.1.1, trailing_zero_8bits), and empty ones are left out.
  bool next(Bytes& nal) {
    while (rest_.size() >= kStart) {
      Bytes unit = rest_.subspan(kStart);
      const std::size_t size = find_start(unit);
      rest_ = unit.subspan(size);
      unit = unit.first(size);
      while (!unit.empty() && unit.back() == 0) unit = unit.first(unit.size() - 1);
      if (unit.empty()) continue;
      nal = unit;
      return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t kStart = 3;

  /// Where the next 00 00 01 is; the size when there is none.
  static std::size_t find_start(Bytes bytes) {
    std::size_t from = 2;
    while (from < bytes.size()) {
      const void* found = std::memchr(bytes.data() + from, 1, bytes.size() - from);
      if (found == nullptr) break;
      const auto at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data());
      if (bytes[at - 1] == 0 && bytes[at - 2] == 0) return at - 2;
      from = at + 1;
    }
    return bytes.size();
  }

  Bytes rest_;
};

}  // namespace sluice::codec
