// What each payload type and header extension id means within the one BUNDLE group, so that offers of ours
// never give a number a second meaning (RFC 8843 §9.1, RFC 8285 §6). The client's own numbers come first, as
// soon as it has named them; then the room's; then any that is free.
//
// Only m-lines of ours are numbered from here: a client's keep the numbers it gave them, even when (as aiortc
// does) one id means two things in two m-lines.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "negotiate/jsep_remote.h"

namespace sluice::negotiate::jsep {

class BundleNumbers {
 public:
  /// Notes what an accepted description of the client says.
  void learn(const RemoteDescription& description);

  /// The client has named it, or an offer of ours has.
  [[nodiscard]] bool known(std::uint8_t room_payload_type) const {
    return payload_types_.contains(room_payload_type);
  }
  /// The session's number for one of the room's payload types; none when all are taken.
  std::optional<std::uint8_t> payload_type(std::uint8_t room_payload_type);
  /// The session's id for an extension; none when all are taken. From 1 to 14, as one-byte headers have it,
  /// unless the client gave it another and takes headers mixed (RFC 8285 §6).
  std::optional<std::uint8_t> extension_id(std::string_view uri, std::uint8_t room_id);

 private:
  std::map<std::uint8_t, std::uint8_t> payload_types_;  // room's → session's
  std::array<bool, 128> taken_payload_types_{};
  std::map<std::string, std::uint16_t, std::less<>> ids_;
  std::array<bool, 256> taken_ids_{};
  bool mixed_ = false;
};

}  // namespace sluice::negotiate::jsep
