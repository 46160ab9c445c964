// A synthetic peer that reads only the start of what it receives.
#include "client/peer.h"

#include "base/crypto.h"
#include "catch.h"
#include "client/ortc.h"
#include "rtp/header_writer.h"

namespace sluice::client {
namespace {

constexpr Instant kStart{1000s};

/// All that a peer shares, and one track that it receives.
struct Rig {
  Random random{7};
  WallClock wall_clock{kStart, 1'700'000'000'000'000};
  dtls::Context dtls{dtls::Certificate::generate(1'700'000'000)};
  std::unique_ptr<srtp::Backend> srtp = srtp::make_backend(srtp::detect_backend());
  transport::SendBatch batch{*srtp};
  PacketPool pool;
  Shared shared{random, wall_clock, dtls, *srtp, batch, pool};
  Peer peer{shared, {}};
  MediaReceiver& receiver = peer.add_receiver(
      {"track", MediaKind::kVideo, send_parameters(MediaKind::kVideo, "0", "", random), true});

  std::vector<std::uint8_t> packet(std::uint16_t number, Ssrc ssrc) {
    std::vector<std::uint8_t> out(12);
    out[0] = 0x80;
    out[1] = 96;
    store16(out.data() + 2, number);
    store32(out.data() + 8, ssrc.value);
    return out;
  }
};

TEST_CASE("a packet of which only the header was read counts in reports, and asks for nothing") {
  Rig rig;
  for (const std::uint16_t number : {std::uint16_t{100}, std::uint16_t{101}, std::uint16_t{105}})
    rig.peer.receive_unread(rig.packet(number, rig.receiver.ssrc()), 1200, kStart);
  CHECK(rig.peer.counts().rtp == 3);
  CHECK(rig.receiver.statistics().packets() == 3);
  CHECK(rig.receiver.statistics().bytes() == 3600);
  CHECK(rig.receiver.statistics().report(kStart).cumulative_lost == 3);
  CHECK(rig.receiver.next_deadline() == kNever);
  CHECK(rig.receiver.requested() == 0);
}

TEST_CASE("a start that is no RTP header, or of no track, is counted as such") {
  Rig rig;
  auto packet = rig.packet(1, rig.receiver.ssrc());
  rig.peer.receive_unread(Bytes(packet).first(11), 1200, kStart);
  CHECK(rig.peer.counts().malformed == 1);
  rig.peer.receive_unread(rig.packet(1, {12345}), 1200, kStart);
  CHECK(rig.peer.counts().unknown_ssrc == 1);
  CHECK(rig.receiver.statistics().packets() == 0);
}

}  // namespace
}  // namespace sluice::client
