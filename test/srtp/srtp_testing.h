// What the SRTP tests share: hexadecimal, backends to run over, random keys and packets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "srtp/backend.h"
#include "srtp/inbound.h"
#include "srtp/outbound.h"

namespace sluice::srtp::testing {

using Buffer = std::vector<std::uint8_t>;

inline Buffer from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != ' '; });
  Buffer out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(digit(digits[i]) * 16 + digit(digits[i + 1])));
  }
  return out;
}

inline std::string to_hex(Bytes bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

/// Every backend that this build and this CPU have; OpenSSL is always among them.
inline std::vector<std::unique_ptr<Backend>> all_backends() {
  std::vector<std::unique_ptr<Backend>> out;
  for (const BackendKind kind : {BackendKind::kOpenssl, BackendKind::kIpsecMb, BackendKind::kLibsrtp}) {
    if (auto backend = make_backend(kind)) out.push_back(std::move(backend));
  }
  return out;
}

inline Buffer random_bytes(Random& random, std::size_t size) {
  Buffer out(size);
  random.fill(out);
  return out;
}

inline MasterKey random_key(Random& random, Suite suite) {
  return *MasterKey::from_bytes(suite, random_bytes(random, key_size(suite) + salt_size(suite)));
}

struct RtpShape {
  std::uint32_t ssrc = 0x11223344;
  std::uint16_t sequence = 1;
  unsigned csrcs = 0;
  int extension_words = -1;  ///< -1: no extension.
};

/// A whole RTP header.
inline Buffer rtp_header(Random& random, const RtpShape& shape) {
  Buffer out(12 + 4 * shape.csrcs);
  random.fill(out);
  out[0] = static_cast<std::uint8_t>(0x80 | (shape.extension_words >= 0 ? 0x10 : 0) | shape.csrcs);
  store16(out.data() + 2, shape.sequence);
  store32(out.data() + 8, shape.ssrc);
  if (shape.extension_words >= 0) {
    Buffer extension = random_bytes(random, 4 + 4 * static_cast<std::size_t>(shape.extension_words));
    store16(extension.data(), 0xBEDE);
    store16(extension.data() + 2, static_cast<std::uint16_t>(shape.extension_words));
    out.insert(out.end(), extension.begin(), extension.end());
  }
  return out;
}

/// RTCP of `size` bytes (8 or more) that looks like a sender report.
inline Buffer rtcp_packet(Random& random, std::uint32_t ssrc, std::size_t size) {
  Buffer out = random_bytes(random, size);
  out[0] = 0x80;
  out[1] = 200;
  store16(out.data() + 2, static_cast<std::uint16_t>(size / 4 - 1));
  store32(out.data() + 4, ssrc);
  return out;
}

/// Protects header, prefix and payload as the engine does, and flushes.
inline Buffer protect(Backend& backend, Outbound& out, const Buffer& header, const Buffer& prefix,
                      const Buffer& payload) {
  Buffer slot(header);
  slot.insert(slot.end(), prefix.begin(), prefix.end());
  slot.resize(header.size() + prefix.size() + payload.size() + kMaxOverhead, 0xEE);
  Batch batch(backend);
  const std::size_t size = batch.protect_rtp(out, slot.data(), header.size(), prefix.size(), payload);
  batch.flush();
  for (std::size_t i = size; i < slot.size(); ++i)
    REQUIRE(slot[i] == 0xEE);  // nothing behind the packet is touched
  slot.resize(size);
  return slot;
}

inline Buffer protect_rtcp(Outbound& out, const Buffer& packet) {
  Buffer buffer(packet);
  buffer.resize(packet.size() + rtcp_overhead(out.suite()));
  buffer.resize(out.protect_rtcp(buffer, packet.size()));
  return buffer;
}

inline Buffer joined(const Buffer& a, const Buffer& b, const Buffer& c = {}) {
  Buffer out(a);
  out.insert(out.end(), b.begin(), b.end());
  out.insert(out.end(), c.begin(), c.end());
  return out;
}

}  // namespace sluice::srtp::testing
