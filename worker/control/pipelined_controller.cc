#include "worker/control/pipelined_controller.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/control/controller_wire.h"

namespace sluice::control {
namespace {

constexpr int kHelloTimeoutMs = 10'000;

Error broken(std::string message) {
  return {ErrorCode::kInternal, "", std::move(message)};
}

}  // namespace

PipelinedController::PipelinedController(PipelinedController&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      worker_pid_(other.worker_pid_),
      next_id_(other.next_id_),
      waiting_(std::move(other.waiting_)),
      out_(std::move(other.out_)),
      written_(other.written_),
      in_(std::move(other.in_)),
      deframer_(std::move(other.deframer_)) {}

PipelinedController::~PipelinedController() {
  if (fd_ >= 0) ::close(fd_);
}

Result<PipelinedController> PipelinedController::connect(int fd) {
  PipelinedController controller(fd);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  controller.out_ = pack_hello();
  // The greeting is a request without an id.
  Result<Hello> hello = broken("the worker sent no greeting within 10 s");
  bool greeted = false;
  controller.waiting_.push_back({0, [&](const std::vector<std::uint8_t>* frame, const Error& error) {
                                   greeted = true;
                                   hello = frame == nullptr ? Result<Hello>(error) : read_hello(*frame);
                                 }});
  while (!greeted) {
    if (auto polled = controller.poll(); !polled && !greeted) return polled.error();
    pollfd ready{fd, POLLIN, 0};
    if (!greeted && ::poll(&ready, 1, kHelloTimeoutMs) <= 0) return hello.error();
  }
  if (!hello) return hello.error();
  controller.worker_pid_ = hello->pid;
  return controller;
}

template <typename Reply, typename Command>
void PipelinedController::ask(const Command& command, Then<Reply> then) {
  const std::uint32_t id = next_id_++;
  const auto bytes = pack_request(id, to_table(command));
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  waiting_.push_back(
      {id, [then = std::move(then)](const std::vector<std::uint8_t>* frame, const Error& error) {
         then(frame == nullptr ? Result<Reply>(error)
                               : read_reply<Reply>(*frame_of(*frame)->body_as_Response()));
       }});
}

void PipelinedController::create_room(const CreateRoom& command, Then<RoomReply> then) {
  ask(command, std::move(then));
}

void PipelinedController::create_webrtc_transport(const CreateWebRtcTransport& command,
                                                  Then<WebRtcTransportReply> then) {
  ask(command, std::move(then));
}

void PipelinedController::connect_transport(const ConnectTransport& command, Then<Done> then) {
  ask(command, std::move(then));
}

void PipelinedController::produce(const Produce& command, Then<ProducerReply> then) {
  ask(command, std::move(then));
}

void PipelinedController::consume(const Consume& command, Then<ConsumerReply> then) {
  ask(command, std::move(then));
}

void PipelinedController::resume(const Resume& command, Then<Done> then) {
  ask(command, std::move(then));
}

void PipelinedController::close(const Close& command, Then<Done> then) {
  ask(command, std::move(then));
}

void PipelinedController::resource_usage(Then<ResourceUsage> then) {
  ask(GetResourceUsage{}, std::move(then));
}

Result<void> PipelinedController::poll() {
  if (fd_ < 0) return fail(broken("the channel to the worker is closed"));
  if (auto written = write_some(); !written) return fail(written.error());
  if (auto read = read_some(); !read) return fail(read.error());
  // Those that were called back may have asked for more.
  if (auto written = write_some(); !written) return fail(written.error());
  return {};
}

Result<void> PipelinedController::write_some() {
  while (written_ < out_.size()) {
    const ssize_t count =
        ::send(fd_, out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (count <= 0) return broken(std::string("cannot write to the worker: ") + std::strerror(errno));
    written_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  written_ = 0;
  return {};
}

Result<void> PipelinedController::read_some() {
  for (;;) {
    std::uint8_t chunk[65536];
    const ssize_t count = ::recv(fd_, chunk, sizeof chunk, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (count < 0) return broken(std::string("cannot read from the worker: ") + std::strerror(errno));
    if (count == 0) return broken("the worker closed the channel");
    in_.assign(chunk, chunk + count);
    if (auto taken = take_frames(); !taken) return taken;
    if (static_cast<std::size_t>(count) < sizeof chunk) return {};
  }
}

Result<void> PipelinedController::take_frames() {
  for (std::span<const std::uint8_t> rest(in_); !rest.empty();) {
    const auto status = deframer_.next(rest);
    if (status == Deframer::Status::kTooLong) return broken("the worker sent a frame that is too long");
    if (status != Deframer::Status::kFrame) return {};
    if (auto answered = answer({deframer_.frame().begin(), deframer_.frame().end()}); !answered)
      return answered;
  }
  return {};
}

Result<void> PipelinedController::answer(const std::vector<std::uint8_t>& frame) {
  const wire::Frame* parsed = frame_of(frame);
  if (parsed == nullptr) return broken("the worker sent a malformed frame");
  const wire::Response* response = parsed->body_as_Response();
  const bool greeting = !waiting_.empty() && waiting_.front().id == 0;
  if (response == nullptr && !greeting) return {};  // a notification
  if (!greeting && (waiting_.empty() || waiting_.front().id != response->id()))
    return broken("the worker answered a request that is not the next");
  const Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  next.take(&frame, {});
  return {};
}

/// Everyone who waits is told, once.
Error PipelinedController::fail(Error error) {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  while (!waiting_.empty()) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    next.take(nullptr, error);
  }
  return error;
}

}  // namespace sluice::control
