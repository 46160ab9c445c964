#include "coturn/coturn.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
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

bool listens(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool open = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return open;
}

}  // namespace

const std::vector<std::string> kTimedCredentials = {"--use-auth-secret", "--static-auth-secret=north"};

std::pair<std::string, std::string> timed_credentials(std::int64_t expiry) {
  const std::string user = std::to_string(expiry) + ":alice";
  return {user, base64::encode(crypto::hmac_sha1(as_bytes("north"), as_bytes(user)))};
}

Coturn::Coturn(std::vector<std::string> options) {
  const int one = open_loopback(port_);
  const int two = open_loopback(tls_port_);
  ::close(one);
  ::close(two);
  folder_ =
      fs::temp_directory_path() / ("sluice-coturn-" + std::to_string(getpid()) + "-" + std::to_string(port_));
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
  if (options.empty()) options = {"--lt-cred-mech", "--user=user:secret"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  start(arguments);
}

Coturn::~Coturn() {
  stop();
  fs::remove_all(folder_);
}

bool Coturn::available() {
  if (std::system("command -v turnserver >/dev/null 2>&1") == 0) return true;
  if (std::getenv("CI") != nullptr) FAIL("coturn is not installed: scripts/setup installs it");
  WARN("coturn is not installed (scripts/setup installs it): skipped");
  return false;
}

void Coturn::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string Coturn::url(const std::string& form) const {
  if (form == "tls") return "turns:localhost:" + std::to_string(tls_port_);
  if (form == "tls by address") return "turns:127.0.0.1:" + std::to_string(tls_port_);
  if (form == "stun") return "stun:127.0.0.1:" + std::to_string(port_);
  return "turn:127.0.0.1:" + std::to_string(port_) + "?transport=" + form;
}

std::string Coturn::certificate() const {
  std::ostringstream text;
  text << std::ifstream(file("cert.pem")).rdbuf();
  return text.str();
}

void Coturn::start(const std::vector<std::string>& arguments) {
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

}  // namespace sluice::test
