#include "native/network.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::native {
namespace {

union KernelAddress {
  sockaddr any;
  sockaddr_in ipv4;
  sockaddr_in6 ipv6;
};

void to_kernel(const SocketAddress& address, KernelAddress& out) {
  if (address.family() == IpFamily::kIPv4) {
    uv_ip4_addr(address.ip().c_str(), address.port(), &out.ipv4);
  } else {
    uv_ip6_addr(address.ip().c_str(), address.port(), &out.ipv6);
  }
}

SocketAddress from_kernel(const sockaddr& any) {
  if (any.sa_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &any, sizeof ipv4);
    std::uint8_t bytes[4];
    std::memcpy(bytes, &ipv4.sin_addr, 4);
    return SocketAddress::ipv4(bytes, ntohs(ipv4.sin_port));
  }
  sockaddr_in6 ipv6{};
  std::memcpy(&ipv6, &any, sizeof ipv6);
  std::uint8_t bytes[16];
  std::memcpy(bytes, &ipv6.sin6_addr, 16);
  return SocketAddress::ipv6(bytes, ntohs(ipv6.sin6_port));
}

/// RFC 8445 §5.1.1.1: no link-local addresses, which need a scope; loopback only for want of anything else.
std::vector<SocketAddress> interface_addresses() {
  uv_interface_address_t* list = nullptr;
  int count = 0;
  std::vector<SocketAddress> real;
  std::vector<SocketAddress> loopback;
  if (uv_interface_addresses(&list, &count) != 0) return real;
  for (int i = 0; i < count; ++i) {
    sockaddr any{};
    sockaddr_storage whole{};
    if (list[i].address.address4.sin_family == AF_INET) {
      std::memcpy(&whole, &list[i].address.address4, sizeof(sockaddr_in));
    } else {
      std::memcpy(&whole, &list[i].address.address6, sizeof(sockaddr_in6));
    }
    std::memcpy(&any, &whole, sizeof any);
    const SocketAddress address = from_kernel(*reinterpret_cast<const sockaddr*>(&whole)).with_port(0);
    const bool link_local = address.family() == IpFamily::kIPv6 && address.bytes()[0] == 0xFE &&
                            (address.bytes()[1] & 0xC0) == 0x80;
    if (link_local) continue;
    (list[i].is_internal != 0 ? loopback : real).push_back(address);
  }
  uv_free_interface_addresses(list, count);
  return real.empty() ? loopback : real;
}

}  // namespace

struct Network::Udp : HandleOf<uv_udp_t> {
  Network* owner = nullptr;
  SocketId id = 0;
  PacketRef buffer;
};

struct Network::Tcp : HandleOf<uv_tcp_t> {
  Network* owner = nullptr;
  SocketId id = 0;
  bool connected = false;
  uv_connect_t request{};
  std::array<char, 16 * 1024> buffer{};
};

/// Outlives the network if need be: libuv cannot always cancel one.
struct Network::Lookup {
  Network* owner = nullptr;
  std::string host;
  uv_getaddrinfo_t request{};
};

Network::Network(Loop::Impl& loop, sluice::PeerConnection& pc) : loop_(loop), pc_(pc) {}

Network::~Network() {
  for (auto& socket : udp_) {
    uv_udp_recv_stop(&socket->uv);
    socket->buffer = {};  // of pool_, which the handle outlives
    loop_.retire(std::move(socket));
  }
  for (auto& [id, connection] : tcp_) {
    connection->owner = nullptr;
    loop_.retire(std::move(connection));
  }
  for (auto& lookup : lookups_) {
    lookup->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup->request));
    (void)lookup.release();  // its callback takes it back
  }
}

Result<void> Network::open(const NetworkOptions& options) {
  std::vector<SocketAddress> addresses;
  for (std::size_t i = 0; i < options.addresses.size(); ++i) {
    const auto address = SocketAddress::parse(options.addresses[i], 0);
    if (!address)
      return invalid_argument("addresses[" + std::to_string(i) + "]",
                              "\"" + options.addresses[i] + "\" is no numeric IPv4 or IPv6 address");
    addresses.push_back(*address);
  }
  const bool given = !addresses.empty();
  if (!given) addresses = interface_addresses();
  for (const SocketAddress& address : addresses) {
    const auto bound = bind(address);
    if (!bound && given) return bound;  // an interface that has just gone is no error
    if (options.tcp) pc_.add_local_address({address, 0, IceProtocol::kTcp});
  }
  if (udp_.empty())
    return Error{ErrorCode::kNotFound, "addresses", "no address of this machine could be bound"};
  return {};
}

Result<void> Network::bind(const SocketAddress& address) {
  auto socket = std::make_unique<Udp>();
  socket->owner = this;
  socket->id = static_cast<SocketId>(udp_.size());
  uv_udp_init(loop_.raw(), &socket->uv);
  socket->uv.data = socket.get();
  KernelAddress kernel{};
  to_kernel(address, kernel);
  if (const int error = uv_udp_bind(&socket->uv, &kernel.any, 0); error != 0) {
    loop_.retire(std::move(socket));
    return invalid_argument("addresses", "cannot bind " + address.ip() + ": " + uv_strerror(error));
  }
  int receive_buffer = 4 << 20;  // bytes; the kernel may grant less
  uv_recv_buffer_size(socket->raw(), &receive_buffer);
  int send_buffer = 4 << 20;
  uv_send_buffer_size(socket->raw(), &send_buffer);
  sockaddr_storage storage{};
  int length = sizeof storage;
  uv_udp_getsockname(&socket->uv, reinterpret_cast<sockaddr*>(&storage), &length);
  const SocketAddress bound = from_kernel(*reinterpret_cast<const sockaddr*>(&storage));
  uv_udp_recv_start(
      &socket->uv,
      [](uv_handle_t* handle, std::size_t, uv_buf_t* out) {
        auto* self = static_cast<Udp*>(handle->data);
        if (!self->buffer) self->buffer = self->owner->pool_.allocate();
        *out = self->buffer ? uv_buf_init(reinterpret_cast<char*>(self->buffer->data), Packet::kCapacity)
                            : uv_buf_init(nullptr, 0);
      },
      [](uv_udp_t* handle, ssize_t size, const uv_buf_t*, const sockaddr* from, unsigned flags) {
        auto* self = static_cast<Udp*>(handle->data);
        if (size <= 0 || from == nullptr || (flags & UV_UDP_PARTIAL) != 0) return;
        PacketRef packet = std::move(self->buffer);
        packet->size = static_cast<std::uint16_t>(size);
        const Instant now = self->owner->loop_.now();
        packet->arrival = now;
        self->owner->pc_.receive(*packet, {from_kernel(*from), self->id}, now);
      });
  pc_.add_local_address({bound, socket->id, IceProtocol::kUdp});
  udp_.push_back(std::move(socket));
  return {};
}

void Network::flush() {
  while (const auto asked = pc_.poll_request()) request(*asked);
  for (const OutgoingDatagram& datagram : pc_.drain()) send(datagram);
}

void Network::send(const OutgoingDatagram& datagram) {
  if (const auto it = tcp_.find(datagram.path.socket); it != tcp_.end())
    return send_stream(*it->second, datagram.bytes);
  if (datagram.path.socket >= udp_.size()) return;
  Udp& socket = *udp_[datagram.path.socket];
  KernelAddress kernel{};
  to_kernel(datagram.path.remote, kernel);
  // NOLINTNEXTLINE(*-const-cast): libuv's buffers are not const, and it only reads this one.
  auto* bytes = const_cast<char*>(reinterpret_cast<const char*>(datagram.bytes.data()));
  const uv_buf_t buffer = uv_buf_init(bytes, static_cast<unsigned>(datagram.bytes.size()));
  if (uv_udp_try_send(&socket.uv, &buffer, 1, &kernel.any) != UV_EAGAIN) return;
  if (uv_udp_get_send_queue_size(&socket.uv) > kMaxQueued) return;
  struct Queued {
    uv_udp_send_t request{};
    std::vector<std::uint8_t> bytes;
  };
  auto queued = std::make_unique<Queued>();
  queued->bytes.assign(datagram.bytes.begin(), datagram.bytes.end());
  queued->request.data = queued.get();
  const uv_buf_t copy =
      uv_buf_init(reinterpret_cast<char*>(queued->bytes.data()), static_cast<unsigned>(queued->bytes.size()));
  const int error = uv_udp_send(
      &queued->request, &socket.uv, &copy, 1, &kernel.any,
      [](uv_udp_send_t* sent, int) { const std::unique_ptr<Queued> done(static_cast<Queued*>(sent->data)); });
  if (error == 0) (void)queued.release();  // its callback takes it back
}

void Network::send_stream(Tcp& connection, std::span<const std::uint8_t> bytes) {
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection.uv);
  if (!connection.connected) return;
  if (uv_stream_get_write_queue_size(stream) > kMaxStream)
    return end(connection.id, "the other side does not read");
  struct Queued {
    uv_write_t request{};
    std::vector<std::uint8_t> bytes;
  };
  auto queued = std::make_unique<Queued>();
  queued->bytes.assign(bytes.begin(), bytes.end());
  queued->request.data = queued.get();
  const uv_buf_t buffer =
      uv_buf_init(reinterpret_cast<char*>(queued->bytes.data()), static_cast<unsigned>(queued->bytes.size()));
  const int error = uv_write(&queued->request, stream, &buffer, 1, [](uv_write_t* sent, int) {
    const std::unique_ptr<Queued> done(static_cast<Queued*>(sent->data));
  });
  if (error == 0) (void)queued.release();
}

void Network::request(const NetworkRequest& asked) {
  switch (asked.type) {
    case NetworkRequest::Type::kResolve:
      return resolve(asked.host);
    case NetworkRequest::Type::kConnect:
      return connect(asked);
    case NetworkRequest::Type::kDisconnect:
      if (const auto it = tcp_.find(asked.socket); it != tcp_.end()) {
        for (const OutgoingDatagram& datagram : pc_.drain()) send(datagram);
        it->second->owner = nullptr;
        loop_.retire(std::move(it->second));
        tcp_.erase(it);
      }
  }
}

void Network::resolve(const std::string& host) {
  auto lookup = std::make_unique<Lookup>();
  lookup->owner = this;
  lookup->host = host;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  const int error = uv_getaddrinfo(
      loop_.raw(), &lookup->request,
      [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
        auto* self = static_cast<Lookup*>(request->data);
        std::vector<SocketAddress> addresses;
        for (const addrinfo* at = list; at != nullptr; at = at->ai_next)
          if (at->ai_family == AF_INET || at->ai_family == AF_INET6)
            addresses.push_back(from_kernel(*at->ai_addr));
        uv_freeaddrinfo(list);
        Network* owner = self->owner;
        if (owner == nullptr) {
          const std::unique_ptr<Lookup> done(self);
          return;
        }
        owner->pc_.resolved(self->host, addresses, status == 0 ? "" : uv_strerror(status),
                            owner->loop_.now());
        std::erase_if(owner->lookups_, [&](const auto& one) { return one.get() == self; });
      },
      host.c_str(), nullptr, &hints);
  if (error != 0) return pc_.resolved(host, {}, uv_strerror(error), loop_.now());
  lookups_.push_back(std::move(lookup));
}

void Network::connect(const NetworkRequest& asked) {
  auto connection = std::make_unique<Tcp>();
  connection->owner = this;
  connection->id = asked.socket;
  uv_tcp_init(loop_.raw(), &connection->uv);
  uv_tcp_nodelay(&connection->uv, 1);
  connection->uv.data = connection.get();
  connection->request.data = connection.get();
  KernelAddress kernel{};
  if (!asked.local.is_unspecified()) {
    to_kernel(asked.local, kernel);
    uv_tcp_bind(&connection->uv, &kernel.any, 0);
  }
  to_kernel(asked.remote, kernel);
  Tcp* raw = connection.get();
  tcp_[asked.socket] = std::move(connection);
  const int error =
      uv_tcp_connect(&raw->request, &raw->uv, &kernel.any, [](uv_connect_t* request, int status) {
        auto* self = static_cast<Tcp*>(request->data);
        if (self->owner == nullptr) return;
        if (status != 0) return self->owner->end(self->id, uv_strerror(status));
        self->connected = true;
        sockaddr_storage storage{};
        int length = sizeof storage;
        uv_tcp_getsockname(&self->uv, reinterpret_cast<sockaddr*>(&storage), &length);
        uv_read_start(
            reinterpret_cast<uv_stream_t*>(&self->uv),
            [](uv_handle_t* handle, std::size_t, uv_buf_t* out) {
              auto* tcp = static_cast<Tcp*>(handle->data);
              *out = uv_buf_init(tcp->buffer.data(), static_cast<unsigned>(tcp->buffer.size()));
            },
            [](uv_stream_t* stream, ssize_t size, const uv_buf_t* from) {
              auto* tcp = static_cast<Tcp*>(stream->data);
              if (size == 0 || tcp->owner == nullptr) return;
              if (size < 0) return tcp->owner->end(tcp->id, uv_strerror(static_cast<int>(size)));
              tcp->owner->on_read(
                  *tcp, {reinterpret_cast<const std::uint8_t*>(from->base), static_cast<std::size_t>(size)});
            });
        self->owner->pc_.connected(self->id, from_kernel(*reinterpret_cast<const sockaddr*>(&storage)),
                                   self->owner->loop_.now());
      });
  if (error != 0) end(asked.socket, uv_strerror(error));
}

void Network::on_read(Tcp& connection, std::span<const std::uint8_t> bytes) {
  pc_.receive_stream(connection.id, bytes, loop_.now());
}

void Network::end(SocketId connection, std::string_view why) {
  const auto it = tcp_.find(connection);
  if (it == tcp_.end()) return;
  it->second->owner = nullptr;
  loop_.retire(std::move(it->second));
  tcp_.erase(it);
  pc_.disconnected(connection, why, loop_.now());
}

}  // namespace sluice::native
