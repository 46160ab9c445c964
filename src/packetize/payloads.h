// The RTP payloads that a frame became, one behind the other in a buffer that is used again for the next
// frame: once it has grown to a stream's largest frame, packetizing allocates nothing. Filled by packetizers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace sluice::packetize {

struct Limits {
  /// Bytes of a payload, at most. Header extensions, SRTP and what stands below are the caller's to subtract.
  std::size_t max_payload = 1100;
  /// The frame's first payload is to be that much shorter, as its packet has a larger header.
  std::size_t first_shorter_by = 0;

  /// Less would not hold the longest descriptor and some of the frame.
  static constexpr std::size_t kMinPayload = 64;
  static constexpr std::size_t kMaxPayload = 16'000;
  [[nodiscard]] bool valid() const {
    return max_payload >= kMinPayload + first_shorter_by && max_payload <= kMaxPayload;
  }
};

class Payloads {
 public:
  struct Part {
    std::size_t offset = 0;
    std::size_t size = 0;
    std::uint32_t timestamp_offset = 0;  ///< From the frame's timestamp: audio that became several packets.
    std::uint32_t duration = 0;          ///< Of audio, in units of the RTP clock.
    std::uint8_t spatial_index = 0;
    bool begins_layer =
        false;  ///< First of its spatial layer's frame: of a frame without layers, of the frame.
    bool ends_layer = false;
  };

  void clear() {
    bytes_.clear();
    parts_.clear();
  }
  [[nodiscard]] std::size_t size() const { return parts_.size(); }
  [[nodiscard]] bool empty() const { return parts_.empty(); }
  [[nodiscard]] const Part& part(std::size_t i) const { return parts_[i]; }
  [[nodiscard]] Bytes operator[](std::size_t i) const {
    return Bytes(bytes_).subspan(parts_[i].offset, parts_[i].size);
  }

  /// Begins the next payload; what is put goes to it until the next begin().
  Part& begin() {
    parts_.emplace_back().offset = bytes_.size();
    return parts_.back();
  }
  void put(std::uint8_t byte) {
    bytes_.push_back(byte);
    ++parts_.back().size;
  }
  void put16(std::uint16_t value) {
    put(static_cast<std::uint8_t>(value >> 8));
    put(static_cast<std::uint8_t>(value));
  }
  void put(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    parts_.back().size += bytes.size();
  }
  /// The payload begun last.
  [[nodiscard]] Part& last() { return parts_.back(); }

 private:
  std::vector<std::uint8_t> bytes_;
  std::vector<Part> parts_;
};

/// Cuts what must be cut into parts of equal size, the last one shorter: equal packets leave as one GSO
/// message (docs/packet-path.md), and none is a few bytes only.
class EvenParts {
 public:
  /// `first` and `rest`: room in the first part and in each one after it, at least 1.
  EvenParts(Bytes bytes, std::size_t first, std::size_t rest) : left_(bytes) {
    const std::size_t shorter = first < rest ? rest - first : 0;
    const std::size_t count = (bytes.size() + shorter + rest - 1) / rest;
    each_ = count == 0 ? rest : (bytes.size() + shorter + count - 1) / count;
    next_ = each_ > shorter ? each_ - shorter : 1;
  }
  [[nodiscard]] bool done() const { return left_.empty(); }
  Bytes next() {
    const Bytes part = left_.first(next_ < left_.size() ? next_ : left_.size());
    left_ = left_.subspan(part.size());
    next_ = each_;
    return part;
  }

 private:
  Bytes left_;
  std::size_t each_ = 1;
  std::size_t next_ = 1;
};

}  // namespace sluice::packetize
