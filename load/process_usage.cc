#include "load/process_usage.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace sluice::load {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::uint64_t resident_of(const std::string& folder) {
  std::istringstream fields(read_file(folder + "/statm"));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  fields >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// How long the first thread ran, and how long it waited for a core (s).
std::pair<double, double> schedule_of(const std::string& folder) {
  std::istringstream fields(read_file(folder + "/schedstat"));
  double ran = 0;
  double waited = 0;
  fields >> ran >> waited;
  return {ran / 1e9, waited / 1e9};
}

std::size_t thread_count(const std::string& folder) {
  std::error_code error;
  const std::filesystem::directory_iterator threads(folder + "/task", error);
  return error ? 0 : static_cast<std::size_t>(std::distance(begin(threads), end(threads)));
}

}  // namespace

std::optional<Usage> usage_of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const std::string text = read_file(folder + "/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
  // proc(5): utime and stime are fields 14 and 15; the third comes after the name.
  std::istringstream fields(text.substr(name_end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  Usage out{user / ticks, system / ticks, resident_of(folder), 0};
  // Ticks are 10 ms. Of one thread, which a worker is, the scheduler knows the sum by the nanosecond.
  const auto [ran, waited] = schedule_of(folder);
  out.waited = waited;
  if (thread_count(folder) == 1 && ran > 0 && out.cpu() > 0) {
    const double factor = ran / out.cpu();
    out.user *= factor;
    out.system *= factor;
  }
  return out;
}

Usage own_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime), seconds(usage.ru_stime), resident_of("/proc/self"),
          schedule_of("/proc/self").second};
}

bool pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

int core_count() {
  return static_cast<int>(sysconf(_SC_NPROCESSORS_CONF));
}

}  // namespace sluice::load
