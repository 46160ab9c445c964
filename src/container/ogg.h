// Ogg files with Opus (RFC 3533, RFC 7845), as ffmpeg and opusenc write them: packets out of pages and into
// them. For who has audio in a file or wants it there: examples, the load tool. Works on bytes.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "sluice/result.h"

namespace sluice::container {

class OggOpusReader {
 public:
  /// A packet of 120 ms at the highest rate has some 61 kB (RFC 6716 §3.2.1: 48 frames of 1,275 bytes).
  static constexpr std::size_t kMaxPacket = 65'536;

  /// `file` outlives the reader. The error says what is wrong with it.
  static Result<OggOpusReader> open(Bytes file);
  [[nodiscard]] std::uint8_t channels() const { return channels_; }
  [[nodiscard]] std::uint16_t pre_skip() const { return pre_skip_; }

  /// The next packet, valid until the next call; false at the end. Pages of other streams, and those whose
  /// checksum is wrong, are passed over, as are packets that such a page would have been part of.
  bool next(Bytes& packet);

 private:
  bool next_page();
  bool next_packet(Bytes& packet);

  Bytes rest_;
  std::uint32_t serial_ = 0;
  bool has_serial_ = false;
  std::uint32_t sequence_ = 0;  ///< Of the page that is to come.
  Bytes lacing_;                ///< Of the page, what was not read yet.
  Bytes body_;
  bool skips_rest_ = false;           ///< The packet that goes on in this page began in one that was lost.
  std::vector<std::uint8_t> packet_;  ///< What pages before this one have of a packet.
  bool is_partial_ = false;
  std::uint8_t channels_ = 0;
  std::uint16_t pre_skip_ = 0;
};

class OggOpusWriter {
 public:
  /// `serial`: of the stream, any number. `channels`: 1 or 2. `pre_skip`: samples that a decoder leaves out
  /// at the start; an encoder of libopus looks 312 ahead.
  OggOpusWriter(std::uint32_t serial, std::uint8_t channels, std::uint16_t pre_skip = 312);
  /// A packet of at most kMaxPacket bytes; `end`: where it ends in samples of 48 kHz, from the stream's start
  /// with what is skipped (RFC 7845 §4). Packets share pages of up to a second.
  void add(Bytes packet, std::uint64_t end);
  /// Nothing may be added after it.
  void finish() { flush(kLast); }
  /// What was written since the last call, in whole pages.
  std::vector<std::uint8_t> take() { return std::exchange(out_, {}); }

  static constexpr std::size_t kMaxPacket = 255 * 254;

 private:
  static constexpr std::uint8_t kFirst = 0x02;
  static constexpr std::uint8_t kLast = 0x04;
  static constexpr std::size_t kMaxPackets = 50;  ///< Of a page: a second of 20 ms each.

  void put(Bytes packet);
  void flush(std::uint8_t flags);

  std::uint32_t serial_;
  std::uint32_t sequence_ = 0;
  // The page in the making:
  std::vector<std::uint8_t> lacing_;
  std::vector<std::uint8_t> body_;
  std::size_t packets_ = 0;
  std::uint64_t end_ = 0;
  std::vector<std::uint8_t> out_;
};

}  // namespace sluice::container
