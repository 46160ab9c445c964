// Collects log records that pass the level and tags. Errors and warnings ignore tags; debug lines need theirs
// switched on.
#pragma once

#include <bitset>
#include <string>
#include <utility>
#include <vector>

#include "sluice/log.h"

namespace sluice {

class Log {
 public:
  static constexpr std::size_t kMaxPending = 4096;  ///< Beyond it records are dropped and counted.

  void set_level(LogLevel level) { level_ = level; }
  void set_tag(LogTag tag, bool on) { tags_.set(static_cast<std::size_t>(tag), on); }
  void clear_tags() { tags_.reset(); }

  /// Ask before building a message.
  [[nodiscard]] bool on(LogLevel level, LogTag tag) const {
    if (level == LogLevel::kNone || level > level_) return false;
    return level != LogLevel::kDebug || tags_.test(static_cast<std::size_t>(tag));
  }
  void write(LogLevel level, LogTag tag, std::string object, std::string message) {
    if (!on(level, tag)) return;
    if (pending_.size() >= kMaxPending) {
      ++dropped_;
      return;
    }
    pending_.push_back({level, tag, std::move(object), std::move(message)});
  }
  std::vector<LogRecord> drain() { return std::exchange(pending_, {}); }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  LogLevel level_ = LogLevel::kError;
  std::bitset<kLogTagCount> tags_;
  std::vector<LogRecord> pending_;
  std::uint64_t dropped_ = 0;
};

}  // namespace sluice
