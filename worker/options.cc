#include "worker/options.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

#include <CLI/CLI.hpp>

namespace sluice::worker {
namespace {

constexpr const char* kExamples = R"(Examples:
  A worker is normally started by a controller, which passes a connected socket as descriptor 3:
    const worker = await createWorker({ logLevel: 'warn' });
  For a controller that connects later, on one address of this machine:
    sluice-worker --control unix:/run/sluice.sock --listen 192.0.2.10
  Behind NAT, with four ports forwarded:
    sluice-worker --control unix:/run/sluice.sock --listen 10.0.0.5=203.0.113.7 --port-range 40000-40003
  Also for clients that get through by TCP only:
    sluice-worker --control unix:/run/sluice.sock --listen 192.0.2.10 --listen tcp:192.0.2.10:443
)";

bool is_host_name(const std::string& text) {
  if (text.empty() || text.size() > 253 || text.front() == '-' || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
  });
}

std::string announced_fault(const std::string& text) {
  if (const auto ip = SocketAddress::parse(text, 0)) {
    return ip->is_unspecified() ? text + " is not an address that a client could reach" : "";
  }
  // Digits and dots alone were meant as an address.
  const bool numeric = text.find_first_not_of("0123456789.") == std::string::npos;
  return !numeric && is_host_name(text) ? "" : "'" + text + "' is neither an IP address nor a host name";
}

/// A decimal number in [min, max] and nothing else.
std::optional<unsigned> parse_number(std::string_view text, unsigned min, unsigned max) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  const auto number = static_cast<unsigned>(std::stoul(std::string(text)));
  if (number < min || number > max) return std::nullopt;
  return number;
}

/// IP, IPv4:PORT, [IPv6]:PORT or [IPv6], each with an optional udp: or tcp: before and =ANNOUNCED behind.
/// Returns what is wrong, or nothing.
std::string parse_listen(const std::string& text, ListenSpec& spec) {
  const std::size_t equals = text.find('=');
  std::string where = text.substr(0, equals);
  for (const IceProtocol protocol : {IceProtocol::kUdp, IceProtocol::kTcp}) {
    const std::string scheme = std::string(to_string(protocol)) + ':';
    if (where.rfind(scheme, 0) != 0) continue;
    spec.protocol = protocol;
    where.erase(0, scheme.size());
    break;
  }
  std::string ip = where;
  std::string port;
  if (!where.empty() && where.front() == '[') {
    const std::size_t bracket = where.find(']');
    if (bracket == std::string::npos) return "'" + text + "' lacks the closing bracket of its IPv6 address";
    ip = where.substr(1, bracket - 1);
    if (bracket + 1 < where.size()) {
      if (where[bracket + 1] != ':') return "'" + text + "': expected [IPv6]:PORT";
      port = where.substr(bracket + 1);
    }
  } else if (std::count(where.begin(), where.end(), ':') == 1) {
    ip = where.substr(0, where.find(':'));
    port = where.substr(where.find(':'));
  }
  unsigned number = 0;
  if (!port.empty()) {
    const auto parsed = parse_number(std::string_view(port).substr(1), 1, 65535);
    if (!parsed) return "'" + text + "': the port must be a number from 1 to 65535";
    number = *parsed;
  }
  const auto address = SocketAddress::parse(ip, static_cast<std::uint16_t>(number));
  if (!address)
    return "'" + ip +
           "' is not an IP address (expected [udp:|tcp:]IP[:PORT][=ANNOUNCED], an IPv6 address with a port "
           "in "
           "brackets)";
  spec.address = *address;
  if (equals == std::string::npos) return "";
  spec.announced = text.substr(equals + 1);
  return announced_fault(spec.announced);
}

std::string parse_port_range(const std::string& text, PortRange& range) {
  const std::size_t dash = text.find('-');
  const auto min = parse_number(std::string_view(text).substr(0, dash), 1, 65535);
  const auto max =
      dash == std::string::npos ? min : parse_number(std::string_view(text).substr(dash + 1), 1, 65535);
  if (!min || !max) return "'" + text + "' is not a port range (expected MIN-MAX, each from 1 to 65535)";
  if (*min > *max) return "'" + text + "': the first port is above the last";
  range = {static_cast<std::uint16_t>(*min), static_cast<std::uint16_t>(*max)};
  return "";
}

std::string unreadable(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  if (file && file.peek() != std::ifstream::traits_type::eof()) return "";
  return "cannot read '" + path + "': " + (errno != 0 ? std::strerror(errno) : "it is empty");
}

std::string parse_control(const std::string& text, std::string& path) {
  constexpr std::string_view kScheme = "unix:";
  constexpr std::size_t kMaxPath = 107;  // unix(7): sun_path has 108 bytes with its terminator
  if (text.rfind(kScheme, 0) != 0 || text.size() == kScheme.size())
    return "'" + text + "': expected unix:PATH";
  path = text.substr(kScheme.size());
  return path.size() > kMaxPath ? "the path of the socket is longer than 107 bytes" : "";
}

template <typename T>
std::string expected_one_of(const std::string& text, const std::vector<std::pair<std::string, T>>& choices) {
  std::string names;
  for (const auto& [name, value] : choices) {
    if (name == text) return "";
    names += (names.empty() ? "" : ", ") + name;
  }
  return "'" + text + "' is unknown (expected one of " + names + ")";
}

template <typename T>
T choose(const std::string& text, const std::vector<std::pair<std::string, T>>& choices) {
  const auto found =
      std::find_if(choices.begin(), choices.end(), [&](const auto& choice) { return choice.first == text; });
  return found == choices.end() ? T{} : found->second;
}

std::vector<std::pair<std::string, LogTag>> log_tags() {
  std::vector<std::pair<std::string, LogTag>> tags;
  tags.reserve(kLogTagCount);
  for (int i = 0; i < kLogTagCount; ++i) {
    tags.emplace_back(std::string(to_string(static_cast<LogTag>(i))), static_cast<LogTag>(i));
  }
  return tags;
}

/// Binds the options to fields while CLI11 parses, then fills Options.
class CommandLine {
 public:
  CommandLine()
      : app_("The media process of Sluice: one thread, one core, driven by a controller.", "sluice-worker") {
    app_.set_version_flag("--version", "sluice-worker " + std::string(version()),
                          "Print the version and exit");
    app_.set_help_flag("--help,-h", "Print this help and exit");
    app_.footer(kExamples);
    add_control();
    add_network();
    add_security();
    add_log();
  }

  std::variant<Options, ExitNow> parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return ExitNow{0, app_.help()};
    } catch (const CLI::CallForVersion&) {
      return ExitNow{0, "sluice-worker " + std::string(version()) + "\n"};
    } catch (const CLI::ParseError& error) {
      return mistake(error.what());
    }
    if (options_.certificate_file.empty() != options_.private_key_file.empty()) {
      return mistake("--dtls-certificate-file and --dtls-private-key-file: give both or neither");
    }
    if (!options_.control_path.empty() && app_.count("--control-fd") != 0) {
      return mistake("--control and --control-fd: give one of them");
    }
    if (options_.listen.empty()) {
      for (const char* all : {"0.0.0.0", "::"})
        options_.listen.push_back({IceProtocol::kUdp, *SocketAddress::parse(all, 0), ""});
    }
    return options_;
  }

 private:
  static ExitNow mistake(std::string what) {
    std::replace(what.begin(), what.end(), '\n', ' ');
    return {2, "sluice-worker: " + what + "; try sluice-worker --help\n"};
  }

  void add_control() {
    add("--control-fd", "FD", "Descriptor of the connected stream socket to the controller (3)",
        [this](const std::string& text) {
          const auto fd = parse_number(text, 0, 1'000'000);
          if (!fd) return "'" + text + "' is not a file descriptor";
          options_.control_fd = static_cast<int>(*fd);
          return std::string();
        })
        ->group("Control channel");
    add("--control", "unix:PATH", "Wait for controllers on this Unix socket; rooms outlive a controller",
        [this](const std::string& text) { return parse_control(text, options_.control_path); })
        ->group("Control channel");
  }

  void add_network() {
    app_.add_option_function<std::vector<std::string>>(
            "--listen",
            [this](const std::vector<std::string>& all) {
              for (const std::string& text : all) {
                ListenSpec spec;
                if (const auto fault = parse_listen(text, spec); !fault.empty())
                  throw CLI::ValidationError("--listen", fault);
                options_.listen.push_back(spec);
              }
            },
            "Address to receive media on, and what clients are told instead of it; repeatable. UDP, or with "
            "tcp: before it TCP, for clients whose network blocks UDP. 0.0.0.0 "
            "and :: (the default, both by UDP) stand for "
            "every address of this machine, link-local IPv6 excepted")
        ->type_name("[udp:|tcp:]IP[:PORT][=ANNOUNCED]")
        ->allow_extra_args(false)
        ->group("Network");
    add("--announced-address", "ADDRESS",
        "IP address or host name told to clients, for every --listen without its own. An IP address stands "
        "for addresses of its family only, and "
        "never for a loopback address that was not asked for by name",
        [this](const std::string& text) {
          options_.announced_address = text;
          return announced_fault(text);
        })
        ->group("Network");
    add("--port-range", "MIN-MAX", "Where a --listen without a port takes the first free one (10000-59999)",
        [this](const std::string& text) { return parse_port_range(text, options_.ports); })
        ->group("Network");
    add_choice("--udp-gso", "on|off", "Send many datagrams a system message where the kernel can (on)",
               switch_, options_.udp.gso, "Network");
    add_choice("--udp-gro", "on|off", "Receive many datagrams a system message where the kernel can (on)",
               switch_, options_.udp.gro, "Network");
  }

  void add_security() {
    add("--dtls-certificate-file", "FILE",
        "PEM certificate shown to clients (a fresh one is made by default)",
        [this](const std::string& text) {
          options_.certificate_file = text;
          return unreadable(text);
        })
        ->group("Security");
    add("--dtls-private-key-file", "FILE", "PEM private key of that certificate",
        [this](const std::string& text) {
          options_.private_key_file = text;
          return unreadable(text);
        })
        ->group("Security");
    add_choice("--srtp-backend", "NAME", "auto (the fastest that works here), ipsec-mb, openssl or libsrtp",
               srtp_backends_, options_.srtp_backend, "Security");
  }

  void add_log() {
    add_choice("--log-level", "LEVEL", "debug, warn, error (the default) or none", log_levels_,
               options_.log_level, "Log");
    add("--log-tags", "TAG,...",
        "What debug lines are about: info, ice, dtls, rtp, srtp, rtcp, rtx, bwe, score, simulcast, svc, "
        "sctp, message",
        [this](const std::string& text) {
          std::size_t start = 0;
          while (start <= text.size()) {
            const std::size_t comma = std::min(text.find(',', start), text.size());
            const std::string tag = text.substr(start, comma - start);
            if (auto fault = expected_one_of(tag, log_tags_); !fault.empty()) return fault;
            options_.log_tags.push_back(choose(tag, log_tags_));
            start = comma + 1;
          }
          return std::string();
        })
        ->join(',')
        ->group("Log");
    add_choice("--log-format", "FORMAT", "human (the default) or json: how lines on stderr look",
               log_formats_, options_.log_format, "Log");
  }

  /// `take` stores the value and returns what is wrong with it, or nothing.
  template <typename Take>
  CLI::Option* add(const std::string& name, const std::string& type, const std::string& help, Take take) {
    return app_
        .add_option_function<std::string>(
            name,
            [name, take](const std::string& text) {
              if (const std::string fault = take(text); !fault.empty())
                throw CLI::ValidationError(name, fault);
            },
            help)
        ->type_name(type);
  }

  template <typename T>
  void add_choice(const std::string& name, const std::string& type, const std::string& help,
                  const std::vector<std::pair<std::string, T>>& choices, T& value, const std::string& group) {
    add(name, type, help, [&choices, &value](const std::string& text) {
      value = choose(text, choices);
      return expected_one_of(text, choices);
    })->group(group);
  }

  CLI::App app_;
  Options options_;
  const std::vector<std::pair<std::string, bool>> switch_{{"on", true}, {"off", false}};
  const std::vector<std::pair<std::string, LogLevel>> log_levels_{{"debug", LogLevel::kDebug},
                                                                  {"warn", LogLevel::kWarn},
                                                                  {"error", LogLevel::kError},
                                                                  {"none", LogLevel::kNone}};
  const std::vector<std::pair<std::string, LogTag>> log_tags_ = log_tags();
  const std::vector<std::pair<std::string, LogFormat>> log_formats_{{"human", LogFormat::kHuman},
                                                                    {"json", LogFormat::kJson}};
  const std::vector<std::pair<std::string, SrtpBackend>> srtp_backends_{{"auto", SrtpBackend::kAuto},
                                                                        {"ipsec-mb", SrtpBackend::kIpsecMb},
                                                                        {"openssl", SrtpBackend::kOpenssl},
                                                                        {"libsrtp", SrtpBackend::kLibsrtp}};
};

}  // namespace

std::variant<Options, ExitNow> parse_options(int argc, const char* const* argv) {
  return CommandLine().parse(argc, argv);
}

std::string_view version() {
  return SLUICE_VERSION;
}

}  // namespace sluice::worker
