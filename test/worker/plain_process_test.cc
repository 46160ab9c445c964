// Plain transports of the real program: its descriptors, and media through real sockets.
#include <cstring>
#include <filesystem>

#include <arpa/inet.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "catch.h"
#include "worker/control/controller.h"

#ifdef SLUICE_WORKER_BINARY

namespace sluice::control {
namespace {

/// A worker and its controller; ends with its channel.
class PlainProcess {
 public:
  PlainProcess() {
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      if (pair[1] == 3) fcntl(3, F_SETFD, 0);
      if (pair[1] != 3) dup2(pair[1], 3);
      execl(SLUICE_WORKER_BINARY, SLUICE_WORKER_BINARY, "--listen", "127.0.0.1", nullptr);
      _exit(127);
    }
    close(pair[1]);
    auto connected = Controller::connect(pair[0]);
    REQUIRE(connected.ok());
    controller_.emplace(std::move(*connected));
    RtpCodecCapability opus;
    opus.mime_type = "audio/opus";
    opus.clock_rate = 48'000;
    opus.channels = 2;
    capabilities = need(controller().create_room({"room", {opus}})).rtp_capabilities;
  }
  ~PlainProcess() {
    controller_.reset();
    int status = 0;
    waitpid(pid_, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  PlainProcess(const PlainProcess&) = delete;
  PlainProcess& operator=(const PlainProcess&) = delete;

  Controller& controller() { return *controller_; }
  template <typename T>
  static T need(Result<T> result) {
    INFO((result.ok() ? std::string("ok") : result.error().field + ": " + result.error().message));
    REQUIRE(result.ok());
    return std::move(*result);
  }
  PlainTransportReply create(const std::string& id, bool comedia = false, bool rtcp_mux = true) {
    CreatePlainTransport command;
    command.room_id = "room";
    command.transport_id = id;
    command.comedia = comedia;
    command.rtcp_mux = rtcp_mux;
    return need(controller().create_plain_transport(command));
  }
  void produce(const std::string& transport, const std::string& id, std::uint32_t ssrc) {
    RtpCodecParameters opus;
    opus.mime_type = "audio/opus";
    opus.payload_type = 96;
    opus.clock_rate = 48'000;
    opus.channels = 2;
    Produce command;
    command.transport_id = transport;
    command.producer_id = id;
    command.rtp_parameters.codecs = {opus};
    command.rtp_parameters.encodings.resize(1);
    command.rtp_parameters.encodings[0].ssrc = ssrc;
    (void)need(controller().produce(command));
  }
  ConsumerReply consume(const std::string& transport, const std::string& producer) {
    Consume command;
    command.transport_id = transport;
    command.producer_id = producer;
    command.rtp_capabilities = capabilities;
    return need(controller().consume(command));
  }
  nlohmann::json dump() { return nlohmann::json::parse(need(controller().dump(ObjectKind::kWorker, ""))); }
  /// What the kernel says it has open, once all that was asked before is done.
  std::size_t descriptors() {
    (void)dump();
    const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid_) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  RtpCapabilities capabilities;

 private:
  pid_t pid_ = -1;
  std::optional<Controller> controller_;
};

class Endpoint {
 public:
  Endpoint() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Endpoint() { close(fd_); }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  void send(std::uint16_t to, const std::vector<std::uint8_t>& bytes) const {
    sockaddr_in address = loopback(to);
    REQUIRE(sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&address),
                   sizeof address) == ssize_t(bytes.size()));
  }
  /// The next datagram that is no RTCP; empty when none comes within `timeout_ms`.
  std::vector<std::uint8_t> receive(int timeout_ms = 10'000) const {
    for (;;) {
      pollfd ready{fd_, POLLIN, 0};
      if (poll(&ready, 1, timeout_ms) != 1) return {};
      std::vector<std::uint8_t> bytes(2000);
      const ssize_t count = recv(fd_, bytes.data(), bytes.size(), 0);
      REQUIRE(count >= 2);
      bytes.resize(static_cast<std::size_t>(count));
      if (bytes[1] < 192 || bytes[1] > 223) return bytes;
    }
  }

  std::uint16_t port = 0;

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  int fd_;
};

std::vector<std::uint8_t> rtp_packet(std::uint32_t ssrc, std::uint16_t number) {
  std::vector<std::uint8_t> out{0x80, 96, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 1, 2, 3, 4};
  store16(out.data() + 2, number);
  store32(out.data() + 8, ssrc);
  return out;
}

TEST_CASE("media goes from socket to socket, and each transport's descriptors go with it") {
  PlainProcess worker;
  const std::size_t before = worker.descriptors();
  const auto from = worker.create("from", true, false);
  const auto to = worker.create("to");
  CHECK(worker.descriptors() == before + 3);
  CHECK(from.tuple.local_address == "127.0.0.1");
  REQUIRE(from.rtcp_tuple.has_value());
  CHECK(from.rtcp_tuple->local_port == from.tuple.local_port + 1);
  Endpoint publisher;
  Endpoint viewer;
  const auto connected =
      worker.need(worker.controller().connect_plain_transport({"to", "127.0.0.1", viewer.port, {}, {}}));
  CHECK(connected.tuple.remote_port == viewer.port);
  worker.produce("from", "audio", 77);
  const auto consumer = worker.consume("to", "audio");
  for (std::uint16_t number = 1; number <= 200; ++number)
    publisher.send(from.tuple.local_port, rtp_packet(77, number));
  for (int i = 0; i < 200; ++i) {
    const auto bytes = viewer.receive();
    REQUIRE(bytes.size() >= 16);
    CHECK(load32(bytes.data() + 8) == consumer.rtp_parameters.encodings[0].ssrc);
    CHECK(std::memcmp(bytes.data() + bytes.size() - 4, "\1\2\3\4", 4) == 0);
  }
  CHECK(worker.controller().close(ObjectKind::kTransport, "from").ok());
  CHECK(worker.descriptors() == before + 1);
  CHECK(worker.controller().close(ObjectKind::kRoom, "room").ok());
  CHECK(worker.descriptors() == before);
}

TEST_CASE("what still arrives for a closed transport reaches nobody, its successor least of all") {
  PlainProcess worker;
  Endpoint stranger;
  const std::size_t before = worker.descriptors();
  for (int round = 0; round < 300; ++round) {
    const std::string id = std::to_string(round);
    const auto made = worker.create(id, true);
    for (int i = 0; i < 5; ++i)
      stranger.send(made.tuple.local_port, rtp_packet(1, static_cast<std::uint16_t>(i)));
    REQUIRE(worker.controller().close(ObjectKind::kTransport, id).ok());
  }
  const auto last = worker.create("last", true);
  const auto dump =
      nlohmann::json::parse(worker.need(worker.controller().dump(ObjectKind::kTransport, "last")));
  CHECK(dump["packetsReceived"] == 0);
  CHECK(worker.descriptors() == before + 1);
}

TEST_CASE("a refused transport leaves no descriptor, wherever it was refused") {
  PlainProcess worker;
  const std::size_t before = worker.descriptors();
  CreatePlainTransport command;
  command.room_id = "room";
  command.rtcp_mux = false;
  const auto refuse = [&](const CreatePlainTransport& wrong, const std::string& field) {
    const auto reply = worker.controller().create_plain_transport(wrong);
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().field == field);
    CHECK(worker.descriptors() == before);
  };
  auto wrong = command;
  wrong.room_id = "nowhere";  // by the engine, both sockets open
  refuse(wrong, "roomId");
  wrong = command;
  wrong.enable_sctp = true;
  refuse(wrong, "enableSctp");
  wrong = command;
  wrong.listen_info.emplace();  // before any
  refuse(wrong, "listenInfo.ip");
  Endpoint taken;
  wrong = command;
  wrong.rtcp_listen_info.emplace();  // between the two
  wrong.rtcp_listen_info->ip = "127.0.0.1";
  wrong.rtcp_listen_info->port = taken.port;
  refuse(wrong, "rtcpListenInfo.port");
}

}  // namespace
}  // namespace sluice::control

#endif
