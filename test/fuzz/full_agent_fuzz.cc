// Drives a FullAgent with a STUN server, a TURN server by UDP and one by TCP through calls, time and bytes of
// a fuzzer's choosing: raw ones, and ones that come so far only with the right transaction id, integrity and
// fingerprint, which are put in. Holds it to its limits.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/md5.h"
#include "ice/check.h"
#include "ice/full_agent.h"
#include "ice/stun_writer.h"

namespace sluice::ice {
namespace {

const Credentials kOurs{"ours", "our-password-of-22-+++"};
const Credentials kTheirs{"peer", "peer-password-of-22+++"};
const SocketAddress kServer = *SocketAddress::parse("203.0.113.9", 3478);

IceServer server(const char* url) {
  IceServer parsed = *parse_server_url(url);
  parsed.username = "user";
  parsed.credential = "secret";
  return parsed;
}

/// What the agent asked last, so that answers can be right.
struct Asked {
  TransactionId id{};
  StunMethod method = StunMethod::kBinding;
  Path path;
};

struct Driver {
  Random random{1};
  FullAgent agent{kOurs,
                  random,
                  {.servers = {server("stun:203.0.113.9"), server("turn:203.0.113.9"),
                               server("turn:203.0.113.9?transport=tcp"), server("turns:turn.example.org")}}};
  Instant now{1s};
  std::vector<Asked> asked;
  std::vector<Transmit> out;
  std::vector<SocketId> connections;

  /// An answer or request with the fuzzer's attributes behind ours.
  std::vector<std::uint8_t> compose(ByteReader& reader, std::uint8_t kind, const Asked& to) {
    std::vector<std::uint8_t> buffer(1200);
    const auto stun_class = static_cast<StunClass>(kind & 3);
    const bool to_peer = to.method == StunMethod::kBinding;
    StunWriter writer(buffer, stun_class, (kind & 4) != 0 ? StunMethod::kData : to.method, to.id);
    if (stun_class == StunClass::kRequest) writer.username(kOurs.ufrag, kTheirs.ufrag);
    const std::uint8_t attributes = reader.u8();
    const std::uint16_t value = reader.u16();
    const std::uint8_t ip[4] = {192, 0, 2, static_cast<std::uint8_t>(value)};
    if ((attributes & 1) != 0) writer.xor_mapped_address(SocketAddress::ipv4(ip, value));
    if ((attributes & 2) != 0) writer.xor_relayed_address(SocketAddress::ipv4(ip, value));
    if ((attributes & 4) != 0) writer.error_code(static_cast<std::uint16_t>(300 + value % 400), "no");
    if ((attributes & 8) != 0) {
      writer.realm("r");
      writer.nonce("n");
    }
    if ((attributes & 16) != 0) writer.lifetime(value);
    if ((attributes & 32) != 0) writer.xor_peer_address(SocketAddress::ipv4(ip, 9));
    if ((attributes & 64) != 0)
      writer.data(reader.bytes(std::min<std::size_t>(value & 63, reader.remaining())));
    if ((attributes & 128) != 0) writer.use_candidate();
    if ((kind & 8) != 0) writer.alternate_server(SocketAddress::ipv4(ip, value));
    const auto key = crypto::md5(as_bytes("user:r:secret"));
    const Bytes secret = stun_class == StunClass::kRequest ? as_bytes(kOurs.password)
                         : to_peer                         ? as_bytes(kTheirs.password)
                                                           : Bytes(key);
    const Bytes message = (kind & 16) != 0 ? writer.finish() : writer.finish(secret);
    buffer.resize(message.size());
    return buffer;
  }

  void give(std::vector<std::uint8_t> bytes, const Path& path) {
    if (path.socket >= kFirstConnection) return agent.receive_stream(path.socket, bytes, now);
    const Received received = agent.receive(bytes, path, now);
    if (received.kind == Received::Kind::kData)
      SLUICE_CHECK(received.payload.data() >= bytes.data() &&
                   received.payload.data() + received.payload.size() <= bytes.data() + bytes.size());
  }

  void collect() {
    out.clear();
    agent.drain(out);
    SLUICE_CHECK(out.size() <= 3 * FullAgent::kMaxPending);
    for (const Transmit& t : out) {
      const auto m = StunMessage::parse(t.bytes);
      if (m && m->stun_class == StunClass::kRequest) asked.push_back({m->transaction_id, m->method, t.path});
    }
    if (asked.size() > 16) asked.erase(asked.begin(), asked.end() - 16);
    while (const auto request = agent.poll_request()) {
      if (request->type == FullRequest::Type::kConnect) connections.push_back(request->socket);
      if (request->type == FullRequest::Type::kResolve) agent.resolved(request->host, {kServer}, {}, now);
    }
    if (connections.size() > 8) connections.erase(connections.begin());
    while (agent.poll_data()) {
    }
    SLUICE_CHECK(agent.pair_stats().size() <= Checklist::kMaxPairs + 1);
    SLUICE_CHECK(agent.remote_candidates().size() <= FullAgent::kMaxRemoteCandidates);
    if (agent.state() == IceState::kFailed) SLUICE_CHECK(!agent.reason().empty() && !agent.selected());
  }

  void step(ByteReader& reader) {
    const std::uint8_t operation = reader.u8();
    const std::uint8_t argument = reader.u8();
    const std::uint8_t ip[4] = {192, 0, 2, argument};
    const Path peer{SocketAddress::ipv4(ip, 9), 0};
    switch (operation & 15) {
      case 0:
      case 1: {
        const Bytes raw = reader.bytes(std::min<std::size_t>(reader.u8(), reader.remaining()));
        give({raw.begin(), raw.end()}, (operation & 1) != 0 ? peer : Path{kServer, 0});
        break;
      }
      case 2:
      case 3:
      case 4:
        if (!asked.empty()) {
          const Asked to = asked[argument % asked.size()];
          give(compose(reader, operation >> 4 | (argument & 16), to), to.path);
        }
        break;
      case 5:
        give(compose(reader, 0, {TransactionId{argument}, StunMethod::kBinding, peer}), peer);
        break;
      case 6:
      case 7:
        now += std::chrono::milliseconds(argument * ((operation & 16) != 0 ? 1000 : 20));
        agent.advance(now);
        break;
      case 8:
        agent.set_remote(kTheirs, (argument & 1) != 0, now);
        break;
      case 9: {
        IceCandidate candidate;
        candidate.foundation = std::to_string(argument & 3);
        candidate.priority = argument;
        candidate.address = (argument & 64) != 0 ? "a.local" : peer.remote.ip();
        candidate.port = 9;
        if ((argument & 128) != 0) candidate.protocol = IceProtocol::kTcp;
        if ((argument & 128) != 0) candidate.tcp_type = IceTcpType::kPassive;
        agent.add_remote_candidate(candidate);
        break;
      }
      case 10:
        agent.restart(kOurs, now);
        break;
      case 11:
        if (!connections.empty())
          agent.connected(connections[argument % connections.size()], peer.remote, now);
        break;
      case 12:
        if (!connections.empty()) agent.disconnected(connections[argument % connections.size()], "x", now);
        break;
      case 13:
        if (!connections.empty()) {
          const Bytes raw = reader.bytes(std::min<std::size_t>(reader.u8(), reader.remaining()));
          agent.receive_stream(connections[argument % connections.size()], raw, now);
        }
        break;
      case 14:
        agent.send(Bytes(ip, 4), now);
        break;
      default:
        if (argument < 8) agent.remove_local(argument, now);
        if (argument == 255) agent.close(now);
        if (argument == 254) agent.end_of_candidates(now);
    }
  }
};

}  // namespace
}  // namespace sluice::ice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::ice;
  Driver driver;
  driver.agent.add_local({*sluice::SocketAddress::parse("198.51.100.1", 5000), 0, sluice::IceProtocol::kUdp},
                         driver.now);
  driver.agent.add_local({*sluice::SocketAddress::parse("198.51.100.1", 0), 0, sluice::IceProtocol::kTcp},
                         driver.now);
  driver.agent.gather(driver.now);
  driver.agent.set_remote(kTheirs, false, driver.now);
  driver.agent.advance(driver.now);
  driver.collect();
  sluice::ByteReader reader(sluice::Bytes(data, size));
  while (reader.ok() && reader.remaining() > 0) {
    driver.step(reader);
    driver.collect();
  }
  return 0;
}
