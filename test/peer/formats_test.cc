// Each format as a whole: what Chromium and ffmpeg encoded goes in frame by frame at one peer connection and
// comes out of the other, byte for byte.
#include "catch.h"
#include "codec/capture.h"
#include "packetize/frame_receiver.h"
#include "peer/peers_rig.h"

using namespace sluice;
using sluice::test::Peers;

namespace {

struct Source {
  const char* mime_type;
  const char* capture;
  packetize::Format format;
  Duration interval;
};

/// The frames of a capture, as its encoder made them.
std::vector<EncodedFrame> frames_of(const Source& source) {
  const codec::Capture capture(source.capture);
  packetize::FrameReceiver::Options options;
  options.format = source.format;
  packetize::FrameReceiver receiver(options);
  std::vector<EncodedFrame> out;
  EncodedFrame frame;
  SequenceNumber number{1};
  for (const auto& packet : capture.stream(0)) {
    receiver.receive({number, packet.view.timestamp(), packet.view.marker(), packet.payload}, Instant(0s));
    number = number.plus(1);
    while (receiver.take(frame)) out.push_back(frame);
  }
  if (source.format != packetize::Format::kPcmu) return out;
  // ffmpeg fills its packets beyond what goes through SRTP and a tunnel: 20 ms each instead.
  std::vector<EncodedFrame> cut;
  for (const EncodedFrame& long_one : out) {
    for (std::size_t at = 0; at + 160 <= long_one.data.size(); at += 160) {
      EncodedFrame& piece = cut.emplace_back();
      piece.data.assign(long_one.data.begin() + static_cast<std::ptrdiff_t>(at),
                        long_one.data.begin() + static_cast<std::ptrdiff_t>(at + 160));
      piece.metadata.rtp_timestamp = static_cast<std::uint32_t>((cut.size() - 1) * 160);
    }
  }
  return cut;
}

void check_whole(Peers& peers, const Source& source) {
  const MediaKind kind = packetize::is_audio(source.format) ? MediaKind::kAudio : MediaKind::kVideo;
  auto sender = peers.a.pc->add_track(kind, {.id = "", .stream_ids = {}, .codecs = {source.mime_type}});
  REQUIRE(sender.ok());
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  CHECK(sender->parameters()->codecs[0].mime_type == source.mime_type);
  const auto frames = frames_of(source);
  REQUIRE(frames.size() > 5);
  for (const EncodedFrame& frame : frames) {
    // The last packet of all, if it is lost, is missed by nobody: nothing comes behind it.
    if (&frame == &frames.back())
      for (const SocketAddress& address : peers.b.addresses) peers.network().set_link(address, {}, {});
    REQUIRE(sender->send_frame({frame.data, frame.metadata}, peers.now()));
    peers.run_for(source.interval);
  }
  peers.run_for(1s);
  REQUIRE(peers.b.frames.size() == frames.size());
  const std::uint32_t offset =
      peers.b.frames[0].frame.metadata.rtp_timestamp - frames[0].metadata.rtp_timestamp;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    INFO("frame " << i);
    const EncodedFrame& received = peers.b.frames[i].frame;
    REQUIRE(received.data == frames[i].data);
    REQUIRE(received.metadata.key_frame == frames[i].metadata.key_frame);
    REQUIRE(received.metadata.temporal_index == frames[i].metadata.temporal_index);
    REQUIRE(received.metadata.rtp_timestamp - offset == frames[i].metadata.rtp_timestamp);
  }
}

const Source kVp8{"video/VP8", "ffmpeg-vp8", packetize::Format::kVp8, 33ms};

}  // namespace

TEST_CASE(
    "VP8, VP9, H264, AV1, Opus and PCMU: encoded frames in are frames out, over a network with losses") {
  const Source source =
      GENERATE(Source(kVp8), Source{"video/VP9", "chromium-vp9-l1t3", packetize::Format::kVp9, 33ms},
               Source{"video/VP9", "chromium-vp9-l3t3-key", packetize::Format::kVp9, 33ms},
               Source{"video/H264", "chromium-h264", packetize::Format::kH264, 33ms},
               Source{"video/AV1", "chromium-av1-plain", packetize::Format::kAv1, 33ms},
               Source{"video/AV1", "chromium-av1-l2t2", packetize::Format::kAv1, 33ms},
               Source{"audio/opus", "chromium-opus", packetize::Format::kOpus, 20ms},
               Source{"audio/PCMU", "ffmpeg-pcmu", packetize::Format::kPcmu, 20ms});
  INFO(source.capture);
  Peers::Options options;
  // Of video the losses are repaired by RTX; of audio nothing is repeated.
  const bool audio = packetize::is_audio(source.format);
  options.up = options.down = {.loss = audio ? 0.0 : 0.03, .delay = 20ms, .jitter = 5ms};
  Peers peers(options);
  check_whole(peers, source);
}

TEST_CASE(
    "every SRTP protection profile carries media, and one that the other side lacks is told as the reason") {
  const std::string suite =
      GENERATE("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM");
  Peers::Options options;
  options.a.srtp_crypto_suites = {suite};
  {
    Peers peers(options);
    check_whole(peers, kVp8);
    for (const auto* peer : {&peers.a, &peers.b})
      CHECK(peer->pc->get_stats(peers.now()).all<TransportStatistics>()[0].srtp_cipher == suite);
  }
  options.b.srtp_crypto_suites = {suite == "AEAD_AES_256_GCM" ? "AEAD_AES_128_GCM" : "AEAD_AES_256_GCM"};
  Peers peers(options);
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  peers.negotiate();
  REQUIRE(peers.run_until([&] { return !peers.a.failure.empty() && !peers.b.failure.empty(); }, 40s));
  CHECK((peers.a.failure + peers.b.failure).find("SRTP protection profile") != std::string::npos);
}

TEST_CASE("SRTP suites that there are not, or that are there twice, are refused by name") {
  Configuration configuration;
  configuration.srtp_crypto_suites = {"AEAD_AES_128_GCM", "AES_CM"};
  CHECK(PeerConnection::create(configuration, {}).error().field == "srtp_crypto_suites[1]");
  configuration.srtp_crypto_suites = {"AEAD_AES_128_GCM", "AEAD_AES_128_GCM"};
  CHECK(PeerConnection::create(configuration, {}).error().field == "srtp_crypto_suites[1]");
}

TEST_CASE("two peers that have only IPv6 connect by it") {
  Peers::Options options;
  options.family = IpFamily::kIPv6;
  Peers peers(options);
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  check_whole(peers, kVp8);
  const auto candidates = peers.a.pc->get_stats(peers.now()).all<CandidateStats>();
  REQUIRE(candidates.size() == 2);
  CHECK(candidates[0].address == "2001:db8:1::1");
  CHECK(candidates[1].address == "2001:db8:2::1");
}
