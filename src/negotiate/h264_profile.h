// H264's profile-level-id: reading it, telling whether two name the same profile, and the one to answer with
// (RFC 6184 §8.1, §8.2.2). Used by codec_match only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sluice/rtp_parameters.h"

namespace sluice::negotiate {

enum class H264Profile : std::uint8_t {
  kConstrainedBaseline,
  kBaseline,
  kMain,
  kConstrainedHigh,
  kHigh,
  kPredictiveHigh444
};

/// Ten times the level, as level_idc writes it; level 1b stands between 1.0 and 1.1 and has no number of its
/// own.
struct H264Level {
  std::uint8_t idc = 31;
  bool is_1b = false;
  /// -1 when this level is below `other`, 0 when equal, 1 when above.
  [[nodiscard]] int compare(H264Level other) const;
};

struct H264ProfileLevel {
  H264Profile profile = H264Profile::kConstrainedBaseline;
  H264Level level;
};

/// Six hexadecimal digits; nothing for another length, an unknown profile or level.
std::optional<H264ProfileLevel> parse_profile_level_id(std::string_view text);
std::string to_profile_level_id(const H264ProfileLevel& value);

/// The profile-level-id among `parameters`; when it is absent, constrained baseline 3.1, which is what every
/// browser then means.
std::optional<H264ProfileLevel> profile_level_of(std::span<const CodecParameter> parameters);

/// What to answer with: the common profile, at our level when both allow asymmetry, else at the lower one.
/// Nothing when neither names a profile-level-id or the profiles differ.
std::optional<std::string> answer_profile_level_id(std::span<const CodecParameter> ours,
                                                   std::span<const CodecParameter> theirs);

}  // namespace sluice::negotiate
