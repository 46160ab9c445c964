// The Data Channel Establishment Protocol: one message that opens a channel, one that says it has arrived
// (RFC 8832 §5).
//
// Called by DataChannels, for messages with PPID 50.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "sctp/data_channel.h"

namespace sluice::sctp::dcep {

struct Open {
  Reliability reliability;
  Priority priority = Priority::kLow;
  std::string label;
  std::string protocol;
};
struct Ack {};

/// nullopt: malformed, or of no type that there is.
std::optional<std::variant<Open, Ack>> parse(Bytes message);

/// Label and protocol of at most 65535 bytes each.
std::vector<std::uint8_t> write(const Open& open);
std::vector<std::uint8_t> write(Ack ack);

}  // namespace sluice::sctp::dcep
