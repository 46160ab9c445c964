// Numbers of the control channel that both sides must agree on, and the requests that the worker answers
// without the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "sluice/event.h"
#include "sluice/reply.h"

namespace sluice::control {

/// Raised with every change of fbs/ that an older side could misread.
inline constexpr std::uint32_t kProtocolVersion = 1;

/// A longer frame, in either direction, is a mistake. Counted without the size prefix.
inline constexpr std::size_t kMaxFrameSize = 4U << 20;
inline constexpr std::size_t kPrefixSize = 4;

/// The first frame of either side.
struct Hello {
  std::uint32_t protocol_version = kProtocolVersion;
  std::string product;
  std::string product_version;
  std::uint32_t pid = 0;
};

struct GetResourceUsage {};

/// getrusage(2). Times in ms, ru_maxrss in KiB.
struct ResourceUsage {
  std::uint64_t ru_utime = 0;
  std::uint64_t ru_stime = 0;
  std::uint64_t ru_maxrss = 0;
  std::uint64_t ru_ixrss = 0;
  std::uint64_t ru_idrss = 0;
  std::uint64_t ru_isrss = 0;
  std::uint64_t ru_minflt = 0;
  std::uint64_t ru_majflt = 0;
  std::uint64_t ru_nswap = 0;
  std::uint64_t ru_inblock = 0;
  std::uint64_t ru_oublock = 0;
  std::uint64_t ru_msgsnd = 0;
  std::uint64_t ru_msgrcv = 0;
  std::uint64_t ru_nsignals = 0;
  std::uint64_t ru_nvcsw = 0;
  std::uint64_t ru_nivcsw = 0;
};

using Request = std::variant<Command, GetResourceUsage>;
using Answer = std::variant<Reply, ResourceUsage>;

}  // namespace sluice::control
