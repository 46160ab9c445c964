// The controller's side of the channel in C++, blocking: for programs that measure or load a worker. The
// controllers for users are in node/ and python/.
//
// One request at a time; notifications that arrive meanwhile are dropped. For many at a time:
// pipelined_controller.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sluice/reply.h"
#include "sluice/result.h"
#include "worker/control/deframer.h"
#include "worker/control/protocol.h"

namespace sluice::control {

class Controller {
 public:
  /// `fd`: a connected stream socket, owned from here on. Exchanges versions.
  static Result<Controller> connect(int fd);
  Controller(Controller&& other) noexcept;
  Controller& operator=(Controller&&) = delete;
  ~Controller();

  Result<RoomReply> create_room(const CreateRoom& command);
  Result<WebRtcTransportReply> create_webrtc_transport(const CreateWebRtcTransport& command);
  Result<void> connect_transport(const ConnectTransport& command);
  Result<PlainTransportReply> create_plain_transport(const CreatePlainTransport& command);
  Result<PlainConnectReply> connect_plain_transport(const ConnectPlainTransport& command);
  Result<std::string> produce(const Produce& command);
  Result<ConsumerReply> consume(const Consume& command);
  Result<void> produce_data(const ProduceData& command);
  Result<DataConsumerReply> consume_data(const ConsumeData& command);
  Result<void> close(ObjectKind kind, const std::string& id);
  /// JSON.
  Result<std::string> dump(ObjectKind kind, const std::string& id);
  Result<ResourceUsage> resource_usage();

 private:
  explicit Controller(int fd) : fd_(fd) {}
  template <typename Reply, typename Command>
  Result<Reply> ask(const Command& command);
  Result<std::vector<std::uint8_t>> read_frame();
  Result<void> write_all(const std::vector<std::uint8_t>& bytes);

  int fd_;
  std::uint32_t next_id_ = 1;
  Deframer deframer_;
  std::vector<std::uint8_t> unread_;
};

}  // namespace sluice::control
