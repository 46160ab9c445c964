#include "worker/log_output.h"

#include <ctime>

#include <fmt/core.h>
#include <limits.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

namespace sluice::worker {
namespace {

/// RFC 3339 with milliseconds, UTC.
std::string format_time(std::int64_t unix_nanos) {
  const std::time_t seconds = unix_nanos / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_nanos / 1'000'000 % 1000);
}

}  // namespace

std::string format_log(const LogRecord& record, LogFormat format, std::int64_t unix_nanos) {
  if (format == LogFormat::kHuman) {
    return fmt::format("{} {:<5} {:<5} {}{}{}", format_time(unix_nanos), to_string(record.level),
                       to_string(record.tag), record.object, record.object.empty() ? "" : ": ",
                       record.message);
  }
  nlohmann::ordered_json line;
  line["time"] = format_time(unix_nanos);
  line["level"] = to_string(record.level);
  line["tag"] = to_string(record.tag);
  line["pid"] = getpid();
  if (!record.object.empty()) line["object"] = record.object;
  line["message"] = record.message;
  // A name that is not UTF-8 must not end the worker: its bytes are replaced.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void LogOutput::write(const LogRecord& record, std::int64_t unix_nanos) {
  std::string line = format_log(record, format_, unix_nanos);
  if (line.size() >=
      PIPE_BUF) {  // pipe(7): up to PIPE_BUF a write is whole, and does not block after POLLOUT
    constexpr std::size_t kKeep = 512;  // JSON escapes take up to six bytes for one
    const LogRecord cut{record.level, record.tag, record.object.substr(0, kKeep / 4),
                        record.message.substr(0, kKeep) + " [cut]"};
    line = format_log(cut, format_, unix_nanos);
  }
  line += '\n';
  pollfd ready{fd_, POLLOUT, 0};
  if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0 || ::write(fd_, line.data(), line.size()) < 0)
    ++dropped_;
}

}  // namespace sluice::worker
