// Drives a sender, a hostile network and receivers in every backend: packets in any order, replayed, damaged
// and invented. All backends must agree on every packet, nothing forged may pass, and no packet that is
// refused may leave a stream behind.
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "srtp/inbound.h"
#include "srtp/outbound.h"

namespace sluice::srtp {
namespace {

using Buffer = std::vector<std::uint8_t>;
constexpr std::size_t kMaxSsrcs = 4;

std::vector<std::unique_ptr<Backend>>& backends() {
  static std::vector<std::unique_ptr<Backend>> all = [] {
    std::vector<std::unique_ptr<Backend>> out;
    for (const BackendKind kind : {BackendKind::kOpenssl, BackendKind::kIpsecMb, BackendKind::kLibsrtp}) {
      if (auto backend = make_backend(kind)) out.push_back(std::move(backend));
    }
    return out;
  }();
  return all;
}

class World {
 public:
  explicit World(Suite suite) {
    MasterKey key;
    key.suite = suite;
    for (std::size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
    sender_ = std::make_unique<Outbound>(*backends()[0], key);
    for (const auto& backend : backends()) receivers_.emplace_back(*backend, key, kMaxSsrcs);
  }

  void send_rtp(ByteReader& input) {
    const std::uint32_t ssrc = input.u8() % 6;
    Buffer packet(12 + kMaxOverhead);
    packet[0] = 0x80;
    store16(packet.data() + 2, input.u16());
    store32(packet.data() + 8, ssrc);
    const Bytes payload = input.bytes(input.u8() % 32);
    packet.resize(packet.size() + payload.size());
    Batch batch(*backends()[0]);
    packet.resize(batch.protect_rtp(*sender_, packet.data(), 12, 0, payload));
    batch.flush();
    rtp_.push_back(std::move(packet));
  }
  void send_rtcp(ByteReader& input) {
    Buffer packet(8 + input.u8() % 32);
    packet[0] = 0x80;
    store32(packet.data() + 4, input.u8() % 6);
    const std::size_t size = packet.size();
    packet.resize(size + kMaxOverhead);
    packet.resize(sender_->protect_rtcp(packet, size));
    rtcp_.push_back(std::move(packet));
  }
  /// Delivers a true packet, with damage when `input` says so.
  void deliver(ByteReader& input, bool rtp) {
    const auto& sent = rtp ? rtp_ : rtcp_;
    if (sent.empty()) return;
    Buffer packet = sent[input.u8() % sent.size()];
    const std::uint8_t damage = input.u8();
    if (damage != 0) packet[input.u8() % packet.size()] ^= damage;
    receive(packet, rtp, damage != 0);
  }
  void invent(ByteReader& input, bool rtp) {
    const Bytes bytes = input.bytes(input.u8());
    receive(Buffer(bytes.begin(), bytes.end()), rtp, true);
  }

 private:
  void receive(const Buffer& packet, bool rtp, bool forged) {
    UnprotectStatus first{};
    for (std::size_t i = 0; i < receivers_.size(); ++i) {
      Buffer copy(packet);
      const std::size_t streams = receivers_[i].ssrc_count();
      const UnprotectResult result =
          rtp ? receivers_[i].unprotect_rtp(copy) : receivers_[i].unprotect_rtcp(copy);
      // A tag of 4 bytes can be guessed, a longer one cannot.
      if (forged && receivers_[i].suite() != Suite::kAesCm128HmacSha1_32) SLUICE_CHECK(!result.ok());
      if (!result.ok()) SLUICE_CHECK(receivers_[i].ssrc_count() == streams && result.size == 0);
      SLUICE_CHECK(receivers_[i].ssrc_count() <= kMaxSsrcs && result.size <= copy.size());
      if (i == 0) first = result.status;
      SLUICE_CHECK(result.status == first);
    }
  }

  std::unique_ptr<Outbound> sender_;
  std::vector<Inbound> receivers_;
  std::vector<Buffer> rtp_;
  std::vector<Buffer> rtcp_;
};

void run(Bytes data) {
  ByteReader input(data);
  World world(kSuites[input.u8() % kSuites.size()]);
  while (input.remaining() > 0) {
    switch (input.u8() % 6) {
      case 0:
        world.send_rtp(input);
        break;
      case 1:
        world.send_rtcp(input);
        break;
      case 2:
        world.deliver(input, true);
        break;
      case 3:
        world.deliver(input, false);
        break;
      case 4:
        world.invent(input, true);
        break;
      case 5:
        world.invent(input, false);
        break;
    }
  }
}

}  // namespace
}  // namespace sluice::srtp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::srtp::run({data, size});
  return 0;
}
