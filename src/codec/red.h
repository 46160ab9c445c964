// Redundant audio data (RFC 2198), with which browsers repeat earlier Opus frames: where the blocks of a
// payload are. The primary one, the last, is what the packet would be without RED.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::codec {

struct Red {
  struct Block {
    std::uint8_t payload_type = 0;
    std::uint16_t timestamp_offset =
        0;                     ///< Before the packet's timestamp, in its clock's units; 0 for the primary.
    std::uint16_t offset = 0;  ///< In the payload.
    std::uint16_t size = 0;    ///< Bytes.
  };
  /// RFC 2198 sets no limit; browsers send at most nine redundant blocks.
  static constexpr std::size_t kMaxBlocks = 16;

  std::uint8_t block_count = 0;  ///< At least one.
  std::array<Block, kMaxBlocks> blocks{};

  /// Nothing when headers or blocks go beyond the payload, or there are more blocks than kMaxBlocks.
  static std::optional<Red> parse(Bytes payload);
  [[nodiscard]] const Block& primary() const { return blocks[block_count - 1U]; }
  /// `payload`: the one that was parsed.
  [[nodiscard]] static Bytes bytes_of(const Block& block, Bytes payload) {
    return payload.subspan(block.offset, block.size);
  }
};

}  // namespace sluice::codec
