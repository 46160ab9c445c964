// What the RTCP tests share: a message written out, and read back from a datagram.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "catch.h"
#include "rtcp/compound.h"

namespace sluice::rtcp {

using Datagram = std::vector<std::uint8_t>;

template <typename Message>
Datagram to_bytes(const Message& message) {
  std::array<std::uint8_t, 4096> out{};
  ByteWriter writer(out);
  message.serialize_to(writer);
  REQUIRE(writer.ok());
  REQUIRE(writer.size() % 4 == 0);
  return {writer.written().begin(), writer.written().end()};
}

/// The first packet of the datagram as a Message.
template <typename Message>
std::optional<Message> from_bytes(const Datagram& datagram) {
  CompoundReader reader(datagram);
  const auto packet = reader.next();
  return packet ? Message::parse(*packet) : std::nullopt;
}

/// A message that is cut anywhere is not read, whether its length field tells of the cut or not.
template <typename Message>
void check_refuses_every_cut(const Datagram& whole) {
  REQUIRE(from_bytes<Message>(whole));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    INFO("cut at " << n);
    Datagram cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK_FALSE(from_bytes<Message>(cut));
    if (n < 4 || n % 4 != 0) continue;
    store16(cut.data() + 2, static_cast<std::uint16_t>(n / 4 - 1));
    CHECK_FALSE(from_bytes<Message>(cut));
  }
}

}  // namespace sluice::rtcp
