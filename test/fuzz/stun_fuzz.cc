// Drives a LiteAgent with calls, time and datagrams of a fuzzer's choosing: raw ones, and ones whose
// attributes are raw but whose integrity and fingerprint are right, so that the fuzzer gets behind them.
// Holds the agent to its invariants.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crypto.h"
#include "ice/crc32.h"
#include "ice/lite_agent.h"
#include "ice/stun_message.h"

namespace sluice::ice {
namespace {

const Credentials kLocal{"serv", "server-password-of-22+"};
const Credentials kNext{"next", "next-password-of-22-++"};

/// Header, "serv:x", the fuzzer's attributes, and, if asked, MESSAGE-INTEGRITY and FINGERPRINT.
std::vector<std::uint8_t> build(Bytes attributes, const Credentials& credentials, bool integrity) {
  std::vector<std::uint8_t> m = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
  m.resize(kStunHeaderSize);
  const std::uint8_t username[] = {0, 6, 0, 6};
  m.insert(m.end(), std::begin(username), std::end(username));
  m.insert(m.end(), credentials.ufrag.begin(), credentials.ufrag.end());
  m.insert(m.end(), {':', 'x', 0, 0});
  m.insert(m.end(), attributes.begin(), attributes.end());
  m.resize((m.size() + 3) & ~std::size_t{3});
  const auto set_length = [&](std::size_t more) {
    store16(m.data() + 2, static_cast<std::uint16_t>(m.size() - kStunHeaderSize + more));
  };
  if (integrity) {
    set_length(24);
    const auto mac = crypto::hmac_sha1(as_bytes(credentials.password), m);
    m.insert(m.end(), {0, 8, 0, 20});
    m.insert(m.end(), mac.begin(), mac.end());
  }
  set_length(8);
  const std::uint32_t fingerprint = stun_fingerprint(m);
  m.insert(m.end(), {0x80, 0x28, 0, 4, 0, 0, 0, 0});
  store32(m.data() + m.size() - 4, fingerprint);
  return m;
}

void look_at(Bytes bytes) {
  const std::string_view ufrag = peek_local_ufrag(bytes);
  const auto m = StunMessage::parse(bytes);
  if (!m) return;
  (void)m->verify_integrity(as_bytes(kLocal.password));
  (void)m->verify_fingerprint();
  SLUICE_CHECK(peek_transaction_id(bytes) == m->transaction_id);
  SLUICE_CHECK(ufrag.size() <= bytes.size());
}

void drive(Bytes input) {
  LiteAgent agent(kLocal, 30s);
  Instant now{1s};
  std::vector<LiteAgent::ReplyBy> out;
  ByteReader reader(input);
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint8_t operation = reader.u8();
    const std::uint8_t argument = reader.u8();
    const std::uint8_t ip[4] = {192, 0, 2, argument};
    const Path path{SocketAddress::ipv4(ip, 5000), static_cast<SocketId>(operation >> 6)};
    std::vector<std::uint8_t> datagram;
    switch (operation & 7) {
      case 0:
      case 1:
      case 2: {
        const std::size_t size = std::min<std::size_t>(reader.u8(), reader.remaining());
        const Bytes raw = reader.bytes(size);
        if ((operation & 7) == 0) datagram.assign(raw.begin(), raw.end());
        if ((operation & 7) == 1) datagram = build(raw, (operation & 8) != 0 ? kNext : kLocal, true);
        if ((operation & 7) == 2) datagram = build(raw, kLocal, false);
        break;
      }
      case 3:
        now += std::chrono::milliseconds(argument * 200);
        agent.advance(now);
        SLUICE_CHECK(agent.next_deadline() > now);
        break;
      case 4:
        agent.restart(kNext);
        break;
      case 5:
        agent.remove_path(path);
        break;
      case 6:
        agent.set_remote({"x", "p"});
        break;
      default:
        while (agent.poll_event()) {
        }
    }
    if (!datagram.empty()) {
      look_at(datagram);
      agent.receive(datagram, path, now);
    }
    out.clear();
    agent.drain(out);
    SLUICE_CHECK(out.size() <= (datagram.empty() ? 0U : 1U));
    for (const auto& t : out) SLUICE_CHECK(t.path == path && t.bytes.size() <= 3 * datagram.size());
    SLUICE_CHECK(agent.path_count() <= LiteAgent::kMaxPaths);
    SLUICE_CHECK(agent.selected().has_value() == (agent.path_count() > 0));
    SLUICE_CHECK(!agent.selected() || agent.is_known(*agent.selected()));
  }
}

}  // namespace
}  // namespace sluice::ice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sluice::Bytes input(data, size);
  sluice::ice::look_at(input);
  sluice::ice::drive(input);
  return 0;
}
