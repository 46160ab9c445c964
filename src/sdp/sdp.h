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

/// A line of a text that parse() has read, for messages about what it means.
struct FoundLine {
  std::size_t number = 0;  ///< From 1; 0 when there is none.
  std::string_view text;
};
/// The first line that begins with `prefix` in the m= section of that index, or (`kSession`) before the
/// first of them. Without one, the m= line itself, or v=.
inline constexpr std::size_t kSession = static_cast<std::size_t>(-1);
FoundLine find_line(std::string_view text, std::size_t section, std::string_view prefix);

/// `line 7 of the SDP is "a=mid"`: bounded, and printable wherever it ends up.
std::string describe_line(std::size_t number, std::string_view line);
std::string quote_line(std::string_view line);

}  // namespace sluice::sdp
