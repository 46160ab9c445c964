#include "rtp/header_writer.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace sluice::rtp {
namespace {

constexpr std::array<std::uint8_t, 16> kBlank{};

bool writable(const ExtensionToWrite& extension) {
  return extension.id != 0 && extension.id != 15 && extension.value.size() <= 255;
}

/// RFC 8285 §4.2: ids 1 to 14 and 1 to 16 bytes.
bool fits_one_byte(const ExtensionToWrite& extension) {
  return extension.id <= 14 && !extension.value.empty() && extension.value.size() <= 16;
}

}  // namespace

Bytes blank(std::size_t n) {
  SLUICE_CHECK(n <= kBlank.size());
  return Bytes(kBlank).first(n);
}

// The layouts are drawn in packet_view.cc.
std::optional<WrittenHeader> write_header(MutableBytes out, const Header& header,
                                          std::span<const ExtensionToWrite> extensions) {
  SLUICE_CHECK(header.csrcs.size() <= 15);
  const bool any = std::any_of(extensions.begin(), extensions.end(), writable);
  const bool one_byte = std::all_of(
      extensions.begin(), extensions.end(),
      [](const ExtensionToWrite& extension) { return !writable(extension) || fits_one_byte(extension); });

  ByteWriter writer(out);
  writer.u8(
      static_cast<std::uint8_t>(0x80 | (header.padding ? 0x20 : 0) | (any ? 0x10 : 0) | header.csrcs.size()));
  writer.u8(static_cast<std::uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type.value & 0x7F)));
  writer.u16(header.sequence_number.value);
  writer.u32(header.timestamp.value);
  writer.u32(header.ssrc.value);
  for (const Ssrc csrc : header.csrcs) writer.u32(csrc.value);

  WrittenHeader written;
  if (any) {
    writer.u16(one_byte ? kOneByteProfile : kTwoByteProfile);
    writer.u16(0);
    const std::size_t start = writer.size();
    for (const ExtensionToWrite& extension : extensions) {
      if (!writable(extension)) continue;
      if (one_byte) {
        writer.u8(static_cast<std::uint8_t>((extension.id << 4) | (extension.value.size() - 1)));
      } else {
        writer.u8(extension.id);
        writer.u8(static_cast<std::uint8_t>(extension.value.size()));
      }
      const auto at = static_cast<std::uint16_t>(writer.size());
      if (extension.extension == Extension::kAbsSendTime && extension.value.size() == kAbsSendTimeSize) {
        written.abs_send_time = at;
      }
      if (extension.extension == Extension::kTransportCc && extension.value.size() == kTransportCcSize) {
        written.transport_cc = at;
      }
      writer.bytes(extension.value);
    }
    writer.fill((4 - writer.size() % 4) % 4);
    writer.patch16(start - 2, static_cast<std::uint16_t>((writer.size() - start) / 4));
  }
  if (!writer.ok()) return std::nullopt;
  written.size = writer.size();
  return written;
}

}  // namespace sluice::rtp
