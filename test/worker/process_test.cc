// The real program: started as a controller starts it, talked to over its socket, ended in every way it may
// end.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.h"
#include "worker/udp_socket.h"
#include "worker/wire.h"

#ifdef SLUICE_WORKER_BINARY

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr int kTimeoutMs = 20'000;

/// A controller's end of the channel, blocking with a timeout.
class Client {
 public:
  explicit Client(int fd) : fd_(fd) {}
  ~Client() { close_channel(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const Bytes& bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == ssize_t(bytes.size()));
  }
  /// The next frame; nothing when the worker closed the channel.
  std::unique_ptr<wire::FrameT> next() {
    for (;;) {
      if (auto frame = take_frame(stream_)) return frame;
      pollfd ready{fd_, POLLIN, 0};
      REQUIRE(poll(&ready, 1, kTimeoutMs) == 1);
      std::uint8_t buffer[4096];
      const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
      if (count <= 0) return nullptr;
      stream_.insert(stream_.end(), buffer, buffer + count);
    }
  }
  /// The response to request `id`, past any notifications.
  std::unique_ptr<wire::FrameT> response(std::uint32_t id) {
    for (;;) {
      auto frame = next();
      REQUIRE(frame != nullptr);
      if (frame->body.AsResponse() == nullptr) continue;
      CHECK(frame->body.AsResponse()->id == id);
      return frame;
    }
  }
  void shake_hands() {
    const auto frame = next();
    REQUIRE(frame != nullptr);
    REQUIRE(frame->body.AsHello() != nullptr);
    send(pack_hello());
  }
  nlohmann::json dump_worker() {
    send(pack_request(1000, wire::DumpT{}));
    const auto frame = response(1000);
    REQUIRE(frame->body.AsResponse()->reply.AsDumpReply() != nullptr);
    return nlohmann::json::parse(frame->body.AsResponse()->reply.AsDumpReply()->json);
  }
  void close_channel() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  Bytes stream_;
};

/// A child process whose stdout and stderr are kept.
class Worker {
 public:
  /// `with_channel`: descriptor 3 is one end of a socket pair, `channel` the other; else descriptor 3 is
  /// closed.
  explicit Worker(std::vector<std::string> arguments, bool with_channel = true) {
    int pair[2] = {-1, -1};
    int output[2];
    if (with_channel) REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    REQUIRE(pipe2(output, O_CLOEXEC) == 0);
    arguments.insert(arguments.begin(), SLUICE_WORKER_BINARY);
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      dup2(output[1], 1);
      dup2(output[1], 2);
      if (!with_channel) close(3);
      if (with_channel && pair[1] == 3) fcntl(3, F_SETFD, 0);
      if (with_channel && pair[1] != 3) dup2(pair[1], 3);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(output[1]);
    output_ = output[0];
    if (with_channel) close(pair[1]);
    if (with_channel) channel = std::make_unique<Client>(pair[0]);
  }
  ~Worker() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(output_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void signal(int number) const { kill(pid_, number); }
  /// Waits for the end: reads what the process says until it says no more. The exit code, or minus the
  /// signal.
  int wait() {
    for (;;) {
      pollfd ready{output_, POLLIN, 0};
      REQUIRE(poll(&ready, 1, kTimeoutMs) == 1);
      char buffer[4096];
      const ssize_t count = read(output_, buffer, sizeof buffer);
      if (count <= 0) break;
      said.append(buffer, static_cast<std::size_t>(count));
    }
    int status = 0;
    REQUIRE(waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  /// Reads output until `text` came.
  void wait_for(const std::string& text) {
    while (said.find(text) == std::string::npos) {
      pollfd ready{output_, POLLIN, 0};
      REQUIRE(poll(&ready, 1, kTimeoutMs) == 1);
      char buffer[4096];
      const ssize_t count = read(output_, buffer, sizeof buffer);
      if (count <= 0) FAIL("the worker ended, saying: " << said);
      said.append(buffer, static_cast<std::size_t>(count));
    }
  }

  std::unique_ptr<Client> channel;
  std::string said;

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

std::vector<std::string> on_loopback(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"--listen", "127.0.0.1", "--port-range", "30000-39999"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

int lines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

/// A directory of its own, removed at the end.
struct ScratchDirectory {
  ScratchDirectory() {
    char name[] = "/tmp/sluice-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

std::unique_ptr<Client> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return std::make_unique<Client>(fd);
}

}  // namespace

TEST_CASE("a worker greets, answers, and ends quietly when its channel closes") {
  Worker worker(on_loopback());
  worker.channel->shake_hands();

  worker.channel->send(pack_request(1, wire::GetResourceUsageT{}));
  const auto usage = worker.channel->response(1);
  REQUIRE(usage->body.AsResponse()->reply.AsResourceUsageReply() != nullptr);
  CHECK(usage->body.AsResponse()->reply.AsResourceUsageReply()->ru_maxrss > 0);

  wire::CloseT close;
  close.kind = wire::ObjectKind::ROOM;
  close.id = "nowhere";
  worker.channel->send(pack_request(2, std::move(close)));
  const auto refused = worker.channel->response(2);
  REQUIRE(refused->body.AsResponse()->error != nullptr);
  CHECK(refused->body.AsResponse()->error->code == wire::ErrorCode::NOT_FOUND);

  const auto dump = worker.channel->dump_worker();
  REQUIRE(dump["sockets"].size() == 1);
  CHECK(dump["sockets"][0]["receiveBuffer"].get<int>() > 0);
  CHECK(dump["process"]["pid"].get<int>() > 0);

  worker.channel->close_channel();
  CHECK(worker.wait() == 0);
  CHECK(worker.said.empty());
}

TEST_CASE("SIGTERM and SIGINT end a worker with code 0") {
  const int number = GENERATE(SIGTERM, SIGINT);
  Worker worker(on_loopback());
  worker.channel->shake_hands();
  worker.channel->dump_worker();
  worker.signal(number);
  CHECK(worker.channel->next() == nullptr);
  CHECK(worker.wait() == 0);
}

TEST_CASE("a controller of another version reads why, and the worker ends with a line") {
  Worker worker(on_loopback());
  REQUIRE(worker.channel->next()->body.AsHello() != nullptr);
  worker.channel->send(pack_hello(99));
  const auto frame = worker.channel->next();
  REQUIRE(frame != nullptr);
  REQUIRE(frame->body.AsFailure() != nullptr);
  CHECK(frame->body.AsFailure()->error->code == wire::ErrorCode::UNSUPPORTED);
  CHECK(worker.channel->next() == nullptr);
  CHECK(worker.wait() == 1);
  CHECK_THAT(worker.said, Catch::Matchers::Contains("speaks control protocol 99"));
  CHECK(lines(worker.said) == 1);
}

TEST_CASE("a malformed frame ends the worker with a line, not with a crash") {
  Worker worker(on_loopback());
  worker.channel->shake_hands();
  worker.channel->send({'G', 'E', 'T', ' ', '/', '\r', '\n'});
  const auto frame = worker.channel->next();
  REQUIRE(frame != nullptr);
  REQUIRE(frame->body.AsFailure() != nullptr);
  CHECK(worker.wait() == 1);
  CHECK_THAT(worker.said,
             Catch::Matchers::Contains("control channel: malformed frame: its prefix announces"));
  CHECK(lines(worker.said) == 1);
}

TEST_CASE("an occupied port is one clear line, for people and for the controller") {
  const auto taken = worker::UdpSocket::open(*SocketAddress::parse("127.0.0.1", 0), {20000, 29999});
  REQUIRE(taken.ok());
  const std::string address = (*taken)->local().to_string();
  Worker worker({"--listen", address});
  const auto frame = worker.channel->next();
  REQUIRE(frame != nullptr);
  REQUIRE(frame->body.AsFailure() != nullptr);
  CHECK(frame->body.AsFailure()->error->message == "cannot bind UDP " + address + ": Address already in use");
  CHECK(worker.wait() == 1);
  CHECK(worker.said == "sluice-worker: --listen: cannot bind UDP " + address + ": Address already in use\n");
}

TEST_CASE("an unreadable or meaningless certificate is one clear line") {
  const ScratchDirectory scratch;
  const std::string file = scratch.path + "/not-a-certificate.pem";
  std::ofstream(file) << "hello\n";
  SECTION("unreadable") {
    Worker worker(on_loopback(
        {"--dtls-certificate-file", scratch.path + "/none.pem", "--dtls-private-key-file", file}));
    CHECK(worker.wait() == 2);
    CHECK_THAT(worker.said, Catch::Matchers::Contains("--dtls-certificate-file: cannot read"));
    CHECK(lines(worker.said) == 1);
  }
  SECTION("meaningless") {
    Worker worker(on_loopback({"--dtls-certificate-file", file, "--dtls-private-key-file", file}));
    CHECK(worker.wait() == 1);
    INFO(worker.said);
    CHECK_THAT(worker.said, Catch::Matchers::StartsWith("sluice-worker: --dtls-certificate-file: "));
    CHECK(lines(worker.said) == 1);
  }
}

TEST_CASE("without a channel a worker says how it is started") {
  Worker worker(on_loopback(), false);
  CHECK(worker.wait() == 1);
  CHECK(worker.said ==
        "sluice-worker: --control-fd: descriptor 3 is not open; a worker is started by a controller, which "
        "passes a connected socket as "
        "descriptor 3, or with --control unix:PATH\n");
}

TEST_CASE("help and version go to the one who asks and need no channel") {
  Worker help({"--help"}, false);
  CHECK(help.wait() == 0);
  CHECK_THAT(help.said, Catch::Matchers::Contains("Examples:"));
  Worker version({"--version"}, false);
  CHECK(version.wait() == 0);
  CHECK_THAT(version.said, Catch::Matchers::StartsWith("sluice-worker "));
}

TEST_CASE("on a Unix socket controllers come and go while rooms stay") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path + "/worker.sock";
  Worker worker(on_loopback({"--control", "unix:" + path, "--log-level", "debug", "--log-tags", "info"}),
                false);
  worker.wait_for("listening");
  {
    const auto first = connect_to(path);
    first->shake_hands();
    wire::CreateRoomT room;
    room.room_id = "lobby";
    room.media_codecs.push_back(std::make_unique<wire::RtpCodecCapabilityT>());
    room.media_codecs[0]->mime_type = "audio/opus";
    room.media_codecs[0]->clock_rate = 48000;
    room.media_codecs[0]->channels = 2;
    first->send(pack_request(1, std::move(room)));
    CHECK(first->response(1)->body.AsResponse()->reply.AsRoomReply() != nullptr);

    const auto second = connect_to(path);
    const auto refused = second->next();
    REQUIRE(refused != nullptr);
    REQUIRE(refused->body.AsFailure() != nullptr);
    CHECK(refused->body.AsFailure()->error->message == "another controller is connected");
    CHECK(second->next() == nullptr);
  }
  // The first is gone; whether the worker has noticed when the next one knocks is a race that a controller
  // runs, too.
  std::unique_ptr<Client> next;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    next = connect_to(path);
    const auto frame = next->next();
    if (frame != nullptr && frame->body.AsHello() != nullptr) break;
    next.reset();
  }
  REQUIRE(next != nullptr);
  next->send(pack_hello());
  wire::DumpT dump;
  dump.kind = wire::ObjectKind::ROOM;
  dump.id = "lobby";
  next->send(pack_request(2, std::move(dump)));
  CHECK(next->response(2)->body.AsResponse()->reply.AsDumpReply() != nullptr);

  Worker rival(on_loopback({"--control", "unix:" + path}), false);
  CHECK(rival.wait() == 1);
  CHECK_THAT(rival.said, Catch::Matchers::Contains("another process listens on"));

  worker.signal(SIGTERM);
  CHECK(worker.wait() == 0);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("the socket that a killed worker left is replaced") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path + "/worker.sock";
  for (int run = 0; run < 2; ++run) {
    Worker worker(on_loopback({"--control", "unix:" + path, "--log-level", "debug", "--log-tags", "info"}),
                  false);
    worker.wait_for("listening");
    connect_to(path)->shake_hands();
    worker.signal(SIGKILL);
    CHECK(worker.wait() == -SIGKILL);
    CHECK(std::filesystem::exists(path));
  }
}

TEST_CASE("arbitrary datagrams are counted and change nothing") {
  Worker worker(on_loopback());
  worker.channel->shake_hands();
  const std::string local = worker.channel->dump_worker()["sockets"][0]["local"];
  const auto port = static_cast<std::uint16_t>(std::stoi(local.substr(local.find(':') + 1)));
  PacketPool pool;
  const auto sender = worker::UdpSocket::open(*SocketAddress::parse("127.0.0.1", 0), {20000, 29999});
  REQUIRE(sender.ok());
  std::srand(1);
  std::vector<std::vector<std::uint8_t>> junk;
  for (int i = 0; i < 300; ++i) {
    auto& bytes = junk.emplace_back(static_cast<std::size_t>(i * 7 % 1500));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(std::rand());
  }
  for (const auto& bytes : junk)
    (*sender)->send({{*SocketAddress::parse("127.0.0.1", port), 0}, bytes}, pool);
  (*sender)->flush(pool);
  nlohmann::json socket;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    socket = worker.channel->dump_worker()["sockets"][0];
    if (socket["datagramsReceived"] == 300) break;
  }
  CHECK(socket["datagramsReceived"] == 300);
  worker.channel->close_channel();
  CHECK(worker.wait() == 0);
}

#endif
