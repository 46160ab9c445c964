#include "container/ogg.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace sluice::container {
namespace {

//  bytes (RFC 3533 §6), all numbers little-endian
//  0-3 "OggS"  4 version 0  5 flags  6-13 granule position  14-17 serial  18-21 sequence  22-25 checksum
//  26 segments, then as many lengths: a packet's are 255 each but the last
constexpr std::size_t kHeader = 27;
constexpr std::size_t kChecksum = 22;
constexpr std::uint8_t kContinued = 0x01;
constexpr std::uint8_t kFirst = 0x02;
constexpr std::size_t kMaxSegments = 255;

std::uint64_t little(Bytes bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) out = out << 8 | bytes[i];
  return out;
}

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i << 24;
    for (int bit = 0; bit < 8; ++bit) value = (value << 1) ^ ((value >> 31) != 0 ? 0x04C11DB7U : 0U);
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

/// §6, 22-25: the polynomial 0x04C11DB7, nothing inverted, over the page with zeros in this place.
std::uint32_t checksum_of(Bytes page) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < page.size(); ++i) {
    const std::uint8_t byte = i >= kChecksum && i < kChecksum + 4 ? std::uint8_t{0} : page[i];
    value = (value << 8) ^ kTable[(value >> 24) ^ byte];
  }
  return value;
}

/// The page that `bytes` begins with; empty when it is none, or damaged.
Bytes page_at(Bytes bytes) {
  if (bytes.size() < kHeader || as_text(bytes.first(4)) != "OggS" || bytes[4] != 0) return {};
  const std::size_t segments = bytes[26];
  if (bytes.size() < kHeader + segments) return {};
  std::size_t size = kHeader + segments;
  for (std::size_t i = 0; i < segments; ++i) size += bytes[kHeader + i];
  if (bytes.size() < size) return {};
  const Bytes page = bytes.first(size);
  return checksum_of(page) == little(page.subspan(kChecksum, 4)) ? page : Bytes();
}

}  // namespace

Result<OggOpusReader> OggOpusReader::open(Bytes file) {
  OggOpusReader out;
  out.rest_ = file;
  Bytes packet;
  if (!out.next_packet(packet) || packet.size() < 19 || as_text(packet.first(8)) != "OpusHead")
    return invalid_argument("", "is not an Ogg file with Opus");
  // RFC 7845 §5.1: byte 9 is the channel count, 10 and 11 pre-skip, byte 18 the mapping family; RTP knows
  // family 0 only.
  if (packet[9] < 1 || packet[9] > 2 || packet[18] != 0)
    return invalid_argument("", "has more than two channels");
  out.channels_ = packet[9];
  out.pre_skip_ = static_cast<std::uint16_t>(little(packet.subspan(10, 2)));
  if (!out.next_packet(packet) || packet.size() < 8 || as_text(packet.first(8)) != "OpusTags")
    return invalid_argument("", "has no OpusTags behind its OpusHead");
  return out;
}

bool OggOpusReader::next(Bytes& packet) {
  return next_packet(packet);
}

bool OggOpusReader::next_page() {
  while (!rest_.empty()) {
    const Bytes page = page_at(rest_);
    if (page.empty()) {
      // §6: whoever lost its place looks for the next capture pattern.
      const auto at =
          std::search(rest_.begin() + 1, rest_.end(), as_bytes("OggS").begin(), as_bytes("OggS").end());
      rest_ = rest_.subspan(static_cast<std::size_t>(at - rest_.begin()));
      continue;
    }
    rest_ = rest_.subspan(page.size());
    const auto serial = static_cast<std::uint32_t>(little(page.subspan(14, 4)));
    const auto sequence = static_cast<std::uint32_t>(little(page.subspan(18, 4)));
    const std::size_t segments = page[26];
    const Bytes body = page.subspan(kHeader + segments);
    if (!has_serial_) {
      if ((page[5] & kFirst) == 0 || body.size() < 8 || as_text(body.first(8)) != "OpusHead") continue;
      has_serial_ = true;
      serial_ = serial;
      sequence_ = sequence;
    }
    if (serial != serial_) continue;
    const bool goes_on = (page[5] & kContinued) != 0;
    if (sequence != sequence_ || !goes_on) {
      packet_.clear();
      is_partial_ = false;
    }
    skips_rest_ = goes_on && !is_partial_;
    sequence_ = sequence + 1;
    lacing_ = page.subspan(kHeader, segments);
    body_ = body;
    return true;
  }
  return false;
}

bool OggOpusReader::next_packet(Bytes& packet) {
  for (;;) {
    if (lacing_.empty() && !next_page()) return false;
    std::size_t size = 0;
    std::size_t segments = 0;
    bool is_whole = false;
    while (segments < lacing_.size() && !is_whole) {
      size += lacing_[segments];
      is_whole = lacing_[segments++] < 255;
    }
    const Bytes part = body_.first(size);
    body_ = body_.subspan(size);
    lacing_ = lacing_.subspan(segments);
    if (skips_rest_) {
      skips_rest_ = !is_whole;
      continue;
    }
    if (is_whole && !is_partial_) {
      packet = part;
      return true;
    }
    if (packet_.size() + part.size() > kMaxPacket) {
      packet_.clear();
      is_partial_ = false;
      skips_rest_ = !is_whole;
      continue;
    }
    if (!is_partial_) packet_.clear();
    packet_.insert(packet_.end(), part.begin(), part.end());
    is_partial_ = !is_whole;
    if (!is_whole) continue;
    packet = packet_;
    return true;
  }
}

OggOpusWriter::OggOpusWriter(std::uint32_t serial, std::uint8_t channels, std::uint16_t pre_skip)
    : serial_(serial) {
  // RFC 7845 §5.1: version 1, channels, pre-skip, 48 kHz, no gain, family 0. §5.2: the vendor, no comments.
  const std::array<std::uint8_t, 19> head = {'O',
                                             'p',
                                             'u',
                                             's',
                                             'H',
                                             'e',
                                             'a',
                                             'd',
                                             1,
                                             channels,
                                             static_cast<std::uint8_t>(pre_skip),
                                             static_cast<std::uint8_t>(pre_skip >> 8),
                                             0x80,
                                             0xBB,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0};
  put(head);
  flush(kFirst);
  const std::array<std::uint8_t, 22> tags = {'O', 'p', 'u', 's', 'T', 'a', 'g', 's', 6, 0, 0,
                                             0,   's', 'l', 'u', 'i', 'c', 'e', 0,   0, 0, 0};
  put(tags);
  flush(0);
}

void OggOpusWriter::add(Bytes packet, std::uint64_t end) {
  SLUICE_CHECK(packet.size() <= kMaxPacket);
  if (packets_ == kMaxPackets || lacing_.size() + packet.size() / 255 + 1 > kMaxSegments) flush(0);
  put(packet);
  end_ = end;
}

void OggOpusWriter::put(Bytes packet) {
  lacing_.insert(lacing_.end(), packet.size() / 255, 255);
  lacing_.push_back(static_cast<std::uint8_t>(packet.size() % 255));
  body_.insert(body_.end(), packet.begin(), packet.end());
  ++packets_;
}

void OggOpusWriter::flush(std::uint8_t flags) {
  const std::size_t page = out_.size();
  const auto put_little = [this](std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  const Bytes magic = as_bytes("OggS");
  out_.insert(out_.end(), magic.begin(), magic.end());
  put_little(0, 1);
  put_little(flags, 1);
  put_little(end_, 8);
  put_little(serial_, 4);
  put_little(sequence_++, 4);
  put_little(0, 4);
  put_little(lacing_.size(), 1);
  out_.insert(out_.end(), lacing_.begin(), lacing_.end());
  out_.insert(out_.end(), body_.begin(), body_.end());
  const std::uint32_t checksum = checksum_of(Bytes(out_).subspan(page));
  for (unsigned i = 0; i < 4; ++i)
    out_[page + kChecksum + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
  lacing_.clear();
  body_.clear();
  packets_ = 0;
}

}  // namespace sluice::container
