// A client and a server, each fed by the other and by the fuzzer, at every stage of their handshake.
//
// The input is a list of steps: an opcode, then what it needs. Keys and nonces are OpenSSL's own, so that a
// run repeats in its steps but not in its ciphertext.
#include <vector>

#include "base/check.h"
#include "dtls/fingerprint.h"
#include "dtls/session.h"

namespace {

using namespace sluice;
using namespace sluice::dtls;
using Datagrams = std::vector<std::vector<std::uint8_t>>;

Context& shared_context() {
  static Context context(Certificate::generate(1'700'000'000));
  return context;
}

class Play {
 public:
  void run(Bytes input) {
    ByteReader reader(input);
    (void)client_.set_remote_fingerprints({shared_context().certificate().fingerprint()}, now_);
    server_.start(now_);
    client_.start(now_);
    while (reader.remaining() > 0) step(reader);
    check(client_);
    check(server_);
  }

 private:
  void step(ByteReader& reader) {
    const std::uint8_t op = reader.u8();
    Session& session = (op & 0x80) != 0 ? client_ : server_;
    Session& peer = (op & 0x80) != 0 ? server_ : client_;
    switch (op & 0x0F) {
      case 0:
        session.receive(reader.bytes(std::min<std::size_t>(reader.u8(), reader.remaining())), now_);
        break;
      case 1:
        forge(session, reader);
        break;
      case 2:
        bend(session, peer, reader);
        break;
      case 3:
        now_ += Duration(reader.u16() * 1000);
        client_.advance(now_);
        server_.advance(now_);
        break;
      case 4:
        (void)server_.set_remote_fingerprints(shared_context().certificate().fingerprints(), now_);
        break;
      case 5:
        session.send(reader.bytes(std::min<std::size_t>(reader.u8(), reader.remaining())));
        break;
      case 6:
        session.take_received(scratch_);
        break;
      case 7:
        session.close(now_);
        break;
      default:
        pass(session, peer);
        break;
    }
    scratch_.clear();
  }

  /// A well-formed record of epoch 0 or 1 around bytes of the fuzzer's.
  void forge(Session& to, ByteReader& reader) {
    std::vector<std::uint8_t> record = {static_cast<std::uint8_t>(20 + reader.u8() % 5), 0xFE, 0xFD, 0,
                                        static_cast<std::uint8_t>(reader.u8() & 1)};
    record.resize(13);
    store32(&record[7], reader.u8());
    const Bytes body = reader.bytes(std::min<std::size_t>(reader.u8(), reader.remaining()));
    store16(&record[11], static_cast<std::uint16_t>(body.size()));
    record.insert(record.end(), body.begin(), body.end());
    to.receive(record, now_);
  }

  /// What the peer really sent, with one byte changed.
  void bend(Session& to, Session& from, ByteReader& reader) {
    from.drain(scratch_);
    for (auto& datagram : scratch_) {
      datagram[reader.u16() % datagram.size()] ^= reader.u8();
      to.receive(datagram, now_);
    }
  }

  void pass(Session& to, Session& from) {
    from.drain(scratch_);
    for (const auto& datagram : scratch_) to.receive(datagram, now_);
  }

  static void check(Session& session) {
    Datagrams out;
    session.drain(out);
    for (const auto& datagram : out) SLUICE_CHECK(!datagram.empty() && datagram.size() <= 1200);
    SLUICE_CHECK((session.state() == State::kFailed) == !session.failure().empty());
    SLUICE_CHECK(session.keys().has_value() == (session.state() == State::kConnected));
  }

  Instant now_{};
  Session client_{shared_context(), Role::kClient};
  Session server_{shared_context(), Role::kServer};
  Datagrams scratch_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Play().run({data, size});
  return 0;
}
