// The shell's sockets, those that come and go with a plain transport included.
//
// A socket is closed when the engine has given it back and what waited for it has been sent; its descriptor
// goes at once, its libuv handle with the loop's next round.
#include "worker/shell.h"

namespace sluice::worker {

Result<SocketId> Shell::add_socket(BoundSocket socket) {
  const auto id = socket_ids_.take();
  if (!id) return Error{ErrorCode::kLimitExceeded, "", "this worker has as many sockets as it can have"};
  auto watched = std::make_unique<WatchedSocket>();
  watched->shell = this;
  watched->id = *id;
  if (const int error = uv_poll_init(&loop_, &watched->poll, socket.socket->fd()); error != 0) {
    socket_ids_.give_back(*id);
    return Error{ErrorCode::kInternal, "", std::string("cannot watch a socket: ") + uv_strerror(error)};
  }
  watched->poll.data = watched.get();
  UdpSocket& opened = *socket.socket;
  report_notice(opened);
  log(LogLevel::kDebug, "socket " + opened.local().to_string(),
      "listening" + (socket.announced.empty() ? "" : ", announced as " + socket.announced) +
          "; kernel buffers " + std::to_string(opened.receive_buffer()) + " B in, " +
          std::to_string(opened.send_buffer()) + " B out");
  if (*id >= sockets_.size()) {
    sockets_.resize(*id + 1U);
    watched_.resize(*id + 1U);
  }
  sockets_[*id] = std::move(socket);
  watched_[*id] = std::move(watched);
  watch(*watched_[*id]);
  return *id;
}

void Shell::close_socket(SocketId id) {
  uv_close(reinterpret_cast<uv_handle_t*>(&watched_[id].release()->poll), [](uv_handle_t* handle) {
    const std::unique_ptr<WatchedSocket> last(static_cast<WatchedSocket*>(handle->data));
  });
  log(LogLevel::kDebug, "socket " + sockets_[id].socket->local().to_string(), "closed");
  closed_sockets_ += sockets_[id].socket->counters();
  sockets_[id] = {};
  socket_ids_.give_back(id);
}

Result<CreatePlainTransport> Shell::with_sockets(const CreatePlainTransport& command) {
  auto opened = socket_opener_.open(command);
  if (!opened.ok()) return opened.error();
  CreatePlainTransport complete = command;
  const auto add = [&](BoundSocket bound, std::optional<ListenSocket>& out) -> Result<void> {
    const ListenSocket socket{0, bound.socket->local(), bound.announced};
    auto id = add_socket(std::move(bound));
    if (!id.ok()) return id.error();
    out = socket;
    out->id = *id;
    return {};
  };
  if (auto added = add(std::move(opened->rtp), complete.socket); !added.ok()) return added.error();
  if (!opened->rtcp) return complete;
  if (auto added = add(std::move(*opened->rtcp), complete.rtcp_socket); !added.ok()) {
    close_socket(complete.socket->id);
    return added.error();
  }
  return complete;
}

Result<control::Answer> Shell::create_plain_transport(const CreatePlainTransport& command) {
  auto complete = with_sockets(command);
  if (!complete.ok()) return complete.error();
  auto reply = engine_->execute(*complete, moment().now);
  close_released_sockets();
  if (!reply.ok()) return reply.error();
  return control::Answer(std::move(reply).value());
}

void Shell::close_released_sockets() {
  const std::vector<SocketId> released = engine_->take_released_sockets();
  if (released.empty()) return;
  flush();  // what waits may still be for them
  for (const SocketId id : released) close_socket(id);
}

}  // namespace sluice::worker
