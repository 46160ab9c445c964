#include "worker/socket_opener.h"

#include <algorithm>

namespace sluice::worker {
namespace {

/// The socket's own complaint under the name of the field that caused it.
Error in_field(const std::string& field, Error error) {
  if (error.code == ErrorCode::kNotFound) {
    error.code = ErrorCode::kInvalidArgument;  // no such address on this machine
    error.field = field + ".ip";
  } else {
    error.field = field + ".port";
  }
  return error;
}

Result<void> check(const std::string& field, const ListenInfo& info, const std::optional<SocketAddress>& ip) {
  if (info.protocol != IceProtocol::kUdp)
    return Error{ErrorCode::kUnsupported, field + ".protocol", "a plain transport listens on UDP only"};
  if (!ip) return invalid_argument(field + ".ip", "expected a numeric IP address, got \"" + info.ip + "\"");
  if (ip->is_unspecified() && info.announced_address.empty()) {
    return invalid_argument(field + ".announcedAddress",
                            "missing: beside " + info.ip + " it must be told how others reach this machine");
  }
  if (ip->is_unspecified() && ip->family() == IpFamily::kIPv6 && info.flags.ipv6_only == false) {
    return Error{ErrorCode::kUnsupported, field + ".flags.ipv6Only",
                 "a socket on :: takes IPv6 only; listen on 0.0.0.0 for IPv4"};
  }
  const auto& range = info.port_range;
  if (range.min > range.max || (range.min == 0 && range.max != 0)) {
    return invalid_argument(field + ".portRange",
                            "expected min and max from 1 to 65535 with min <= max, got " +
                                std::to_string(range.min) + " and " + std::to_string(range.max));
  }
  return {};
}

}  // namespace

Result<SocketOpener::Place> SocketOpener::place_of(const std::string& field, const ListenInfo& info) const {
  const auto ip = SocketAddress::parse(info.ip, 0);
  if (auto checked = check(field, info, ip); !checked) return checked.error();
  Place place;
  place.options = sockets_;
  place.ip = *ip;
  place.announced = info.announced_address;
  place.ports = ports_;
  if (info.port_range.max != 0) {
    place.ports = {info.port_range.min, info.port_range.max};
  } else if (info.port != 0) {
    place.ports = {info.port, info.port};
    place.any_port = false;
  }
  place.options.reuse_port = info.flags.udp_reuse_port;
  const auto size = [](std::uint32_t asked, int otherwise) {
    return asked == 0 ? otherwise : static_cast<int>(std::min<std::uint32_t>(asked, 1U << 30));
  };
  place.options.receive_buffer = size(info.recv_buffer_size, place.options.receive_buffer);
  place.options.send_buffer = size(info.send_buffer_size, place.options.send_buffer);
  return place;
}

template <typename Open>
auto SocketOpener::first_free(const Place& place, unsigned step, Open open) {
  decltype(open(std::uint16_t{})) result =
      Error{ErrorCode::kAlreadyExists, "", "the range has no two ports for RTP and RTCP, an even one first"};
  const unsigned min = (place.ports.min + step - 1) / step * step;
  if (min > place.ports.max) return result;
  const unsigned count = (place.ports.max - min) / step + 1;
  const unsigned start = place.any_port && next_port_ > min ? (next_port_ - min + step - 1) / step : 0;
  for (unsigned i = 0; i < count; ++i) {
    result = open(static_cast<std::uint16_t>(min + (start + i) % count * step));
    if (result.ok() || result.error().code != ErrorCode::kAlreadyExists) break;
  }
  return result;
}

Result<BoundSocket> SocketOpener::open_one(const std::string& field, const Place& place) {
  auto socket = first_free(place, 1, [&](std::uint16_t port) {
    return UdpSocket::open(place.ip, {port, port}, place.options);
  });
  if (!socket.ok()) return in_field(field, socket.error());
  if (place.any_port) next_port_ = (*socket)->local().port() + 1U;
  return BoundSocket{std::move(socket).value(), place.announced};
}

Result<SocketOpener::Opened> SocketOpener::open_pair(const std::string& field, const Place& place) {
  auto pair = first_free(place, place.any_port ? 2 : 1, [&](std::uint16_t port) -> Result<Opened> {
    if (port == 65535 || (place.any_port && port == place.ports.max))
      return Error{ErrorCode::kAlreadyExists, "",
                   "no port is left for RTCP, which takes the one after RTP's"};
    auto rtp = UdpSocket::open(place.ip, {port, port}, place.options);
    if (!rtp.ok()) return rtp.error();
    const auto next = static_cast<std::uint16_t>(port + 1);
    auto rtcp = UdpSocket::open(place.ip, {next, next}, place.options);
    if (!rtcp.ok()) return rtcp.error();
    Opened opened{{std::move(rtp).value(), place.announced}, {}};
    opened.rtcp = BoundSocket{std::move(rtcp).value(), place.announced};
    return opened;
  });
  if (!pair.ok()) return in_field(field, pair.error());
  if (place.any_port) next_port_ = pair->rtp.socket->local().port() + 2U;
  return pair;
}

Result<SocketOpener::Opened> SocketOpener::open(const CreatePlainTransport& command) {
  const std::string rtp_field = "listenInfo";
  const std::string rtcp_field = "rtcpListenInfo";
  ListenInfo loopback;
  loopback.ip = "127.0.0.1";
  auto place = place_of(rtp_field, command.listen_info.value_or(loopback));
  if (!place) return place.error();
  if (!command.rtcp_mux && !command.rtcp_listen_info) return open_pair(rtp_field, *place);

  auto rtp = open_one(rtp_field, *place);
  if (!rtp.ok()) return rtp.error();
  Opened opened{std::move(rtp).value(), {}};
  if (command.rtcp_mux) return opened;
  auto rtcp_place = place_of(rtcp_field, *command.rtcp_listen_info);
  if (!rtcp_place) return rtcp_place.error();
  if (rtcp_place->ip.family() != place->ip.family())
    return invalid_argument(rtcp_field + ".ip", "expected an address of the same family as listenInfo.ip");
  auto rtcp = open_one(rtcp_field, *rtcp_place);
  if (!rtcp.ok()) return rtcp.error();
  opened.rtcp = std::move(rtcp).value();
  return opened;
}

}  // namespace sluice::worker
