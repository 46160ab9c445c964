#include "bench/measured_process.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

Error failure(std::string what) {
  return {ErrorCode::kInternal, "", what + ": " + std::strerror(errno)};
}

[[noreturn]] void run_child(const MeasuredProcess::Options& options, int channel, const std::string& page) {
  if (options.core >= 0) pin_to_core(options.core);
  if (!options.malloc_counter.empty()) {
    setenv("LD_PRELOAD", options.malloc_counter.c_str(), 1);
    setenv("SLUICE_MALLOC_COUNT", page.c_str(), 1);
  }
  dup2(channel, 3);
  std::vector<char*> argv{const_cast<char*>(options.binary.c_str())};
  for (const auto& argument : options.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(options.binary.c_str(), argv.data());
  std::fprintf(stderr, "cannot run %s: %s\n", options.binary.c_str(), std::strerror(errno));
  _exit(127);
}

/// Standard output of a program; empty when it could not be run.
std::string output_of(const std::string& command) {
  std::string out;
  std::array<char, 4096> chunk{};
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  while (fgets(chunk.data(), static_cast<int>(chunk.size()), pipe) != nullptr) out += chunk.data();
  pclose(pipe);
  return out;
}

}  // namespace

void pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
  setpriority(PRIO_PROCESS, 0, -15);
}

Result<MeasuredProcess> MeasuredProcess::start(const Options& options) {
  char path[] = "/tmp/sluice-bench-XXXXXX";
  const int file = mkstemp(path);
  if (file < 0 || ftruncate(file, sizeof(sluice_malloc_page)) != 0)
    return failure("cannot make the allocation counter");
  void* page = mmap(nullptr, sizeof(sluice_malloc_page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (page == MAP_FAILED) return failure("cannot map the allocation counter");
  int channel[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) return failure("socketpair");
  const pid_t pid = fork();
  if (pid < 0) return failure("fork");
  if (pid == 0) run_child(options, channel[1], path);
  close(channel[1]);
  MeasuredProcess process(pid, channel[0], options.binary);
  process.page_path_ = path;
  process.page_ = static_cast<sluice_malloc_page*>(page);
  return process;
}

MeasuredProcess::MeasuredProcess(pid_t pid, int channel, std::string binary)
    : pid_(pid), channel_(channel), binary_(std::move(binary)), meter_(pid) {}

MeasuredProcess::MeasuredProcess(MeasuredProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      channel_(std::exchange(other.channel_, -1)),
      binary_(std::move(other.binary_)),
      meter_(std::move(other.meter_)),
      page_path_(std::exchange(other.page_path_, {})),
      page_(std::exchange(other.page_, nullptr)) {}

MeasuredProcess::~MeasuredProcess() {
  if (channel_ >= 0) close(channel_);
  if (pid_ > 0) {
    int status = 0;
    waitpid(pid_, &status, 0);
  }
  if (page_ != nullptr) munmap(page_, sizeof *page_);
  if (!page_path_.empty()) unlink(page_path_.c_str());
}

double MeasuredProcess::waited_us() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/schedstat");
  double ran = 0;
  double waited = 0;
  file >> ran >> waited;
  return waited / 1e3;
}

std::uint64_t MeasuredProcess::resident() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t MeasuredProcess::allocations() const {
  return __atomic_load_n(&page_->allocations, __ATOMIC_RELAXED);
}

std::uint64_t MeasuredProcess::heap_bytes() const {
  return __atomic_load_n(&page_->live_bytes, __ATOMIC_RELAXED);
}

void MeasuredProcess::trace_allocations(bool on) {
  __atomic_store_n(&page_->tracing, on ? 1 : 0, __ATOMIC_RELAXED);
}

std::vector<std::pair<std::uint64_t, std::string>> MeasuredProcess::allocation_sites() const {
  std::vector<std::pair<std::uint64_t, std::string>> out;
  for (const auto& stack : page_->stacks) {
    if (stack.count == 0) continue;
    std::string text;
    for (const std::uint64_t address : stack.frames) {
      // The machinery of the standard library says nothing; three functions of our own are enough to find a
      // place.
      const std::string name = address == 0 ? "" : name_of(address);
      if (name.find("sluice::") != std::string::npos || name.rfind("uv_", 0) == 0)
        text += (text.empty() ? "" : " < ") + name;
    }
    out.emplace_back(stack.count, text.empty() ? "(outside of the program's own code)" : text);
  }
  std::sort(out.rbegin(), out.rend());
  return out;
}

std::string MeasuredProcess::name_of(std::uint64_t address) const {
  std::ifstream maps("/proc/" + std::to_string(pid_) + "/maps");
  const char* real = realpath(binary_.c_str(), nullptr);
  const std::string path = real != nullptr ? real : binary_;
  std::free(const_cast<char*>(real));
  std::uint64_t base = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &from, &to) != 2 || line.find(path) == std::string::npos)
      continue;
    if (base == 0) base = from;
    if (address < from || address >= to) continue;
    std::ostringstream command;  // the call, not what comes after it
    command << "addr2line -Cfe '" << path << "' 0x" << std::hex << address - base - 1 << " 2>/dev/null";
    const std::string name = output_of(command.str());
    return name.substr(0, std::min(name.find('('), name.find('\n')));
  }
  return "";
}

}  // namespace sluice::bench
