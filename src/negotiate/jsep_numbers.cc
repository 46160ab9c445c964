#include "negotiate/jsep_numbers.h"

#include <algorithm>

namespace sluice::negotiate::jsep {

void BundleNumbers::learn(const RemoteDescription& description) {
  mixed_ = std::all_of(description.sections.begin(), description.sections.end(),
                       [](const RemoteSection& s) { return !s.usable() || s.extmap_allow_mixed; });
  for (const RemoteSection& section : description.sections) {
    for (const MatchedCodec& match : section.codecs)
      payload_types_.try_emplace(match.room_payload_type, match.codec.payload_type);
    for (std::uint8_t number : section.payload_types) taken_payload_types_[number] = true;
    for (const sdp::Extmap& e : section.extensions) {
      const auto id = static_cast<std::uint8_t>(e.id);
      if (ids_.contains(e.uri) || taken_ids_[id]) continue;  // the first meaning of an id stands
      taken_ids_[id] = true;
      ids_.emplace(e.uri, id);
    }
  }
}

std::optional<std::uint8_t> BundleNumbers::payload_type(std::uint8_t room_payload_type) {
  if (const auto it = payload_types_.find(room_payload_type); it != payload_types_.end()) return it->second;
  const auto take = [&](std::uint8_t number) {
    taken_payload_types_[number] = true;
    payload_types_[room_payload_type] = number;
    return number;
  };
  if (!taken_payload_types_[room_payload_type]) return take(room_payload_type);
  // The dynamic range of RFC 3551, then what RFC 5761 §4 leaves below RTCP's numbers.
  for (int number = 127; number >= 96; --number)
    if (!taken_payload_types_[number]) return take(static_cast<std::uint8_t>(number));
  for (int number = 63; number >= 35; --number)
    if (!taken_payload_types_[number]) return take(static_cast<std::uint8_t>(number));
  return std::nullopt;
}

std::optional<std::uint8_t> BundleNumbers::extension_id(std::string_view uri, std::uint8_t room_id) {
  if (const auto it = ids_.find(uri); it != ids_.end())
    return it->second <= 14 || mixed_ ? std::optional(static_cast<std::uint8_t>(it->second)) : std::nullopt;
  const auto take = [&](std::uint8_t id) {
    taken_ids_[id] = true;
    ids_.emplace(uri, id);
    return id;
  };
  if (room_id >= 1 && room_id <= 14 && !taken_ids_[room_id]) return take(room_id);
  for (std::uint8_t id = 14; id >= 1; --id)
    if (!taken_ids_[id]) return take(id);
  return std::nullopt;
}

}  // namespace sluice::negotiate::jsep
