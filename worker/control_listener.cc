#include "worker/control_listener.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::worker {
namespace {

/// What connect() to `path` says: 0 when a process answers there.
int probe(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int result =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return result;
}

}  // namespace

void CloseControlListener::operator()(ControlListener* listener) const {
  listener->owner_ = nullptr;
  // libuv removes the socket from the file system with the handle.
  uv_close(reinterpret_cast<uv_handle_t*>(&listener->pipe_),
           [](uv_handle_t* handle) { delete static_cast<ControlListener*>(handle->data); });
}

Result<ControlListenerPtr> ControlListener::open(uv_loop_t* loop, const std::string& path, Owner& owner) {
  const int probed = probe(path);
  if (probed == 0 || probed == EAGAIN)
    return Error{ErrorCode::kAlreadyExists, "control", "another process listens on '" + path + "'"};
  struct stat status {};
  if (probed == ECONNREFUSED && lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode))
    unlink(path.c_str());

  ControlListenerPtr listener(new ControlListener(owner));
  uv_pipe_init(loop, &listener->pipe_, 0);
  listener->pipe_.data = listener.get();
  const mode_t before = umask(0177);
  int result = uv_pipe_bind(&listener->pipe_, path.c_str());
  umask(before);
  if (result == 0) {
    result =
        uv_listen(reinterpret_cast<uv_stream_t*>(&listener->pipe_), 4, [](uv_stream_t* server, int failed) {
          auto& self = *static_cast<ControlListener*>(server->data);
          if (failed == 0 && self.owner_ != nullptr) self.owner_->on_controller(server);
        });
  }
  if (result != 0)
    return Error{ErrorCode::kInternal, "control", "cannot listen on '" + path + "': " + uv_strerror(result)};
  return listener;
}

}  // namespace sluice::worker
