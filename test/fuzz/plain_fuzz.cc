// An engine with plain transports, driven by any sequence of commands, datagrams and time. Whatever comes,
// each socket is given back once, nothing is sent before there is somebody to send to, and nothing is left at
// the end.
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "base/base64.h"
#include "client/ortc.h"
#include "sluice/engine.h"

namespace {

using namespace sluice;

void require(bool condition) {
  if (!condition) std::abort();
}

/// The fuzzer's bytes, read as choices.
class Choices {
 public:
  explicit Choices(Bytes bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }
  Bytes take(std::size_t size) {
    const Bytes out = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }

 private:
  Bytes rest_;
};

class Rig {
 public:
  Rig() {
    EngineOptions options;
    options.sockets = {{0, *SocketAddress::parse("192.0.2.1", 10'000), ""}};
    auto made = Engine::create(std::move(options));
    require(made.ok());
    engine_ = std::move(*made);
  }

  void run(Choices in) {
    capabilities_ = std::get<RoomReply>(*engine_->execute(CreateRoom{"room", client::room_codecs()}, now_))
                        .rtp_capabilities;
    while (!in.empty()) step(in);
    execute(Close{ObjectKind::kRoom, "room"});
    (void)engine_->take_events();
    require(sockets_.empty());
    require(engine_->pool().in_use() == 0);
    require(engine_->next_deadline() == kNever);
  }

 private:
  void step(Choices& in) {
    const std::uint8_t what = in.byte();
    const std::string transport = std::to_string(in.byte() % 4);
    switch (what % 8) {
      case 0:
        return create(transport, in);
      case 1:
        return connect(transport, in);
      case 2: {
        Random random(in.byte());
        auto parameters = client::send_parameters(in.byte() % 2 == 0 ? MediaKind::kAudio : MediaKind::kVideo,
                                                  "0", "c", random);
        if (in.byte() % 2 == 0) parameters.encodings[0].ssrc = 0x01010101U * (in.byte() % 4U);
        return execute(Produce{transport, std::to_string(in.byte() % 4),
                               in.byte() % 2 == 0 ? MediaKind::kAudio : MediaKind::kVideo, parameters, false,
                               0});
      }
      case 3: {
        Consume consume;
        consume.transport_id = transport;
        consume.producer_id = std::to_string(in.byte() % 4);
        consume.rtp_capabilities = capabilities_;
        return execute(consume);
      }
      case 4:
        return execute(Close{ObjectKind::kTransport, transport});
      case 5:
        now_ += std::chrono::milliseconds(in.byte() * 8);
        engine_->advance(now_);
        return flush();
      default:
        return receive(what % 8 == 6, in);
    }
  }

  void create(const std::string& id, Choices& in) {
    const std::uint8_t flags = in.byte();
    CreatePlainTransport command;
    command.room_id = "room";
    command.transport_id = id;
    command.rtcp_mux = (flags & 1) == 0;
    command.comedia = (flags & 2) != 0;
    command.enable_srtp = (flags & 4) != 0;
    static constexpr const char* kSuites[] = {"AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32",
                                              "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"};
    command.srtp_crypto_suite = kSuites[(flags >> 3) & 3];
    command.socket = open();
    if (!command.rtcp_mux) command.rtcp_socket = open();
    execute(command);
  }

  void connect(const std::string& id, Choices& in) {
    const std::uint8_t flags = in.byte();
    ConnectPlainTransport command;
    command.transport_id = id;
    if ((flags & 1) != 0) command.ip = (flags & 2) != 0 ? "198.51.100.1" : as_text(in.take(in.byte() % 20));
    if ((flags & 4) != 0) command.port = in.byte();
    if ((flags & 8) != 0) command.rtcp_port = in.byte();
    if ((flags & 16) != 0) {
      const std::size_t size = (flags & 32) != 0 ? 28 : (flags & 64) != 0 ? 30 : in.byte() % 50U;
      command.srtp_parameters = {size == 28 ? "AEAD_AES_128_GCM" : "AES_CM_128_HMAC_SHA1_80",
                                 base64::encode(std::vector<std::uint8_t>(size))};
    }
    execute(command);
  }

  void receive(bool well_formed, Choices& in) {
    const std::uint8_t where = in.byte();
    const Bytes bytes = in.take(in.byte());
    ReceivedDatagram datagram{engine_->pool().allocate(), {}};
    Packet& packet = *datagram.packet;
    std::size_t header = 0;
    if (well_formed) {
      const std::uint8_t rtp[] = {
          0x80, std::uint8_t(where % 2 == 0 ? 111 : 96), 0, in.byte(), 0, 0, 0, 0, 1, 1, 1, 1};
      std::memcpy(packet.data, rtp, sizeof rtp);
      header = sizeof rtp;
    }
    if (!bytes.empty()) std::memcpy(packet.data + header, bytes.data(), bytes.size());
    packet.size = static_cast<std::uint16_t>(header + bytes.size());
    packet.arrival = now_;
    datagram.path = {*SocketAddress::parse("198.51.100.1", std::uint16_t(1 + where / 128)),
                     static_cast<SocketId>(where % 12)};
    engine_->receive(std::span(&datagram, 1), now_);
    datagram.packet.reset();
    flush();
  }

  std::optional<ListenSocket> open() {
    const SocketId id = next_socket_++;
    require(sockets_.insert(id).second);
    return ListenSocket{id, *SocketAddress::parse("192.0.2.1", std::uint16_t(20'000 + id)), ""};
  }

  void execute(const Command& command) {
    (void)engine_->execute(command, now_);
    flush();
    for (const SocketId id : engine_->take_released_sockets()) require(sockets_.erase(id) == 1);
    if (sockets_.empty()) next_socket_ = 1;
  }

  void flush() {
    for (auto portion = engine_->flush(now_); !portion.empty(); portion = engine_->flush(now_)) {
      for (const OutgoingDatagram& out : portion) {
        require(out.path.remote.port() != 0 && !out.path.remote.is_unspecified());
        require(sockets_.contains(out.path.socket));
      }
    }
  }

  std::unique_ptr<Engine> engine_;
  RtpCapabilities capabilities_;
  Instant now_{1000s};
  std::set<SocketId> sockets_;
  SocketId next_socket_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Rig rig;  // a certificate an input would be most of the time
  rig.run(Choices({data, size}));
  return 0;
}
