#include "load/worker_process.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load/process_usage.h"

namespace sluice::load {
namespace {

namespace fs = std::filesystem;
constexpr int kChannel = 3;  ///< Where a worker that was spawned looks for its controller.

Error failure(const std::string& what) {
  return {ErrorCode::kInternal, "", what + ": " + std::strerror(errno)};
}

[[noreturn]] void run_child(const WorkerProcess::Options& options, int channel) {
  if (options.core >= 0) pin_to_core(options.core);
  setpgid(0, 0);  // Ctrl+C is for the tool, which ends the worker when it is done with it
  if (channel == kChannel) {
    fcntl(channel, F_SETFD, 0);
  } else {
    dup2(channel, kChannel);
  }
  std::vector<char*> argv{const_cast<char*>(options.binary.c_str())};
  for (const auto& argument : options.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(options.binary.c_str(), argv.data());
  std::fprintf(stderr, "sluice-load: cannot run %s: %s\n", options.binary.c_str(), std::strerror(errno));
  _exit(127);
}

std::string how(int status) {
  return WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                             : "exited with code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Result<WorkerProcess::Started> WorkerProcess::start(const Options& options) {
  int channel[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) return failure("socketpair");
  const pid_t pid = fork();
  if (pid < 0) return failure("cannot start the worker");
  if (pid == 0) run_child(options, channel[1]);
  close(channel[1]);
  return Started{WorkerProcess(pid), channel[0]};
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  wait();
  pid_ = std::exchange(other.pid_, -1);
  return *this;
}

WorkerProcess::~WorkerProcess() {
  wait();
}

void WorkerProcess::wait() {
  if (pid_ <= 0) return;
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
}

std::string WorkerProcess::ended() {
  int status = 0;
  // Its channel closes a moment before it is gone.
  if (const int fd = pid_ > 0 ? static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)) : -1; fd >= 0) {
    pollfd gone{fd, POLLIN, 0};
    poll(&gone, 1, 1000);
    close(fd);
  }
  if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) != pid_) return "";
  pid_ = -1;
  return how(status);
}

Result<ConnectedWorker> connect_to_worker(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return invalid_argument("control", "the path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure("socket");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const Error error = failure("cannot connect to " + path);
    close(fd);
    return error;
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return ConnectedWorker{fd, peer.pid};
}

std::string find_worker() {
  std::error_code ignored;
  const fs::path self = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& candidate : {self / "sluice-worker", self / "../worker/sluice-worker"}) {
    if (access(candidate.c_str(), X_OK) == 0) return fs::weakly_canonical(candidate, ignored).string();
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path candidate = fs::path(folder) / "sluice-worker";
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  return "";
}

}  // namespace sluice::load
