// Text to description and back (RFC 8866). Called by src/negotiate.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sdp/description.h"
#include "sluice/result.h"

namespace sluice::sdp {

inline constexpr std::size_t kMaxBytes = 256 * 1024;
inline constexpr std::size_t kMaxMediaSections = 512;
inline constexpr std::size_t kMaxAttributes = 2000;  ///< Of one section.

/// Lines may end in CRLF or LF. An error's field is the line at fault, its message names the line's number
/// and what was expected.
Result<SessionDescription> parse(std::string_view text);

/// Lines end in CRLF.
std::string write(const SessionDescription& description);

}  // namespace sluice::sdp
