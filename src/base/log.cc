#include "base/log.h"

namespace sluice {

std::string_view to_string(LogLevel level) {
  static constexpr std::string_view kNames[] = {"none", "error", "warn", "debug"};
  return kNames[static_cast<std::size_t>(level)];
}

std::string_view to_string(LogTag tag) {
  static constexpr std::string_view kNames[kLogTagCount] = {"info", "ice",  "dtls",   "rtp",   "srtp",
                                                            "rtcp", "rtx",  "bwe",    "score", "simulcast",
                                                            "svc",  "sctp", "message"};
  return kNames[static_cast<std::size_t>(tag)];
}

}  // namespace sluice
