// RED of a synthetic peer's Opus (RFC 2198), as browsers send it: each packet repeats the frame before it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "client/media_unit.h"

namespace sluice::client {

class RedWriter {
 public:
  /// `block_type`: the payload type of the Opus inside.
  explicit RedWriter(std::uint8_t block_type) : block_type_(block_type) {}
  /// Bytes that the next packet takes; what is too far back, or too long for a header, is not repeated.
  [[nodiscard]] std::size_t size_of(const MediaUnit& unit) const;
  /// `out` is of that size.
  void write(const MediaUnit& unit, MutableBytes out);

 private:
  [[nodiscard]] bool repeats(const MediaUnit& unit) const;

  std::uint8_t block_type_;
  std::vector<std::uint8_t> before_;
  RtpTimestamp before_timestamp_;
};

class RedReader {
 public:
  explicit RedReader(std::uint8_t block_type) : block_type_(block_type) {}
  /// The primary block. Nothing when this is no RED of that payload type, or repeats another frame than the
  /// one that came at that time.
  std::optional<Bytes> read(Bytes payload, RtpTimestamp timestamp);

 private:
  std::uint8_t block_type_;
  std::vector<std::uint8_t> before_;
  std::optional<RtpTimestamp> before_timestamp_;
};

}  // namespace sluice::client
