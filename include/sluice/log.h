// Log records as values: the engine collects them, the worker writes them out (stderr, or notifications to
// the controller).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

/// Ordered: a level shows itself and everything before it.
enum class LogLevel : std::uint8_t { kNone, kError, kWarn, kDebug };

enum class LogTag : std::uint8_t {
  kInfo,
  kIce,
  kDtls,
  kRtp,
  kSrtp,
  kRtcp,
  kRtx,
  kBwe,
  kScore,
  kSimulcast,
  kSvc,
  kSctp,
  kMessage
};
inline constexpr int kLogTagCount = 13;

/// "debug", "warn", "error", "none".
std::string_view to_string(LogLevel level);
/// "info", "ice", "dtls", ...
std::string_view to_string(LogTag tag);

struct LogRecord {
  LogLevel level = LogLevel::kDebug;
  LogTag tag = LogTag::kInfo;
  std::string object;   ///< What it is about: "transport 3f2a", may be empty.
  std::string message;  ///< One sentence.
};

}  // namespace sluice
