// Full agents and a real TURN server, coturn, over loopback: candidates by UDP, TCP and TLS, calls that may
// only use relays, and what goes wrong with credentials, certificates and servers.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/crypto.h"
#include "catch.h"
#include "coturn/posix_owner.h"

namespace sluice::test {
namespace {

namespace fs = std::filesystem;

int open_loopback(std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SLUICE_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

/// One coturn on free ports of loopback; gone with this.
class Coturn {
 public:
  explicit Coturn(std::vector<std::string> more = {}) {
    const int one = open_loopback(port_);
    const int two = open_loopback(tls_port_);
    ::close(one);
    ::close(two);
    folder_ = fs::temp_directory_path() /
              ("sluice-coturn-" + std::to_string(getpid()) + "-" + std::to_string(port_));
    fs::create_directories(folder_);
    const std::string certificate =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
        file("key.pem") + " -out " + file("cert.pem") + " 2>/dev/null";
    SLUICE_CHECK(std::system(certificate.c_str()) == 0);
    std::vector<std::string> arguments = {"turnserver",
                                          "-n",
                                          "--no-cli",
                                          "--no-dtls",
                                          "--listening-ip=127.0.0.1",
                                          "--relay-ip=127.0.0.1",
                                          "--allow-loopback-peers",
                                          "--realm=example.org",
                                          "--listening-port=" + std::to_string(port_),
                                          "--tls-listening-port=" + std::to_string(tls_port_),
                                          "--cert=" + file("cert.pem"),
                                          "--pkey=" + file("key.pem"),
                                          "--pidfile=" + file("pid"),
                                          "--log-file=" + file("log"),
                                          "--simple-log",
                                          "--userdb=" + file("db")};
    if (more.empty()) more = {"--lt-cred-mech", "--user=user:secret"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    start(arguments);
  }
  Coturn(const Coturn&) = delete;
  Coturn& operator=(const Coturn&) = delete;
  ~Coturn() {
    stop();
    fs::remove_all(folder_);
  }
  void stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] std::string url(const std::string& form) const {
    if (form == "tls") return "turns:localhost:" + std::to_string(tls_port_);
    if (form == "tls by address") return "turns:127.0.0.1:" + std::to_string(tls_port_);
    if (form == "stun") return "stun:127.0.0.1:" + std::to_string(port_);
    return "turn:127.0.0.1:" + std::to_string(port_) + "?transport=" + form;
  }
  [[nodiscard]] std::string certificate() const {
    std::ostringstream text;
    text << std::ifstream(file("cert.pem")).rdbuf();
    return text.str();
  }

 private:
  [[nodiscard]] std::string file(const char* name) const { return folder_ / name; }
  void start(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      const int null = open("/dev/null", O_RDWR);
      for (const int fd : {0, 1, 2}) dup2(null, fd);
      execvp(argv[0], argv.data());
      _exit(127);
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!listens(port_) || !listens(tls_port_)) {
      REQUIRE(waitpid(pid_, nullptr, WNOHANG) == 0);
      REQUIRE(std::chrono::steady_clock::now() < end);
      poll(nullptr, 0, 20);
    }
  }
  static bool listens(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool open = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return open;
  }

  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
  fs::path folder_;
  pid_t pid_ = 0;
};

/// Without coturn there is nothing to test against: said, and in CI a failure.
bool available() {
  if (std::system("command -v turnserver >/dev/null 2>&1") == 0) return true;
  if (std::getenv("CI") != nullptr) FAIL("coturn is not installed: scripts/setup installs it");
  WARN("coturn is not installed (scripts/setup installs it): skipped");
  return false;
}

ice::IceServer server(const std::string& url, const std::string& user = "user",
                      const std::string& credential = "secret") {
  const std::vector<ice::IceServerConfig> config{{{url}, user, credential, std::nullopt}};
  return (*ice::parse_ice_servers(config))[0];
}

bool gather(PosixOwner& owner, PosixOwner::Peer& peer) {
  peer.agent->gather(PosixOwner::now());
  return owner.run_until([&] { return peer.agent->gathering_state() == ice::GatheringState::kComplete; },
                         15s);
}

/// 1000 datagrams each way, one after the other.
void exchange(PosixOwner& owner, PosixOwner::Peer& a, PosixOwner::Peer& b) {
  for (int i = 0; i < 1000; ++i) {
    const std::string text = "\x80" + std::to_string(i) + std::string(static_cast<std::size_t>(i), 'x');
    a.received.clear();
    b.received.clear();
    REQUIRE(a.agent->send(as_bytes(text), PosixOwner::now()));
    REQUIRE(b.agent->send(as_bytes(text), PosixOwner::now()));
    REQUIRE(owner.run_until([&] { return !a.received.empty() && !b.received.empty(); }, 5s));
    REQUIRE(a.received[0] == text);
    REQUIRE(b.received[0] == text);
  }
}

TEST_CASE("coturn gives server-reflexive and relayed candidates by UDP, TCP and TLS") {
  if (!available()) return;
  Coturn coturn;
  PosixOwner owner;
  owner.ca_pem = coturn.certificate();
  std::vector<ice::IceServer> servers = {*ice::parse_server_url(coturn.url("stun"))};
  for (const char* form : {"udp", "tcp", "tls"}) servers.push_back(server(coturn.url(form)));
  auto& peer = owner.add_peer({.servers = servers}, "10.20.30.40");
  REQUIRE(gather(owner, peer));
  for (const auto& error : peer.errors) FAIL_CHECK(error.url << ": " << error.text);
  REQUIRE(peer.candidates.size() == 5);
  const auto* reflexive = peer.find(IceCandidateType::kSrflx);
  REQUIRE(reflexive != nullptr);
  CHECK(reflexive->ice.address == "127.0.0.1");
  CHECK(reflexive->related_address == "10.20.30.40");
  std::array<int, 3> relays{};
  for (const auto& c : peer.candidates) {
    if (c.relay_protocol) ++relays.at(static_cast<std::size_t>(*c.relay_protocol));
  }
  CHECK(relays == std::array{1, 1, 1});
  owner.close(peer);
}

TEST_CASE("two agents that may only use coturn's relays connect and pass datagrams, by UDP, TCP and TLS") {
  if (!available()) return;
  Coturn coturn({"--lt-cred-mech", "--user=user:secret", "--stale-nonce=1"});
  for (const char* form : {"udp", "tcp", "tls"}) {
    INFO(form);
    PosixOwner owner;
    owner.ca_pem = coturn.certificate();
    const auto options = [&](bool controlling) {
      return ice::FullAgent::Options{.controlling = controlling,
                                     .policy = ice::TransportPolicy::kRelay,
                                     .servers = {server(coturn.url(form))}};
    };
    auto& a = owner.add_peer(options(true));
    auto& b = owner.add_peer(options(false));
    REQUIRE(gather(owner, a));
    // The nonce is stale by the time that permissions are asked for: 438.
    if (form == std::string("udp")) owner.run_until([] { return false; }, 1500ms);
    owner.signal(a, b);
    for (const auto& c : a.candidates) b.agent->add_remote_candidate(c.ice);
    REQUIRE(gather(owner, b));
    REQUIRE(owner.run_until([&] { return a.agent->nominated() && b.agent->nominated(); }, 15s));
    CHECK(a.agent->selected_pair()->local.ice.type == IceCandidateType::kRelay);
    CHECK(b.agent->selected_pair()->local.ice.type == IceCandidateType::kRelay);
    exchange(owner, a, b);
    const auto stats = a.agent->pair_stats();
    CHECK(stats[0].packets_received >= 1000);
    owner.close(a);
    owner.close(b);
  }
}

TEST_CASE("coturn's refusals are named: wrong credentials, unknown users, expired ones") {
  if (!available()) return;
  const auto error_of = [](const ice::IceServer& from, const std::string& ca = {}) {
    PosixOwner owner;
    owner.ca_pem = ca;
    auto& peer = owner.add_peer({.policy = ice::TransportPolicy::kRelay, .servers = {from}});
    REQUIRE(gather(owner, peer));
    REQUIRE(peer.errors.size() == 1);
    CHECK(peer.candidates.empty());
    CHECK(peer.errors[0].url == from.url);
    return std::to_string(peer.errors[0].code) + " " + peer.errors[0].text;
  };
  const std::string refused = "401 401 Unauthorized: the username or credential is refused";
  {
    Coturn coturn;
    CHECK(error_of(server(coturn.url("udp"), "user", "wrong")) == refused);
    CHECK(error_of(server(coturn.url("tcp"), "nobody", "secret")) == refused);
    CHECK(error_of(server(coturn.url("tls"))).find("self-signed certificate") != std::string::npos);
    CHECK(error_of(server(coturn.url("tls by address")), coturn.certificate()) ==
          "701 no connection: the certificate of '127.0.0.1' is not accepted: IP address mismatch");
    // Gone: nobody listens there any more.
    const std::string url = coturn.url("tcp");
    coturn.stop();
    CHECK(error_of(server(url)) == "701 no connection: Connection refused");
  }
  Coturn coturn({"--use-auth-secret", "--static-auth-secret=north"});
  const auto timed = [&](std::int64_t expiry) {
    const std::string user = std::to_string(expiry) + ":alice";
    const auto mac = crypto::hmac_sha1(as_bytes("north"), as_bytes(user));
    return server(coturn.url("udp"), user, base64::encode(mac));
  };
  const auto unix_now = static_cast<std::int64_t>(std::time(nullptr));
  CHECK(error_of(timed(unix_now - 60)) == refused);
  PosixOwner owner;
  auto& peer = owner.add_peer({.servers = {timed(unix_now + 3600)}});
  REQUIRE(gather(owner, peer));
  CHECK(peer.errors.empty());
  CHECK(peer.find(IceCandidateType::kRelay) != nullptr);
}

TEST_CASE("missing credentials are refused before anything is sent") {
  const std::vector<ice::IceServerConfig> config{{{"turn:127.0.0.1"}, "user", std::nullopt, std::nullopt}};
  const auto result = ice::parse_ice_servers(config);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().field == "iceServers[0].credential");
}

TEST_CASE("a coturn that dies under a call is named at once where the connection tells") {
  if (!available()) return;
  Coturn coturn;
  PosixOwner owner;
  const auto options = [&](bool controlling) {
    return ice::FullAgent::Options{.controlling = controlling,
                                   .policy = ice::TransportPolicy::kRelay,
                                   .servers = {server(coturn.url("tcp"))}};
  };
  auto& a = owner.add_peer(options(true));
  auto& b = owner.add_peer(options(false));
  owner.signal(a, b);
  a.agent->gather(PosixOwner::now());
  b.agent->gather(PosixOwner::now());
  REQUIRE(owner.run_until([&] { return a.agent->nominated() && b.agent->nominated(); }, 15s));
  coturn.stop();
  REQUIRE(owner.run_until([&] { return a.agent->state() == IceState::kDisconnected && a.errors.size() >= 2; },
                          5s));
  CHECK(a.errors[0].code == 701);
  CHECK(a.errors[0].text.find("the connection has ended: ") == 0);  // closed, or reset
  CHECK(a.errors[1].text == "no connection: Connection refused");
  CHECK(a.reason.find("the relay is lost") == 0);
}

}  // namespace
}  // namespace sluice::test
