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

  static constexpr std::size_t kMaxHeadersSize = 4 * (kMaxBlocks - 1) + 1;
  /// Of `block_count` blocks, the primary one among them.
  static constexpr std::size_t headers_size(std::size_t block_count) { return 4 * (block_count - 1) + 1; }
  /// Every block's header names `payload_type`. The payload is one that parse() took, with so many blocks.
  static bool names_only(Bytes payload, std::size_t block_count, std::uint8_t payload_type);
  /// Copies the headers to `out` with another payload type in each; gives their size.
  static std::size_t write_headers(std::uint8_t* out, Bytes payload, std::size_t block_count,
                                   std::uint8_t payload_type);
};

}  // namespace sluice::codec
