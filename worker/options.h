// The command line of sluice-worker, parsed and validated.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "sluice/engine.h"
#include "worker/udp_socket.h"

namespace sluice::worker {

/// One --listen: [udp:|tcp:]IP[:PORT][=ANNOUNCED].
struct ListenSpec {
  IceProtocol protocol = IceProtocol::kUdp;
  SocketAddress address;  ///< Port 0: the first free one of the range. 0.0.0.0 and :: stand for every address
                          ///< of the machine.
  std::string announced;
};

enum class LogFormat : std::uint8_t { kHuman, kJson };

struct Options {
  std::vector<ListenSpec> listen;
  std::string announced_address;
  PortRange ports;
  SocketOptions udp;  ///< Of every socket, unless a request says otherwise.
  LogLevel log_level = LogLevel::kError;
  std::vector<LogTag> log_tags;
  LogFormat log_format = LogFormat::kHuman;
  std::string certificate_file;
  std::string private_key_file;
  int control_fd = 3;
  std::string control_path;  ///< Of --control unix:PATH; empty: control_fd is used.
  SrtpBackend srtp_backend = SrtpBackend::kAuto;
};

/// The process is to end at once: --help, --version (code 0, text for stdout) or a mistake (code 2, one line
/// for stderr).
struct ExitNow {
  int code = 0;
  std::string text;
};

std::variant<Options, ExitNow> parse_options(int argc, const char* const* argv);

/// "sluice-worker 0.1.0"'s second half.
std::string_view version();

}  // namespace sluice::worker
