#include "negotiate/h264_profile.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "negotiate/codec_match.h"

namespace sluice::negotiate {
namespace {

constexpr std::uint8_t kConstraintSet3 = 0x10;
constexpr std::uint8_t kLevel11 = 11;

/// Rows of RFC 6184 §8.1, table 5: the profile when profile_idc is equal and profile_iop is `iop` in the bits
/// of `mask`.
struct ProfilePattern {
  std::uint8_t idc;
  std::uint8_t mask;
  std::uint8_t iop;
  H264Profile profile;
};
constexpr std::array kPatterns = {
    ProfilePattern{0x42, 0x4F, 0x40, H264Profile::kConstrainedBaseline},
    ProfilePattern{0x4D, 0x8F, 0x80, H264Profile::kConstrainedBaseline},
    ProfilePattern{0x58, 0xCF, 0xC0, H264Profile::kConstrainedBaseline},
    ProfilePattern{0x42, 0x4F, 0x00, H264Profile::kBaseline},
    ProfilePattern{0x58, 0xCF, 0x80, H264Profile::kBaseline},
    ProfilePattern{0x4D, 0xAF, 0x00, H264Profile::kMain},
    ProfilePattern{0x64, 0xFF, 0x00, H264Profile::kHigh},
    ProfilePattern{0x64, 0xFF, 0x0C, H264Profile::kConstrainedHigh},
    ProfilePattern{0xF4, 0xFF, 0x00, H264Profile::kPredictiveHigh444},
};

/// How each profile is written.
struct Prefix {
  H264Profile profile;
  std::uint8_t idc;
  std::uint8_t iop;
};
constexpr std::array kPrefixes = {
    Prefix{H264Profile::kConstrainedBaseline, 0x42, 0xE0},
    Prefix{H264Profile::kBaseline, 0x42, 0x00},
    Prefix{H264Profile::kMain, 0x4D, 0x00},
    Prefix{H264Profile::kConstrainedHigh, 0x64, 0x0C},
    Prefix{H264Profile::kHigh, 0x64, 0x00},
    Prefix{H264Profile::kPredictiveHigh444, 0xF4, 0x00},
};

/// ITU-T H.264 table A-1.
constexpr std::array<std::uint8_t, 19> kLevels = {10, 11, 12, 13, 20, 21, 22, 30, 31, 32,
                                                  40, 41, 42, 50, 51, 52, 60, 61, 62};

/// Those that say 1b by level_idc 11 with constraint_set3 (H.264 A.3.1, A.3.2).
bool marks_1b_by_flag(H264Profile profile) {
  return profile == H264Profile::kConstrainedBaseline || profile == H264Profile::kBaseline ||
         profile == H264Profile::kMain;
}

int rank(H264Level level) {
  return level.is_1b ? 2 * kLevel11 - 1 : 2 * level.idc;
}

}  // namespace

int H264Level::compare(H264Level other) const {
  const int difference = rank(*this) - rank(other);
  return (difference > 0) - (difference < 0);
}

// profile-level-id, three bytes in hexadecimal:
//   0               8               16
//  |  profile_idc  |  profile_iop  |   level_idc   |
//                   |0|1|2|3|4|5|res|   constraint_set flags
std::optional<H264ProfileLevel> parse_profile_level_id(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (text.size() != 6 || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const auto idc = static_cast<std::uint8_t>(number >> 16);
  const auto iop = static_cast<std::uint8_t>(number >> 8);
  const auto level = static_cast<std::uint8_t>(number);
  if (std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end()) return std::nullopt;
  for (const ProfilePattern& pattern : kPatterns) {
    if (idc != pattern.idc || (iop & pattern.mask) != pattern.iop) continue;
    const bool is_1b = level == kLevel11 && (iop & kConstraintSet3) != 0 && marks_1b_by_flag(pattern.profile);
    return H264ProfileLevel{pattern.profile, {level, is_1b}};
  }
  return std::nullopt;
}

std::string to_profile_level_id(const H264ProfileLevel& value) {
  const auto& prefix = *std::find_if(kPrefixes.begin(), kPrefixes.end(),
                                     [&](const Prefix& row) { return row.profile == value.profile; });
  const auto iop = static_cast<std::uint8_t>(prefix.iop | (value.level.is_1b ? kConstraintSet3 : 0));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : {prefix.idc, iop, value.level.idc}) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0x0F];
  }
  return text;
}

std::optional<H264ProfileLevel> profile_level_of(std::span<const CodecParameter> parameters) {
  const auto text = string_parameter(parameters, "profile-level-id");
  if (!text) return H264ProfileLevel{H264Profile::kConstrainedBaseline, {31, false}};
  return parse_profile_level_id(*text);
}

std::optional<std::string> answer_profile_level_id(std::span<const CodecParameter> ours,
                                                   std::span<const CodecParameter> theirs) {
  if (find_parameter(ours, "profile-level-id") == nullptr &&
      find_parameter(theirs, "profile-level-id") == nullptr) {
    return std::nullopt;
  }
  const auto our_level = profile_level_of(ours);
  const auto their_level = profile_level_of(theirs);
  if (!our_level || !their_level || our_level->profile != their_level->profile) return std::nullopt;
  const bool asymmetric = integer_parameter(ours, "level-asymmetry-allowed") == 1 &&
                          integer_parameter(theirs, "level-asymmetry-allowed") == 1;
  const bool keep_ours = asymmetric || our_level->level.compare(their_level->level) <= 0;
  return to_profile_level_id({our_level->profile, keep_ours ? our_level->level : their_level->level});
}

}  // namespace sluice::negotiate
