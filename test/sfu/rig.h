// Media sessions without a network: plain RTP goes in, what they send is decrypted again and taken apart. No
// ICE, no DTLS.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "rtcp/compound.h"
#include "rtp/header_writer.h"
#include "rtp/packet_view.h"
#include "sfu/media_session.h"
#include "srtp/inbound.h"
#include "transport/send_batch.h"

namespace sluice::sfu::testing {

inline constexpr std::uint8_t kOpus = 111;
inline constexpr std::uint8_t kRed = 63;
inline constexpr std::uint8_t kVp8 = 96;
inline constexpr std::uint8_t kVp8Rtx = 97;
inline constexpr std::uint8_t kMidId = 4;
inline constexpr std::uint8_t kRidId = 5;
inline constexpr std::uint8_t kTransportCcId = 3;
inline constexpr std::uint8_t kAbsSendTimeId = 2;

inline RtpCodecParameters codec(std::string mime_type, std::uint8_t payload_type, std::uint32_t clock_rate,
                                std::vector<RtcpFeedback> feedback = {},
                                std::vector<CodecParameter> parameters = {}) {
  RtpCodecParameters out;
  out.mime_type = std::move(mime_type);
  out.payload_type = payload_type;
  out.clock_rate = clock_rate;
  out.rtcp_feedback = std::move(feedback);
  out.parameters = std::move(parameters);
  return out;
}

inline RtpHeaderExtensionParameters extension(rtp::Extension which, std::uint8_t id) {
  return {std::string(rtp::uri(which)), id, false};
}

/// Parameters of a video track; `ssrc` 0: only its mid tells.
inline RtpParameters video(std::uint32_t ssrc, bool rtx = true, std::string mid = "v") {
  RtpParameters out;
  out.mid = std::move(mid);
  out.codecs = {codec("video/VP8", kVp8, 90'000, {{"nack", ""}, {"nack", "pli"}})};
  if (rtx) out.codecs.push_back(codec("video/rtx", kVp8Rtx, 90'000, {}, {{"apt", std::int64_t{kVp8}}}));
  out.encodings.resize(1);
  if (ssrc != 0) {
    out.encodings[0].ssrc = ssrc;
    if (rtx) out.encodings[0].rtx_ssrc = ssrc + 1;
  }
  out.header_extensions = {extension(rtp::Extension::kMid, kMidId)};
  out.rtcp.cname = "cname";
  return out;
}

inline RtpParameters audio(std::uint32_t ssrc, std::string mid = "a") {
  RtpParameters out;
  out.mid = std::move(mid);
  out.codecs = {codec("audio/opus", kOpus, 48'000)};
  out.encodings.resize(1);
  if (ssrc != 0) out.encodings[0].ssrc = ssrc;
  out.header_extensions = {extension(rtp::Extension::kMid, kMidId)};
  return out;
}

/// VP8: descriptor and payload header (RFC 7741 §4.2, §4.3), then `fill`.
inline std::vector<std::uint8_t> vp8(bool start, bool key, std::uint8_t fill = 0) {
  if (!start) return {0x00, fill, fill, fill};
  if (!key) return {0x10, 0x11, 0, 0, fill, fill};
  return {0x10, 0x10, 0, 0, 0x9D, 0x01, 0x2A, 64, 0, 64, 0, fill, fill};
}

/// An Opus packet of 20 ms, told apart by `fill`.
inline std::vector<std::uint8_t> opus(std::uint8_t fill = 0) {
  return {0xF8, fill, fill, 0x55};
}

/// RED with `before`, 960 units earlier, in front of `primary` (RFC 2198 §3); without it a header and the
/// primary.
inline std::vector<std::uint8_t> red(const std::vector<std::uint8_t>& before,
                                     const std::vector<std::uint8_t>& primary, std::uint8_t type = kOpus) {
  std::vector<std::uint8_t> out;
  if (!before.empty()) {
    const auto rest = static_cast<std::uint32_t>((960U << 10) | before.size());
    out = {static_cast<std::uint8_t>(0x80 | type), static_cast<std::uint8_t>(rest >> 16),
           static_cast<std::uint8_t>(rest >> 8), static_cast<std::uint8_t>(rest)};
  }
  out.push_back(type);
  out.insert(out.end(), before.begin(), before.end());
  out.insert(out.end(), primary.begin(), primary.end());
  return out;
}

struct RtpToMake {
  std::uint8_t payload_type = kVp8;
  std::uint16_t number = 0;
  std::uint32_t ssrc = 0;
  std::vector<std::uint8_t> payload{};
  std::uint32_t timestamp = 1000;
  bool marker = false;
  std::vector<rtp::ExtensionToWrite> extensions{};
};

/// What a session sent, decrypted.
struct Sent {
  SocketId side = 0;
  bool rtcp = false;
  std::vector<std::uint8_t> bytes;
  [[nodiscard]] rtp::PacketView view() const {
    const auto view = rtp::PacketView::parse(bytes);
    REQUIRE(view.has_value());
    return *view;
  }
};

class Rig;

/// One transport's worth of media.
struct Side {
  Side(Rig& rig, SocketId id, srtp::Suite suite);
  void become_ready();

  SocketId id;
  srtp::MasterKey key;
  transport::DropCounters drops;
  transport::MediaSender sender;
  MediaSession session;
  srtp::Inbound inbound;  ///< Of the peer at the other end.
};

class Rig {
 public:
  Rig() : backend(srtp::make_backend(srtp::BackendKind::kOpenssl)), batch(*backend), router(batch) {}
  ~Rig() {
    batch.finish();
    while (!sides.empty()) sides.pop_back();  // consumers go before the producers of sides made earlier
  }

  Side& add_side(bool ready = true, srtp::Suite suite = srtp::Suite::kAeadAes128Gcm) {
    sides.push_back(std::make_unique<Side>(*this, static_cast<SocketId>(sides.size()), suite));
    if (ready) sides.back()->become_ready();
    return *sides.back();
  }

  PacketRef make(const RtpToMake& rtp) {
    PacketRef packet = pool.allocate();
    const rtp::Header header{rtp.marker, false, {rtp.payload_type}, {rtp.number}, {rtp.timestamp},
                             {rtp.ssrc}, {}};
    const auto written = rtp::write_header({packet->data, Packet::kCapacity}, header, rtp.extensions);
    REQUIRE(written.has_value());
    std::copy(rtp.payload.begin(), rtp.payload.end(), packet->data + written->size);
    packet->size = static_cast<std::uint16_t>(written->size + rtp.payload.size());
    packet->arrival = now;
    return packet;
  }
  void feed(Side& side, const RtpToMake& rtp) { side.session.on_rtp(make(rtp), now); }

  /// Everything sent since the last time; with `route`, what waits in the router is sent first.
  std::vector<Sent> drain(bool route = true) {
    std::vector<Sent> out;
    if (route) router.run(1U << 20, now);
    batch.finish();
    for (const auto& datagram : batch.take()) {
      if (tap) tap(datagram.path.socket, datagram.bytes);
      Sent sent{datagram.path.socket, false, {datagram.bytes.begin(), datagram.bytes.end()}};
      sent.rtcp = sent.bytes[1] >= 192 && sent.bytes[1] <= 223;
      auto& inbound = sides.at(sent.side)->inbound;
      const auto result = sent.rtcp ? inbound.unprotect_rtcp(sent.bytes) : inbound.unprotect_rtp(sent.bytes);
      // Repeated in-band though it had arrived: the peer's window drops it, as it would a second copy.
      if (!sent.rtcp && (result.status == srtp::UnprotectStatus::kReplayed ||
                         result.status == srtp::UnprotectStatus::kTooOld))
        continue;
      REQUIRE(result.ok());
      sent.bytes.resize(result.size);
      out.push_back(std::move(sent));
    }
    return out;
  }
  void advance(Duration by) {
    now += by;
    for (auto& side : sides) side->session.advance(now);
  }

  /// Sees every datagram as it leaves, still encrypted.
  std::function<void(SocketId, Bytes)> tap;
  Instant now{1000s};
  Random random{1};
  WallClock wall_clock{now, 1'700'000'000'000'000};
  PacketPool pool;
  std::unique_ptr<srtp::Backend> backend;
  transport::SendBatch batch;
  Router router;
  std::vector<MediaSession*> dirty;
  Totals totals;
  std::vector<Event> events;
  std::vector<std::unique_ptr<Side>> sides;
};

inline srtp::MasterKey key_of(SocketId id, srtp::Suite suite) {
  srtp::MasterKey key;
  key.suite = suite;
  key.bytes.fill(static_cast<std::uint8_t>(id + 1));
  return key;
}

inline Side::Side(Rig& rig, SocketId number, srtp::Suite suite)
    : id(number),
      key(key_of(number, suite)),
      sender(rig.batch),
      session(sender, drops, {rig.random, rig.wall_clock, rig.dirty, rig.router, rig.events, rig.totals},
              nullptr),
      inbound(*rig.backend, key) {
  sender.set_keys(*rig.backend, key);
}

inline void Side::become_ready() {
  sender.set_path(Path{*SocketAddress::parse("10.0.0.1", 5000), id});
}

/// A consumer that knows the payload types by their own names, on SSRC 7000 (RTX 7001).
inline Consumer::Options consumer_of(const Producer& producer, bool rtx = true, std::uint32_t ssrc = 7000) {
  Consumer::Options options;
  options.id = "consumer";
  options.kind = producer.kind();
  options.parameters = producer.kind() == MediaKind::kVideo ? video(ssrc, rtx, "9") : audio(ssrc, "9");
  options.payload_types.fill(Consumer::kNoPayloadType);
  options.rtx_payload_types.fill(Consumer::kNoPayloadType);
  if (producer.kind() == MediaKind::kVideo) {
    options.payload_types[kVp8] = 101;
    if (rtx) options.rtx_payload_types[kVp8] = 102;
  } else {
    options.payload_types[kOpus] = 100;
  }
  return options;
}

}  // namespace sluice::sfu::testing
