#include "transport/media_sender.h"

#include "catch.h"
#include "srtp/inbound.h"

namespace sluice::transport {
namespace {

class MediaSenderTest {
 public:
  MediaSenderTest()
      : backend(srtp::make_backend(srtp::BackendKind::kOpenssl)),
        batch(*backend),
        sender(batch),
        inbound(*backend, key) {}
  PacketRef packet(std::size_t size) {
    PacketRef out = pool.allocate();
    out->size = static_cast<std::uint16_t>(size);
    return out;
  }
  void become_ready() {
    sender.set_keys(*backend, key);
    sender.set_path(Path{*SocketAddress::parse("10.0.0.1", 5000), 0});
  }

  std::unique_ptr<srtp::Backend> backend;
  srtp::MasterKey key{srtp::Suite::kAesCm128HmacSha1_80, {}};
  PacketPool pool;
  SendBatch batch;
  MediaSender sender;
  srtp::Inbound inbound;
  Instant now{100s};
};

TEST_CASE_METHOD(MediaSenderTest, "nothing is sent before both keys and a path are there") {
  const PacketRef media = packet(100);
  const OutgoingRtp rtp{{false, false, {96}, {1}, {1}, {1}, {}}, {}, {}, media->bytes(), media};
  bool written = false;
  const auto write = [&](MutableBytes) {
    written = true;
    return std::size_t{0};
  };
  CHECK_FALSE(sender.send_rtp(rtp, now));
  sender.set_keys(*backend, key);
  CHECK_FALSE(sender.ready());
  CHECK_FALSE(sender.send_rtp(rtp, now));
  CHECK_FALSE(sender.send_rtcp(write, now));
  CHECK_FALSE(written);
  become_ready();
  CHECK(sender.send_rtp(rtp, now));
  sender.set_path(std::nullopt);
  CHECK_FALSE(sender.send_rtp(rtp, now));
  CHECK(batch.pending() == 1);
}

TEST_CASE_METHOD(MediaSenderTest,
                 "every packet that carries a transport-wide number takes the next one, over the wrap") {
  become_ready();
  const PacketRef media = packet(10);
  const rtp::ExtensionToWrite extension{rtp::Extension::kTransportCc, 3, rtp::blank(rtp::kTransportCcSize)};
  for (int i = 0; i < 70'000; ++i) {
    const OutgoingRtp rtp{{false, false, {96}, {static_cast<std::uint16_t>(i)}, {1}, {1}, {}},
                          std::span(&extension, 1),
                          {},
                          media->bytes(),
                          media};
    REQUIRE(sender.send_rtp(rtp, now));
    batch.finish();
    const auto out = batch.take();
    REQUIRE(out.size() == 1);
    std::vector<std::uint8_t> bytes(out[0].bytes.begin(), out[0].bytes.end());
    const auto view = rtp::PacketView::parse(bytes);
    REQUIRE(rtp::read_transport_cc(*view->extension(3))->value == static_cast<std::uint16_t>(i));
  }
}

TEST_CASE_METHOD(MediaSenderTest,
                 "header, prefix and shared payload become one packet; the payload stays as it was") {
  become_ready();
  const PacketRef media = packet(300);
  for (std::size_t i = 0; i < 300; ++i) media->data[i] = static_cast<std::uint8_t>(i);
  const std::array<std::uint8_t, 2> prefix{0xAB, 0xCD};
  REQUIRE(sender.send_rtp({{true, false, {97}, {7}, {8}, {9}, {}}, {}, prefix, media->bytes(), media}, now));
  batch.finish();
  const auto out = batch.take();
  std::vector<std::uint8_t> bytes(out[0].bytes.begin(), out[0].bytes.end());
  const auto result = inbound.unprotect_rtp(bytes);
  REQUIRE(result.ok());
  const auto view = rtp::PacketView::parse(Bytes(bytes).first(result.size));
  REQUIRE(view->payload().size() == 302);
  CHECK(view->payload()[0] == 0xAB);
  for (std::size_t i = 0; i < 300; ++i) {
    REQUIRE(view->payload()[i + 2] == static_cast<std::uint8_t>(i));
    REQUIRE(media->data[i] == static_cast<std::uint8_t>(i));
  }
  CHECK(sender.packets() == 1);
  CHECK(sender.bytes() == bytes.size());
}

TEST_CASE_METHOD(MediaSenderTest, "the largest packet that was received fits with a larger header") {
  become_ready();
  const PacketRef media = packet(Packet::kCapacity - rtp::kFixedHeaderSize);
  const std::array<std::uint8_t, 16> mid{};
  const rtp::ExtensionToWrite extensions[] = {
      {rtp::Extension::kMid, 4, mid},
      {rtp::Extension::kAbsSendTime, 2, rtp::blank(rtp::kAbsSendTimeSize)},
      {rtp::Extension::kTransportCc, 3, rtp::blank(rtp::kTransportCcSize)}};
  CHECK(
      sender.send_rtp({{false, false, {96}, {1}, {1}, {1}, {}}, extensions, {}, media->bytes(), media}, now));
}

}  // namespace
}  // namespace sluice::transport
