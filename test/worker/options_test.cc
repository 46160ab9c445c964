// The command line: what is accepted, and the one line that a mistake gets.
#include "worker/options.h"

#include <cstdio>

#include "catch.h"
#include "worker/log_output.h"
#include "worker/network.h"

using namespace sluice;
using namespace sluice::worker;

namespace {

std::variant<Options, ExitNow> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sluice-worker");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

Options accepted(std::vector<const char*> arguments) {
  const auto parsed = parse(std::move(arguments));
  if (const auto* exit = std::get_if<ExitNow>(&parsed)) FAIL(exit->text);
  return std::get<Options>(parsed);
}

}  // namespace

TEST_CASE("without options a worker listens everywhere and expects descriptor 3") {
  const Options options = accepted({});
  CHECK(options.control_fd == 3);
  CHECK(options.control_path.empty());
  REQUIRE(options.listen.size() == 2);
  CHECK(options.listen[0].address.to_string() == "0.0.0.0:0");
  CHECK(options.listen[1].address.to_string() == "[::]:0");
  CHECK(options.ports.min == 10000);
  CHECK(options.ports.max == 59999);
  CHECK(options.log_level == LogLevel::kError);
}

TEST_CASE("listen addresses take a port and an announced address") {
  const Options options = accepted({"--listen", "10.0.0.5", "--listen", "10.0.0.5:4000=sfu.example.org",
                                    "--listen", "[::1]:4001", "--listen=fd00::1=2001:db8::1"});
  REQUIRE(options.listen.size() == 4);
  CHECK(options.listen[0].address.to_string() == "10.0.0.5:0");
  CHECK(options.listen[1].address.to_string() == "10.0.0.5:4000");
  CHECK(options.listen[1].announced == "sfu.example.org");
  CHECK(options.listen[2].address.to_string() == "[::1]:4001");
  CHECK(options.listen[3].address.to_string() == "[fd00::1]:0");
  CHECK(options.listen[3].announced == "2001:db8::1");
}

TEST_CASE("a listen address is of UDP unless it says tcp") {
  const Options options =
      accepted({"--listen", "10.0.0.5", "--listen", "udp:10.0.0.5:4000", "--listen",
                "tcp:10.0.0.5:443=sfu.example", "--listen", "tcp:[::1]:4001", "--listen", "tcp:::1"});
  REQUIRE(options.listen.size() == 5);
  CHECK(options.listen[0].protocol == IceProtocol::kUdp);
  CHECK(options.listen[1].protocol == IceProtocol::kUdp);
  CHECK(options.listen[1].address.to_string() == "10.0.0.5:4000");
  CHECK(options.listen[2].protocol == IceProtocol::kTcp);
  CHECK(options.listen[2].address.to_string() == "10.0.0.5:443");
  CHECK(options.listen[2].announced == "sfu.example");
  CHECK(options.listen[3].protocol == IceProtocol::kTcp);
  CHECK(options.listen[3].address.to_string() == "[::1]:4001");
  CHECK(options.listen[4].address.to_string() == "[::1]:0");
  for (const ListenSpec& spec : accepted({}).listen) CHECK(spec.protocol == IceProtocol::kUdp);
}

TEST_CASE("a worker may listen on TCP alone, and on each address of the machine") {
  const Options options = accepted({"--listen", "tcp:0.0.0.0", "--announced-address", "203.0.113.7"});
  const auto sockets = open_sockets(options);
  REQUIRE(sockets.ok());
  CHECK(sockets->empty());
  const auto listeners = open_listeners(options);
  REQUIRE(listeners.ok());
  REQUIRE_FALSE(listeners->empty());
  for (const BoundListener& bound : *listeners) {
    CHECK(bound.socket->local().family() == IpFamily::kIPv4);
    CHECK(bound.announced == (bound.socket->local().is_loopback() ? "" : "203.0.113.7"));
  }
}

TEST_CASE("every other option arrives") {
  const Options options =
      accepted({"--control", "unix:/tmp/s.sock", "--port-range", "40000-40010", "--announced-address",
                "203.0.113.7", "--log-level", "debug", "--log-tags", "ice,dtls", "--log-tags", "rtp",
                "--log-format", "json", "--srtp-backend", "openssl"});
  CHECK(options.control_path == "/tmp/s.sock");
  CHECK(options.ports.max == 40010);
  CHECK(options.announced_address == "203.0.113.7");
  CHECK(options.log_level == LogLevel::kDebug);
  CHECK(options.log_tags == std::vector{LogTag::kIce, LogTag::kDtls, LogTag::kRtp});
  CHECK(options.log_format == LogFormat::kJson);
  CHECK(options.srtp_backend == SrtpBackend::kOpenssl);
}

TEST_CASE("a mistake gets one line that names the option and what was wrong") {
  const auto [arguments, needle] = GENERATE(table<std::vector<const char*>, const char*>(
      {{{"--listen", "300.0.0.1"}, "--listen: '300.0.0.1' is not an IP address"},
       {{"--listen", "tcp:"}, "--listen: '' is not an IP address (expected [udp:|tcp:]IP"},
       {{"--listen", "sctp:10.0.0.1"}, "--listen"},
       {{"--listen", "10.0.0.1:0"}, "--listen: '10.0.0.1:0': the port must be a number from 1 to 65535"},
       {{"--listen", "10.0.0.1:65536"}, "the port must be a number"},
       {{"--listen", "[::1"}, "closing bracket"},
       {{"--listen", "10.0.0.1=1.2.3"}, "'1.2.3' is neither an IP address nor a host name"},
       {{"--listen", ""}, "--listen"},
       {{"--announced-address", "a b"}, "--announced-address: 'a b' is neither"},
       {{"--announced-address", "0.0.0.0"}, "not an address that a client could reach"},
       {{"--port-range", "5000"}, ""},
       {{"--port-range", "6000-5000"}, "the first port is above the last"},
       {{"--port-range", "0-5000"}, "is not a port range"},
       {{"--port-range", "1-99999999999999999999"}, "is not a port range"},
       {{"--log-level", "loud"}, "--log-level: 'loud' is unknown (expected one of debug, warn, error, none)"},
       {{"--log-tags", "ice,video"}, "--log-tags: 'video' is unknown"},
       {{"--log-format", "xml"}, "--log-format: 'xml' is unknown"},
       {{"--srtp-backend", "fast"}, "--srtp-backend: 'fast' is unknown"},
       {{"--control-fd", "-1"}, "--control-fd"},
       {{"--control-fd", "three"}, "--control-fd: 'three' is not a file descriptor"},
       {{"--control", "/tmp/x"}, "--control: '/tmp/x': expected unix:PATH"},
       {{"--control", "unix:"}, "expected unix:PATH"},
       {{"--control", "unix:/a", "--control-fd", "4"}, "give one of them"},
       {{"--dtls-certificate-file", "/nowhere.pem"},
        "--dtls-certificate-file: cannot read '/nowhere.pem': No such file or directory"},
       {{"--dtls-private-key-file", "/dev/null"}, "it is empty"},
       {{"--nonsense"}, "--nonsense"},
       {{"extra"}, "extra"}}));
  const auto parsed = parse(arguments);
  INFO(arguments[0]);
  if (std::string(needle).empty()) {
    CHECK(std::holds_alternative<Options>(parsed));
    return;
  }
  REQUIRE(std::holds_alternative<ExitNow>(parsed));
  const auto& exit = std::get<ExitNow>(parsed);
  CHECK(exit.code == 2);
  CHECK_THAT(exit.text, Catch::Matchers::StartsWith("sluice-worker: "));
  CHECK_THAT(exit.text, Catch::Matchers::Contains(needle));
  CHECK(std::count(exit.text.begin(), exit.text.end(), '\n') == 1);
}

TEST_CASE("help is grouped and shows examples; version is one line") {
  const auto help = std::get<ExitNow>(parse({"--help"}));
  CHECK(help.code == 0);
  for (const char* part :
       {"Control channel", "Network", "Security", "Log", "Examples:", "--listen", "--srtp-backend"}) {
    CHECK_THAT(help.text, Catch::Matchers::Contains(part));
  }
  const auto version = std::get<ExitNow>(parse({"--version"}));
  CHECK(version.code == 0);
  CHECK_THAT(version.text, Catch::Matchers::StartsWith("sluice-worker "));
}

TEST_CASE("a wildcard becomes one socket for each address of the machine, never link-local IPv6") {
  const auto machine = local_addresses();
  REQUIRE_FALSE(machine.empty());
  for (const SocketAddress& address : machine) CHECK_FALSE(address.to_string().starts_with("[fe80"));

  Options options = accepted({"--announced-address", "203.0.113.7"});
  const auto sockets = open_sockets(options);
  REQUIRE(sockets.ok());
  CHECK(sockets->size() <= machine.size());
  for (const BoundSocket& bound : *sockets) {
    const SocketAddress& local = bound.socket->local();
    CHECK_FALSE(local.is_unspecified());
    CHECK(local.port() >= 10000);
    const bool stands_for_it = local.family() == IpFamily::kIPv4 && !local.is_loopback();
    CHECK(bound.announced == (stands_for_it ? "203.0.113.7" : ""));
  }
}

TEST_CASE("an address asked for by name keeps what it was announced as, loopback too") {
  const auto sockets = open_sockets(accepted(
      {"--listen", "127.0.0.1", "--listen", "127.0.0.1=sfu.example", "--announced-address", "192.0.2.7"}));
  REQUIRE(sockets.ok());
  REQUIRE(sockets->size() == 2);
  CHECK((*sockets)[0].announced == "192.0.2.7");
  CHECK((*sockets)[1].announced == "sfu.example");
  CHECK((*sockets)[0].socket->local().port() != (*sockets)[1].socket->local().port());
}

TEST_CASE("log lines are readable, or JSON that survives any bytes") {
  const LogRecord record{LogLevel::kWarn, LogTag::kIce, "transport 3f2a", "consent expired"};
  CHECK(format_log(record, LogFormat::kHuman, 1'700'000'000'123'456'789) ==
        "2023-11-14T22:13:20.123Z warn  ice   transport 3f2a: consent expired");
  const std::string json = format_log(record, LogFormat::kJson, 1'700'000'000'123'456'789);
  CHECK_THAT(json, Catch::Matchers::StartsWith(
                       R"({"time":"2023-11-14T22:13:20.123Z","level":"warn","tag":"ice","pid":)"));
  CHECK_THAT(json, Catch::Matchers::EndsWith(R"("object":"transport 3f2a","message":"consent expired"})"));
  format_log({LogLevel::kError, LogTag::kInfo, "", "\xFF\n\x01"}, LogFormat::kJson, 0);
}
