#include "worker/control_stream.h"

#include <string>

#include <fcntl.h>
#include <sys/socket.h>

namespace sluice::worker {

void CloseControlStream::operator()(ControlStream* stream) const {
  stream->owner_ = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&stream->pipe_),
           [](uv_handle_t* handle) { delete static_cast<ControlStream*>(handle->data); });
}

Result<void> ControlStream::check(int fd) {
  const std::string name = "descriptor " + std::to_string(fd);
  int type = 0;
  socklen_t size = sizeof type;
  if (fcntl(fd, F_GETFD) < 0) return invalid_argument("control-fd", name + " is not open");
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
    return invalid_argument("control-fd", name + " is not a stream socket");
  }
  return {};
}

Result<ControlStreamPtr> ControlStream::open(uv_loop_t* loop, int fd, Owner& owner) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  ControlStreamPtr stream(new ControlStream(owner));
  uv_pipe_init(loop, &stream->pipe_, 0);
  stream->pipe_.data = stream.get();
  if (const int status = uv_pipe_open(&stream->pipe_, fd); status != 0) {
    return Error{ErrorCode::kInternal, "control-fd",
                 "descriptor " + std::to_string(fd) + ": " + uv_strerror(status)};
  }
  stream->start_reading();
  return stream;
}

ControlStreamPtr ControlStream::accept(uv_loop_t* loop, uv_stream_t* server, Owner& owner) {
  ControlStreamPtr stream(new ControlStream(owner));
  uv_pipe_init(loop, &stream->pipe_, 0);
  stream->pipe_.data = stream.get();
  if (uv_accept(server, reinterpret_cast<uv_stream_t*>(&stream->pipe_)) != 0) return nullptr;
  stream->start_reading();
  return stream;
}

void ControlStream::start_reading() {
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&pipe_),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& self = *static_cast<ControlStream*>(handle->data);
        *buffer = uv_buf_init(self.buffer_.data(), static_cast<unsigned>(self.buffer_.size()));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        auto& self = *static_cast<ControlStream*>(stream->data);
        if (count < 0) return self.end();
        if (count == 0 || self.owner_ == nullptr) return;
        self.owner_->on_control_bytes(
            {reinterpret_cast<const std::uint8_t*>(buffer->base), static_cast<std::size_t>(count)});
      });
}

void ControlStream::end() {
  uv_read_stop(reinterpret_cast<uv_stream_t*>(&pipe_));
  if (owner_ != nullptr) owner_->on_control_end();
}

void ControlStream::write(std::vector<std::uint8_t>& bytes) {
  if (bytes.empty() || !writing_.empty()) return;
  writing_.swap(bytes);
  const uv_buf_t buffer =
      uv_buf_init(reinterpret_cast<char*>(writing_.data()), static_cast<unsigned>(writing_.size()));
  request_.data = this;
  const int status = uv_write(&request_, reinterpret_cast<uv_stream_t*>(&pipe_), &buffer, 1,
                              [](uv_write_t* request, int result) {
                                auto& self = *static_cast<ControlStream*>(request->data);
                                self.writing_.clear();
                                if (self.owner_ == nullptr) return;
                                if (result != 0) return self.end();
                                self.owner_->on_control_written();
                              });
  if (status != 0) {
    writing_.clear();
    end();
  }
}

void ControlStream::write_last(std::span<const std::uint8_t> bytes) {
  if (bytes.empty() || !writing_.empty()) return;  // out of turn it would only break the stream
  const uv_buf_t buffer = uv_buf_init(const_cast<char*>(reinterpret_cast<const char*>(bytes.data())),
                                      static_cast<unsigned>(bytes.size()));
  uv_try_write(reinterpret_cast<uv_stream_t*>(&pipe_), &buffer, 1);
}

}  // namespace sluice::worker
