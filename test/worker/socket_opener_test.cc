#include "worker/socket_opener.h"

#include <set>

#include "catch.h"
#include "worker/socket_ids.h"

namespace sluice::worker {
namespace {

/// Far from what other tests of this program bind.
/// Twenty ports that no other test of a parallel run has, below those that the kernel gives out by itself.
PortRange own_range() {
  const auto min = static_cast<std::uint16_t>(30'000 + getpid() % 100 * 20);
  return {min, static_cast<std::uint16_t>(min + 19)};
}
const PortRange kRange = own_range();

CreatePlainTransport on_loopback(bool rtcp_mux = true) {
  CreatePlainTransport command;
  command.rtcp_mux = rtcp_mux;
  return command;
}

ListenInfo at(const std::string& ip, std::uint16_t port = 0) {
  ListenInfo info;
  info.ip = ip;
  info.port = port;
  return info;
}

std::uint16_t port_of(const BoundSocket& bound) {
  return bound.socket->local().port();
}

TEST_CASE("a request without listenInfo gets loopback and a port of the worker's range, in turn") {
  SocketOpener opener(kRange);
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 20; ++i) {
    auto opened = opener.open(on_loopback());
    REQUIRE(opened.ok());
    CHECK(opened->rtp.socket->local().ip() == "127.0.0.1");
    CHECK(opened->rtp.announced.empty());
    CHECK_FALSE(opened->rtcp.has_value());
    ports.insert(port_of(opened->rtp));  // closed at once: the next one is another all the same
  }
  CHECK(ports.size() == 20);
  CHECK(*ports.begin() == kRange.min);
  CHECK(*ports.rbegin() == kRange.max);
}

TEST_CASE("ports that are taken are passed over, until none is left") {
  SocketOpener opener(kRange);
  std::vector<SocketOpener::Opened> held;
  for (int i = 0; i < 20; ++i) {
    auto opened = opener.open(on_loopback());
    REQUIRE(opened.ok());
    held.push_back(std::move(*opened));
  }
  const auto refused = opener.open(on_loopback());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kAlreadyExists);
  CHECK(refused.error().field == "listenInfo.port");
  const std::uint16_t freed = port_of(held[7].rtp);
  held.erase(held.begin() + 7);
  const auto again = opener.open(on_loopback());
  REQUIRE(again.ok());
  CHECK(port_of(again->rtp) == freed);
}

TEST_CASE("without rtcp-mux RTP has an even port and RTCP the next") {
  SocketOpener opener({static_cast<std::uint16_t>(kRange.min + 1), kRange.max});
  const auto sixth = static_cast<std::uint16_t>(kRange.min + 5);
  const auto taken = UdpSocket::open(*SocketAddress::parse("127.0.0.1", 0), {sixth, sixth});
  REQUIRE(taken.ok());
  std::vector<SocketOpener::Opened> held;
  for (;;) {
    auto opened = opener.open(on_loopback(false));
    if (!opened.ok()) {
      CHECK(opened.error().code == ErrorCode::kAlreadyExists);
      break;
    }
    CHECK(port_of(opened->rtp) % 2 == 0);
    CHECK(port_of(*opened->rtcp) == port_of(opened->rtp) + 1);
    held.push_back(std::move(*opened));
  }
  CHECK(held.size() == 8);  // of nine pairs one is broken
}

TEST_CASE("a port that is asked for is the one, and the next is RTCP's") {
  SocketOpener opener(kRange);
  CreatePlainTransport command = on_loopback(false);
  command.listen_info = at("127.0.0.1", 46'101);
  const auto opened = opener.open(command);
  REQUIRE(opened.ok());
  CHECK(port_of(opened->rtp) == 46'101);
  CHECK(port_of(*opened->rtcp) == 46'102);
  const auto again = opener.open(command);
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == ErrorCode::kAlreadyExists);
  CHECK(again.error().field == "listenInfo.port");

  command.listen_info = at("127.0.0.1", 65'535);
  CHECK(opener.open(command).error().field == "listenInfo.port");

  command.listen_info = at("127.0.0.1", 46'103);
  command.rtcp_listen_info = at("127.0.0.1", 46'102);
  const auto refused = opener.open(command);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().field == "rtcpListenInfo.port");
  // Nothing of the refused one is open.
  CHECK(UdpSocket::open(*SocketAddress::parse("127.0.0.1", 0), {46'103, 46'103}).ok());
}

TEST_CASE("a range goes before a port, and SO_REUSEPORT lets two share one") {
  SocketOpener opener(kRange);
  CreatePlainTransport command = on_loopback();
  command.listen_info = at("127.0.0.1", 46'200);
  command.listen_info->port_range = {46'201, 46'203};
  const auto ranged = opener.open(command);
  REQUIRE(ranged.ok());
  CHECK(port_of(ranged->rtp) == 46'201);
  command.listen_info = at("127.0.0.1", 46'204);
  command.listen_info->flags.udp_reuse_port = true;
  const auto first = opener.open(command);
  const auto second = opener.open(command);
  CHECK(first.ok());
  CHECK(second.ok());
  command.listen_info->flags.udp_reuse_port = false;
  CHECK_FALSE(opener.open(command).ok());
}

TEST_CASE("buffers are as large as they were asked for") {
  SocketOpener opener(kRange);
  CreatePlainTransport command = on_loopback();
  command.listen_info = at("127.0.0.1");
  command.listen_info->recv_buffer_size = 50'000;
  command.listen_info->send_buffer_size = 60'000;
  const auto opened = opener.open(command);
  REQUIRE(opened.ok());
  CHECK(opened->rtp.socket->receive_buffer() == 50'000);
  CHECK(opened->rtp.socket->send_buffer() == 60'000);
}

TEST_CASE("an address that cannot be listened on is told by its field") {
  SocketOpener opener(kRange);
  const auto field = [&](const ListenInfo& info, ErrorCode code = ErrorCode::kInvalidArgument) {
    CreatePlainTransport command = on_loopback();
    command.listen_info = info;
    const auto opened = opener.open(command);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == code);
    CHECK(opened.error().message.size() > 10);
    return opened.error().field;
  };
  CHECK(field(at("")) == "listenInfo.ip");
  CHECK(field(at("example.org")) == "listenInfo.ip");
  CHECK(field(at("203.0.113.77")) == "listenInfo.ip");  // of documentation, so of no machine
  CHECK(field(at("0.0.0.0")) == "listenInfo.announcedAddress");
  ListenInfo info = at("127.0.0.1");
  info.protocol = IceProtocol::kTcp;
  CHECK(field(info, ErrorCode::kUnsupported) == "listenInfo.protocol");
  info = at("127.0.0.1");
  info.port_range = {2000, 1000};
  CHECK(field(info) == "listenInfo.portRange");
  info.port_range = {0, 1000};
  CHECK(field(info) == "listenInfo.portRange");
  info = at("::");
  info.announced_address = "example.org";
  info.flags.ipv6_only = false;
  CHECK(field(info, ErrorCode::kUnsupported) == "listenInfo.flags.ipv6Only");

  CreatePlainTransport command = on_loopback(false);
  command.rtcp_listen_info = at("::1");
  CHECK(opener.open(command).error().field == "rtcpListenInfo.ip");
}

TEST_CASE("a wildcard is told by its announced address") {
  SocketOpener opener(kRange);
  CreatePlainTransport command = on_loopback(false);
  command.listen_info = at("0.0.0.0");
  command.listen_info->announced_address = "media.example.org";
  const auto opened = opener.open(command);
  REQUIRE(opened.ok());
  CHECK(opened->rtp.announced == "media.example.org");
  CHECK(opened->rtcp->announced == "media.example.org");
}

TEST_CASE("a socket's number rests before it is given again") {
  SocketIds ids;
  CHECK(ids.take() == SocketId{0});
  for (SocketId expected = 1; expected <= SocketIds::kResting + 1; ++expected) {
    const auto id = ids.take();
    CHECK(id == expected);
    ids.give_back(*id);
  }
  CHECK(ids.take() == SocketId{1});
}

TEST_CASE("there are 65,536 numbers, and not one more") {
  SocketIds ids;
  std::set<SocketId> taken;
  while (const auto id = ids.take()) REQUIRE(taken.insert(*id).second);
  CHECK(taken.size() == 65'536);
  ids.give_back(500);
  CHECK(ids.take() == SocketId{500});
  CHECK_FALSE(ids.take().has_value());
}

}  // namespace
}  // namespace sluice::worker
