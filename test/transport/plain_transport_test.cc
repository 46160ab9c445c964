#include "transport/plain_transport.h"

#include "base/base64.h"
#include "catch.h"
#include "rtcp/receiver_report.h"
#include "rtp/packet_view.h"

namespace sluice::transport {
namespace {

using Buffer = std::vector<std::uint8_t>;

const SocketAddress kRemote = *SocketAddress::parse("198.51.100.1", 5000);
const SocketAddress kRemoteRtcp = *SocketAddress::parse("198.51.100.1", 5001);
const SocketAddress kStranger = *SocketAddress::parse("198.51.100.66", 5000);
constexpr SocketId kSocket = 7;
constexpr SocketId kRtcpSocket = 8;

Buffer rtp_packet(std::uint16_t number, std::uint8_t payload_type = 96) {
  Buffer out{0x80, payload_type, 0, 0, 0, 0, 0, 9, 0, 0, 0, 42, 1, 2, 3, 4, 5};
  store16(out.data() + 2, number);
  return out;
}

Buffer receiver_report() {
  Buffer out(64);
  ByteWriter writer(out);
  rtcp::ReceiverReport report;
  report.ssrc = {42};
  report.serialize_to(writer);
  out.resize(writer.size());
  return out;
}

class PlainTransportTest {
 public:
  PlainTransportTest() : backend(srtp::make_backend(srtp::detect_backend())), batch(*backend) {}

  void make(bool comedia, bool rtcp_mux = true, std::optional<srtp::Suite> suite = std::nullopt) {
    PlainTransport::Options options;
    options.socket = {kSocket, *SocketAddress::parse("192.0.2.1", 20000), ""};
    if (!rtcp_mux)
      options.rtcp_socket = ListenSocket{kRtcpSocket, *SocketAddress::parse("192.0.2.1", 20001), ""};
    options.comedia = comedia;
    options.suite = suite;
    transport.emplace(batch, *backend, options, random);
  }
  Media receive(const Buffer& bytes, const SocketAddress& from = kRemote, SocketId socket = kSocket) {
    PacketRef packet = pool.allocate();
    if (!bytes.empty()) std::memcpy(packet->data, bytes.data(), bytes.size());
    packet->size = static_cast<std::uint16_t>(bytes.size());
    const Media media = transport->receive(*packet, {from, socket}, now);
    received.assign(packet->bytes().begin(), packet->bytes().end());
    return media;
  }
  std::uint64_t dropped(DropReason reason) { return transport->drops()[reason]; }
  bool send_rtp() {
    PacketRef media = pool.allocate();
    media->size = 5;
    const Buffer payload{1, 2, 3, 4, 5};
    std::memcpy(media->data, payload.data(), payload.size());
    return transport->sender().send_rtp(
        {{false, false, {96}, {1}, {9}, {42}, {}}, {}, {}, media->bytes(), media}, now);
  }
  bool send_rtcp() {
    return transport->sender().send_rtcp(
        [](MutableBytes out) {
          const Buffer report = receiver_report();
          std::memcpy(out.data(), report.data(), report.size());
          return report.size();
        },
        now);
  }
  std::vector<OutgoingDatagram> sent() {
    batch.finish();
    const auto datagrams = batch.take();
    return {datagrams.begin(), datagrams.end()};
  }
  static Error refused(const Result<void>& result) {
    REQUIRE_FALSE(result.ok());
    return result.error();
  }
  static SrtpParameters parameters(const srtp::MasterKey& key) {
    return {std::string(to_string(key.suite)), base64::encode(key.key_and_salt())};
  }
  srtp::MasterKey make_key(srtp::Suite suite) {
    srtp::MasterKey key;
    key.suite = suite;
    random.fill(key.bytes);
    return key;
  }
  srtp::MasterKey own_key() {
    const auto told = *transport->srtp_parameters();
    return *srtp::MasterKey::from_bytes(*srtp::parse_suite(told.crypto_suite),
                                        *base64::decode(told.key_base64));
  }
  /// As the other end would send it.
  Buffer protect(srtp::Outbound& outbound, const Buffer& packet, bool rtcp) {
    Buffer out(packet.size() + srtp::kMaxOverhead);
    std::memcpy(out.data(), packet.data(), packet.size());
    srtp::Batch srtp_batch(*backend);
    const std::size_t size =
        rtcp ? outbound.protect_rtcp(out, packet.size())
             : srtp_batch.protect_rtp(outbound, out.data(), 12, 0, Bytes(packet).subspan(12));
    srtp_batch.flush();
    out.resize(size);
    return out;
  }

  std::unique_ptr<srtp::Backend> backend;
  PacketPool pool;
  SendBatch batch;
  Random random{1};
  std::optional<PlainTransport> transport;
  Buffer received;
  Instant now{100s};
};

TEST_CASE_METHOD(PlainTransportTest, "before connect() nothing is taken and nothing is sent") {
  make(false);
  CHECK(receive(rtp_packet(1)) == Media::kNone);
  CHECK(dropped(DropReason::kNotConnected) == 1);
  CHECK_FALSE(transport->media_ready());
  CHECK_FALSE(send_rtp());
  CHECK_FALSE(send_rtcp());
}

TEST_CASE_METHOD(PlainTransportTest,
                 "connected, it takes media from the one address and sends to it in the clear") {
  make(false);
  REQUIRE(transport->connect({"198.51.100.1", 5000, {}, {}}, random).ok());
  CHECK(transport->media_ready());
  CHECK(receive(rtp_packet(1)) == Media::kRtp);
  CHECK(received == rtp_packet(1));
  CHECK(receive(receiver_report()) == Media::kRtcp);
  CHECK(receive(rtp_packet(2), kStranger) == Media::kNone);
  CHECK(receive(rtp_packet(2), kRemoteRtcp) == Media::kNone);
  CHECK(dropped(DropReason::kUnknownSource) == 2);
  REQUIRE(send_rtp());
  REQUIRE(send_rtcp());
  const auto out = sent();
  REQUIRE(out.size() == 2);
  CHECK(out[0].path == Path{kRemote, kSocket});
  CHECK(Buffer(out[0].bytes.begin(), out[0].bytes.end()) == rtp_packet(1));
  CHECK(out[1].path == Path{kRemote, kSocket});
  CHECK(Buffer(out[1].bytes.begin(), out[1].bytes.end()) == receiver_report());
  CHECK_FALSE(transport->learned());
}

TEST_CASE_METHOD(PlainTransportTest,
                 "without rtcp-mux the socket tells what is RTCP, and it goes its own way") {
  make(false, false);
  REQUIRE(transport->connect({"198.51.100.1", 5000, 5001, {}}, random).ok());
  CHECK(receive(rtp_packet(1), kRemote) == Media::kRtp);
  CHECK(receive(receiver_report(), kRemoteRtcp, kRtcpSocket) == Media::kRtcp);
  // RFC 5761 §4 keeps 64 to 95 from rtcp-mux only: here 72 with a marker is RTP, though it looks like SR.
  CHECK(receive(rtp_packet(2, 200), kRemote) == Media::kRtp);
  CHECK(receive(rtp_packet(2), kRemoteRtcp) == Media::kNone);
  CHECK(receive(receiver_report(), kRemote, kRtcpSocket) == Media::kNone);
  CHECK(dropped(DropReason::kUnknownSource) == 2);
  REQUIRE(send_rtp());
  REQUIRE(send_rtcp());
  const auto out = sent();
  CHECK(out.at(0).path == Path{kRemote, kSocket});
  CHECK(out.at(1).path == Path{kRemoteRtcp, kRtcpSocket});
}

TEST_CASE_METHOD(PlainTransportTest, "comedia learns the first source of RTP or RTCP and keeps to it") {
  const bool rtcp_first = GENERATE(false, true);
  make(true);
  CHECK_FALSE(transport->media_ready());
  CHECK(receive(rtcp_first ? receiver_report() : rtp_packet(1)) == (rtcp_first ? Media::kRtcp : Media::kRtp));
  CHECK(transport->media_ready());
  CHECK(transport->remote() == kRemote);
  const auto learned = transport->take_learned();
  CHECK(learned.rtp);
  CHECK_FALSE(learned.rtcp);
  CHECK_FALSE(transport->learned());
  CHECK(receive(rtp_packet(2), kStranger) == Media::kNone);
  CHECK(dropped(DropReason::kUnknownSource) == 1);
  CHECK(transport->remote() == kRemote);
}

TEST_CASE_METHOD(PlainTransportTest,
                 "comedia without rtcp-mux learns both addresses, each from its own socket") {
  make(true, false);
  CHECK(receive(rtp_packet(1)) == Media::kRtp);
  CHECK(transport->media_ready());
  CHECK(send_rtp());
  CHECK_FALSE(transport->sender().rtcp_ready());
  CHECK_FALSE(send_rtcp());
  CHECK(receive(receiver_report(), kRemoteRtcp, kRtcpSocket) == Media::kRtcp);
  CHECK(transport->rtcp_remote() == kRemoteRtcp);
  CHECK(send_rtcp());
  const auto learned = transport->take_learned();
  CHECK(learned.rtp);
  CHECK(learned.rtcp);
}

TEST_CASE_METHOD(PlainTransportTest, "comedia learns nothing from what is neither RTP nor RTCP") {
  make(true);
  CHECK(receive({}) == Media::kNone);
  CHECK(dropped(DropReason::kEmpty) == 1);
  CHECK(receive({0x00, 0x01, 0x00, 0x00}) == Media::kNone);  // STUN
  CHECK(receive({0x16, 0xFE, 0xFD, 0x00}) == Media::kNone);  // DTLS
  CHECK(receive({0xC0, 0x60, 0x00, 0x00}) == Media::kNone);  // RTP version 3
  CHECK(dropped(DropReason::kUnknownClass) == 3);
  CHECK(receive({0x80}) == Media::kNone);
  CHECK(receive({0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0}) == Media::kNone);           // a byte short
  CHECK(receive({0x8F, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0}) == Media::kNone);  // CSRCs that are not there
  CHECK(receive({0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xBE, 0xDE, 0xFF, 0xFF}) == Media::kNone);
  CHECK(dropped(DropReason::kRtpMalformed) == 4);
  CHECK(receive({0x80, 201, 0, 200, 0, 0, 0, 1}) == Media::kNone);  // longer than it is
  CHECK(dropped(DropReason::kRtcpMalformed) == 1);
  CHECK_FALSE(transport->remote().has_value());
  CHECK_FALSE(transport->learned());
  CHECK(receive(rtp_packet(1)) == Media::kRtp);
}

TEST_CASE_METHOD(PlainTransportTest, "random datagrams are dropped or handed on, never more") {
  Random bytes(3);
  for (int round = 0; round < 40; ++round) {
    make(round % 2 == 0, round % 4 < 2,
         round % 3 == 0 ? std::optional(srtp::kSuites[static_cast<std::size_t>(round) % 4]) : std::nullopt);
    for (int i = 0; i < 300; ++i) {
      Buffer packet(bytes.below(20) == 0 ? bytes.below(Packet::kCapacity) : bytes.below(64));
      bytes.fill(packet);
      if (!packet.empty() && bytes.chance(0.8))
        packet[0] = static_cast<std::uint8_t>(0x80 | (packet[0] & 0x3F));
      const auto from = bytes.chance(0.5) ? kRemote : kStranger;
      (void)receive(packet, from, bytes.chance(0.5) && round % 4 >= 2 ? kRtcpSocket : kSocket);
    }
    CHECK(transport->packets_received() == 300);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE_METHOD(PlainTransportTest, "with SRTP media is protected both ways, by each suite") {
  const auto suite = GENERATE(from_range(srtp::kSuites));
  const bool comedia = GENERATE(false, true);
  INFO(to_string(suite));
  make(comedia, true, suite);
  const auto key = make_key(suite);
  srtp::Outbound outbound(*backend, key);
  if (comedia) {
    CHECK(receive(protect(outbound, rtp_packet(1), false)) == Media::kNone);
    CHECK(dropped(DropReason::kSrtpNotReady) == 1);
    REQUIRE(transport->connect({"", {}, {}, parameters(key)}, random).ok());
  } else {
    REQUIRE(transport->connect({"198.51.100.1", 5000, {}, parameters(key)}, random).ok());
  }
  CHECK(receive(protect(outbound, rtp_packet(2), false)) == Media::kRtp);
  CHECK(received == rtp_packet(2));
  CHECK(receive(protect(outbound, receiver_report(), true)) == Media::kRtcp);
  CHECK(received == receiver_report());

  REQUIRE(send_rtp());
  REQUIRE(send_rtcp());
  const auto out = sent();
  REQUIRE(out.size() == 2);
  srtp::Inbound inbound(*backend, own_key());
  Buffer rtp(out[0].bytes.begin(), out[0].bytes.end());
  const auto plain = inbound.unprotect_rtp(rtp);
  REQUIRE(plain.ok());
  rtp.resize(plain.size);
  CHECK(rtp == rtp_packet(1));
  Buffer rtcp(out[1].bytes.begin(), out[1].bytes.end());
  CHECK(inbound.unprotect_rtcp(rtcp).ok());
}

TEST_CASE_METHOD(PlainTransportTest, "with SRTP comedia learns from an authentic packet only") {
  const auto suite = GENERATE(from_range(srtp::kSuites));
  INFO(to_string(suite));
  make(true, true, suite);
  const auto key = make_key(suite);
  srtp::Outbound outbound(*backend, key);
  srtp::Outbound wrong(*backend, make_key(suite));
  REQUIRE(transport->connect({"", {}, {}, parameters(key)}, random).ok());
  CHECK(receive(rtp_packet(1), kStranger) == Media::kNone);
  CHECK(receive(protect(wrong, rtp_packet(1), false), kStranger) == Media::kNone);
  CHECK(receive(protect(wrong, receiver_report(), true), kStranger) == Media::kNone);
  Buffer damaged = protect(outbound, rtp_packet(1), false);
  damaged.back() ^= 1;
  CHECK(receive(damaged, kStranger) == Media::kNone);
  CHECK(dropped(DropReason::kSrtpAuthFailed) >= 3);
  CHECK_FALSE(transport->remote().has_value());
  CHECK_FALSE(transport->media_ready());
  const Buffer good = protect(outbound, rtp_packet(2), false);
  CHECK(receive(good) == Media::kRtp);
  CHECK(transport->remote() == kRemote);
  CHECK(receive(good) == Media::kNone);
  CHECK(dropped(DropReason::kSrtpReplayed) == 1);
}

TEST_CASE_METHOD(PlainTransportTest, "the remote end's suite is taken, with a new key of ours") {
  make(false, true, srtp::Suite::kAesCm128HmacSha1_80);
  const auto before = *transport->srtp_parameters();
  const auto key = make_key(srtp::Suite::kAeadAes256Gcm);
  REQUIRE(transport->connect({"198.51.100.1", 5000, {}, parameters(key)}, random).ok());
  CHECK(transport->srtp_parameters()->crypto_suite == "AEAD_AES_256_GCM");
  CHECK(transport->srtp_parameters()->key_base64 != before.key_base64);
  srtp::Outbound outbound(*backend, key);
  CHECK(receive(protect(outbound, rtp_packet(1), false)) == Media::kRtp);
}

TEST_CASE_METHOD(PlainTransportTest, "a refused connect() names the field and changes nothing") {
  const SrtpParameters key = parameters(make_key(srtp::Suite::kAeadAes128Gcm));
  const auto refusal = [&](const PlainTransport::Remote& remote) {
    const Error error = refused(transport->connect(remote, random));
    CHECK(error.code == ErrorCode::kInvalidArgument);
    CHECK_FALSE(transport->remote().has_value());
    CHECK_FALSE(transport->media_ready());
    return error.field;
  };
  make(false);
  CHECK(refusal({"", 5000, {}, {}}) == "ip");
  CHECK(refusal({"example.org", 5000, {}, {}}) == "ip");
  CHECK(refusal({"0.0.0.0", 5000, {}, {}}) == "ip");
  CHECK(refusal({"2001:db8::1", 5000, {}, {}}) == "ip");
  CHECK(refusal({"198.51.100.1", {}, {}, {}}) == "port");
  CHECK(refusal({"198.51.100.1", 0, {}, {}}) == "port");
  CHECK(refusal({"198.51.100.1", 5000, 5001, {}}) == "rtcpPort");
  CHECK(refusal({"198.51.100.1", 5000, {}, key}) == "srtpParameters");
  make(false, false);
  CHECK(refusal({"198.51.100.1", 5000, {}, {}}) == "rtcpPort");
  CHECK(refusal({"198.51.100.1", 5000, 0, {}}) == "rtcpPort");
  make(true);
  CHECK(refusal({"198.51.100.1", {}, {}, {}}) == "ip");
  CHECK(refusal({"", 5000, {}, {}}) == "port");
  CHECK(refusal({"", {}, 5000, {}}) == "rtcpPort");
  CHECK(transport->connect({}, random).ok());  // nothing to tell
  make(true, true, srtp::Suite::kAeadAes128Gcm);
  CHECK(refusal({}) == "srtpParameters");
  CHECK(refusal({"", {}, {}, SrtpParameters{"AES_256", key.key_base64}}) == "srtpParameters.cryptoSuite");
  CHECK(refusal({"", {}, {}, SrtpParameters{"AEAD_AES_128_GCM", "?"}}) == "srtpParameters.keyBase64");
  for (const srtp::Suite suite : srtp::kSuites) {
    for (const std::size_t size : {0U, 16U, 27U, 29U, 31U, 43U, 45U}) {
      const SrtpParameters wrong{std::string(to_string(suite)), base64::encode(Buffer(size))};
      CHECK(refusal({"", {}, {}, wrong}) == "srtpParameters.keyBase64");
    }
  }
  REQUIRE(transport->connect({"", {}, {}, key}, random).ok());
  const Error again = refused(transport->connect({"", {}, {}, key}, random));
  CHECK(again.code == ErrorCode::kInvalidState);
}

TEST_CASE_METHOD(PlainTransportTest, "closed, it neither sends nor takes anything") {
  make(true);
  CHECK(receive(rtp_packet(1)) == Media::kRtp);
  transport->close(now);
  CHECK_FALSE(transport->media_ready());
  CHECK_FALSE(send_rtp());
  CHECK_FALSE(send_rtcp());
  CHECK(receive(rtp_packet(2)) == Media::kNone);
  CHECK(transport->next_deadline() == kNever);
}

}  // namespace
}  // namespace sluice::transport
