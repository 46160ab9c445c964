// Log records as lines on stderr: for people, or one JSON object a line. Never blocks the loop: what a full
// pipe does not take is dropped and counted.
#pragma once

#include <cstdint>
#include <string>

#include "sluice/log.h"
#include "worker/options.h"

namespace sluice::worker {

/// One line, without its end.
std::string format_log(const LogRecord& record, LogFormat format, std::int64_t unix_nanos);

class LogOutput {
 public:
  explicit LogOutput(LogFormat format, int fd = 2) : format_(format), fd_(fd) {}

  void write(const LogRecord& record, std::int64_t unix_nanos);
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  LogFormat format_;
  int fd_;
  std::uint64_t dropped_ = 0;
};

}  // namespace sluice::worker
