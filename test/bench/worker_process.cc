#include "bench/worker_process.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

Error failure(std::string what) {
  return {ErrorCode::kInternal, "", what + ": " + std::strerror(errno)};
}

[[noreturn]] void run_child(const WorkerProcess::Options& options, int channel, const std::string& counter) {
  if (options.core >= 0) pin_to_core(options.core);
  if (!options.malloc_counter.empty()) {
    setenv("LD_PRELOAD", options.malloc_counter.c_str(), 1);
    setenv("SLUICE_MALLOC_COUNT", counter.c_str(), 1);
  }
  dup2(channel, 3);
  std::vector<char*> argv{const_cast<char*>(options.binary.c_str())};
  for (const auto& argument : options.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(options.binary.c_str(), argv.data());
  std::fprintf(stderr, "cannot run %s: %s\n", options.binary.c_str(), std::strerror(errno));
  _exit(127);
}

}  // namespace

void pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

Result<WorkerProcess> WorkerProcess::start(const Options& options) {
  WorkerProcess process;
  char path[] = "/tmp/sluice-bench-XXXXXX";
  const int file = mkstemp(path);
  if (file < 0 || ftruncate(file, sizeof(std::uint64_t)) != 0)
    return failure("cannot make the allocation counter");
  process.counter_path_ = path;
  void* page = mmap(nullptr, sizeof(std::uint64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page == MAP_FAILED) return failure("cannot map the allocation counter");
  process.counter_ = static_cast<volatile std::uint64_t*>(page);

  int channel[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) return failure("socketpair");
  process.pid_ = fork();
  if (process.pid_ < 0) return failure("fork");
  if (process.pid_ == 0) run_child(options, channel[1], process.counter_path_);
  close(channel[1]);
  auto controller = control::Controller::connect(channel[0]);
  if (!controller) return controller.error();
  process.controller_.emplace(std::move(*controller));
  return process;
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      controller_(std::move(other.controller_)),
      counter_path_(std::exchange(other.counter_path_, {})),
      counter_(std::exchange(other.counter_, nullptr)) {}

WorkerProcess::~WorkerProcess() {
  controller_.reset();  // the worker ends with its channel
  if (pid_ > 0) {
    int status = 0;
    waitpid(pid_, &status, 0);
  }
  if (counter_ != nullptr) munmap(const_cast<std::uint64_t*>(counter_), sizeof(std::uint64_t));
  if (!counter_path_.empty()) unlink(counter_path_.c_str());
}

CpuTime WorkerProcess::cpu() const {
  clockid_t clock = 0;
  timespec exact{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &exact) != 0) return {};
  const double total = static_cast<double>(exact.tv_sec) * 1e6 + static_cast<double>(exact.tv_nsec) / 1e3;
  // utime and stime are fields 14 and 15 of proc(5).
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return {total, user, system};
}

std::uint64_t WorkerProcess::resident() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t WorkerProcess::allocations() const {
  return *counter_;
}

}  // namespace sluice::bench
