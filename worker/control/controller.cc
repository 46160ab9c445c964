#include "worker/control/controller.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include "worker/control/controller_wire.h"

namespace sluice::control {
namespace {

Error broken(std::string message) {
  return {ErrorCode::kInternal, "", std::move(message)};
}

}  // namespace

Result<Controller> Controller::connect(int fd) {
  Controller controller(fd);
  if (auto sent = controller.write_all(pack_hello()); !sent) return sent.error();
  auto frame = controller.read_frame();
  if (!frame) return frame.error();
  if (auto hello = read_hello(*frame); !hello) return hello.error();
  return controller;
}

Controller::Controller(Controller&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      next_id_(other.next_id_),
      deframer_(std::move(other.deframer_)),
      unread_(std::move(other.unread_)) {}

Controller::~Controller() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Controller::write_all(const std::vector<std::uint8_t>& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return broken(std::string("cannot write to the worker: ") + std::strerror(errno));
    done += static_cast<std::size_t>(count);
  }
  return {};
}

Result<std::vector<std::uint8_t>> Controller::read_frame() {
  for (;;) {
    std::span<const std::uint8_t> rest(unread_);
    const auto status = deframer_.next(rest);
    unread_.erase(unread_.begin(), unread_.end() - static_cast<std::ptrdiff_t>(rest.size()));
    if (status == Deframer::Status::kFrame)
      return std::vector(deframer_.frame().begin(), deframer_.frame().end());
    if (status == Deframer::Status::kTooLong) return broken("the worker sent a frame that is too long");
    std::uint8_t chunk[16384];
    const ssize_t count = ::read(fd_, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return broken("the worker closed the channel");
    unread_.insert(unread_.end(), chunk, chunk + count);
  }
}

template <typename Reply, typename Command>
Result<Reply> Controller::ask(const Command& command) {
  const std::uint32_t id = next_id_++;
  if (auto sent = write_all(pack_request(id, to_table(command))); !sent) return sent.error();
  for (;;) {
    auto frame = read_frame();
    if (!frame) return frame.error();
    const wire::Frame* parsed = frame_of(*frame);
    if (parsed == nullptr) return broken("the worker sent a malformed frame");
    const wire::Response* response = parsed->body_as_Response();
    if (response != nullptr && response->id() == id)
      return read_reply<Reply>(*response);  // else a notification
  }
}

Result<RoomReply> Controller::create_room(const CreateRoom& command) {
  return ask<RoomReply>(command);
}

Result<WebRtcTransportReply> Controller::create_webrtc_transport(const CreateWebRtcTransport& command) {
  return ask<WebRtcTransportReply>(command);
}

Result<void> Controller::connect_transport(const ConnectTransport& command) {
  const auto done = ask<Done>(command);
  return done ? Result<void>() : done.error();
}

Result<PlainTransportReply> Controller::create_plain_transport(const CreatePlainTransport& command) {
  return ask<PlainTransportReply>(command);
}

Result<PlainConnectReply> Controller::connect_plain_transport(const ConnectPlainTransport& command) {
  return ask<PlainConnectReply>(command);
}

Result<std::string> Controller::produce(const Produce& command) {
  auto reply = ask<ProducerReply>(command);
  if (!reply) return reply.error();
  return std::move(reply->producer_id);
}

Result<void> Controller::produce_data(const ProduceData& command) {
  auto reply = ask<Done>(command);
  if (!reply) return reply.error();
  return {};
}

Result<DataConsumerReply> Controller::consume_data(const ConsumeData& command) {
  return ask<DataConsumerReply>(command);
}

Result<ConsumerReply> Controller::consume(const Consume& command) {
  return ask<ConsumerReply>(command);
}

Result<void> Controller::close(ObjectKind kind, const std::string& id) {
  const auto done = ask<Done>(Close{kind, id});
  return done ? Result<void>() : done.error();
}

Result<std::string> Controller::dump(ObjectKind kind, const std::string& id) {
  auto reply = ask<DumpReply>(Dump{kind, id});
  if (!reply) return reply.error();
  return std::move(reply->json);
}

Result<ResourceUsage> Controller::resource_usage() {
  return ask<ResourceUsage>(GetResourceUsage{});
}

}  // namespace sluice::control
