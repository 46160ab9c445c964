// Bounded big-endian reading and writing. Network bytes are hostile: a read past the end fails and stays
// failed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sluice {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline std::uint16_t load16(const std::uint8_t* p) {
  return static_cast<std::uint16_t>((p[0] << 8) | p[1]);
}
inline std::uint32_t load24(const std::uint8_t* p) {
  return (std::uint32_t{p[0]} << 16) | (std::uint32_t{p[1]} << 8) | p[2];
}
inline std::uint32_t load32(const std::uint8_t* p) {
  return (std::uint32_t{load16(p)} << 16) | load16(p + 2);
}
inline std::uint64_t load64(const std::uint8_t* p) {
  return (std::uint64_t{load32(p)} << 32) | load32(p + 4);
}
inline void store16(std::uint8_t* p, std::uint16_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 8);
  p[1] = static_cast<std::uint8_t>(v);
}
inline void store24(std::uint8_t* p, std::uint32_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 16);
  store16(p + 1, static_cast<std::uint16_t>(v));
}
inline void store32(std::uint8_t* p, std::uint32_t v) {
  store16(p, static_cast<std::uint16_t>(v >> 16));
  store16(p + 2, static_cast<std::uint16_t>(v));
}
inline void store64(std::uint8_t* p, std::uint64_t v) {
  store32(p, static_cast<std::uint32_t>(v >> 32));
  store32(p + 4, static_cast<std::uint32_t>(v));
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads big-endian integers. After a read past the end every further read gives zero and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
  [[nodiscard]] Bytes rest() const { return rest_; }
  std::uint8_t u8() { return need(1) ? take(1)[0] : std::uint8_t{0}; }
  std::uint16_t u16() { return need(2) ? load16(take(2)) : std::uint16_t{0}; }
  std::uint32_t u24() { return need(3) ? load24(take(3)) : 0; }
  std::uint32_t u32() { return need(4) ? load32(take(4)) : 0; }
  std::uint64_t u64() { return need(8) ? load64(take(8)) : 0; }
  Bytes bytes(std::size_t n) { return need(n) ? Bytes(take(n), n) : Bytes(); }
  void skip(std::size_t n) { (void)bytes(n); }

 private:
  bool need(std::size_t n) {
    if (ok_ && rest_.size() >= n) return true;
    ok_ = false;
    rest_ = {};
    return false;
  }
  const std::uint8_t* take(std::size_t n) {
    const std::uint8_t* p = rest_.data();
    rest_ = rest_.subspan(n);
    return p;
  }

  Bytes rest_;
  bool ok_ = true;
};

/// Writes big-endian integers into a caller's buffer. After a write past the end nothing more is written and
/// ok() is false.
class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes out) : out_(out) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t room() const { return out_.size() - size_; }
  [[nodiscard]] MutableBytes written() const { return out_.first(size_); }
  void u8(std::uint8_t v) {
    if (std::uint8_t* p = grow(1)) *p = v;
  }
  void u16(std::uint16_t v) {
    if (std::uint8_t* p = grow(2)) store16(p, v);
  }
  void u24(std::uint32_t v) {
    if (std::uint8_t* p = grow(3)) store24(p, v);
  }
  void u32(std::uint32_t v) {
    if (std::uint8_t* p = grow(4)) store32(p, v);
  }
  void u64(std::uint64_t v) {
    if (std::uint8_t* p = grow(8)) store64(p, v);
  }
  void bytes(Bytes v) {
    if (std::uint8_t* p = grow(v.size()); p != nullptr && !v.empty()) std::memcpy(p, v.data(), v.size());
  }
  void fill(std::size_t n, std::uint8_t v = 0) {
    if (std::uint8_t* p = grow(n)) std::fill_n(p, n, v);
  }
  /// Overwrites two bytes written earlier (lengths known only afterwards).
  void patch16(std::size_t at, std::uint16_t v) {
    if (ok_ && at + 2 <= size_) store16(out_.data() + at, v);
  }

 private:
  std::uint8_t* grow(std::size_t n) {
    if (!ok_ || room() < n) {
      ok_ = false;
      return nullptr;
    }
    std::uint8_t* p = out_.data() + size_;
    size_ += n;
    return p;
  }

  MutableBytes out_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace sluice
