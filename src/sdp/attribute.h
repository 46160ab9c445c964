// What one a= line says. Used by the parser and the writer of src/sdp only.
#pragma once

#include <string>
#include <string_view>

#include "sdp/description.h"

namespace sluice::sdp {

enum class AttributeOutcome : std::uint8_t {
  kTaken,      ///< Stands in the description now.
  kUnknown,    ///< Not one of ours: to be kept as it is.
  kMalformed,  ///< One of ours, but `expected` is not what it says.
};

struct AttributeResult {
  AttributeOutcome outcome = AttributeOutcome::kUnknown;
  std::string_view expected;
};

inline constexpr AttributeResult kTaken{AttributeOutcome::kTaken, {}};
inline constexpr AttributeResult kUnknown{AttributeOutcome::kUnknown, {}};
constexpr AttributeResult malformed(std::string_view expected) {
  return {AttributeOutcome::kMalformed, expected};
}

/// `name:value`, or `name` with `flag` set and an empty value.
struct AttributeText {
  std::string_view name;
  std::string_view value;
  bool flag = false;
};

AttributeResult parse_shared_attribute(const AttributeText& text, SharedAttributes& out);
AttributeResult parse_session_attribute(const AttributeText& text, SessionDescription& out);
AttributeResult parse_media_attribute(const AttributeText& text, MediaDescription& out);

}  // namespace sluice::sdp
